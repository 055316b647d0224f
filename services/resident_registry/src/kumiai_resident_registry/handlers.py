"""The resident registry (住民記録) as the ground sees it: load, decide."""

from collections.abc import Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_common.protocol import FeedStanding, State
from kumiai_contracts.decision import Accepted, Context, Decision, Letter
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.receipts import Reason
from kumiai_contracts.resident_between import MovesTold
from kumiai_contracts.resident_feed import FeedNotice

from kumiai_resident_registry import own_system, store, store_affairs, store_between
from kumiai_resident_registry.domain import telling
from kumiai_resident_registry.domain.record import Record, decide
from kumiai_resident_registry.domain.refusals import refused
from kumiai_resident_registry.domain.refusals_feed import feed_refusal
from kumiai_resident_registry.own_system import Hosted


class ResidentRegistry:
    """Decides about movements and what belongs to them; it reacts to nothing."""

    name = "resident-registry"
    reacts_to: frozenset[type[Event]] = frozenset()

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """Everybody whom the notices can touch, and what is kept about them beside the record."""
        notices = {m: [item for item in items if isinstance(item, Notice)] for m, items in wanted.items()}
        told = await store_between.told(connection, notices)
        residents = await store.load(connection, notices, told.people())
        moves = await store_between.of_people(connection, notices, residents, told)
        affairs = await store_affairs.load(connection, notices, residents, moves.rows)
        records = {m: Record(state, affairs[m], moves.said(m)) for m, state in residents.items()}
        return {**records, **await own_system.hosted(connection, notices, records)}

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """What follows from a notice; whoever keeps the record, the other's notices are refused."""
        if isinstance(state, Hosted):
            return state.decide(notice, context)
        assert isinstance(state, Record)
        if isinstance(notice, FeedNotice):
            return refused([feed_refusal("shared-registry-keeps-record")])
        decision = decide(state, notice, context)
        if isinstance(decision, Accepted) and decision.sealed:
            state.know(decision.sealed)
        return decision

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """Nothing follows from membership's events: subscriptions are the ground's affair."""
        return ()

    sends: frozenset[type[Event]] = frozenset((MovesTold,))

    def letter(self, event: Event, parts: Mapping[str, bytes]) -> Letter | None:
        """What another municipality's registry is told."""
        assert isinstance(event, MovesTold)
        return telling.letter(event, parts)

    def returned(self, event: Event, reasons: Sequence[Reason], context: Context) -> Sequence[Event]:
        """A 転入通知 that the other municipality does not take waits for a person to send it outside."""
        assert isinstance(event, MovesTold)
        return tuple(telling.returned(event, context))

    async def keep(self, connection: Connection, states: Mapping[str, State]) -> None:
        """Where the feeds of own systems stand now."""
        await own_system.keep(connection, states.items())

    async def feeds(self, connection: Connection, municipalities: Sequence[str]) -> Sequence[FeedStanding]:
        """How the registry stands to each own system that keeps the record."""
        return await own_system.standings(connection, municipalities)
