"""Incarnations (再開): a log restored without events that it had published goes on as another incarnation.

Kafka is not our memory, but it is a witness: if the last record of a topic stands beyond the log's head, the database
is older than what readers may have applied. Going on at the same positions would give two events one place; so the
chain is marked before the first new event, and readers that are ahead stop instead of mixing the two.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from kumiai_contracts.envelope import EnvelopeError, StoredEvent
from kumiai_contracts.operations import IncarnationBegun
from kumiai_contracts.topics import events_topic, parse_topic

from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.database import Database
from kumiai_common.kafka import consumer as make_consumer
from kumiai_common.log import Head, StreamKey
from kumiai_common.queries import QUERIES
from kumiai_common.settings import Settings

_LOG = structlog.get_logger()
_READ_SECONDS = 10


async def begin_where_events_are_missing(database: Database, settings: Settings) -> list[StreamKey]:
    """Compare every own stream with its topic's last record; begin a new incarnation where the log is behind.

    Returns the streams that had lost events. Raises aiokafka's KafkaError while Kafka can't be asked: nothing may be
    appended before this is known.
    """
    tenants = await database.tenants()
    if not tenants:
        return []
    async with database.transaction(tenants) as connection:
        heads = {(head.municipality, head.stream): head for head in await log.heads(connection, tenants)}
    published = await _last_published(settings, heads)
    beyond = [key for key, event in published.items() if _is_beyond(event, heads[key])]
    return [key for key in beyond if await _begin(database, key, published[key])]


def _is_beyond(event: StoredEvent, head: Head) -> bool:
    if event.incarnation != head.incarnation:
        return event.incarnation > head.incarnation
    return event.position > head.position or (event.position == head.position and event.hash != head.hash)


async def _begin(database: Database, key: StreamKey, last: StoredEvent) -> bool:
    """Begin a new incarnation, unless the log does hold what was published: another worker appends meanwhile."""
    async with database.transaction([key[0]]) as connection:
        head = (await log.lock_heads(connection, [key]))[key]
        if not _is_beyond(last, head):
            return False
        _LOG.error("log lacks published events: a new incarnation begins", municipality=key[0], stream=key[1])
        before = head.incarnation
        if head.closed:  # the end that was reached is not the end that was published: it has to close anew
            head.closed = False
            await QUERIES.set_closed(connection, municipality=key[0], streams=[key[1]], closed=False)
        # Beyond every number that was published: a log restored twice must not give one number to two histories.
        head.incarnation = max(head.incarnation, last.incarnation) + 1
        stored = head.append(IncarnationBegun(published_up_to=last.position), time=timestamp(now()), continued=before)
        await log.write(connection, [stored], [head])
    return True


async def _last_published(settings: Settings, heads: Mapping[StreamKey, Head]) -> dict[StreamKey, StoredEvent]:
    consumer = make_consumer(settings, None)
    await consumer.start()
    try:
        existing = await consumer.topics()
        topics = {events_topic(*key) for key in heads} & existing
        partitions = [TopicPartition(topic, 0) for topic in sorted(topics)]
        if not partitions:
            return {}
        consumer.assign(partitions)
        return await _read_last(consumer, partitions)
    finally:
        await consumer.stop()


async def _read_last(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> dict[StreamKey, StoredEvent]:
    ends = await consumer.end_offsets(partitions)
    waiting = {partition for partition in partitions if ends[partition] > 0}
    for partition in partitions:
        consumer.seek(partition, max(ends[partition] - 1, 0))
    found: dict[StreamKey, StoredEvent] = {}
    attempts = 0
    while waiting and attempts < _READ_SECONDS:
        attempts += 1
        batch: dict[TopicPartition, list[Any]] = await consumer.getmany(timeout_ms=1000)
        for partition, records in batch.items():
            waiting.discard(partition)
            topic = parse_topic(partition.topic)
            try:
                event = StoredEvent.from_record(topic.name, records[-1].headers, records[-1].value or b"")
            except EnvelopeError:
                continue
            found[topic.municipality, topic.name] = event
    return found
