"""What a service gives to the ground: how to load its state, how to decide about a notice, how to react to an event."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kumiai_contracts.decision import Context, Decision
from kumiai_contracts.model import Event, Notice

from kumiai_common.database import Connection


class State(Protocol):
    """The part of a municipality's state that the notices and events of a poll need."""

    def apply(self, event: Event) -> object:
        """Evolve: take over what one of the service's own events makes true."""


class Service(Protocol):
    """A service's rules and its way to load their state. It never writes a table: its events' rows do."""

    @property
    def name(self) -> str:
        """The service's name, such as `taxation`."""

    @property
    def reacts_to(self) -> frozenset[type[Event]]:
        """The foreign events from which own events may follow; all others only feed the replicas."""

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """The state that these notices and events need, by municipality, in as few queries as possible."""

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """What follows from a notice. Pure."""

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """The own events that follow from a foreign one. Pure."""
