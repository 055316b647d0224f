"""A municipality's own registry in memory, and the federation that it feeds, for tests of the rules alone."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from kumiai_contracts.decision import Accepted, Context, Decision, Refused, SealedPart
from kumiai_contracts.model import RowSet
from kumiai_contracts.resident import ResidentEvent, Status
from kumiai_contracts.resident_feed import FedMovement, FeedEventNotice, FeedNotice, FeedPart, snapshot
from kumiai_resident_registry.domain import feed
from kumiai_resident_registry.domain.feed_contents import SEALED, commitments
from kumiai_resident_registry.domain.record import Record
from kumiai_resident_registry.domain.state import RegistryState
from registry_in_memory import TODAY, Registry


@dataclass
class Fed:
    """The registry of the federation, which decides about a feed and applies what follows."""

    place: feed.Place = field(default_factory=feed.Place)
    state: RegistryState = field(default_factory=RegistryState)
    known: dict[str, str] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    receipts: int = 0

    def context(self) -> Context:
        """What the next notice is decided with."""
        cause = f"resident-registry-receipts:1:{self.receipts + 1}"
        return Context("131016", TODAY, "2026-06-01T00:00:00.000000Z", cause, lambda n: bytes(32))

    def decide(self, notice: FeedNotice) -> Decision:
        context = self.context()
        self.receipts += 1
        named = commitments(notice) if isinstance(notice, FeedEventNotice) else set()
        known = {commitment: name for commitment, name in self.known.items() if commitment in named}
        decision, self.place = feed.decide(self.place, self.state, known, notice, context)
        if isinstance(decision, Accepted):
            self.known |= {part.commitment: part.name for part in decision.sealed}
            for event in decision.events:
                Record(self.state, RowSet()).apply(event)
                self.events.append(event)
        return decision

    def accept(self, notice: FeedNotice) -> Accepted:
        decision = self.decide(notice)
        assert isinstance(decision, Accepted), [(r.code, r.pointer) for r in decision.reasons]
        return decision

    def refuse(self, notice: FeedNotice) -> list[str]:
        decision = self.decide(notice)
        assert isinstance(decision, Refused), decision
        assert all(reason.ja and reason.en for reason in decision.reasons)
        return [reason.code for reason in decision.reasons]

    @property
    def diverged(self) -> set[str]:
        """Who has diverged, folded from what was noted and compared."""
        found: set[str] = set()
        for change in self.place.changes:
            if isinstance(change, feed.Noted):
                found |= change.people
            else:
                found = {n for n in found if not change.first <= n <= change.last} | set(change.differing)
        return found


def fed(sequence: int, event: ResidentEvent, parts: list[SealedPart]) -> FeedEventNotice:
    """An event of a registry as its system hands it in."""
    rows = tuple(row.model_copy(update={"movement": ""}) for row in event.residents)
    named = {getattr(row, name) for row in rows for name in SEALED}
    return FeedEventNotice(
        sequence=sequence,
        event_type=event.type,  # type: ignore[arg-type]
        event=FedMovement(residents=rows, households=event.households, numbers=getattr(event, "numbers", ())),
        parts=tuple(
            FeedPart(name=part.name, salt=part.salt.hex(), part=part.part.decode())  # type: ignore[arg-type]
            for part in parts
            if part.commitment in named
        ),
    )


def life(registry: Registry) -> list[FeedEventNotice]:
    """Everything that happened in a registry, as its feed; each part with the first event that names it."""
    told: set[str] = set()
    notices = []
    for event in registry.events:
        if isinstance(event, ResidentEvent):
            notice = fed(len(notices) + 1, event, [part for part in registry.parts if part.commitment not in told])
            told |= commitments(notice)
            notices.append(notice)
    return notices


def snapshot_of(registry: Registry, sequence: int, **bounds: str) -> Any:
    """What a registry's system says of who lives there."""
    first, last = bounds.get("first", "0000000000"), bounds.get("last", "9999999999")
    rows = [row for row in registry.state.people() if row.status is Status.RESIDENT]
    return snapshot(sequence, [row for row in rows if first <= row.addressee_number <= last], first, last)


def salted(text: str) -> str:
    return sha256(text.encode()).hexdigest()
