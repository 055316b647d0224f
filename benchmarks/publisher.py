"""Senders in processes of their own: they make notices ahead of time and publish them at a word.

What a sender costs must not be charged to the federation, so a load is made and encoded before the clock starts.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from kumiai_contracts.topics import notices_topic
from kumiai_local.addresses import StackAddresses

from benchmarks.town import Record, Town

SENDERS = 2
SERVICE = "resident-registry"


@dataclass(frozen=True)
class Broker:
    """How senders reach Kafka."""

    bootstrap: str
    protocol: str
    username: str
    password: str

    @classmethod
    def of(cls, addresses: StackAddresses) -> "Broker":
        """As the stack's super user, who may write every municipality's notices."""
        return cls(
            addresses.kafka_bootstrap,
            addresses.kafka_security_protocol,
            addresses.kafka_username,
            addresses.kafka_password,
        )

    def options(self) -> dict[str, Any]:
        """aiokafka's arguments."""
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.protocol,
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }


class Publishers:
    """The senders of some municipalities. Their towns go on from load to load."""

    def __init__(self, broker: Broker, municipalities: Sequence[str]) -> None:
        """Starts the processes."""
        context = get_context("spawn")
        self.expected = dict.fromkeys(municipalities, 0)
        """How many events of the stream `resident` each municipality has, once all that was prepared is decided."""
        self._shares = [list(municipalities[n::SENDERS]) for n in range(SENDERS)]
        self._pipes: list[Connection] = []
        self._processes = []
        for share in self._shares:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, broker, share), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def prepare(self, count: int) -> int:
        """Make about so many notices, the same number for each municipality; the number that it came to."""
        each = max(count // len(self.expected), 1)
        for pipe in self._pipes:
            pipe.send(("prepare", each))
        for pipe in self._pipes:
            pipe.recv()
        for municipality in self.expected:
            self.expected[municipality] += each
        return each * len(self.expected)

    def publish(self) -> None:
        """Send what was prepared; returns when Kafka has acknowledged all of it."""
        for pipe in self._pipes:
            pipe.send(("publish", 0))
        for pipe in self._pipes:
            pipe.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.send(("end", 0))
        for process in self._processes:
            process.join(10)


def _serve(pipe: Connection, broker: Broker, municipalities: Sequence[str]) -> None:
    towns = [Town(municipality) for municipality in municipalities]
    prepared: dict[str, list[Record]] = {}
    while True:
        word, count = pipe.recv()
        if word == "prepare":
            prepared = {notices_topic(town.municipality, SERVICE): town.records(count) for town in towns}
        elif word == "publish":
            asyncio.run(publish(broker, prepared))
            prepared = {}
        else:
            return
        pipe.send(word)


async def publish(broker: Broker, records: dict[str, list[Record]]) -> None:
    """Send these records, by topic; returns when Kafka has acknowledged all of them."""
    producer = AIOKafkaProducer(**broker.options(), acks="all", max_batch_size=256 * 1024, compression_type="lz4")
    await producer.start()
    try:
        await producer.client.set_topics(set(records))
        await asyncio.gather(*[_publish_topic(producer, topic, waiting) for topic, waiting in records.items()])
    finally:
        await producer.stop()


async def _publish_topic(producer: AIOKafkaProducer, topic: str, records: Sequence[Record]) -> None:
    waiting = list(records)
    while waiting:
        batch = producer.create_batch()
        taken = 0
        for headers, body in waiting:
            if batch.append(key=None, value=body, timestamp=None, headers=headers) is None:
                break
            taken += 1
        batch.close()
        await (await producer.send_batch(batch, topic, partition=0))
        waiting = waiting[taken:]
