"""How a municipality's system reaches the federation's Kafka: its own SCRAM user, its own two kinds of topics."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from aiokafka.helpers import create_ssl_context

Client = TypeVar("Client", AIOKafkaProducer, AIOKafkaConsumer)
LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes: more than a notice may have, since too large ones must get a receipt, too."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a municipality got when it joined."""

    username: str
    password: str
    party: str
    """The system's identifier within the municipality, for tokens."""
    private_key: str
    """Its Ed25519 key, PEM (PKCS #8)."""

    @classmethod
    def read(cls, path: Path) -> "Credentials":
        """Read the file that joining wrote. Raises OSError, or KeyError for a file that lacks something."""
        found = json.loads(path.read_text())
        return cls(found["scram_username"], found["scram_password"], found["party"], found["private_key"])

    def __repr__(self) -> str:
        return f"Credentials({self.username!r})"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where Kafka is and who we are there."""

    bootstrap: str
    credentials: Credentials
    security_protocol: str = "SASL_PLAINTEXT"
    ca_file: Path | None = None
    connect_s: float = 30.0
    """How long to try to connect."""

    async def producer(self) -> AIOKafkaProducer:
        """A started producer that neither loses, doubles nor reorders. Raises KafkaConnectionError after a while."""
        return await _started(
            lambda: AIOKafkaProducer(
                **self._settings(), acks="all", enable_idempotence=True, linger_ms=5, max_request_size=LARGEST_REQUEST
            ),
            self.connect_s,
        )

    async def reader(self, topics: list[str]) -> AIOKafkaConsumer:
        """A started consumer, without a group, at the beginning of single-partition topics.

        Raises KafkaConnectionError after a while.
        """
        consumer = await _started(
            lambda: AIOKafkaConsumer(**self._settings(), enable_auto_commit=False, auto_offset_reset="earliest"),
            self.connect_s,
        )
        partitions = [TopicPartition(topic, 0) for topic in topics]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        return consumer

    def _settings(self) -> dict[str, Any]:
        context: ssl.SSLContext | None = None
        if self.security_protocol == "SASL_SSL":
            context = create_ssl_context(cafile=str(self.ca_file) if self.ca_file else None)
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
            "ssl_context": context,
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_plain_username": self.credentials.username,
            "sasl_plain_password": self.credentials.password,
        }


async def _started(make: Callable[[], Client], connect_s: float) -> Client:
    """A client that is connected. Right after joining, the broker may not know the user yet."""
    deadline = time.monotonic() + connect_s
    while True:
        client = make()
        try:
            await client.start()
        except KafkaConnectionError:
            await client.stop()
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)
        except BaseException:
            await client.stop()
            raise
        else:
            return client
