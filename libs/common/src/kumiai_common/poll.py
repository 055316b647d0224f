"""One poll is one transaction: lock the heads, load the state once, decide and evolve in memory, write in bulk.

Invariant: a reader's position, an intake offset, the state and the appended events commit together or not at all.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

import orjson
from kumiai_contracts.decision import Accepted, Context, Decision, Refused, SealedPart
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.messages import reason
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.operations import EventParked, ParkedRow
from kumiai_contracts.receipts import Caused, ReceiptIssued
from kumiai_contracts.registry import EVENTS, NOTICES, parse_event
from kumiai_contracts.topics import STREAM_OF, receipts_stream

from kumiai_common import log
from kumiai_common.clock import day_in_japan, timestamp
from kumiai_common.continuity import Continuation, ReaderPosition, continue_from
from kumiai_common.database import TRANSIENT, Connection
from kumiai_common.intake import Received
from kumiai_common.keys import ServiceKeys
from kumiai_common.log import Head, StreamEnded, StreamKey
from kumiai_common.protocol import Keeper, Service, State
from kumiai_common.queries import QUERIES
from kumiai_common.tables import folded
from kumiai_common.waiting import MustWait

MEMBERSHIP = "membership"


@lru_cache(maxsize=4)
def _told(instant: datetime) -> tuple[date, str]:
    """The day in Japan and the time of a poll's instant, which all its decisions share."""
    return day_in_japan(instant), timestamp(instant)


def _may_be_kept(type_: str) -> bool:
    kind = NOTICES.get(type_)
    return kind is None or kind.kept_when_refused


class StaleAssignment(RuntimeError):
    """Another worker has gone on from here: this one slept through the loss of its lease. Seek again."""


@dataclass(slots=True)
class Poll:
    """What goes into one transaction."""

    notices: list[Received] = field(default_factory=list)
    events: dict[StreamKey, list[StoredEvent]] = field(default_factory=dict)
    """Foreign events by stream, in the order in which they came."""
    intake_offsets: dict[tuple[str, str], int] = field(default_factory=dict)
    """The next offset by (municipality, notices topic)."""
    reader_offsets: dict[StreamKey, int] = field(default_factory=dict)
    intake_starts: dict[tuple[str, str], int] = field(default_factory=dict)
    """The offset of the first record taken, by (municipality, notices topic)."""

    def municipalities(self) -> set[str]:
        """Every municipality that the poll touches."""
        found = {received.municipality for received in self.notices} | {key[0] for key in self.events}
        return found | {key[0] for key in self.intake_offsets}

    def only(self, municipality: str) -> "Poll":
        """The part of one municipality."""
        return Poll(
            [received for received in self.notices if received.municipality == municipality],
            {key: events for key, events in self.events.items() if key[0] == municipality},
            {key: offset for key, offset in self.intake_offsets.items() if key[0] == municipality},
            {key: offset for key, offset in self.reader_offsets.items() if key[0] == municipality},
            {key: offset for key, offset in self.intake_starts.items() if key[0] == municipality},
        )

    def one_by_one(self) -> "list[Poll]":
        """Each event, then each notice, on its own; the offsets move with the last of each."""
        singles = [Poll(events={key: [event]}) for key, events in self.events.items() for event in events]
        singles += [Poll(notices=[received]) for received in self.notices]
        return [*singles, Poll(intake_offsets=self.intake_offsets, reader_offsets=self.reader_offsets)]


@dataclass(slots=True)
class Effect:
    """What a committed poll did."""

    appended: list[StoredEvent] = field(default_factory=list)
    receipts: list[ReceiptIssued | None] = field(default_factory=list)
    """One for each notice, in order; None where there was no id to answer to."""
    applied: dict[StreamKey, list[StoredEvent]] = field(default_factory=dict)
    positions: dict[StreamKey, ReaderPosition] = field(default_factory=dict)
    broken: dict[StreamKey, str] = field(default_factory=dict)
    """Streams that don't go on from here: `gap` or `contradiction`."""
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    membership_changed: bool = False


class Processor:
    """Runs polls for one service."""

    def __init__(self, service: Service, keys: ServiceKeys, kept_notice_days: int) -> None:
        self.service = service
        self.stream = STREAM_OF[service.name]
        self.receipts = receipts_stream(service.name)
        self._keys = keys
        self._kept_days = kept_notice_days

    async def run(
        self, connection: Connection, poll: Poll, instant: datetime, traceparent: str = "", *, tolerant: bool = False
    ) -> Effect:
        """Do everything of a poll within the connection's transaction; never commits.

        With `tolerant`, for a record on its own, a failure of the rules becomes a refusal or parks the event;
        otherwise it is raised, so that the caller can split the poll. Raises StreamEnded, doing nothing, where
        something of the poll would come after the end of a stream.
        """
        return await _Transaction(self, connection, poll, instant, traceparent, tolerant).run()

    def context(self, municipality: str, cause: str, instant: datetime) -> Context:
        """What rules may know besides the state."""
        return Context(
            municipality,
            *_told(instant),
            cause,
            lambda n: self._keys.salt(f"{municipality}/{cause}", n),
        )

    def encrypted(self, received: Received) -> bytes:
        """A notice as it is kept."""
        return self._keys.encrypt(received.body, received.municipality.encode())

    @property
    def kept_days(self) -> int:
        """How long refused notices are kept, in days."""
        return self._kept_days


class _NotLoaded:
    """The state that could not be loaded."""

    def apply(self, event: Event) -> None:
        """Nothing evolves from nothing."""


class _Transaction:
    """The state of one run; its methods are the steps, in order."""

    def __init__(
        self,
        processor: Processor,
        connection: Connection,
        poll: Poll,
        instant: datetime,
        traceparent: str,
        tolerant: bool,
    ) -> None:
        self._processor = processor
        self._service = processor.service
        self._connection = connection
        self._poll = poll
        self._instant = instant
        self._time = timestamp(instant)
        self._traceparent = traceparent
        self._tolerant = tolerant
        self._effect = Effect()
        self._parts: list[tuple[str, int, SealedPart]] = []
        self._inbox: dict[tuple[str, str, str], tuple[bytes, int, ReceiptIssued | None]] = {}
        self._new_inbox: list[tuple[str, str, str, bytes, int]] = []
        self._kept: list[tuple[Received, str]] = []
        self._parked_keys: dict[str, set[str]] = defaultdict(set)
        self._states: Mapping[str, State] = {}

    async def run(self) -> Effect:
        municipalities = sorted(self._poll.municipalities())
        self._heads = await log.lock_heads(
            self._connection,
            [(m, stream) for m in municipalities for stream in (self._processor.stream, self._processor.receipts)],
        )
        self._refuse_after_the_end()
        await self._refuse_stale_assignment(municipalities)
        await self._follow(municipalities)
        await self._decide(municipalities)
        await self._write()
        return self._effect

    def _refuse_after_the_end(self) -> None:
        """A closed stream takes no notice, and no event that could lead to one of its own; membership goes on."""
        closed = {head.municipality for head in self._heads.values() if head.closed}
        if not closed:
            return
        coming = {received.municipality for received in self._poll.notices}
        coming |= {municipality for municipality, stream in self._poll.events if stream != MEMBERSHIP}
        if closed & coming:
            raise StreamEnded(closed & coming)

    async def _refuse_stale_assignment(self, municipalities: Sequence[str]) -> None:
        if not self._poll.intake_starts:
            return
        for record in await QUERIES.intake_positions(self._connection, municipalities=municipalities):
            start = self._poll.intake_starts.get((record["municipality"], record["topic"]))
            if start is not None and start < record["next_offset"]:
                raise StaleAssignment(record["topic"])

    # Reading: continuity first, then the replicas, so that what follows sees them as they are now.

    async def _follow(self, municipalities: Sequence[str]) -> None:
        if not self._poll.events:
            return
        records = await QUERIES.reader_positions(self._connection, municipalities=municipalities)
        known = {(record["municipality"], record["stream"]): ReaderPosition(**record) for record in records}
        for key, events in self._poll.events.items():
            position = known.get(key) or ReaderPosition.start(*key)
            going_on = Continuation((), "contradiction") if position.diverged else continue_from(position, events)
            if going_on.verdict != "fits":
                self._effect.broken[key] = going_on.verdict
            if going_on.apply:
                last = going_on.apply[-1]
                position.incarnation, position.position, position.hash = last.incarnation, last.position, last.hash
                self._effect.applied[key] = list(going_on.apply)
            position.next_offset = max(position.next_offset, self._poll.reader_offsets.get(key, 0))
            self._effect.positions[key] = position
        applied = (event for events in self._effect.applied.values() for event in events)
        await folded(applied, own=False).write(self._connection)
        self._effect.membership_changed = any(stream == MEMBERSHIP for _, stream in self._effect.applied)

    # Deciding: events before notices, each in its order.

    async def _decide(self, municipalities: Sequence[str]) -> None:
        self._subscribers = {
            record["municipality"]
            for record in await QUERIES.subscribers(self._connection, municipalities=municipalities)
            if record["service"] == self._service.name
        }
        reactions = self._reactions()
        if not (self._poll.notices or reactions):
            return
        await self._load_inbox()
        wanted: dict[str, list[Notice | Event]] = defaultdict(list)
        for stored, event in reactions:
            wanted[stored.municipality].append(event)
        for received in self._poll.notices:
            if received.notice is not None and received.municipality in self._subscribers:
                wanted[received.municipality].append(received.notice)
        states = self._states = await self._load(wanted) if wanted else {}
        if reactions:
            for record in await QUERIES.parked(self._connection, municipalities=municipalities):
                self._parked_keys[record["municipality"]].update(orjson.loads(record["keys"]))
            for stored, event in reactions:
                self._react(states[stored.municipality], stored, event)
        for received in self._poll.notices:
            self._answer(states, received)

    async def _load(self, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        if not self._tolerant:
            return await self._service.load(self._connection, wanted)
        try:
            async with self._connection.transaction():  # a savepoint: what fails must not spoil the rest
                return await self._service.load(self._connection, wanted)
        except (MustWait, *TRANSIENT):
            raise
        except Exception:
            # The rules fail on this state, so the notice is refused or the event parked, as if they failed themselves.
            return dict.fromkeys(wanted, _NotLoaded())

    def _reactions(self) -> list[tuple[StoredEvent, Event]]:
        types = {kind.type for kind in self._service.reacts_to}
        return [
            (stored, parse_event(stored.type, stored.body))
            for (municipality, _), events in self._effect.applied.items()
            if municipality in self._subscribers
            for stored in events
            if stored.type in types
        ]

    def _react(self, state: State, stored: StoredEvent, event: Event) -> None:
        keys = event.keys()
        parked = self._parked_keys[stored.municipality]
        if keys & parked:
            self._park(state, stored, keys, "behind-parked-key")
            return
        cause = str(stored.as_cause)
        context = self._processor.context(stored.municipality, cause, self._instant)
        try:
            following = self._service.react(state, event, context)
        except Exception as error:
            if not self._tolerant:
                raise
            self._park(state, stored, keys, type(error).__name__)
            return
        head = self._heads[stored.municipality, self._processor.stream]
        for own in following:
            self._append(head, state, own, cause, stored.traceparent)

    def _park(self, state: State, stored: StoredEvent, keys: frozenset[str], error: str) -> None:
        self._parked_keys[stored.municipality] |= keys
        row = ParkedRow(
            read_stream=stored.stream,
            position=stored.position,
            keys=tuple(sorted(keys)),
            state="parked",
            error=error,
        )
        head = self._heads[stored.municipality, self._processor.stream]
        cause = str(stored.as_cause)
        self._append(head, state, EventParked(parked=row), cause, stored.traceparent)

    def _answer(self, states: Mapping[str, State], received: Received) -> None:
        if received.envelope is None:
            self._kept.append((received, received.reasons[0].code))
            self._effect.receipts.append(None)
            self._effect.outcomes[received.municipality, "unanswerable"] += 1
            return
        id_ = (received.municipality, received.envelope.source, received.envelope.id)
        earlier = self._inbox.get(id_)
        if earlier is not None and earlier[0] == received.digest and earlier[2] is not None:
            self._issue(received, earlier[2])
            self._effect.outcomes[received.municipality, "repeated"] += 1
            return
        receipts = self._heads[received.municipality, self._processor.receipts]
        cause = str(receipts.next_cause())
        if earlier is not None:
            decision: Decision = Refused((reason("id-reused", "/ce_id"),))
        else:
            decision = self._decision(states, received, cause)
        caused = self._take_effect(states, received, decision, cause) if isinstance(decision, Accepted) else ()
        # Every value was checked where it came from; checking it again would cost more than deciding.
        receipt = ReceiptIssued.trusted(
            notice_source=received.envelope.source,
            notice_id=received.envelope.id,
            notice_type=received.envelope.type,
            notice_digest=received.digest.hex(),
            outcome="accepted" if isinstance(decision, Accepted) else "refused",
            caused=caused,
            assigned=decision.assigned if isinstance(decision, Accepted) else (),
            reasons=decision.reasons if isinstance(decision, Refused) else (),
        )
        stored = self._issue(received, receipt)
        if earlier is None:
            self._inbox[id_] = (received.digest, stored.position, receipt)
            self._new_inbox.append((*id_, received.digest, stored.position))
        if isinstance(decision, Refused) and _may_be_kept(received.envelope.type):
            self._kept.append((received, decision.reasons[0].code))
        self._effect.outcomes[received.municipality, receipt.outcome] += 1

    def _decision(self, states: Mapping[str, State], received: Received, cause: str) -> Decision:
        if received.notice is None:
            return Refused(received.reasons)
        if received.municipality not in self._subscribers:
            return Refused((reason("not-subscribed"),))
        context = self._processor.context(received.municipality, cause, self._instant)
        try:
            return self._service.decide(states[received.municipality], received.notice, context)
        except Exception:
            if not self._tolerant:
                raise
            return Refused((reason("processing-failed"),))

    def _take_effect(
        self, states: Mapping[str, State], received: Received, decision: Accepted, cause: str
    ) -> tuple[Caused, ...]:
        head = self._heads[received.municipality, self._processor.stream]
        traceparent = received.envelope.traceparent if received.envelope else ""
        state = states[received.municipality]
        appended = [self._append(head, state, event, cause, traceparent) for event in decision.events]
        self._parts += [
            (received.municipality, log.position_holding(part.commitment, appended), part) for part in decision.sealed
        ]
        return tuple(
            Caused.trusted(
                stream=stored.stream,
                incarnation=stored.incarnation,
                position=stored.position,
                hash=stored.hash.hex(),
                type=stored.type,
                subject=stored.subject,
            )
            for stored in appended
        )

    def _append(self, head: Head, state: State, event: Event, cause: str, traceparent: str) -> StoredEvent:
        stored = head.append(event, time=self._time, cause=cause, traceparent=traceparent or self._traceparent)
        state.apply(event)
        self._effect.appended.append(stored)
        return stored

    def _issue(self, received: Received, receipt: ReceiptIssued) -> StoredEvent:
        head = self._heads[received.municipality, self._processor.receipts]
        traceparent = (received.envelope.traceparent if received.envelope else "") or self._traceparent
        stored = head.append(receipt, time=self._time, traceparent=traceparent)
        self._effect.appended.append(stored)
        self._effect.receipts.append(receipt)
        return stored

    async def _load_inbox(self) -> None:
        ids = [(r.municipality, r.envelope.source, r.envelope.id) for r in self._poll.notices if r.envelope]
        if not ids:
            return
        municipalities, sources, identifiers = zip(*ids, strict=True)
        seen = await QUERIES.inbox(self._connection, municipalities=municipalities, sources=sources, ids=identifiers)
        if not seen:
            return
        bodies = await QUERIES.receipt_bodies(
            self._connection,
            municipalities=[record["municipality"] for record in seen],
            positions=[record["receipt_position"] for record in seen],
            stream=self._processor.receipts,
        )
        receipts = {(record["municipality"], record["position"]): record["body"] for record in bodies}
        for record in seen:
            id_ = (record["municipality"], record["source"], record["id"])
            body = receipts[record["municipality"], record["receipt_position"]]
            receipt = EVENTS[ReceiptIssued.type].model_validate_json(body)
            assert isinstance(receipt, ReceiptIssued)
            self._inbox[id_] = (record["digest"], record["receipt_position"], receipt)

    # Writing: everything in bulk.

    async def _write(self) -> None:
        connection, effect = self._connection, self._effect
        await log.write(connection, effect.appended, self._heads.values())
        if isinstance(self._service, Keeper):
            loaded = {m: state for m, state in self._states.items() if not isinstance(state, _NotLoaded)}
            await self._service.keep(connection, loaded)
        if self._parts:
            stream = self._processor.stream
            await QUERIES.save_sealed_parts(
                connection,
                parts=[
                    (municipality, part.commitment, stream, position, part.name, part.salt, part.part, None)
                    for municipality, position, part in self._parts
                ],
            )
        if self._new_inbox:
            await QUERIES.save_inbox(connection, entries=self._new_inbox)
        if self._kept:
            await self._keep()
        if effect.positions:
            readers = effect.positions.values()
            await QUERIES.save_reader_positions(
                connection,
                municipalities=[position.municipality for position in readers],
                streams=[position.stream for position in readers],
                incarnations=[position.incarnation for position in readers],
                positions=[position.position for position in readers],
                hashes=[position.hash for position in readers],
                offsets=[position.next_offset for position in readers],
            )
        if self._poll.intake_offsets:
            keys = list(self._poll.intake_offsets)
            await QUERIES.save_intake_positions(
                connection,
                municipalities=[municipality for municipality, _ in keys],
                topics=[topic for _, topic in keys],
                offsets=list(self._poll.intake_offsets.values()),
            )

    async def _keep(self) -> None:
        await QUERIES.keep_notices(
            self._connection,
            municipalities=[received.municipality for received, _ in self._kept],
            kept_as=[received.kept_as for received, _ in self._kept],
            sources=[received.envelope.source if received.envelope else "" for received, _ in self._kept],
            ids=[received.envelope.id if received.envelope else "" for received, _ in self._kept],
            codes=[code for _, code in self._kept],
            encrypted=[self._processor.encrypted(received) for received, _ in self._kept],
            days=self._processor.kept_days,
        )
