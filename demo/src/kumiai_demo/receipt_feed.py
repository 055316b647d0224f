"""Receipts as they come from Kafka, their hash chain checked: a receipt that does not fit is not taken for granted."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer
from kumiai_contracts.chain import origin
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.receipts import ReceiptIssued
from kumiai_contracts.topics import events_topic, parse_topic, receipts_stream

from kumiai_demo.connection import Broker


@dataclass(frozen=True, slots=True)
class Receipt:
    """受領書 with the service that gave it."""

    service: str
    position: int
    stored: bytes
    """The body, exactly."""
    body: dict[str, Any]

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Which message it answers: service, source, id and digest."""
        return self.service, self.body["notice_source"], self.body["notice_id"], self.body["notice_digest"]

    @property
    def accepted(self) -> bool:
        """Whether the notice held."""
        return bool(self.body["outcome"] == "accepted")

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the reasons for a refusal."""
        return frozenset(reason["code"] for reason in self.body["reasons"])


@dataclass(slots=True)
class ReceiptChain:
    """Follows one receipts stream. A record of Kafka is believed only if it goes on from the one before."""

    municipality: str
    service: str
    position: int = 0
    breaks: list[str] = field(default_factory=list)
    """What did not fit, in words, without payload."""
    _incarnation: int = 1
    _hash: bytes = b""

    def __post_init__(self) -> None:
        self._hash = origin(self.municipality, receipts_stream(self.service), 1)

    def take(self, headers: Iterable[tuple[str, bytes]], body: bytes) -> Receipt | None:
        """The receipt in a record; None for a repetition by the relay. What does not fit is noted and taken.

        Raises EnvelopeError for a record that is no event.
        """
        event = StoredEvent.from_record(receipts_stream(self.service), headers, body)
        if event.incarnation == self._incarnation and event.position <= self.position:
            return None
        if event.municipality != self.municipality or event.position != self.position + 1:
            self.breaks.append(f"{self.service}: position {event.position} after {self.position}")
        elif event.hash != event.expected_hash(self._incarnation, self._hash):
            self.breaks.append(f"{self.service}: the hash of position {event.position} does not fit")
        self._incarnation, self.position, self._hash = event.incarnation, event.position, event.hash
        if event.type != ReceiptIssued.type:
            return None
        return Receipt(self.service, event.position, body, json.loads(body))


class ReceiptFeed:
    """Reads the receipts of one municipality's services from Kafka, from the beginning."""

    def __init__(self, municipality: str, services: Iterable[str]) -> None:
        self.chains = {service: ReceiptChain(municipality, service) for service in services}
        self._topics = [events_topic(municipality, receipts_stream(service)) for service in self.chains]
        self._consumer: AIOKafkaConsumer | None = None

    @property
    def breaks(self) -> list[str]:
        """What did not fit in any of the chains."""
        return [text for chain in self.chains.values() for text in chain.breaks]

    async def start(self, broker: Broker) -> None:
        """Connect."""
        self._consumer = await broker.reader(self._topics)

    async def poll(self, timeout_ms: int = 200) -> list[Receipt]:
        """The receipts that came, in the order of each service; empty when none came in time."""
        assert self._consumer is not None
        records = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=2000)
        found = [
            self.chains[parse_topic(partition.topic).name.removesuffix("-receipts")].take(record.headers, record.value)
            for partition, batch in records.items()
            for record in batch
        ]
        return [receipt for receipt in found if receipt is not None]

    async def read_to_end(self) -> list[Receipt]:
        """Every receipt up to the topics' present ends."""
        assert self._consumer is not None
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        found: list[Receipt] = []
        while any([await self._consumer.position(partition) < end for partition, end in ends.items()]):
            found += await self.poll()
        return found

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()
