"""The record (住民記録) of the people in question with what is kept beside it; which rule decides about a notice."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from kumiai_contracts.decision import Accepted, Context, Decision, SealedPart
from kumiai_contracts.model import Event, Notice, RowSet
from kumiai_contracts.resident import CancelMovementNotice, MoveInNotice, ResidentEvent, ResidentNotice
from kumiai_contracts.resident_affairs import (
    AffairsEvent,
    GaijiMappingNotice,
    ProtectionApplicationNotice,
    ProtectionDecisionNotice,
    ProtectionEndingNotice,
    WorkItemNotice,
)
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice
from kumiai_contracts.resident_between import MovesToldNotice, OverdueMoveOutsNotice
from kumiai_contracts.resident_carry_over import HistoryCarryOverNotice
from kumiai_contracts.resident_codes import CodePoolNotice, ResidentCodesChanged
from kumiai_contracts.resident_marks import IdentityMarksLearned, IdentityMarksNotice

from kumiai_resident_registry.domain import (
    codes,
    confirming,
    gaiji_rules,
    marks,
    own_parameters,
    protection,
    returning,
    telling,
    texts,
    work_list,
)
from kumiai_resident_registry.domain.decide import decide as decide_movement
from kumiai_resident_registry.domain.moves import PART, Moves
from kumiai_resident_registry.domain.refusals import refused
from kumiai_resident_registry.domain.rows import Sealing
from kumiai_resident_registry.domain.state import RegistryState


@dataclass(frozen=True, slots=True)
class Record:
    """What the rules look at."""

    residents: RegistryState = field(default_factory=RegistryState)
    affairs: RowSet = field(default_factory=RowSet)
    """Protection, gaiji, work items and moves between municipalities, as far as the notices can touch them."""
    said: dict[str, bytes] = field(default_factory=dict)
    """What the moves say, by their commitments."""

    def know(self, parts: Collection[SealedPart]) -> None:
        """Remember sealed parts of a decision, so that what follows in the same poll can compare them."""
        self.residents.know(parts)
        self.said.update((part.commitment, part.part) for part in parts if part.name == PART)

    def apply(self, event: Event) -> None:
        """Evolve: take over the rows of an event."""
        if isinstance(event, AffairsEvent):
            self.affairs.apply(event)
        if not isinstance(event, AffairsEvent) or isinstance(event, ResidentCodesChanged | IdentityMarksLearned):
            self.residents.apply(event)


def decide(record: Record, notice: Notice, context: Context) -> Decision:  # noqa: PLR0911
    """What follows from a notice. Raises TypeError for a kind of notice that has no rule."""
    match notice:
        case ResidentNotice():
            return _movement(record, notice, context)
        case ProtectionApplicationNotice():
            return protection.apply_for(record.residents, record.affairs, notice, context)
        case ProtectionDecisionNotice():
            return protection.decide_on(record.affairs, notice, context)
        case ProtectionEndingNotice():
            return protection.end(record.affairs, notice, context)
        case GaijiMappingNotice():
            return gaiji_rules.map_characters(record.affairs, notice, context)
        case WorkItemNotice():
            return work_list.handle(record.affairs, notice, context)
        case CodePoolNotice():
            return codes.take_in(record.residents, notice, context)
        case IdentityMarksNotice():
            return marks.learn(record.residents, notice, context)
        case MovesToldNotice():
            return confirming.told(record.residents, Moves(record.affairs, record.said), notice, context)
        case OverdueMoveOutsNotice():
            return confirming.overdue(record.residents, record.affairs, notice, context)
    raise TypeError(f"{notice.type} has no rule")


def _movement(record: Record, notice: ResidentNotice, context: Context) -> Decision:
    """A movement, and what follows from it for protection, gaiji and the work list."""
    settings = record.residents.settings
    moves = Moves(record.affairs, record.said)
    reasons = [
        *texts.refusals(notice),
        *gaiji_rules.refusals(notice),
        *own_parameters.extension_refusals(settings, notice, context.today),
        *telling.refusals(moves, notice, context),
    ]
    if reasons:
        return refused(reasons)
    decision = decide_movement(record.residents, notice, context)
    if not isinstance(decision, Accepted):
        return decision
    decision = codes.with_codes(record.residents, notice, decision)
    sealing = Sealing(context, decision.sealed)
    following = tuple(_following(record, moves, notice, decision, context, sealing))
    if following:
        decision = replace(decision, events=(*decision.events, *following), sealed=tuple(sealing.parts))
    return own_parameters.with_extensions(settings, notice, decision, context)


def _following(
    record: Record, moves: Moves, notice: ResidentNotice, decision: Accepted, context: Context, sealing: Sealing
) -> Iterator[Event]:
    yield from work_list.heads(record.residents, record.affairs, decision, context)
    yield from protection.after_leaving(record.affairs, decision)
    if codes.gives_codes(notice):
        yield from codes.missing(record.residents, record.affairs, decision, context)
    if isinstance(notice, HistoryCarryOverNotice):
        yield from protection.carried_over(record.residents, record.affairs, notice, decision)
    if notice.gaiji_system is not None:
        yield from gaiji_rules.kept(record.affairs, notice, decision, context)
    yield from telling.following(moves, record.residents, notice, decision, context, sealing)
    if isinstance(notice, MoveInNotice | ExOfficioEntryNotice):
        yield from returning.soft_matches(record.residents, record.affairs, notice, decision, context)
        yield from marks.of_entering(record.residents, notice, decision, sealing)
    elif isinstance(notice, CancelMovementNotice):
        rows = [row for event in decision.events if isinstance(event, ResidentEvent) for row in event.residents]
        yield from returning.settled(record.affairs, rows, context)
