"""Inquiries of another body, answered from replicas: how many a second, and how long one takes.

The other body speaks to the network's simulator, as the service does; so what is measured is the whole way there and
back: the network's check, its signature, the delivery, the decision with its record, the answer, the network again.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import quantiles
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.http.tokens import load_private_key, public_key_text
from kumiai_contracts.exchange import (
    TAX_FACTS,
    CodeAcquired,
    CodeAcquisitionRow,
    FactItem,
    FactsReplicated,
    FactVersionRow,
)
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.linkage import STREAM
from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.network.http_network import signed_bytes

from benchmarks.federation import Federation
from benchmarks.observer import Database, connect, until
from benchmarks.usage import cpu_by_name, processes

DATABASE = "kumiai_national_id_linkage"
SERVICE = "national-id-linkage"
PEOPLE = 500
"""People on file in each municipality."""
AT_ONCE = 500
PER_SECOND = 200
A_POST = 4
"""Inquiries in one request of the open loop: what comes within 20 ms. Else the asking side would be measured."""
LOOK_SECONDS = 0.02
"""How long the asking body waits before it fetches again, for the same reason."""
WARM_UP_SECONDS = 3.0
PATIENCE_SECONDS = 120.0
ASKER = "011002"
"""札幌市, which is no member in these benchmarks, asks."""
_RUNS = count(1)


@dataclass(frozen=True)
class Throughput:
    """One load of inquiries that waited at the network."""

    inquiries: int
    seconds: float
    cpu_seconds: dict[str, float]

    @property
    def per_s(self) -> float:
        """Inquiries per second, answered, with their records committed and the answers at the network."""
        return self.inquiries / self.seconds


class Speaker:
    """Somebody who speaks to the network with a key of its own."""

    def __init__(self, url: str, key: Ed25519PrivateKey) -> None:
        self.name = public_key_text(key.public_key())
        self._key = key
        self._client = httpx.AsyncClient(base_url=url, timeout=60)

    async def post(self, path: str, content: Any) -> Any:
        """A signed request."""
        body, moment = orjson.dumps(content), timestamp(now())
        headers = {
            "kumiai-key": self.name,
            "kumiai-time": moment,
            "kumiai-signature": self._key.sign(signed_bytes(path, moment, body)).hex(),
        }
        return orjson.loads((await self._client.post(path, content=body, headers=headers)).raise_for_status().content)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class Load:
    """Municipalities with people on file, and a body that may ask about them."""

    def __init__(self, federation: Federation, municipalities: list[str]) -> None:
        self.federation = federation
        self.municipalities = municipalities
        self.people = [with_check_digit(f"{n:09}", addressee_check_digit) for n in range(1, PEOPLE + 1)]
        self.codes = CodeBook.load(federation.layout.linkage_code_key)
        self.institution = institution_of(ASKER)
        self.operator = Speaker(
            federation.services.network_url, load_private_key(federation.layout.keys / "network.pem")
        )
        self.asker = Speaker(federation.services.network_url, Ed25519PrivateKey.generate())

    async def prepare(self) -> None:
        """Put facts and codes on file, and make people known to the network."""
        joining = {"public_key": self.asker.name, "institutions": [self.institution]}
        await self.operator.post("/operator/speakers", joining)
        database = await connect(self.federation.addresses, DATABASE)
        try:
            for municipality in self.municipalities:
                await self._fill(database, municipality)
            await database.execute("vacuum analyze fact_version, code_acquisition, exchange_record")
        finally:
            await database.close()
        service = Speaker(
            self.federation.services.network_url,
            load_private_key(self.federation.layout.keys / f"{SERVICE}.pem"),
        )
        for municipality in self.municipalities:
            own = institution_of(municipality)
            await self._register(service, own, municipality)
            await self._register(self.asker, self.institution, municipality)
        await service.close()
        await until(self._settled, PATIENCE_SECONDS)

    async def _settled(self) -> bool:
        """Whether both sides have taken every code that was issued to them."""
        await self.fetched(0.0)
        return bool((await self.operator.post("/operator/weather", {}))["waiting"] == 0)

    async def _fill(self, database: Database, municipality: str) -> None:
        moment = timestamp(now())
        items = tuple(
            FactItem(item=item, value="3560000")
            for item in ("annual-tax", "assessment", "taxable-income", "total-income")
        )
        versions = tuple(
            FactVersionRow.trusted(
                fact_kind=TAX_FACTS, addressee_number=person, scope="2026", version=1, items=items,
                source="taxation:1:1", as_of=moment,
            )
            for person in self.people
        )  # fmt: skip
        acquisitions = tuple(
            CodeAcquisitionRow.trusted(
                addressee_number=person, acquisition_number=number, state="acquired", requested_at=moment,
                acquired_at=moment,
            )
            for number, person in zip(_numbers(institution_of(municipality), municipality), self.people, strict=True)
        )  # fmt: skip
        events = [FactsReplicated.trusted(versions=versions), CodeAcquired.trusted(acquisitions=acquisitions)]
        async with database.transaction():
            await log.append(database, municipality, STREAM, events, time=moment)

    async def _register(self, speaker: Speaker, institution: str, municipality: str) -> None:
        """The network learns an institution's codes for the people of a municipality."""
        numbers = _numbers(institution, municipality)
        messages = [
            self._message(
                f"code/{number}",
                "code-registration",
                institution,
                institution,
                {"acquisition_number": number, "code": self.codes.code(institution, municipality, person)},
            )
            for number, person in zip(numbers, self.people, strict=True)
        ]
        for start in range(0, len(messages), AT_ONCE):
            await speaker.post("/messages", {"messages": messages[start : start + AT_ONCE]})
        names = [[number, f"{municipality}/{person}"] for number, person in zip(numbers, self.people, strict=True)]
        await self.operator.post("/operator/people", {"people": names})

    def inquiries(self, wanted: int) -> list[dict[str, Any]]:
        """Inquiries, to one municipality after the other."""
        run = next(_RUNS)
        found = []
        for n in range(wanted):
            municipality = self.municipalities[n % len(self.municipalities)]
            person = self.people[n // len(self.municipalities) % PEOPLE]
            content = {
                "request_number": f"{run}-{n}",
                "affair": "JM00000000000001",
                "procedure": "JT00000000000001",
                "fact_kind": TAX_FACTS,
                "scope": "2026",
                "items": ["assessment", "total-income"],
                "code": self.codes.code(self.institution, municipality, person),
            }
            receiver = institution_of(municipality)
            found.append(self._message(f"inquiry/{run}-{n}", "inquiry", self.institution, receiver, content))
        return found

    @staticmethod
    def _message(id_: str, kind: str, sender: str, receiver: str, content: Any) -> dict[str, Any]:
        instant = datetime.now(UTC)
        return {
            "id": id_,
            "kind": kind,
            "sender": sender,
            "receiver": receiver,
            "sent_at": timestamp(instant),
            "expires_at": timestamp(instant + timedelta(days=1)),
            "content": content,
        }

    async def fetched(self, wait_seconds: float) -> list[dict[str, Any]]:
        """What has come for the asking body, acknowledged."""
        wanted = {"institutions": [self.institution], "limit": 2000, "wait_seconds": wait_seconds}
        found: list[dict[str, Any]] = (await self.asker.post("/deliveries", wanted))["deliveries"]
        acknowledged = [[each["receiver"], each["id"]] for each in found]
        await self.asker.post("/acknowledgements", {"deliveries": acknowledged})
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self.operator.close()
        await self.asker.close()


def _numbers(institution: str, municipality: str) -> list[str]:
    """取得番号 by which an institution got its codes for the people of a municipality."""
    return [f"{institution[7:13]}{municipality}{n:020}" for n in range(PEOPLE)]


async def throughput(load: Load, wanted: int) -> Throughput:
    """Let inquiries wait at the network, let the service go, and wait for the last answer."""
    federation = load.federation
    worker = federation.services[SERVICE]
    running = processes(federation.layout)
    messages = load.inquiries(wanted)
    worker.pause()
    try:
        for start in range(0, wanted, AT_ONCE):
            await load.asker.post("/messages", {"messages": messages[start : start + AT_ONCE]})
    finally:
        before, began = cpu_by_name(running), time.perf_counter()
        worker.resume()
    answered = 0
    while answered < wanted:
        found = await load.fetched(5.0)
        answered += sum(b'"outcome":"answered"' in each["body"].encode() for each in found)
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TimeoutError(f"{wanted - answered} inquiries were not answered")
    seconds = time.perf_counter() - began
    after = cpu_by_name(running)
    return Throughput(wanted, seconds, {name: after[name] - before[name] for name in before})


@dataclass(frozen=True)
class Way:
    """One inquiry's way there and back, in milliseconds; the parts are by the times that the answer carries."""

    total: float
    to_decision: float
    """From handing it to the network until the poll that answers it begins."""
    to_network: float
    """From there until the network has the answer: the decision, its commit, and sending."""
    back: float
    """From there until the asking body holds the answer."""


async def latency(load: Load, seconds: float) -> list[Way]:
    """From handing an inquiry to the network to holding its answer, in an open loop."""
    await _open_loop(load, WARM_UP_SECONDS)
    return await _open_loop(load, seconds)


async def _open_loop(load: Load, seconds: float) -> list[Way]:
    messages = load.inquiries(int(PER_SECOND * seconds))
    sent: dict[str, tuple[float, datetime]] = {}
    ways: list[Way] = []
    sending: list[asyncio.Task[Any]] = []

    async def send() -> None:
        began, instant = time.perf_counter(), datetime.now(UTC)
        for start in range(0, len(messages), A_POST):
            due = messages[start : start + A_POST]
            await asyncio.sleep(max(0.0, began + (start + A_POST) / PER_SECOND - time.perf_counter()))
            for n, message in enumerate(due, start=start):
                # Each has its own moment, and waits for the others of its request like anybody's.
                after = n / PER_SECOND
                sent[message["content"]["request_number"]] = began + after, instant + timedelta(seconds=after)
            sending.append(asyncio.create_task(load.asker.post("/messages", {"messages": due})))

    async def all_answered() -> bool:
        found = await load.fetched(1.0)
        clock, instant = time.perf_counter(), datetime.now(UTC)
        ways.extend(_way(orjson.loads(each["body"]), sent, clock, instant) for each in found)
        return len(ways) == len(messages)

    task = asyncio.create_task(send())
    await until(all_answered, seconds + PATIENCE_SECONDS, every=LOOK_SECONDS)
    await task
    await asyncio.gather(*sending)
    return ways


def _way(answer: dict[str, Any], sent: dict[str, tuple[float, datetime]], clock: float, instant: datetime) -> Way:
    began, asked = sent[answer["request_number"]]
    decided, accepted = (datetime.fromisoformat(answer[name]) for name in ("decided_at", "accepted_at"))
    parts = ((decided - asked), (accepted - decided), (instant - accepted))
    return Way((clock - began) * 1000, *[part.total_seconds() * 1000 for part in parts])


def p99(times: Sequence[float]) -> float:
    """The 99th percentile."""
    return quantiles(times, n=100)[98]
