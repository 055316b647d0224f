"""Asking Kafka about topics, and telling it places, over a connection that reads nothing (斥候): no answer waits behind
a lane's fetch.

Invariant: one topic's trouble, or one broker's, hides no other topic. What Kafka doesn't say is absent from the answer.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping

import structlog
from aiokafka import TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError, NodeNotReadyError, NoError
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.structs import OffsetAndMetadata

from kumiai_common.kafka import consumer as make_consumer
from kumiai_common.kafka import stop
from kumiai_common.settings import Settings

_LOG = structlog.get_logger()
_READ_COMMITTED = 1
_NO_REPLICA = _NO_LEADER = -1
_BEGIN, _END = -2, -1
"""Times that stand for a log's first and last offset: https://kafka.apache.org/protocol#The_Messages_ListOffsets."""
ANSWER_SECONDS = 3.0
"""How long a broker may take to answer; then its connection is closed."""


class Scout:
    """Asks about topics, and tells Kafka where the service is in them, under the name of its group."""

    def __init__(self, settings: Settings, group: str) -> None:
        self._consumer = make_consumer(settings, group, answer_seconds=ANSWER_SECONDS)
        self._client = self._consumer._client

    async def start(self) -> None:
        """Connect. Raises KafkaError if no broker answers."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Close the connections."""
        await stop(self._consumer)

    async def existing(self, topics: Collection[str] | None = None) -> frozenset[str]:
        """Which topics exist, of these or of all that we may know. Raises KafkaError."""
        return frozenset((await self._known(topics)).topics())

    async def _known(self, topics: Collection[str] | None) -> ClusterMetadata:
        known = ClusterMetadata()
        known.need_all_topic_metadata = True  # what is not there is an answer, too, and nothing for the log
        if topics is None or topics:
            asked = MetadataRequest(None if topics is None else sorted(topics), allow_auto_topic_creation=False)
            known.update_metadata(await self._client.send(self._client.get_random_node(), asked))
            if not known.brokers():
                raise NodeNotReadyError("a broker that is starting knows nothing yet")
        return known

    async def begins(self, topics: Collection[str]) -> dict[str, int]:
        """The first offset of topics."""
        return await self._offsets(topics, _BEGIN)

    async def ends(self, topics: Collection[str]) -> dict[str, int]:
        """The offset behind the last record of topics."""
        return await self._offsets(topics, _END)

    async def tell(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit places, for monitors and autoscalers. Raises KafkaError if one was not taken; the others were."""
        coordinator = self._consumer._coordinator
        async with asyncio.timeout(3 * ANSWER_SECONDS):  # aiokafka looks for the group's broker without end
            await coordinator.ensure_coordinator_known()
            # The group has no members: whoever may commit to it just does. `commit` would ask for an assignment,
            # and try a topic that is gone again for ever.
            await coordinator._do_commit_offsets(
                None, {partition: OffsetAndMetadata(offset, "") for partition, offset in offsets.items()}
            )

    async def _offsets(self, topics: Collection[str], time: int) -> dict[str, int]:
        try:
            known = await self._known(topics)
        except KafkaError as error:
            _LOG.warning("leaders of topics not known", count=len(topics), error=type(error).__name__)
            return {}
        by_leader: dict[int, list[str]] = defaultdict(list)
        for topic in known.topics():
            leader = known.leader_for_partition(TopicPartition(topic, 0))
            if leader is not None and leader != _NO_LEADER:
                by_leader[leader].append(topic)
        found: dict[str, int] = {}
        for answer in await asyncio.gather(*(self._led_by(*led, time) for led in by_leader.items())):
            found |= answer
        return found

    async def _led_by(self, leader: int, topics: Collection[str], time: int) -> dict[str, int]:
        asked = OffsetRequest(_NO_REPLICA, _READ_COMMITTED, [(topic, [(0, time)]) for topic in topics])
        try:
            answer = await self._client.send(leader, asked)
        except KafkaError as error:
            _LOG.warning("offsets of topics not known", count=len(topics), error=type(error).__name__)
            return {}
        return {
            topic: offset
            for topic, partitions in answer.topics
            for _, error, _, offset in partitions
            if error == NoError.errno
        }
