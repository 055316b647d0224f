"""Following the producers without Kafka: heads asked every few seconds, and logs read where Kafka isn't believed.

Invariant: completeness is measured against what the producers say, so a lost tail is found without waiting for the
next event. Joining late, recovering and rebuilding are the same code: read the log from one's position, then go live.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping

import httpx
import structlog
from kumiai_contracts.topics import READS, STREAM_OF

from kumiai_common import gate
from kumiai_common.clock import now, seconds_since
from kumiai_common.continuity import ReaderPosition
from kumiai_common.database import TRANSIENT, Database
from kumiai_common.log import StreamEnded, StreamKey
from kumiai_common.peers import UNREACHABLE, PeerHead, Peers
from kumiai_common.poll import MEMBERSHIP, Effect, Poll
from kumiai_common.queries import QUERIES
from kumiai_common.runner import Runner
from kumiai_common.telemetry import Telemetry

_LOG = structlog.get_logger()
EVENTS_A_READ = 2000
MAX_CATCH_UPS = 4
FIRST_PAUSE_SECONDS = 0.2
"""After the first look, and then twice as long each time: where all start at once, producers and members come soon."""


class Follower:
    """Keeps this worker's readers complete."""

    def __init__(
        self,
        service: str,
        database: Database,
        peers: Peers,
        runner: Runner,
        telemetry: Telemetry,
        in_charge: Callable[[str], bool],
        seconds: float,
    ) -> None:
        self._service = service
        self._streams = READS[service]
        self._database = database
        self._peers = peers
        self._runner = runner
        self._telemetry = telemetry
        self._in_charge = in_charge
        self._seconds = seconds
        self._running: dict[StreamKey, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(MAX_CATCH_UPS)
        self._behind: dict[StreamKey, int] = {}
        self._wake = asyncio.Event()
        self._holds_back = False
        self.complete = False
        """Whether, at the last look, every reader in charge was at its head."""

    async def run(self) -> None:
        """Ask for heads until cancelled."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            self._wake.clear()
            try:
                await self._look()
            except (*UNREACHABLE, *TRANSIENT) as error:
                self.complete = False
                _LOG.warning("heads not known", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)
            pause = min(pause * 2, self._seconds)

    def wake(self) -> None:
        """Somebody may have subscribed, or a stream's end been reached: look now."""
        self._wake.set()

    def catch_up(self, key: StreamKey, then: Callable[[], None] | None = None) -> None:
        """Read a stream's log from the producer in a task of its own; `then` is called when it is done.

        Where one is running already, nothing starts, and `then` is called when that one is done.
        """
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._catch_up(key), name=f"catch-up {key}")
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        if then is not None:
            task.add_done_callback(lambda _: then())

    async def stop(self) -> None:
        """Cancel what is running."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Catching up

    async def _catch_up(self, key: StreamKey) -> None:
        try:
            async with self._slots:
                await self._read_to_the_end(key)
        except StreamEnded:
            _LOG.info("catch-up ended: the stream is closed", municipality=key[0], stream=key[1])
        except (*UNREACHABLE, *TRANSIENT) as error:
            _LOG.warning("catch-up interrupted", municipality=key[0], stream=key[1], error=type(error).__name__)
            await asyncio.sleep(self._seconds)
        if self._holds_back:
            self.wake()

    async def _read_to_the_end(self, key: StreamKey) -> None:
        while True:
            position = await self._position(key)
            if position.diverged:
                return
            events = await self._peers.read_log(*key, position.position, EVENTS_A_READ)
            if not events:
                return
            effects = await self._runner.commit(Poll(events={key: events}))
            if any(key in effect.broken for effect in effects):
                await self._stop_if_log_contradicts(key, effects)
                return
            if not any(key in effect.applied for effect in effects):
                return

    async def _stop_if_log_contradicts(self, key: StreamKey, effects: list[Effect]) -> None:
        """Another worker may have gone on meanwhile; only the same answer at an unmoved position is the log's own."""
        before = max(effect.positions[key].position for effect in effects if key in effect.positions)
        position = await self._position(key)
        if position.position != before:
            return
        await self._diverge(key, effects[-1].broken.get(key, "contradiction"))

    async def _diverge(self, key: StreamKey, why: str) -> None:
        _LOG.error("stream stopped: its log contradicts what was applied", municipality=key[0], stream=key[1], why=why)
        async with self._database.transaction([key[0]]) as connection:
            await QUERIES.mark_diverged(connection, municipality=key[0], stream=key[1], why=why)
        self._telemetry.diverged(key, True)

    async def _position(self, key: StreamKey) -> ReaderPosition:
        return (await self._positions([key[0]])).get(key) or ReaderPosition.start(*key)

    async def _positions(self, municipalities: list[str]) -> dict[StreamKey, ReaderPosition]:
        if not municipalities:
            return {}
        async with self._database.transaction(municipalities) as connection:
            records = await QUERIES.reader_positions(connection, municipalities=municipalities)
        return {(record["municipality"], record["stream"]): ReaderPosition(**record) for record in records}

    # Looking at all heads at once

    async def _look(self) -> None:
        # Before the heads: what is complete at a head asked for later was complete since the subscription.
        waiting = await self._held_intakes()
        left: Counter[str] = Counter()
        followed: set[StreamKey] = set()
        for stream in self._streams:
            # Positions first: one that is beyond a head asked for afterwards is a contradiction and no race.
            tenants = await self._database.tenants()
            positions = await self._positions(tenants)
            subscribers = await self._subscribers(tenants)
            ended = await self._ended(tenants)
            for head in await self._peers.heads(stream):
                # What closed reads nothing but membership, and whoever has left and is erased never begins again.
                follows = stream == MEMBERSHIP or (head.municipality in subscribers and head.municipality not in ended)
                follows &= not ended.get(head.municipality, False)
                if follows and self._in_charge(head.municipality):
                    key = (head.municipality, stream)
                    followed.add(key)
                    position = positions.get(key) or ReaderPosition.start(*key)
                    left[head.municipality] += await self._compare(position, head)
        self._telemetry.followed(followed)
        parked = await self._parked(await self._database.tenants())
        self._telemetry.parked(parked)
        self.complete = not any(left.values()) and not any(parked.values())
        await self._open_intakes(waiting, left)

    async def _held_intakes(self) -> dict[str, str]:
        tenants = [municipality for municipality in await self._database.tenants() if self._in_charge(municipality)]
        if not tenants:
            return {}
        async with self._database.transaction(tenants) as connection:
            return await gate.held(connection, self._service, tenants)

    async def _open_intakes(self, waiting: dict[str, str], left: Mapping[str, int]) -> None:
        """Open the gate of whoever has just been complete; tell how far the others are."""
        held = {municipality: left[municipality] for municipality in waiting if left[municipality]}
        opened = {municipality: since for municipality, since in waiting.items() if municipality not in held}
        self._telemetry.held(held)
        self._holds_back = bool(held)
        for municipality, events in held.items():
            _LOG.info("notices wait for complete replicas", municipality=municipality, count=events)
        if opened:
            async with self._database.transaction(opened) as connection:
                await gate.open_for(connection, opened)
            for municipality in opened:
                _LOG.info("intake opened", municipality=municipality)

    async def _compare(self, position: ReaderPosition, head: PeerHead) -> int:
        """How many events are left to apply; at least one where the stream is stopped."""
        key = (position.municipality, position.stream)
        self._telemetry.diverged(key, position.diverged is not None)
        if position.diverged:
            return max(head.position - position.position, 1)
        rewritten = position.position == head.position and position.hash != head.hash
        if position.position > head.position or rewritten:
            await self._diverge(key, "the producer's log lacks what was applied")
            return 1
        lag = head.position - position.position
        if lag == 0:
            self._behind.pop(key, None)
            self._telemetry.distance(key, position.position, 0, 0.0)
            return 0
        oldest = await self._oldest_unapplied_seconds(position)
        self._telemetry.distance(key, position.position, lag, oldest)
        # Behind at two looks without having moved: whatever Kafka was to bring isn't coming.
        if self._behind.get(key) == position.position or position.position == 0:
            self.catch_up(key)
        self._behind[key] = position.position
        return lag

    async def _oldest_unapplied_seconds(self, position: ReaderPosition) -> float:
        try:
            first = await self._peers.read_log(position.municipality, position.stream, position.position, 1)
        except httpx.HTTPStatusError:
            return 0.0  # a producer that has yet to hear that we may read this one: no reason to look at no other
        return seconds_since(first[0].time, now()) if first else 0.0

    async def _subscribers(self, tenants: list[str]) -> set[str]:
        if not tenants:
            return set()
        async with self._database.transaction(tenants) as connection:
            records = await QUERIES.subscribers(connection, municipalities=tenants)
        return {record["municipality"] for record in records if record["service"] == self._service}

    async def _ended(self, tenants: list[str]) -> dict[str, bool]:
        """Which municipalities have closed here, or are erased: whether altogether."""
        async with self._database.transaction(tenants) as connection:
            left = [record["municipality"] for record in await QUERIES.tombstones(connection) if record["altogether"]]
            records = await QUERIES.ended(connection, stream=STREAM_OF[self._service], municipalities=[*tenants, *left])
        return {record["municipality"]: record["altogether"] for record in records}

    async def _parked(self, tenants: list[str]) -> dict[str, int]:
        if not tenants:
            return {}
        async with self._database.transaction(tenants) as connection:
            records = await QUERIES.parked_counts(connection, municipalities=tenants)
        counts = {record["municipality"]: record["count"] for record in records}
        return {municipality: counts.get(municipality, 0) for municipality in tenants if self._in_charge(municipality)}
