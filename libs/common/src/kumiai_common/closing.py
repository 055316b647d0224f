"""Closing (締切り) and erasing (消去) in a service: membership's stream decides, and nobody else.

Invariant: a stream closes in one transaction that holds its head, after Kafka has taken the right to write away, after
every notice that Kafka holds was answered, and after the streams that it reads and that close, too, were applied to
their own last event. So between the closed heads nothing is under way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog
from kumiai_contracts.operations import StreamClosed, StreamReopened
from kumiai_contracts.registry import parse_event
from kumiai_contracts.topics import READS, STREAM_OF, notices_topic, owner_of, receipts_stream

from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.database import TRANSIENT, Connection, Database
from kumiai_common.erasing import Erasing
from kumiai_common.logging import where
from kumiai_common.peers import UNREACHABLE, Peers
from kumiai_common.poll import MEMBERSHIP
from kumiai_common.queries import QUERIES
from kumiai_common.relay import Relay
from kumiai_common.telemetry import Telemetry
from kumiai_common.worker import Worker

_LOG = structlog.get_logger()
LOOK_SECONDS = 0.3
AT_ONCE = 4
"""Leaves that are taken further side by side: few, since each holds a connection that polls could use."""
ERASED_AT_ONCE = 2
SETTLED_SECONDS = 1.0
"""How long a notices topic must not have grown: a broker hears of a withdrawn right a moment after it was confirmed."""
Unfinished = Callable[[Connection, str], Awaitable[bool]]
"""Whether a service has work under way for a municipality that must come to its end before the stream closes."""
Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Leave:
    """A leave as this service's replica of membership knows it, and what the service has done about it."""

    municipality: str
    leave: int
    services: tuple[str, ...]
    altogether: bool
    state: str
    closed: bool
    buried: int | None

    @classmethod
    def of(cls, record: Any) -> "Leave":
        """From a record of the query `leaves`."""
        return cls(**{**dict(record), "services": tuple(orjson.loads(record["services"]))})


class Closing:
    """The closing of one service's streams, for the municipalities that this worker is in charge of."""

    def __init__(
        self,
        service: str,
        database: Database,
        relay: Relay,
        worker: Worker,
        peers: Peers,
        telemetry: Telemetry,
        unfinished: Unfinished | None,
    ) -> None:
        self._service = service
        self._stream = STREAM_OF[service]
        self._receipts = receipts_stream(service)
        self._database = database
        self._relay = relay
        self._worker = worker
        self._peers = peers
        self._unfinished = [unfinished] if unfinished is not None else []
        self._erasing = Erasing(service, database, relay, telemetry)
        self._turns, self._erasures = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(ERASED_AT_ONCE)
        self._at_work: set[str] = set()
        self._ends: dict[str, tuple[int, float]] = {}
        self.waiting: dict[str, str] = {}
        """By municipality: what its closing waits for."""

    def waits_for(self, unfinished: Unfinished) -> None:
        """Close nothing while this, too, is under way."""
        self._unfinished.append(unfinished)

    async def run(self) -> None:
        """Look again and again, until cancelled. What takes long for one municipality holds up no other's leave."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    for leave in await self._leaves():
                        step = self._step(leave)
                        if step is not None and leave.municipality not in self._at_work:
                            self._at_work.add(leave.municipality)
                            tasks.create_task(self._try(leave.municipality, step))
                    await self._erasing.look_again()
                except TRANSIENT as error:
                    _LOG.warning("leaves not known", error=type(error).__name__)
                await asyncio.sleep(LOOK_SECONDS)

    async def _leaves(self) -> list[Leave]:
        municipalities = self._relay.municipalities
        if not municipalities:
            return []
        async with self._database.transaction(municipalities) as connection:
            records = await QUERIES.leaves(
                connection, service=self._service, stream=self._stream, municipalities=municipalities
            )
        return [Leave.of(record) for record in records]

    async def _try(self, municipality: str, step: Step) -> None:
        try:
            await step()
        except (*UNREACHABLE, *TRANSIENT) as error:
            _LOG.warning("a leave waits", municipality=municipality, error=type(error).__name__)
        except Exception as error:
            # Ending the process would end everybody's work: what failed is tried again, and seen.
            _LOG.error("a leave failed", municipality=municipality, error=type(error).__name__, where=where(error))
        finally:
            self._at_work.discard(municipality)

    def _step(self, leave: Leave) -> Step | None:
        """What is to be done about a leave now."""
        match leave.state:
            case "requested" | "closing" if leave.closed and leave.buried is None:
                # Perhaps for a leave before this one, which was cancelled while nobody here looked.
                return partial(self._reopen, leave.municipality, leave.leave - 1)
            case "closing" if self._service in leave.services and not leave.closed:
                return partial(self._close, leave)
            case "cancelled" if leave.closed and leave.buried is None:
                return partial(self._reopen, leave.municipality, leave.leave)
            case "erasing":
                return partial(self._erase, leave)
            case "erased" | "certified" if leave.buried != leave.leave:
                # The database was restored to a state from before: what was erased is erased again.
                return partial(self._erase, leave)
        return None

    async def _erase(self, leave: Leave) -> None:
        async with self._erasures:
            await self._erasing.erase(leave.municipality, leave.leave, altogether=leave.altogether)

    # Closing

    async def _close(self, leave: Leave) -> None:
        municipality = leave.municipality
        async with self._turns:
            waits_for = await self._waits_for(leave)
            if waits_for is None:
                waits_for = await self._append_end(leave)
        if waits_for is None:
            self.waiting.pop(municipality, None)
            self._ends.pop(municipality, None)
        else:
            self.waiting[municipality] = waits_for

    async def _waits_for(self, leave: Leave) -> str | None:
        municipality = leave.municipality
        async with self._database.transaction([municipality]) as connection:
            positions = {
                record["stream"]: record
                for record in await QUERIES.reader_positions(connection, municipalities=[municipality])
            }
            subscribers = await QUERIES.subscribers(connection, municipalities=[municipality])
        if any(record["service"] == self._service for record in subscribers):
            for stream in READS[self._service]:
                upstream = stream != MEMBERSHIP and owner_of(stream) in leave.services
                if upstream and not await self._has_ended(leave, stream, positions.get(stream)):
                    return stream
        return None if await self._intake_is_settled(municipality) else "notices"

    async def _has_ended(self, leave: Leave, stream: str, position: Any) -> bool:
        """Whether the event of a foreign stream that was applied last is its closing for this leave."""
        if position is None or position["position"] == 0:
            return False
        found = await self._peers.read_log(leave.municipality, stream, position["position"] - 1, 1)
        if not found or (found[0].hash, found[0].type) != (position["hash"], StreamClosed.type):
            return False
        event = parse_event(found[0].type, found[0].body)
        return isinstance(event, StreamClosed) and event.leave == leave.leave

    async def _intake_is_settled(self, municipality: str) -> bool:
        """Whether the notices topic has stopped growing. That all of it was taken is looked at under the lock."""
        bounds = await self._worker.bounds(notices_topic(municipality, self._service))
        if bounds is None:
            return False
        begins, ends = bounds
        end = 0 if begins == ends else ends
        time = asyncio.get_running_loop().time()
        before, since = self._ends.get(municipality, (-1, time))
        if before != end:
            self._ends[municipality] = (end, time)
            return False
        return time - since >= SETTLED_SECONDS

    async def _append_end(self, leave: Leave) -> str | None:
        municipality = leave.municipality
        topic = notices_topic(municipality, self._service)
        keys = [(municipality, self._stream), (municipality, self._receipts)]
        async with self._database.transaction([municipality]) as connection:
            heads = await log.lock_heads(connection, keys)
            stream, receipts = (heads[key] for key in keys)
            known = await QUERIES.leaves(
                connection, service=self._service, stream=self._stream, municipalities=[municipality]
            )
            if stream.closed or not known or (known[0]["leave"], known[0]["state"]) != (leave.leave, "closing"):
                return None  # another worker was faster, or the leave was cancelled meanwhile
            taken = await QUERIES.intake_positions(connection, municipalities=[municipality])
            if next((r["next_offset"] for r in taken if r["topic"] == topic), 0) < self._ends[municipality][0]:
                return "notices"
            for unfinished in self._unfinished:
                if await unfinished(connection, municipality):
                    return "work under way"
            event = StreamClosed(
                leave=leave.leave,
                receipts_incarnation=receipts.incarnation,
                receipts_position=receipts.position,
                receipts_hash=receipts.hash.hex(),
                parked=await QUERIES.parked_count(connection, municipality=municipality),
            )
            stored = stream.append(event, time=timestamp(now()))
            await log.write(connection, [stored], [stream])
            await self._set_closed(connection, municipality, closed=True)
        self._told(municipality, stored.position, event.type)
        return None

    async def _reopen(self, municipality: str, cancelled: int) -> None:
        """A cancelled leave: the stream goes on where it ended, and what waits in Kafka is taken in.

        `cancelled` is the number of the last leave that was: what closed for a later one stays closed.
        """
        key = (municipality, self._stream)
        async with self._turns, self._database.transaction([municipality]) as connection:
            head = (await log.lock_heads(connection, [key]))[key]
            end = await self._shown_end(connection, head)
            if end is None or end["leave"] > cancelled:
                return
            head.closed = False
            event = StreamReopened(leave=end["leave"])
            stored = head.append(event, time=timestamp(now()))
            await log.write(connection, [stored], [head])
            await self._set_closed(connection, municipality, closed=False)
        self._told(municipality, stored.position, event.type)

    async def _set_closed(self, connection: Connection, municipality: str, *, closed: bool) -> None:
        streams = [self._stream, self._receipts]
        await QUERIES.set_closed(connection, municipality=municipality, streams=streams, closed=closed)

    def _told(self, municipality: str, position: int, type_: str) -> None:
        self._relay.wake()
        _LOG.info("appended", municipality=municipality, type=type_, position=position)

    # What it shows

    async def shown(self, municipality: str, *, altogether: bool, count: bool) -> dict[str, Any]:
        """What the service has done about a municipality's leave, for membership and for people."""
        async with self._database.transaction([municipality]) as connection:
            heads = {head.stream: head for head in await log.heads(connection, [municipality])}
            closed = await self._shown_end(connection, heads.get(self._stream))
            found = await self._erasing.shown(connection, municipality, altogether=altogether, count=count)
        return {"municipality": municipality, "waits_for": self.waiting.get(municipality), "closed": closed, **found}

    async def _shown_end(self, connection: Connection, head: log.Head | None) -> dict[str, Any] | None:
        if head is None or not head.closed:
            return None
        last = await log.read(connection, head.municipality, head.stream, head.position - 1, 1)
        event = parse_event(last[0].type, last[0].body) if last else None
        if not isinstance(event, StreamClosed):
            return None
        place = {"stream": head.stream, "incarnation": head.incarnation, "position": head.position}
        return {**place, "hash": head.hash.hex(), **event.model_dump()}
