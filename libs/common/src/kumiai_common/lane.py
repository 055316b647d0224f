"""A lane (車線): the consumer of some of a worker's municipalities, whose topics change while it reads.

Invariant: a topic is read only from a place that was given with it. What comes or goes touches no other topic: the
others' places, pauses and fetched records stay, and so does the fetch that is under way.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from aiokafka.errors import TopicAuthorizationFailedError

from kumiai_common.kafka import consumer as make_consumer
from kumiai_common.kafka import stop
from kumiai_common.settings import Settings

_LOG = structlog.get_logger()
LANES = 4
"""Polls at once, each of municipalities of its own, so that none waits for another's locks."""
_NOWHERE = -1
FETCH_MS = 1000
"""How long a lane waits for records before it looks whether aiokafka is still fetching."""
MEET_SECONDS = 3.0
"""How long a lane's broker may take to say who leads topics: the other lanes' new topics wait for it."""
REFUSED_SECONDS = 5.0
"""How long a topic that we may not read is left alone; if its subscription has ended, it leaves our hands meanwhile."""


@lru_cache(maxsize=10_000)
def lane_of(municipality: str) -> int:
    """The lane of all topics of a municipality; not by the hash of `shard_of`, or a worker's shards might fill one."""
    return int.from_bytes(blake2b(municipality.encode(), digest_size=4).digest()) % LANES


class Partitions(Assignment):  # type: ignore[misc]
    """An assignment that changes in place.

    aiokafka knows only assignments as a whole. A new one ends the fetch that is under way, and since the broker answers
    a connection's requests one after the other, that costs everybody the rest of its wait.
    """

    def __init__(self) -> None:
        super().__init__([])
        # It has a place, so that aiokafka does not ask for one and wait for the answer for ever; and no fetch is of it.
        self._gone = TopicPartitionState(self)
        self._gone.seek(_NOWHERE)

    def state_value(self, partition: TopicPartition) -> TopicPartitionState:
        """The state of a partition; of one that left while a fetch was under way, one that takes nothing."""
        return self._tp_state.get(partition, self._gone)

    def add(self, partitions: Collection[TopicPartition]) -> None:
        """Take partitions in; each must be sent to its place before anything else runs."""
        self._topic_partitions |= frozenset(partitions)
        self._tp_state |= {partition: TopicPartitionState(self) for partition in partitions}

    def remove(self, partitions: Collection[TopicPartition]) -> None:
        """Let partitions go."""
        self._topic_partitions -= frozenset(partitions)
        for partition in partitions:
            del self._tp_state[partition]


class Lane:
    """One consumer. `vanished` is told the topics that Kafka no longer knows; they have left the lane by then."""

    def __init__(self, number: int, settings: Settings, vanished: Callable[[frozenset[str]], None]) -> None:
        self.number = number
        self._vanished = vanished
        self._consumer = make_consumer(settings, None)
        self._consumer.assign([])
        self._partitions = self._consumer._subscription.subscription._assignment = Partitions()
        self._consumer._client.cluster.add_listener(self._heard)
        self._meeting: frozenset[str] = frozenset()

    async def start(self) -> None:
        """Connect. Raises KafkaError if no broker answers."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Close the connections; what was fetched is thrown away."""
        await stop(self._consumer)

    # Its topics

    @property
    def topics(self) -> frozenset[str]:
        """The topics that it reads."""
        return frozenset(partition.topic for partition in self._partitions.tps)

    def positions(self) -> dict[TopicPartition, int]:
        """The next offset to be handed out, by partition."""
        return {partition: place.offset for partition, place in self._partitions.all_consumed_offsets().items()}

    async def meets(self, topics: Collection[str]) -> None:
        """Learn who leads topics, before they are added: aiokafka asks for what it doesn't know again and again.

        What isn't learnt in time, or isn't known to the broker that was asked, is left out when it is added.
        """
        self._meeting = frozenset(topics)
        client = self._consumer._client
        client.set_topics(self.topics | self._meeting)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MEET_SECONDS):
                await client.force_metadata_update()  # also for topics that were asked for before, and not there yet

    def add(self, places: Mapping[str, int]) -> None:
        """Read topics, too, from these offsets on; without those that Kafka doesn't know."""
        self._meeting = frozenset()
        known = self._consumer._client.cluster.partitions_for_topic
        new = {TopicPartition(topic, 0): offset for topic, offset in places.items() if known(topic)}
        new = {partition: offset for partition, offset in new.items() if partition not in self._partitions.tps}
        self._partitions.add(new)
        for partition, offset in new.items():
            self._consumer.seek(partition, offset)

    def drop(self, topics: Collection[str]) -> None:
        """Read topics no longer; nothing of what was fetched from them is handed out."""
        gone = [partition for topic in topics if self.reads(partition := TopicPartition(topic, 0))]
        self._partitions.remove(gone)
        for partition in gone:
            self._consumer._fetcher._records.pop(partition, None)
        if gone and self.topics:  # without any, aiokafka would ask for all that there are
            self._consumer._client.set_topics(self.topics | self._meeting)

    def _heard(self, cluster: Any) -> None:
        """Let go what Kafka no longer knows, at once: aiokafka would ask for it without a pause."""
        gone = frozenset(topic for topic in self.topics if not cluster.partitions_for_topic(topic))
        if gone:
            self.drop(gone)
            self._vanished(gone)

    def reads(self, partition: TopicPartition) -> bool:
        """Whether it reads a partition now."""
        return partition in self._partitions.tps

    # Its records

    async def fetched(self, most: int) -> dict[TopicPartition, list[Any]]:
        """The next records. Raises what no single topic is to blame for: then the worker's consumers are replaced."""
        fetching = self._consumer._fetcher.error_future
        if fetching.done():
            fetching.result()  # aiokafka's fetching has ended by an error, which getmany would wait out forever
        batch: dict[TopicPartition, list[Any]] = {}
        try:
            batch = await self._consumer.getmany(timeout_ms=FETCH_MS, max_records=most)
        except TopicAuthorizationFailedError as refused:
            # Raised only while aiokafka hands out nothing else, so nothing is lost.
            for topic in refused.args:
                _LOG.warning("may not read a topic", topic=topic)
                self.rest(TopicPartition(topic, 0), REFUSED_SECONDS)
        return batch

    def go_to(self, places: Mapping[str, int]) -> None:
        """Go on with these topics from these offsets."""
        for topic, offset in places.items():
            if self.reads(partition := TopicPartition(topic, 0)):
                self._consumer.seek(partition, offset)

    def wait(self, partition: TopicPartition, offset: int, seconds: float) -> None:
        """Go on with a partition from an offset, in so many seconds."""
        self.go_to({partition.topic: offset})
        self.rest(partition, seconds)

    def rest(self, partition: TopicPartition, seconds: float) -> None:
        """Take nothing of a partition for so many seconds."""
        self.pause(partition)
        asyncio.get_running_loop().call_later(seconds, self.resume, partition)

    def pause(self, partition: TopicPartition) -> None:
        """Take nothing of a partition."""
        if self.reads(partition):
            self._consumer.pause(partition)

    def resume(self, partition: TopicPartition) -> None:
        """Take records of a partition again."""
        if self.reads(partition):
            self._consumer.resume(partition)
