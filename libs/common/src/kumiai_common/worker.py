"""The worker's lanes: what Kafka brings for some of the municipalities, one poll after the other in each.

Invariant: the consumer's place in every partition is what the database says, taken again at every assignment. What
must wait (for a cause, for a catch-up, for a right) waits with its partition paused, while the others go on: nothing
that stands in one topic, or that happens to it, stops the reading of another.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from kumiai_contracts.envelope import Cause, EnvelopeError, StoredEvent
from kumiai_contracts.messages import reason
from kumiai_contracts.topics import READS, STREAM_OF, Topic

from kumiai_common.database import TRANSIENT, Database
from kumiai_common.follower import Follower
from kumiai_common.gate import Gate
from kumiai_common.intake import Received, receive
from kumiai_common.kafka import consumer as make_consumer
from kumiai_common.log import StreamEnded, StreamKey
from kumiai_common.places import Places, topic_of
from kumiai_common.poll import MEMBERSHIP, Effect, Poll, StaleAssignment
from kumiai_common.queries import QUERIES
from kumiai_common.relay import shard_of
from kumiai_common.runner import Runner
from kumiai_common.settings import Settings
from kumiai_common.waiting import MustWait

_LOG = structlog.get_logger()
CAUSE_PATIENCE_SECONDS = 10.0
"""How long a notice waits for the event that its sender says it has seen; then it is refused."""
PAUSE_SECONDS = 0.02
HELD_SECONDS = 0.2
"""How long notices are left alone while a municipality's intake is held."""
MISSING_SECONDS = 2.0
"""The same while something that they need is missing, which undoes the poll that they are tried in."""
LANES = 4
"""Polls at once, each of municipalities of its own, so that none waits for another's locks."""
FETCH_MS = 200
"""How long a lane waits for records before it looks again at which partitions are its own."""
COMMIT_SECONDS = 5.0
LOOKS_AFTER_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""When topics are looked for, each after the one before: a member's topics are made after the event of its joining."""
REFUSED_SECONDS = 5.0
"""How long a topic that we may not read is left alone; if its subscription has ended, it leaves our hands meanwhile."""
BOUNDS_SECONDS = 3.0
ENDED_SECONDS = 0.5
"""How often it is looked whether a closed stream was opened again; its notices wait in Kafka until then."""


class Worker:
    """Consumes the notices of one service and the streams that it reads."""

    def __init__(
        self, service: str, settings: Settings, database: Database, runner: Runner, follower: Follower, gate: Gate
    ) -> None:
        self._service = service
        self._reads = READS[service]
        self._settings = settings
        self._database = database
        self._runner = runner
        self._follower = follower
        self._gate = gate
        self._applied: dict[StreamKey, tuple[int, int]] = {}
        self._waiting_since: dict[str, float] = {}
        self._ended: set[str] = set()
        self._waiting_until: dict[str, float] = {}
        self._consumer: Any = None
        self._resuming: set[asyncio.Task[None]] = set()
        self.healthy = False
        self._progress = dict.fromkeys(range(LANES), 0.0)

    @property
    def progress_at(self) -> float:
        """Loop time at which the slowest lane last finished a poll; a watchdog looks at it."""
        return min(self._progress.values())

    async def run(self) -> None:
        """Consume until cancelled; a consumer that fails is replaced by a new one."""
        while True:
            try:
                await self._consume()
            except* (KafkaError, *TRANSIENT) as failures:
                self.healthy = False
                _LOG.warning("consumer interrupted", errors=sorted({type(e).__name__ for e in failures.exceptions}))
                await asyncio.sleep(0.5)

    def committed(self, effect: Effect) -> None:
        """Note what a poll did, wherever it was run."""
        for key, position in effect.positions.items():
            self._applied[key] = (position.incarnation, position.position)
        if not effect.membership_changed:
            return
        self._gate.forget()
        self._follower.wake()
        if self._consumer is not None:
            # Topics may have come or gone: look now instead of in a minute.
            task = asyncio.ensure_future(self._look_for_topics(self._consumer))
            self._resuming.add(task)
            task.add_done_callback(self._resuming.discard)

    async def _look_for_topics(self, consumer: AIOKafkaConsumer) -> None:
        for delay in LOOKS_AFTER_SECONDS:
            await asyncio.sleep(delay)
            if self._consumer is consumer:
                await consumer._client.force_metadata_update()

    async def _consume(self) -> None:
        streams = "|".join(re.escape(stream) for stream in self._reads)
        consumer = make_consumer(self._settings, f"{self._service}.workers")
        places = Places(consumer, self._database)
        try:
            await consumer.start()
            consumer.subscribe(
                pattern=rf"^lg\.\d{{6}}\.({re.escape(self._service)}\.notices|({streams})\.events)$", listener=places
            )
            self._consumer = consumer
            self._progress = dict.fromkeys(range(LANES), asyncio.get_running_loop().time())
            self.healthy = True
            async with asyncio.TaskGroup() as tasks:
                for lane in range(LANES):
                    tasks.create_task(self._run_lane(consumer, places, lane))
                tasks.create_task(self._report(places))
        finally:
            self._consumer = None
            self.healthy = False
            await consumer.stop()

    async def _run_lane(self, consumer: AIOKafkaConsumer, places: Places, lane: int) -> None:
        """One lane's polls, one after the other: while PostgreSQL works for one lane, the rules run for another.

        A municipality's partitions are all of one lane, so what waits for its cause holds up what came after it.
        """
        while True:
            batch = places.known(await self._fetched(consumer, lane))
            if batch:
                await self._poll(consumer, places, batch)
            self._progress[lane] = asyncio.get_running_loop().time()

    async def bounds(self, topic: str) -> tuple[int, int] | None:
        """Where a topic begins and ends, as Kafka says; None while it doesn't."""
        consumer, partition = self._consumer, TopicPartition(topic, 0)
        if consumer is None:
            return None
        try:
            async with asyncio.timeout(BOUNDS_SECONDS):
                begins = await consumer.beginning_offsets([partition])
                ends = await consumer.end_offsets([partition])
        except (KafkaError, TimeoutError) as error:
            _LOG.warning("ends of a topic not known", topic=topic, error=type(error).__name__)
            return None
        return begins[partition], ends[partition]

    async def _report(self, places: Places) -> None:
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            await places.report()

    async def _fetched(self, consumer: AIOKafkaConsumer, lane: int) -> dict[TopicPartition, list[Any]]:
        """A lane's next records. Raises what no single topic is to blame for: then the consumer is replaced."""
        fetching = consumer._fetcher.error_future
        if fetching.done():
            fetching.result()  # aiokafka's fetching has ended by an error, which getmany would wait out forever
        # A lane that has no partitions asks, too: after an error of the group, aiokafka waits until somebody has asked.
        consumer._coordinator.check_errors()
        mine = [partition for partition in consumer.assignment() if _lane_of(partition.topic) == lane]
        if not mine:
            await asyncio.sleep(FETCH_MS / 1000)
            return {}
        batch: dict[TopicPartition, list[Any]] = {}
        try:
            batch = await consumer.getmany(*mine, timeout_ms=FETCH_MS, max_records=self._settings.poll_max_records)
        except TopicAuthorizationFailedError as refused:
            # Raised only while aiokafka hands out nothing else, so nothing is lost.
            for partition in consumer.assignment():
                if partition.topic in refused.args:
                    _LOG.warning("may not read a topic", topic=partition.topic)
                    self._pause(consumer, partition, REFUSED_SECONDS)
        return batch

    # One fetch is one poll, one poll is one transaction

    async def _poll(self, consumer: AIOKafkaConsumer, places: Places, batch: dict[TopicPartition, list[Any]]) -> None:
        poll = Poll()
        malformed: set[StreamKey] = set()
        for partition, records in batch.items():
            topic = topic_of(partition.topic)
            if await self._has_ended(topic):
                self._wait(consumer, partition, records[0].offset, ENDED_SECONDS)
            elif topic.kind == "notices":
                await self._take_notices(consumer, partition, topic, records, poll)
            else:
                await self._take_events(consumer, partition, topic, records, poll, malformed)
        try:
            effects = await self._runner.commit(poll)
        except StaleAssignment as stale:
            _LOG.warning("another worker went on from here", topic=str(stale))
            await places.seek([p for p in batch if p in consumer.assignment()])
            return
        except MustWait as missing:
            # The others' records of this poll come again, without whoever has to wait.
            until = asyncio.get_running_loop().time() + MISSING_SECONDS
            self._waiting_until |= dict.fromkeys(missing.municipalities, until)
            await places.seek([p for p in batch if p in consumer.assignment()])
            return
        except StreamEnded as ended:
            # The others' records of this poll come again, without what has to wait.
            self._ended |= ended.municipalities
            await places.seek([p for p in batch if p in consumer.assignment()])
            return
        broken = malformed.union(*(effect.broken for effect in effects))
        for partition in batch:
            topic = topic_of(partition.topic)
            if (topic.municipality, topic.name) in broken and topic.kind == "events":
                self._pause_for_catch_up(consumer, partition, (topic.municipality, topic.name))

    async def _take_notices(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, topic: Topic, records: Sequence[Any], poll: Poll
    ) -> None:
        waits = self._waiting_until.get(topic.municipality, 0.0) > asyncio.get_running_loop().time()
        if waits or not await self._gate.is_open(topic.municipality):
            self._wait(consumer, partition, records[0].offset, HELD_SECONDS)
            return
        taken = None
        for record in records:
            kept_as = f"{record.topic}/{record.offset}"
            received = receive(self._service, topic.municipality, record.headers, record.value, kept_as)
            received, ready = await self._after_its_cause(received)
            if not ready:
                self._wait(consumer, partition, record.offset)
                break
            poll.notices.append(received)
            taken = record.offset
        if taken is not None:
            poll.intake_starts[topic.municipality, record.topic] = records[0].offset
            poll.intake_offsets[topic.municipality, record.topic] = taken + 1

    async def _take_events(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        topic: Topic,
        records: Sequence[Any],
        poll: Poll,
        malformed: set[StreamKey],
    ) -> None:
        key = (topic.municipality, topic.name)
        events: list[StoredEvent] = []
        next_offset = records[0].offset
        for record in records:
            try:
                event = StoredEvent.from_record(topic.name, record.headers, record.value or b"")
            except EnvelopeError:
                malformed.add(key)
                break
            is_awaited = event.cause.partition(":")[0] in self._reads
            if is_awaited and not await self._has_applied(topic.municipality, Cause.parse(event.cause)):
                self._wait(consumer, partition, record.offset)
                break
            events.append(event)
            next_offset = record.offset + 1
        poll.events[key] = events
        poll.reader_offsets[key] = next_offset

    def _pause_for_catch_up(self, consumer: AIOKafkaConsumer, partition: TopicPartition, key: StreamKey) -> None:
        if partition not in consumer.assignment():
            return
        consumer.pause(partition)

        self._follower.catch_up(key, lambda: self._resume(consumer, partition))

    def _resume(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
        if consumer is self._consumer and partition in consumer.assignment():
            consumer.resume(partition)

    # Causes

    async def after_its_cause(self, received: Received) -> Received:
        """Wait until the notice's cause is applied; the notice, or its refusal if that takes too long."""
        while True:
            received, ready = await self._after_its_cause(received)
            if ready:
                return received
            await asyncio.sleep(PAUSE_SECONDS)

    async def _after_its_cause(self, received: Received) -> tuple[Received, bool]:
        if received.cause is None or await self._has_applied(received.municipality, received.cause):
            self._waiting_since.pop(received.kept_as, None)
            return received, True
        time = asyncio.get_running_loop().time()
        if time - self._waiting_since.setdefault(received.kept_as, time) < CAUSE_PATIENCE_SECONDS:
            return received, False
        self._waiting_since.pop(received.kept_as, None)
        return replace(received, notice=None, reasons=(reason("cause-not-found", "/ce_cause"),)), True

    async def _has_applied(self, municipality: str, cause: Cause) -> bool:
        if cause.stream not in self._reads:
            return True
        key = (municipality, cause.stream)
        wanted = (cause.incarnation, cause.position)
        if self._applied.get(key, (0, 0)) < wanted:
            async with self._database.transaction([municipality]) as connection:
                for record in await QUERIES.reader_positions(connection, municipalities=[municipality]):
                    self._applied[municipality, record["stream"]] = (record["incarnation"], record["position"])
        return self._applied.get(key, (0, 0)) >= wanted

    async def _has_ended(self, topic: Topic) -> bool:
        """Whether nothing of a topic is taken now: its stream is closed, or the municipality has left and is erased."""
        municipality = topic.municipality
        if municipality not in self._ended:
            return False
        async with self._database.transaction([municipality]) as connection:
            found = await QUERIES.ended(connection, stream=STREAM_OF[self._service], municipalities=[municipality])
        if not found:
            self._ended.discard(municipality)
            return False
        return topic.name != MEMBERSHIP or any(record["altogether"] for record in found)

    def _wait(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int, seconds: float = PAUSE_SECONDS
    ) -> None:
        if partition not in consumer.assignment():
            return
        consumer.seek(partition, offset)
        self._pause(consumer, partition, seconds)

    def _pause(self, consumer: AIOKafkaConsumer, partition: TopicPartition, seconds: float) -> None:
        consumer.pause(partition)

        async def resume() -> None:
            await asyncio.sleep(seconds)
            self._resume(consumer, partition)

        task = asyncio.create_task(resume())
        self._resuming.add(task)
        task.add_done_callback(self._resuming.discard)


@lru_cache(maxsize=100_000)
def _lane_of(topic: str) -> int:
    return shard_of(topic_of(topic).municipality, LANES)
