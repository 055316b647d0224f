"""The resident registry (住民記録) as the ground sees it: load, decide."""

from collections.abc import Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_common.protocol import State
from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.model import Event, Notice

from kumiai_resident_registry import store, store_affairs
from kumiai_resident_registry.domain.record import Record, decide


class ResidentRegistry:
    """Decides about movements and what belongs to them; it reacts to nothing."""

    name = "resident-registry"
    reacts_to: frozenset[type[Event]] = frozenset()

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """Everybody whom the notices can touch, and what is kept about them beside the record."""
        notices = {m: [item for item in items if isinstance(item, Notice)] for m, items in wanted.items()}
        residents = await store.load(connection, notices)
        affairs = await store_affairs.load(connection, notices, residents)
        return {m: Record(state, affairs[m]) for m, state in residents.items()}

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """What follows from a notice."""
        assert isinstance(state, Record)
        decision = decide(state, notice, context)
        if isinstance(decision, Accepted) and decision.sealed:
            state.residents.know(decision.sealed)
        return decision

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """Nothing follows from membership's events: subscriptions are the ground's affair."""
        return ()
