"""A consumer's places (読取位置): taken from the database at every assignment, and told to Kafka for monitors only.

Invariant: nothing is taken from a partition before its consumer was sent to the place that the database knows, whatever
Kafka remembers; and a topic that doesn't answer keeps no other from being read.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from kumiai_contracts.topics import Topic, parse_topic

from kumiai_common.database import Database
from kumiai_common.queries import QUERIES

_LOG = structlog.get_logger()
ENDS_SECONDS = 3.0
"""How long one topic may take to say where it ends."""


class Places(ConsumerRebalanceListener):  # type: ignore[misc]
    """The places of one consumer."""

    def __init__(self, consumer: AIOKafkaConsumer, database: Database) -> None:
        self._consumer = consumer
        self._database = database
        self._sought: set[TopicPartition] = set()
        self._astray: Exception | None = None
        self._reported: dict[TopicPartition, int] = {}

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """What was done is in the database; what comes next has to be sought again."""
        self._sought.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go to the places that the database knows."""
        try:
            await self.seek(list(assigned))
        except Exception as error:
            self._astray = error  # raised here, aiokafka would log it and read on from somewhere

    def known(self, batch: Mapping[TopicPartition, list[Any]]) -> dict[TopicPartition, list[Any]]:
        """What of a batch was read at places of ours: aiokafka reads on while it tells of an assignment.

        Raises the error, of Kafka or the database, for which the last assignment's places could not be sought.
        """
        if self._astray is not None:
            raise self._astray
        return {partition: records for partition, records in batch.items() if partition in self._sought}

    async def seek(self, partitions: Sequence[TopicPartition]) -> None:
        """Send the consumer to the places that the database knows."""
        if not partitions:
            return
        topics = {partition: topic_of(partition.topic) for partition in partitions}
        municipalities = sorted({topic.municipality for topic in topics.values()})
        async with self._database.transaction(municipalities) as connection:
            intake = await QUERIES.intake_positions(connection, municipalities=municipalities)
            readers = await QUERIES.reader_positions(connection, municipalities=municipalities)
        offsets = {record["topic"]: record["next_offset"] for record in intake}
        next_offsets = {(record["municipality"], record["stream"]): record["next_offset"] for record in readers}
        ends = await self._ends(partitions)
        for partition, topic in topics.items():
            if topic.kind == "notices":
                offset = offsets.get(partition.topic, 0)
            else:
                offset = next_offsets.get((topic.municipality, topic.name), 0)
            if offset > ends.get(partition, offset):
                # The topic was made anew. The inbox knows what was answered, so the beginning is safe.
                _LOG.error("topic is shorter than what was read of it", topic=partition.topic, offset=offset)
                await self._forget_offset(topic, partition.topic)
                offset = 0
            if partition in self._consumer.assignment():
                self._consumer.seek(partition, offset)
                self._sought.add(partition)

    async def report(self) -> None:
        """Tell Kafka where we are, for monitors and autoscalers only."""
        moved = {}
        for partition in self._consumer.assignment():
            try:
                moved[partition] = await asyncio.wait_for(self._consumer.position(partition), 0.2)
            except TimeoutError:
                continue
        changed = {partition: offset for partition, offset in moved.items() if self._reported.get(partition) != offset}
        if not changed:
            return
        try:
            await self._consumer.commit(changed)
        except KafkaError as error:  # one topic's, perhaps; the broker takes the others' all the same
            _LOG.warning("places not told to Kafka", error=type(error).__name__)
            return
        self._reported.update(changed)

    async def _ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where topics end; without those that don't say, because they are gone or we may not ask."""
        found = await self._asked(partitions)
        if not found:
            for one in await asyncio.gather(*(self._asked([partition]) for partition in partitions)):
                found |= one
        return found

    async def _asked(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        try:
            async with asyncio.timeout(ENDS_SECONDS):
                found: dict[TopicPartition, int] = await self._consumer.end_offsets(list(partitions))
        except (KafkaError, TimeoutError) as error:
            _LOG.warning("ends of topics not known", count=len(partitions), error=type(error).__name__)
            return {}
        return found

    async def _forget_offset(self, topic: Topic, name: str) -> None:
        async with self._database.transaction([topic.municipality]) as connection:
            if topic.kind == "notices":
                await QUERIES.save_intake_positions(
                    connection, municipalities=[topic.municipality], topics=[name], offsets=[0]
                )
            else:
                await QUERIES.forget_reader_offset(connection, municipality=topic.municipality, stream=topic.name)


@lru_cache(maxsize=100_000)
def topic_of(name: str) -> Topic:
    """What a topic's name says."""
    return parse_topic(name)
