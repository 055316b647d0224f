"""The worker's polls: what Kafka brings for its municipalities, one poll after the other in each lane.

Invariant: a topic is read from the place that the database says. What must wait (for a cause, for a catch-up, for a
right) waits with its partition paused, while the others go on: nothing that stands in one topic, or that happens to
it, stops the reading of another.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from kumiai_contracts.envelope import Cause, EnvelopeError, StoredEvent
from kumiai_contracts.messages import reason
from kumiai_contracts.topics import READS, STREAM_OF, Topic

from kumiai_common.database import TRANSIENT, Database
from kumiai_common.follower import Follower
from kumiai_common.gate import Gate
from kumiai_common.intake import Received, receive
from kumiai_common.lane import LANES, Lane
from kumiai_common.log import StreamEnded, StreamKey
from kumiai_common.places import Places, topic_of
from kumiai_common.poll import MEMBERSHIP, Effect, Poll, StaleAssignment
from kumiai_common.queries import QUERIES
from kumiai_common.runner import Runner
from kumiai_common.scout import Scout
from kumiai_common.settings import Settings
from kumiai_common.sharing import Sharing
from kumiai_common.waiting import MustWait

_LOG = structlog.get_logger()
CAUSE_PATIENCE_SECONDS = 10.0
"""How long a notice waits for the event that its sender says it has seen; then it is refused."""
PAUSE_SECONDS = 0.02
HELD_SECONDS = 0.2
"""How long notices are left alone while a municipality's intake is held."""
MISSING_SECONDS = 2.0
"""The same while something that they need is missing, which undoes the poll that they are tried in."""
COMMIT_SECONDS = 5.0
ENDED_SECONDS = 0.5
"""How often it is looked whether a closed stream was opened again; its notices wait in Kafka until then."""


class Worker:
    """Consumes the notices of one service and the streams that it reads."""

    def __init__(
        self,
        service: str,
        settings: Settings,
        database: Database,
        runner: Runner,
        follower: Follower,
        gate: Gate,
        holds: Callable[[str], bool],
    ) -> None:
        self._service = service
        self._reads = READS[service]
        self._settings = settings
        self._database = database
        self._runner = runner
        self._follower = follower
        self._gate = gate
        self._holds = holds
        self._applied: dict[StreamKey, tuple[int, int]] = {}
        self._waiting_since: dict[str, float] = {}
        self._ended: set[str] = set()
        self._waiting_until: dict[str, float] = {}
        self._scout: Scout | None = None
        self._sharing: Sharing | None = None
        self._sought: frozenset[str] = frozenset()
        """Whose topics are to be looked for as soon as somebody can."""
        self._progress = dict.fromkeys(range(LANES), 0.0)

    @property
    def healthy(self) -> bool:
        """Whether its lanes read what is theirs."""
        return self._sharing is not None and self._sharing.healthy

    @property
    def progress_at(self) -> float:
        """Loop time at which the slowest lane last finished a poll, or a poll last waited for the database."""
        return max(min(self._progress.values()), self._runner.waited_at)

    async def run(self) -> None:
        """Consume until cancelled; consumers of which one fails are replaced by new ones."""
        while True:
            try:
                await self._consume()
            except* (KafkaError, *TRANSIENT) as failures:
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
        self._look_for(municipality for municipality, stream in effect.applied if stream == MEMBERSHIP)

    def leases_changed(self) -> None:
        """This worker holds other municipalities than before."""
        if self._sharing is not None:
            self._sharing.leases_changed()

    async def bounds(self, topic: str) -> tuple[int, int] | None:
        """Where a topic begins and ends, as Kafka says; None while it doesn't."""
        if self._scout is None:
            return None
        begins, ends = await self._scout.begins([topic]), await self._scout.ends([topic])
        return (begins[topic], ends[topic]) if topic in begins and topic in ends else None

    async def _consume(self) -> None:
        async with AsyncExitStack() as stack:
            scout = Scout(self._settings, f"{self._service}.workers")
            places = Places(self._database, scout)
            lanes = [Lane(number, self._settings, self._look_for_topics) for number in range(LANES)]
            clients: list[Scout | Lane] = [scout, *lanes]
            for client in clients:
                stack.push_async_callback(client.stop)
            for client in clients:
                await client.start()
            stack.callback(self._forget)
            self._scout, self._sharing = scout, Sharing(self._service, lanes, scout, places, self._holds)
            self._sharing.look_for(self._sought)
            self._progress = dict.fromkeys(range(LANES), asyncio.get_running_loop().time())
            async with asyncio.TaskGroup() as tasks:
                for lane in lanes:
                    tasks.create_task(self._run_lane(lane, places))
                tasks.create_task(self._sharing.run())
                tasks.create_task(self._tell(lanes, places))

    def _forget(self) -> None:
        if self._sharing is not None:
            self._sought = self._sharing.sought
        self._scout = self._sharing = None

    def _look_for_topics(self, topics: Iterable[str]) -> None:
        self._look_for(topic_of(topic).municipality for topic in topics)

    def _look_for(self, municipalities: Iterable[str]) -> None:
        if self._sharing is not None:
            self._sharing.look_for(municipalities)
        else:
            self._sought |= frozenset(municipalities)

    async def _run_lane(self, lane: Lane, places: Places) -> None:
        """One lane's polls, one after the other: while PostgreSQL works for one lane, the rules run for another.

        A municipality's partitions are all of one lane, so what waits for its cause holds up what came after it.
        """
        while True:
            batch = await lane.fetched(self._settings.poll_max_records)
            if batch:
                await self._poll(lane, places, batch)
            self._progress[lane.number] = asyncio.get_running_loop().time()

    async def _tell(self, lanes: Sequence[Lane], places: Places) -> None:
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            await places.tell({partition: at for lane in lanes for partition, at in lane.positions().items()})

    # One fetch is one poll, one poll is one transaction

    async def _poll(self, lane: Lane, places: Places, batch: dict[TopicPartition, list[Any]]) -> None:
        poll = Poll()
        malformed: set[StreamKey] = set()
        for partition, records in batch.items():
            topic = topic_of(partition.topic)
            if await self._has_ended(topic):
                lane.wait(partition, records[0].offset, ENDED_SECONDS)
            elif topic.kind == "notices":
                await self._take_notices(lane, partition, topic, records, poll)
            else:
                await self._take_events(lane, partition, topic, records, poll, malformed)
        try:
            effects = await self._runner.commit(poll)
        except StaleAssignment as stale:
            _LOG.warning("another worker went on from here", topic=str(stale))
            await self._go_back(lane, places, batch)
            return
        except MustWait as missing:
            # The others' records of this poll come again, without whoever has to wait.
            until = asyncio.get_running_loop().time() + MISSING_SECONDS
            self._waiting_until |= dict.fromkeys(missing.municipalities, until)
            await self._go_back(lane, places, batch)
            return
        except StreamEnded as ended:
            # The others' records of this poll come again, without what has to wait.
            self._ended |= ended.municipalities
            await self._go_back(lane, places, batch)
            return
        broken = malformed.union(*(effect.broken for effect in effects))
        for partition in batch:
            topic = topic_of(partition.topic)
            if (topic.municipality, topic.name) in broken and topic.kind == "events":
                self._pause_for_catch_up(lane, partition, (topic.municipality, topic.name))

    async def _take_notices(
        self, lane: Lane, partition: TopicPartition, topic: Topic, records: Sequence[Any], poll: Poll
    ) -> None:
        waits = self._waiting_until.get(topic.municipality, 0.0) > asyncio.get_running_loop().time()
        if waits or not await self._gate.is_open(topic.municipality):
            lane.wait(partition, records[0].offset, HELD_SECONDS)
            return
        taken = None
        for record in records:
            kept_as = f"{record.topic}/{record.offset}"
            received = receive(self._service, topic.municipality, record.headers, record.value, kept_as)
            received, ready = await self._after_its_cause(received)
            if not ready:
                lane.wait(partition, record.offset, PAUSE_SECONDS)
                break
            poll.notices.append(received)
            taken = record.offset
        if taken is not None:
            poll.intake_starts[topic.municipality, record.topic] = records[0].offset
            poll.intake_offsets[topic.municipality, record.topic] = taken + 1

    async def _take_events(
        self,
        lane: Lane,
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
                lane.wait(partition, record.offset, PAUSE_SECONDS)
                break
            events.append(event)
            next_offset = record.offset + 1
        poll.events[key] = events
        poll.reader_offsets[key] = next_offset

    def _pause_for_catch_up(self, lane: Lane, partition: TopicPartition, key: StreamKey) -> None:
        lane.pause(partition)
        self._follower.catch_up(key, lambda: lane.resume(partition))

    async def _go_back(self, lane: Lane, places: Places, batch: Iterable[TopicPartition]) -> None:
        """Read these partitions from the database's places on."""
        lane.go_to(await places.of([partition.topic for partition in batch if lane.reads(partition)]))

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
