"""Kafka clients with the one set of options that loses nothing: the only place where they are made."""

import asyncio
import ssl
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from faststream.kafka import KafkaBroker
from faststream.security import SASLScram256

from kumiai_common.settings import Settings, read_secret
from kumiai_common.unreadable import read_everything

ANSWER_SECONDS = 15.0
MAX_RECORD_BYTES = 4 * 1024 * 1024
FETCH_BYTES = 512 * 1024
"""The most of one topic in one fetch."""
FETCHES_BYTES = 8 * 1024 * 1024
"""The most of all topics in one fetch; a process has several consumers."""


def _connection(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap,
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": read_secret(settings.kafka_password_file),
        "request_timeout_ms": round(ANSWER_SECONDS * 1000),
        "retry_backoff_ms": 100,
    }
    if context := _ssl_context(settings):
        options["ssl_context"] = context
    return options


def _ssl_context(settings: Settings) -> ssl.SSLContext | None:
    if settings.kafka_security_protocol != "SASL_SSL":
        return None
    return ssl.create_default_context(cafile=str(settings.kafka_ca_file) if settings.kafka_ca_file else None)


def broker(settings: Settings) -> KafkaBroker:
    """FastStream's broker: carries the application and tells whether Kafka answers. It neither reads nor writes."""
    return KafkaBroker(
        settings.kafka_bootstrap,
        security=SASLScram256(
            settings.kafka_username,
            read_secret(settings.kafka_password_file),
            ssl_context=_ssl_context(settings),
            use_ssl=settings.kafka_security_protocol == "SASL_SSL",
        ),
        logger=None,
    )


def consumer(settings: Settings, group: str | None, *, answer_seconds: float = ANSWER_SECONDS) -> AIOKafkaConsumer:
    """A consumer whose memory is the database: it commits nothing by itself and starts where it is told.

    A group has no members; it is only the name under which places are told to Kafka. A connection that gives no
    answer for `answer_seconds` is closed, and the next request makes another.
    """
    read_everything()
    return AIOKafkaConsumer(
        **_connection(settings) | {"request_timeout_ms": round(answer_seconds * 1000)},
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        # Small, so that one sender's backlog takes turns with the others'; a larger record still comes whole.
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=FETCHES_BYTES,
        fetch_max_wait_ms=250,
        # How often aiokafka looks by itself whether there is something to fetch; what changes wakes it.
        consumer_timeout_ms=1_000,
    )


async def stop(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer's connections, in whatever state it is.

    aiokafka lets the cancellation of a task of its own out of its `stop`, which would end whoever stops it, and then
    leaves its connections open.
    """
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait([stopping])
    if stopping.cancelled() or stopping.exception() is not None:
        await consumer._client.close()


def producer(settings: Settings) -> AIOKafkaProducer:
    """An idempotent producer: acknowledged by all replicas, in order."""
    return AIOKafkaProducer(
        **_connection(settings),
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=256 * 1024,
        max_request_size=MAX_RECORD_BYTES,
        # aiokafka's lz4 works at its slowest level: three times the time, and larger batches.
        compression_type="zstd",
    )
