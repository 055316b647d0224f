"""A municipality's own system, as an integrator would write it: plain Kafka, the contracts, and its credentials."""

import asyncio
import contextlib
import csv
import json
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from aiokafka.errors import KafkaError
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.model import Notice, canonical_json
from kumiai_demo.access_token import Token
from kumiai_demo.connection import Broker
from kumiai_demo.ledger import Ledger
from kumiai_demo.message import Message, good
from kumiai_demo.post import Post
from kumiai_demo.receipt_feed import Receipt, ReceiptFeed
from kumiai_demo.script import Learned, learned_from
from kumiai_local.addresses import StackAddresses

from tests.support.operator import LINKAGE, REGISTRY, TAXATION, Member

RECEIPT_S = 20.0
PURPOSES = {REGISTRY: "resident-services", TAXATION: "taxation", LINKAGE: "national-id-linkage"}


def broker_of(addresses: StackAddresses, member: Member) -> Broker:
    """The stack's Kafka, as a member reaches it."""
    return Broker(
        addresses.kafka_bootstrap, member.credentials, addresses.kafka_security_protocol, addresses.kafka_ca_file
    )


class System:
    """Sends notices and takes receipts; every receipt's place in its chain is checked."""

    def __init__(self, member: Member, broker: Broker, peers: dict[str, str], folder: Path) -> None:
        self.member = member
        self.source = f"urn:test:{member.code}"
        self.receipts: list[Receipt] = []
        self._peers = peers
        self.broker = broker
        self._ledger = Ledger(folder)
        self.post = Post(member.code, broker, self._ledger)
        self.feed = ReceiptFeed(member.code, (REGISTRY, TAXATION, LINKAGE))
        self._ids = count(1)
        self._client = httpx.AsyncClient(timeout=20)
        subject = f"{member.code}/{member.credentials.party}"
        self._token = Token(subject, member.credentials.private_key, peers["membership"], self._client)
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.post.start()
        await self.feed.start(self.broker)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        await self.post.stop()
        await self.feed.stop()
        await self._client.aclose()
        self._ledger.close()

    def envelope(self, notice: Notice, cause: str = "") -> NoticeEnvelope:
        """An envelope with a new id."""
        return NoticeEnvelope(f"n-{next(self._ids):04}", self.source, notice.type, self.member.code, cause=cause)

    def message(self, notice: Notice, cause: str = "") -> Message:
        """A notice that is right, ready to be sent."""
        return good(self.envelope(notice, cause), notice)

    async def send(self, message: Message) -> Receipt:
        """Send a message and wait for its receipt. Raises TimeoutError."""
        return await asyncio.wait_for(await self.post.send(message), RECEIPT_S)

    async def tell(self, notice: Notice, cause: str = "") -> Learned:
        """Send a notice that must be accepted; what its receipt says."""
        receipt = await self.send(self.message(notice, cause))
        assert receipt.accepted, receipt.body["reasons"]
        return learned_from(receipt.body)

    async def read(self, service: str, path: str, **query: Any) -> Any:
        """An answer of a service, for the purpose that it is there for. Raises httpx.HTTPStatusError."""
        found = await self._client.get(
            f"{self._peers[service]}/v1/{self.member.code}/{path}",
            params={"purpose": PURPOSES[service], **query},
            headers=await self._token.headers(),
        )
        found.raise_for_status()
        return found.json()

    async def refused(self, service: str, path: str, *, of: str) -> None:
        """Ask a service about another municipality, which must be refused."""
        found = await self._client.get(
            f"{self._peers[service]}/v1/{of}/{path}",
            params={"purpose": PURPOSES[service]},
            headers=await self._token.headers(),
        )
        assert found.status_code == httpx.codes.FORBIDDEN

    async def order(self, service: str, path: str) -> Any:
        """The answer to a POST without a body, for the purpose that the service is there for."""
        done = await self._client.post(
            f"{self._peers[service]}/v1/{self.member.code}/{path}",
            params={"purpose": PURPOSES[service]},
            headers=await self._token.headers(),
        )
        done.raise_for_status()
        return done.json()

    async def posted(self, service: str, path: str, content: bytes, **query: Any) -> Any:
        """The answer to a POST with a body, for the purpose that the service is there for."""
        return (await self._posted(service, path, content, query)).json()

    async def upload(self, service: str, path: str, content: bytes) -> list[dict[str, str]]:
        """The lines of the CSV file that answers a file."""
        text = (await self._posted(service, path, content, {})).text
        return list(csv.DictReader(text.splitlines()))

    async def _posted(self, service: str, path: str, content: bytes, query: dict[str, Any]) -> httpx.Response:
        done = await self._client.post(
            f"{self._peers[service]}/v1/{self.member.code}/{path}",
            params={"purpose": PURPOSES[service], **query},
            content=content,
            headers=await self._token.headers(),
        )
        return done.raise_for_status()

    async def stream(self, service: str, stream: str) -> list[dict[str, Any]]:
        """Every event of one of the municipality's streams, as its owner's log has it."""
        found = await self._client.get(
            f"{self._peers[service]}/v1/{self.member.code}/streams/{stream}",
            params={"limit": 10_000},
            headers=await self._token.headers(),
        )
        found.raise_for_status()
        return [json.loads(line) for line in found.text.splitlines()]

    async def tell_by_http(self, notice: Notice) -> None:
        """Submit a notice by HTTP, and note it as sent: its receipt comes in the stream as well."""
        envelope = self.envelope(notice)
        body = canonical_json(notice.model_dump(mode="json"))
        self._ledger.sent(replace(good(envelope, notice), body=body), time.time())
        await self.submit(notice.service, (envelope, notice))

    async def submit(self, service: str, *notices: tuple[NoticeEnvelope, Notice]) -> list[dict[str, Any]]:
        """Notices by HTTP, as a batch of CloudEvents; their receipts."""
        batch = [
            {
                "specversion": "1.0",
                "id": envelope.id,
                "source": envelope.source,
                "type": envelope.type,
                "municipality": envelope.municipality,
                "data": notice.model_dump(mode="json"),
            }
            for envelope, notice in notices
        ]
        found = await self._client.post(
            f"{self._peers[service]}/v1/{self.member.code}/notices",
            json=batch,
            headers={"content-type": "application/cloudevents-batch+json", **await self._token.headers()},
        )
        found.raise_for_status()
        receipts: list[dict[str, Any]] = found.json()
        return receipts

    async def _read(self) -> None:
        while True:
            try:
                for receipt in await self.feed.poll():
                    self.receipts.append(receipt)
                    self.post.arrived(receipt)
            except KafkaError:
                await asyncio.sleep(0.5)
