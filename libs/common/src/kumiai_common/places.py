"""A service's places (読取位置): what the database says of them, and what Kafka is told of them, for monitors only.

Invariant: whatever Kafka remembers, the database is believed; and a topic that doesn't answer keeps no other from
being read.
"""

import asyncio
from collections.abc import Collection, Mapping
from functools import lru_cache

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from kumiai_contracts.topics import Topic, parse_topic

from kumiai_common.database import Database
from kumiai_common.queries import QUERIES
from kumiai_common.scout import Scout

_LOG = structlog.get_logger()
TOLD_ANEW_SECONDS = 12 * 3600.0
"""After how long Kafka is told again where we are: it forgets an offset that it wasn't told for days."""


class Places:
    """The places of one worker."""

    def __init__(self, database: Database, scout: Scout) -> None:
        self._database = database
        self._scout = scout
        self._told: dict[TopicPartition, int] = {}
        self._told_all_at = 0.0

    async def of(self, topics: Collection[str]) -> dict[str, int]:
        """The next offset of each topic. Raises what the database raises if it can't be asked."""
        if not topics:
            return {}
        named = {topic: topic_of(topic) for topic in topics}
        municipalities = sorted({topic.municipality for topic in named.values()})
        async with self._database.transaction(municipalities) as connection:
            intake = await QUERIES.intake_positions(connection, municipalities=municipalities)
            readers = await QUERIES.reader_positions(connection, municipalities=municipalities)
        offsets = {record["topic"]: record["next_offset"] for record in intake}
        next_offsets = {(record["municipality"], record["stream"]): record["next_offset"] for record in readers}
        ends = await self._scout.ends(topics)
        found: dict[str, int] = {}
        for name, topic in named.items():
            if topic.kind == "notices":
                offset = offsets.get(name, 0)
            else:
                offset = next_offsets.get((topic.municipality, topic.name), 0)
            if offset > ends.get(name, offset):
                # The topic was made anew. The inbox knows what was answered, so the beginning is safe.
                _LOG.error("topic is shorter than what was read of it", topic=name, offset=offset)
                await self._forget_offset(topic, name)
                offset = 0
            found[name] = offset
        return found

    async def tell(self, positions: Mapping[TopicPartition, int]) -> None:
        """Tell Kafka what moved, for monitors and autoscalers only."""
        time = asyncio.get_running_loop().time()
        if time - self._told_all_at > TOLD_ANEW_SECONDS:
            self._told, self._told_all_at = {}, time
        moved = {partition: offset for partition, offset in positions.items() if self._told.get(partition) != offset}
        if not moved:
            return
        try:
            await self._scout.tell(moved)
        except (KafkaError, TimeoutError) as error:  # one topic's, perhaps; the broker takes the others' all the same
            _LOG.warning("places not told to Kafka", error=type(error).__name__)
            return
        self._told.update(moved)

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
