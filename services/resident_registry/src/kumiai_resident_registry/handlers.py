"""The resident registry (住民記録) as the ground sees it: load, decide."""

from collections.abc import Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_common.protocol import State
from kumiai_contracts.decision import Context, Decision
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.resident import ResidentNotice

from kumiai_resident_registry import store
from kumiai_resident_registry.domain.decide import decide
from kumiai_resident_registry.domain.state import RegistryState


class ResidentRegistry:
    """Decides about movements; it reacts to nothing."""

    name = "resident-registry"
    reacts_to: frozenset[type[Event]] = frozenset()

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """Everybody whom the notices can touch."""
        return await store.load(
            connection,
            {m: [item for item in items if isinstance(item, ResidentNotice)] for m, items in wanted.items()},
        )

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """What follows from a movement."""
        assert isinstance(state, RegistryState)
        assert isinstance(notice, ResidentNotice)
        return decide(state, notice, context)

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """Nothing follows from membership's events: subscriptions are the ground's affair."""
        return ()
