"""What a service gives to the ground: how to load its state, how to decide about a notice, how to react to an event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kumiai_contracts.decision import Context, Decision, Letter
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.receipts import Reason

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


@runtime_checkable
class Correspondent(Protocol):
    """A service some of whose own events are messages to another municipality. See `courier`."""

    @property
    def sends(self) -> frozenset[type[Event]]:
        """The own events that are messages."""

    def letter(self, event: Event, parts: Mapping[str, bytes]) -> Letter | None:
        """The message, unless this event is none after all. Pure, and the same whenever it is asked.

        `parts` are the sealed parts whose commitments stand in the event, as far as they are not erased.
        """

    def returned(self, event: Event, reasons: Sequence[Reason], context: Context) -> Sequence[Event]:
        """The own events that follow if the recipient can't take it. Pure."""


@runtime_checkable
class Keeper(Protocol):
    """A service that also keeps what may stand in no event, in tables of its own that are the fold of no log.

    Its states take in with `apply` which of the things they were loaded with have come true.
    """

    async def keep(self, connection: Connection, states: Mapping[str, State]) -> None:
        """Write what the states of a poll have to keep, by municipality, in the poll's own transaction; never commits.

        Their heads are locked. What it raises fails the poll, so it may raise only what a repetition heals.
        """


@dataclass(frozen=True, slots=True)
class FeedStanding:
    """連番の位置: how a service stands to the numbers of a municipality's own system."""

    municipality: str
    sequence: int
    """The last number that was used up."""
    seen: int
    """The highest number ever seen."""
    diverged_keys: int
    """How many people (or whatever the service's keys are) sender and service part about."""

    @property
    def missing(self) -> int:
        """How many numbers are missing up to the highest one seen."""
        return self.seen - self.sequence

    @property
    def diverged(self) -> str | None:
        """Why the feed has diverged, in short; None while it has not."""
        said = [f"numbers {self.sequence + 1} to {self.seen} are missing"] if self.missing else []
        said += [f"{self.diverged_keys} keys differ"] if self.diverged_keys else []
        return "; ".join(said) or None


@runtime_checkable
class Host(Protocol):
    """A service that hosts municipalities' own systems: it takes their feeds and makes its stream of them."""

    async def feeds(self, connection: Connection, municipalities: Sequence[str]) -> Sequence[FeedStanding]:
        """How it stands to each own system that keeps the record now."""
