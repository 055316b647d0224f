"""Commits polls: waits out what passes by itself, and splits what the rules fail on until only the poison is alone.

Invariant: one municipality's poison stops nobody else, and nothing is swallowed: a record is committed, refused,
parked, or tried again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

import stamina
import structlog
from kumiai_contracts.envelope import StoredEvent

from kumiai_common.clock import now, seconds_since
from kumiai_common.database import TRANSIENT, Database
from kumiai_common.log import StreamEnded
from kumiai_common.logging import where
from kumiai_common.poll import Effect, Poll, Processor, StaleAssignment
from kumiai_common.telemetry import Telemetry, traceparent_of
from kumiai_common.waiting import MustWait

_LOG = structlog.get_logger()
_OF_THE_POLL = (StaleAssignment, StreamEnded, MustWait)
"""What says nothing about a record: the poll comes again, otherwise put together."""


class _TakenBack(Exception):
    """Rolls a trial's transaction back."""


class Runner:
    """Runs polls in transactions and tells the rest of the process what they did."""

    def __init__(
        self, database: Database, processor: Processor, telemetry: Telemetry, committed: Callable[[Effect], None]
    ) -> None:
        self._database = database
        self._processor = processor
        self._telemetry = telemetry
        self._committed = committed
        self.waited_at = 0.0
        """Loop time at which a poll last began anew, because the database or Kafka was away."""

    async def commit(self, poll: Poll) -> list[Effect]:
        """Commit a poll, whole if the rules allow it, otherwise in parts.

        Raises StaleAssignment, StreamEnded or MustWait.
        """
        try:
            return [await self._transaction(poll)]
        except _OF_THE_POLL:
            raise
        except Exception as error:
            municipalities = sorted(poll.municipalities())
            _LOG.error("poll split", error=type(error).__name__, where=where(error), count=len(municipalities))
        effects: list[Effect] = []
        for municipality in municipalities:
            effects += await self._commit_one_municipality(poll.only(municipality))
        return effects

    async def trial(self, poll: Poll) -> Effect:
        """What a poll would do now: everything is done, then taken back, so nothing of it ever becomes true."""
        try:
            async with self._database.transaction(poll.municipalities()) as connection:
                effect = await self._processor.run(connection, poll, now(), tolerant=True)
                raise _TakenBack
        except _TakenBack:
            return effect

    async def _commit_one_municipality(self, poll: Poll) -> list[Effect]:
        try:
            return [await self._transaction(poll)]
        except _OF_THE_POLL:
            raise
        except Exception as error:
            municipality = min(poll.municipalities())
            _LOG.error("poll split by record", error=type(error).__name__, municipality=municipality)
        effects: list[Effect] = []
        for single in poll.one_by_one():
            stopped = effects and any(key in effect.broken for effect in effects for key in single.events)
            if not stopped:
                effects.append(await self._transaction(single, tolerant=True))
        return effects

    async def _transaction(self, poll: Poll, *, tolerant: bool = False) -> Effect:
        async for attempt in stamina.retry_context(
            on=TRANSIENT, attempts=None, timeout=None, wait_initial=0.05, wait_max=2.0
        ):
            if attempt.num > 1:
                self.waited_at = asyncio.get_running_loop().time()
            with attempt:
                effect = await self._once(poll, tolerant)
        self._measure(effect)
        self._committed(effect)
        return effect

    async def _once(self, poll: Poll, tolerant: bool) -> Effect:
        with self._telemetry.tracer.start_as_current_span("poll") as span:
            async with self._database.transaction(poll.municipalities()) as connection:
                return await self._processor.run(connection, poll, now(), traceparent_of(span), tolerant=tolerant)

    def _measure(self, effect: Effect) -> None:
        if effect.appended:
            heads = {(event.municipality, event.stream): event.position for event in effect.appended}
            counts = Counter((event.municipality, event.stream) for event in effect.appended)
            self._telemetry.appended(counts, heads)
        if effect.outcomes:
            self._telemetry.receipts(effect.outcomes)
        if effect.applied:
            instant = now()
            self._telemetry.applied(
                {key: len(events) for key, events in effect.applied.items()},
                {key: events[-1].position for key, events in effect.applied.items()},
            )
            for stream, time in _oldest_by_stream(effect.applied.values()).items():
                self._telemetry.effect(stream, [seconds_since(time, instant)])


def _oldest_by_stream(runs: Iterable[list[StoredEvent]]) -> dict[str, str]:
    oldest: dict[str, str] = {}
    for events in runs:
        first = events[0]
        oldest[first.stream] = min(oldest.get(first.stream, first.time), first.time)
    return oldest
