"""The federation's operator over HTTP: joins, subscriptions, rebuilds, and what the services say of their state."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
from kumiai_common.http.token_client import TokenClient, TokenRefused
from kumiai_common.http.tokens import load_private_key
from kumiai_contracts.municipalities import municipality
from kumiai_contracts.topics import READS, SERVICE_OF
from kumiai_demo.connection import Credentials
from kumiai_local.layout import Layout

REGISTRY, TAXATION, LINKAGE = "resident-registry", "taxation", "national-id-linkage"
ALL = (REGISTRY, TAXATION, LINKAGE)
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Member:
    """A municipality that has joined, with what joining gave."""

    code: str
    services: tuple[str, ...]
    credentials: Credentials


class NotYet(AssertionError):
    """What had to become true did not in time."""


class Operator:
    """The first operator's program."""

    def __init__(self, peers: Mapping[str, str], layout: Layout) -> None:
        self.peers = dict(peers)
        key = load_private_key(layout.operators / "operator.pem")
        self._client = httpx.AsyncClient(auth=TokenClient(peers["membership"], "000001/operator", key), timeout=30)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def admitted(self, within_s: float = 30.0) -> None:
        """Wait until every service has heard of the operator: a new federation's first event. Raises NotYet."""

        async def closed() -> list[str]:
            try:
                answers = [await self._client.get(self.peers[service] + "/v1/readers") for service in self.peers]
            except TokenRefused:
                return ["membership"]  # it serves a moment before it has registered its first operators
            return [service for service, answer in zip(self.peers, answers, strict=True) if not answer.is_success]

        await self._until_none(closed, "not open to the operator", within_s)

    async def join(self, code: str, services: tuple[str, ...] = ALL, acknowledgement_key: str | None = None) -> Member:
        """Join a municipality."""
        found = municipality(code)
        body = {
            "municipality": code,
            "name": found.name,
            "prefecture": found.prefecture,
            "services": services,
            "acknowledgement_key": acknowledgement_key,
        }
        answer = await self.ask("POST", "membership", "/v1/members", json=body)
        given = Credentials(answer["scram_username"], answer["scram_password"], answer["party"], answer["private_key"])
        member = Member(code, services, given)
        await self.known(member)
        return member

    async def known(self, member: Member, within_s: float = 30.0) -> None:
        """Wait until every service has heard of what membership recorded last. Raises NotYet."""
        head = await self.head(member.code, "membership", "membership")

        async def deaf() -> list[str]:
            found = [await self.reader(service, member.code, "membership") for service in ALL]
            return [s for s, at in zip(ALL, found, strict=True) if at is None or at["position"] < head["position"]]

        await self._until_none(deaf, f"have not heard of {member.code}", within_s)

    async def subscribe(self, code: str, service: str) -> None:
        """Subscribe a member to another service."""
        await self.ask("POST", "membership", f"/v1/members/{code}/subscriptions/{service}")

    async def unsubscribe(self, code: str, service: str) -> None:
        """End a subscription."""
        await self.ask("DELETE", "membership", f"/v1/members/{code}/subscriptions/{service}")

    async def register(self, code: str, party: str, public_key: str) -> None:
        """Register a clerk who may read residents."""
        body = {"kind": "person", "public_key": public_key, "roles": ["clerk"], "purposes": ["resident-services"]}
        await self.ask("POST", "membership", f"/v1/members/{code}/parties/{party}", json=body)

    async def revoke(self, code: str, party: str) -> None:
        """Revoke a party's rights."""
        await self.ask("DELETE", "membership", f"/v1/members/{code}/parties/{party}")

    async def rebuild(self, service: str, code: str, stream: str) -> dict[str, Any]:
        """Make a service's tables of a stream anew."""
        return await self.ask("POST", service, f"/v1/{code}/rebuild/{stream}")

    async def state(self, service: str, code: str, stream: str) -> dict[str, Any]:
        """State hash and position of a service's tables of a stream."""
        return await self.ask("GET", service, f"/v1/{code}/tables/{stream}/hash")

    async def same_state(
        self, code: str, stream: str, owner: str, reader: str, within_s: float = 20.0
    ) -> dict[str, Any]:
        """Wait until a replica stands where its owner does, and hold the one against the other; the owner's state.

        A letter to another municipality is answered when it likes, and then the owner's stream goes on meanwhile.
        Raises NotYet; AssertionError where they stand at the same event and differ.
        """
        deadline = time.monotonic() + within_s
        while True:
            owned, replica = await self.state(owner, code, stream), await self.state(reader, code, stream)
            if owned["position"] == replica["position"]:
                assert replica == owned, f"{reader}'s replica of {code}/{stream} is another"
                return owned
            if time.monotonic() > deadline:
                raise NotYet(f"{reader} is at {replica['position']} of {owned['position']} in {code}/{stream}")
            await asyncio.sleep(LOOK_EVERY_S)

    async def head(self, code: str, stream: str, service: str) -> dict[str, Any]:
        """Where the owner says that its stream ends."""
        heads = (await self.ask("GET", service, f"/v1/{code}/heads"))["heads"]
        return next(head for head in heads if head["stream"] == stream)

    async def reader(self, service: str, code: str, stream: str) -> dict[str, Any] | None:
        """How far a service has read a stream; None where it has not begun."""
        readers = (await self.ask("GET", service, "/v1/readers"))["readers"]
        return next((r for r in readers if (r["municipality"], r["stream"]) == (code, stream)), None)

    async def complete(self, member: Member, within_s: float = 30.0) -> None:
        """Wait until every reader of the municipality's streams is at its head. Raises NotYet."""
        await self._until_none(lambda: self._behind(member), f"not complete in {member.code}", within_s)

    async def caught_up(self, member: Member, within_s: float = 60.0) -> None:
        """Wait, under load, until every reader has applied what its producer's log holds now. Raises NotYet."""
        ends = [
            (reader, stream, (await self.head(member.code, stream, owner))["position"])
            for reader, stream, owner in _followed(member)
        ]

        async def short_of_it() -> list[str]:
            found = []
            for reader, stream, end in ends:
                at = await self.reader(reader, member.code, stream)
                if end and (at is None or at["position"] < end):
                    found.append(f"{reader} of {stream}: {at and at['position']} of {end}")
            return found

        await self._until_none(short_of_it, f"not caught up in {member.code}", within_s)

    async def diverged(self, service: str, code: str, stream: str, within_s: float = 20.0) -> None:
        """Wait until a reader has stopped because the log contradicts what it has applied. Raises NotYet."""

        async def goes_on() -> list[str]:
            at = await self.reader(service, code, stream)
            return [] if at and at["diverged"] else [service]

        await self._until_none(goes_on, f"not stopped reading {code}/{stream}", within_s)

    async def _until_none(self, left: Callable[[], Awaitable[list[str]]], what: str, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while found := await left():
            if time.monotonic() > deadline:
                raise NotYet(f"{what} after {within_s:.0f} s: {', '.join(found)}")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _behind(self, member: Member) -> list[str]:
        found = []
        for reader, stream, owner in _followed(member):
            head, at = await self.head(member.code, stream, owner), await self.reader(reader, member.code, stream)
            if head["position"] and (at is None or (at["position"], at["hash"]) != (head["position"], head["hash"])):
                found.append(f"{reader} of {stream}: {at and at['position']} of {head['position']}")
            if at is not None and at["diverged"]:
                found.append(f"{reader} of {stream} has diverged")
        return found

    async def ask(self, method: str, service: str, path: str, **request: Any) -> dict[str, Any]:
        """One request; a service that is down for a moment is asked again. Raises httpx.HTTPStatusError otherwise."""
        deadline = time.monotonic() + 30
        while True:
            try:
                answer = await self._client.request(method, self.peers[service] + path, **request)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                    answer.raise_for_status()
                    found: dict[str, Any] = answer.json()
                    return found
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(LOOK_EVERY_S)


def _followed(member: Member) -> list[tuple[str, str, str]]:
    """Reader, stream and the stream's owner, for everything that is read of a municipality."""
    return [
        (reader, stream, SERVICE_OF[stream])
        for reader in member.services
        for stream in READS[reader]
        if SERVICE_OF[stream] in ("membership", *member.services)
    ]
