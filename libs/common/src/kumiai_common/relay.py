"""The relay: sends what lies beyond `relay_position` to the streams' topics, in order, and then advances.

What its own process has just appended it has at hand; everything else it reads from the log.

Invariant: it advances only after Kafka has acknowledged. A stale relay, or one that died before advancing, can only
repeat what was sent; readers know repeats by their position.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from zlib import crc32

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.topics import events_topic

from kumiai_common import log
from kumiai_common.database import TRANSIENT, Database
from kumiai_common.kafka import producer as make_producer
from kumiai_common.log import StreamKey
from kumiai_common.queries import QUERIES
from kumiai_common.settings import Settings
from kumiai_common.telemetry import Telemetry
from kumiai_common.unsent import Unsent

_LOG = structlog.get_logger()
LEASE_SECONDS = 10.0
IDLE_SECONDS = 0.5
"""How often a relay looks into the log by itself. What its own process appends wakes it."""
IDLE_SECONDS_AMONG_OTHERS = 0.02
"""The same while there are other workers, whose appends it doesn't hear of."""
REST_SECONDS = 1.0
"""How long a topic is left alone that could not be written."""
_OF_THE_TOPIC = (TopicAuthorizationFailedError, UnknownTopicOrPartitionError)
EVENTS_A_ROUND = 4000


def shard_of(municipality: str, shards: int) -> int:
    """The shard of all streams of a municipality."""
    return crc32(municipality.encode()) % shards


class Relay:
    """Publishes the streams of the shards that this worker holds."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        telemetry: Telemetry,
        holder: str,
        leases_changed: Callable[[], None],
    ) -> None:
        self._database = database
        self._settings = settings
        self._telemetry = telemetry
        self._holder = holder
        self._leases_changed = leases_changed
        self._shards: frozenset[int] = frozenset()
        self._tenants: list[str] = []
        self._idle_seconds = IDLE_SECONDS
        self._wake = asyncio.Event()
        self._unsent = Unsent()
        self._next_look = 0.0
        self._producer: AIOKafkaProducer | None = None
        self._named_topics: set[str] = set()
        self._resting: dict[StreamKey, float] = {}
        self.healthy = False

    def wake(self) -> None:
        """Something was appended: look into the log at once instead of at the next idle look."""
        self._next_look = 0.0
        self._wake.set()

    def appended(self, events: Iterable[StoredEvent]) -> None:
        """These were appended: send them as they are."""
        if held := [event for event in events if self.holds(event.municipality)]:
            self._unsent.add(held)
            self._wake.set()

    def holds(self, municipality: str) -> bool:
        """Whether this worker is in charge of a municipality's streams."""
        return shard_of(municipality, self._settings.relay_shards) in self._shards

    def forget(self, municipality: str) -> None:
        """Its topics are no more: don't ask Kafka for them, and be certain of nothing at hand."""
        self._named_topics = {topic for topic in self._named_topics if not topic.startswith(f"lg.{municipality}.")}
        self._unsent.forget()

    @property
    def municipalities(self) -> list[str]:
        """The municipalities that this worker is in charge of."""
        return [municipality for municipality in self._tenants if self.holds(municipality)]

    async def run(self) -> None:
        """Relay until cancelled. Failures of Kafka or the database are waited out."""
        try:
            await asyncio.gather(self._keep_leases(), self._relay())
        finally:
            await self._drop_producer()

    async def _keep_leases(self) -> None:
        while True:
            try:
                async with self._database.connection() as connection:
                    records = await QUERIES.take_leases(
                        connection, holder=self._holder, shards=self._settings.relay_shards, seconds=LEASE_SECONDS
                    )
                self._tenants = await self._database.tenants()
                shards = frozenset(record["shard"] for record in records)
                alone = all(record["workers"] == 1 for record in records)
                self._idle_seconds = IDLE_SECONDS if alone and records else IDLE_SECONDS_AMONG_OTHERS
                if shards != self._shards:
                    _LOG.info("relay shards", shards=sorted(shards))
                    self._shards = shards
                    self._unsent.forget()
                    self._leases_changed()
                await self._tell_heads()
            except TRANSIENT as error:
                _LOG.warning("lease not renewed", error=type(error).__name__)
            await asyncio.sleep(LEASE_SECONDS / 5)

    async def _tell_heads(self) -> None:
        municipalities = self.municipalities
        async with self._database.transaction(municipalities) as connection:
            found = await log.heads(connection, municipalities)
        self._telemetry.heads({(head.municipality, head.stream): head.position for head in found})

    async def _relay(self) -> None:
        while True:
            # Forgotten before looking, so that what is appended during the look is not slept over.
            self._wake.clear()
            try:
                sent = await self._round()
                self.healthy = True
            except (KafkaError, *TRANSIENT) as error:
                # An idempotent producer stays broken after some errors, so every error gets a new one.
                self.healthy = False
                self._unsent.forget()
                _LOG.warning("relay interrupted", error=type(error).__name__)
                await self._drop_producer()
                await asyncio.sleep(0.5)
                continue
            if not sent:
                try:
                    await asyncio.wait_for(self._wake.wait(), self._idle_seconds)
                except TimeoutError:
                    continue

    async def _round(self) -> int:
        producer = await self._connected()
        events = await self._next()
        if not events:
            return 0
        await self._name_topics(producer, {events_topic(*key) for key in events})
        outcomes = await asyncio.gather(
            *[self._send(producer, *key, stored) for key, stored in events.items()], return_exceptions=True
        )
        failures = {key: error for key, error in zip(events, outcomes, strict=True) if error is not None}
        sent = {key: stored for key, stored in events.items() if key not in failures}
        if sent:
            await self._advance(sent)
        self._rest(failures)
        return sum(map(len, sent.values()))

    async def _advance(self, sent: Mapping[StreamKey, Sequence[StoredEvent]]) -> None:
        async with self._database.transaction({key[0] for key in sent}) as connection:
            await QUERIES.advance_relay(
                connection,
                municipalities=[key[0] for key in sent],
                streams=[key[1] for key in sent],
                positions=[stored[-1].position for stored in sent.values()],
            )
        self._unsent.acknowledged({key: stored[-1].position for key, stored in sent.items()})
        self._telemetry.published({key: len(stored) for key, stored in sent.items()})

    def _rest(self, failures: Mapping[StreamKey, BaseException]) -> None:
        """One topic's trouble (not made yet, a right withdrawn) is its own; any other failure is the producer's."""
        for (municipality, stream), error in failures.items():
            if not isinstance(error, _OF_THE_TOPIC):
                raise error
            _LOG.warning("topic rests", municipality=municipality, stream=stream, error=type(error).__name__)
            self._resting[municipality, stream] = asyncio.get_running_loop().time() + REST_SECONDS

    async def _next(self) -> dict[StreamKey, list[StoredEvent]]:
        """What is at hand, if that is all; now and then, and whenever it isn't, what the log has."""
        time = asyncio.get_running_loop().time()
        if time < self._next_look:
            at_hand = self._unsent.following(lambda key: self.holds(key[0]) and self._is_due(key))
            if at_hand is not None:
                return at_hand
        self._next_look = time + self._idle_seconds
        return await self._unpublished()

    def _is_due(self, key: StreamKey) -> bool:
        return self._resting.get(key, 0.0) <= asyncio.get_running_loop().time()

    async def _unpublished(self) -> dict[StreamKey, list[StoredEvent]]:
        found: dict[StreamKey, list[StoredEvent]] = defaultdict(list)
        municipalities = self.municipalities
        if not municipalities:
            return found
        async with self._database.transaction(municipalities) as connection:
            waiting = {
                key: record
                for record in await QUERIES.unpublished(connection, municipalities=municipalities)
                if self._is_due(key := (record["municipality"], record["stream"]))
            }
            found |= {
                key: run for key, record in waiting.items() if (run := self._unsent.behind(key, record["published"]))
            }
            lacking = [record for key, record in waiting.items() if key not in found]
            if not lacking:
                return found
            share = max(EVENTS_A_ROUND // len(lacking), 50)
            for record in await QUERIES.read_unpublished(
                connection,
                municipalities=[record["municipality"] for record in lacking],
                streams=[record["stream"] for record in lacking],
                afters=[record["published"] for record in lacking],
                untils=[min(record["position"], record["published"] + share) for record in lacking],
            ):
                found[record["municipality"], record["stream"]].append(StoredEvent(*record))
        return found

    async def _send(
        self, producer: AIOKafkaProducer, municipality: str, stream: str, events: Sequence[StoredEvent]
    ) -> None:
        topic = events_topic(municipality, stream)
        waiting = list(events)
        while waiting:
            batch = producer.create_batch()
            taken = 0
            for event in waiting:
                if (
                    batch.append(key=event.subject.encode(), value=event.body, timestamp=None, headers=event.headers())
                    is None
                ):
                    break
                taken += 1
            if not taken:  # larger than a batch: on its own
                await producer.send_and_wait(
                    topic, waiting[0].body, waiting[0].subject.encode(), partition=0, headers=waiting[0].headers()
                )
                waiting = waiting[1:]
                continue
            batch.close()
            await (await producer.send_batch(batch, topic, partition=0))
            waiting = waiting[taken:]

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = make_producer(self._settings)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer, self._named_topics = producer, set()
        return self._producer

    async def _name_topics(self, producer: AIOKafkaProducer, topics: set[str]) -> None:
        """Name topics all at once: the producer would ask for each by itself at its first use."""
        if not topics <= self._named_topics:
            self._named_topics |= topics
            await producer.client.set_topics(self._named_topics)

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 2)
            except (KafkaError, TimeoutError, OSError) as error:
                _LOG.warning("producer not stopped cleanly", error=type(error).__name__)

    async def release(self) -> None:
        """Give the leases back, so that another worker takes over at once."""
        try:
            async with self._database.connection() as connection:
                await QUERIES.release_leases(connection, holder=self._holder)
        except TRANSIENT as error:
            _LOG.warning("leases not released", error=type(error).__name__)
