"""What another municipality's registry is told: people come (転出予定), have come (転入通知), or don't after all.

Invariant: no message holds an address or a 住民票コード, and who is told stands sealed. Whoever is protected
(支援措置) is never told about by machine: a person does that.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kumiai_contracts.decision import Accepted, Context, Letter
from kumiai_contracts.identified import Identified
from kumiai_contracts.model import Event
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import (
    CancelMovementNotice,
    MoveInNotice,
    MoveOutNotice,
    Reason,
    ResidentEvent,
    ResidentNotice,
    ResidentRow,
    Status,
)
from kumiai_contracts.resident_affairs import ProtectionRow, WorkItemRow
from kumiai_contracts.resident_amendments import ConfirmMoveOutNotice
from kumiai_contracts.resident_between import (
    MoveBetweenRow,
    MoveContent,
    MoveKind,
    MovesBetweenChanged,
    MovesTold,
    MovesToldNotice,
    ToldMove,
)

from kumiai_resident_registry.domain import confirming, work_list
from kumiai_resident_registry.domain.moves import Move, Moves, person_digest
from kumiai_resident_registry.domain.protection import is_protected
from kumiai_resident_registry.domain.refusals import refusal
from kumiai_resident_registry.domain.rows import Sealing
from kumiai_resident_registry.domain.state import RegistryState


def refusals(moves: Moves, notice: ResidentNotice, context: Context) -> Iterator[Refusal]:
    """What a 転入届 says about where people come from: another municipality, and moves that it announced."""
    if not isinstance(notice, MoveInNotice):
        return
    other = notice.previous_municipality
    if other == context.municipality:
        yield refusal("previous-is-here", "/previous_municipality")
    if other is not None and notice.origin == "abroad":
        yield refusal("previous-is-abroad", "/previous_municipality")
    for n, known in enumerate(notice.identified):
        if known.announced is not None:
            move = moves.get(known.announced)
            is_open = move is not None and (move.row.kind, move.row.direction, move.row.state) == _EXPECTED
            if move is None or not is_open or move.content.other != other:
                yield refusal("announced-move-not-open", f"/identified/{n}/announced")


_EXPECTED = ("announced", "received", "open")


def following(
    moves: Moves,
    residents: RegistryState,
    notice: ResidentNotice,
    decision: Accepted,
    context: Context,
    sealing: Sealing,
) -> Iterator[Event]:
    """What follows from a movement for the other municipality, and for what it has told."""
    first = decision.events[0]
    if not isinstance(first, ResidentEvent):
        return
    match notice:
        case MoveOutNotice(destination="domestic", destination_municipality=str(other)):
            leaving = [row for row in first.residents if row.addressee_number in notice.addressee_numbers]
            yield from _announced(moves, leaving, other, context, sealing)
        case MoveInNotice(origin="domestic", previous_municipality=str(other)):
            yield from _arrived(moves, first.residents, other, notice.identified, context, sealing)
        case ConfirmMoveOutNotice():
            yield from confirming.by_hand(moves, residents, first.residents, context)
        case CancelMovementNotice():
            yield from _cancelled(moves, residents, first.residents, context)


def letter(event: MovesTold, parts: Mapping[str, bytes]) -> Letter | None:
    """The message; None if its content was erased."""
    opened = [
        Move(row, MoveContent.model_validate_json(parts[row.content])) for row in event.moves if row.content in parts
    ]
    if not opened:
        return None
    told = tuple(
        ToldMove(reference=move.row.reference, **move.content.model_dump(exclude={"other"})) for move in opened
    )
    first = opened[0]
    withdrawn = first.row.state == "withdrawn"
    notice = MovesToldNotice(sender=event.sender, kind=first.row.kind, withdrawn=withdrawn, moves=told)
    return Letter(first.content.other, notice)


def returned(event: MovesTold, context: Context) -> Iterator[Event]:
    """What the other municipality does not take: a 転入通知 is sent outside by a person; whoever was announced has the
    転出証明書 with them.
    """
    yield from work_list.changed(
        _unsent(row.reference, row.addressee_number, context, withdrawn=row.state == "withdrawn")
        for row in event.moves
        if row.kind == "moved-in" and row.addressee_number is not None
    )


def _announced(
    moves: Moves, leaving: Sequence[ResidentRow], other: str, context: Context, sealing: Sealing
) -> Iterator[Event]:
    if _anyone_protected(moves, leaving):
        return
    rows = [
        _sent("announced", n, row, _content(row, other, row.planned_on, None), context, sealing)
        for n, row in enumerate(leaving)
    ]
    yield MovesTold.trusted(sender=context.municipality, moves=tuple(rows))
    yield from confirming.early(moves, leaving, rows, other, context)


def _arrived(
    moves: Moves,
    entered: Sequence[ResidentRow],
    other: str,
    identified: Sequence[Identified],
    context: Context,
    sealing: Sealing,
) -> Iterator[Event]:
    hidden = _anyone_protected(moves, entered)
    named = {known.person: known.announced for known in identified if known.announced is not None}
    expected: dict[str, MoveBetweenRow] = {}
    rows: list[MoveBetweenRow] = []
    for n, row in enumerate(entered):
        reference = named.get(n)
        move = (
            moves.get(reference)
            if reference is not None
            else moves.the_open_one("announced", "received", person_digest(row), other)
        )
        if move is not None and move.row.reference not in expected:
            met = {"state": "met", "addressee_number": row.addressee_number}
            expected[move.row.reference] = move.row.model_copy(update=met)
        if not hidden:
            answers = move.row.reference if move is not None else None
            content = _content(row, other, row.effective_date, answers)
            rows.append(_sent("moved-in", n, row, content, context, sealing))
    if expected:
        yield MovesBetweenChanged.trusted(moves=tuple(expected.values()))
    if hidden:
        yield from work_list.changed(
            _unsent(_reference(n, context), row.addressee_number, context) for n, row in enumerate(entered)
        )
    else:
        yield MovesTold.trusted(sender=context.municipality, moves=tuple(rows))


def _cancelled(
    moves: Moves, residents: RegistryState, rows: Sequence[ResidentRow], context: Context
) -> Iterator[Event]:
    """Whoever does not leave after all is not announced any more; whoever never came never arrived."""
    told: dict[tuple[str, str], list[MoveBetweenRow]] = defaultdict(list)
    again: list[MoveBetweenRow] = []
    settled: list[WorkItemRow] = []
    for row in rows:
        undone = _undone(residents, row)
        if undone is None:
            continue
        settled += work_list.settled(moves.rows, work_list.unconfirmed_item(undone), "by-movement", context)
        for move in moves.all():
            if move.row.addressee_number != row.addressee_number or move.row.state == "withdrawn":
                continue
            if move.row.reference.startswith(f"{context.municipality}/{undone.movement}/") and _is_undone(undone, row):
                withdrawn = move.row.model_copy(update={"state": "withdrawn"})
                told[move.row.kind, move.content.other].append(withdrawn)
            elif move.row.direction == "received" and move.row.kind == "announced" and _never_came(undone, row):
                again.append(move.row.model_copy(update={"state": "open", "addressee_number": None}))
    for together in told.values():
        yield MovesTold.trusted(sender=context.municipality, moves=tuple(together))
    if again:
        yield MovesBetweenChanged.trusted(moves=tuple(again))
    yield from work_list.changed(settled)


def _undone(residents: RegistryState, row: ResidentRow) -> ResidentRow | None:
    history = residents.history(row.addressee_number)
    return next((each for each in history if each.history_number == row.cancels), None)


def _is_undone(undone: ResidentRow, row: ResidentRow) -> bool:
    """Whether a movement itself was taken back, and not only its confirmation."""
    return undone.status is not row.status


def _never_came(undone: ResidentRow, row: ResidentRow) -> bool:
    return undone.reason is Reason.DOMESTIC_MOVE_IN and row.status is Status.REMOVED


def _anyone_protected(moves: Moves, people: Sequence[ResidentRow]) -> bool:
    return any(is_protected(moves.rows.get(ProtectionRow, row.addressee_number)) for row in people)


def _content(row: ResidentRow, other: str, day: object, answers: str | None) -> MoveContent:
    return MoveContent.trusted(
        other=other,
        day=day,
        name=row.name,
        name_kana=row.name_kana,
        birth_date=row.birth_date,
        sex=row.sex,
        relationship=row.relationship,
        answers=answers,
    )


def _sent(
    kind: MoveKind, n: int, row: ResidentRow, content: MoveContent, context: Context, sealing: Sealing
) -> MoveBetweenRow:
    return MoveBetweenRow.trusted(
        reference=_reference(n, context),
        kind=kind,
        direction="sent",
        person=person_digest(row),
        content=sealing.seal_move(content),
        addressee_number=row.addressee_number,
        state="open",
    )


def _reference(n: int, context: Context) -> str:
    return f"{context.municipality}/{context.cause}/{n}"


def _unsent(reference: str, addressee_number: str, context: Context, *, withdrawn: bool = False) -> WorkItemRow:
    """The item of a 転入通知 that has to be sent, or taken back, outside."""
    return WorkItemRow.trusted(
        item=work_list.unsent_item(reference, withdrawn=withdrawn),
        kind="move-in-unsent",
        keys=(addressee_number,),
        state="open",
        assignee=None,
        decision=None,
        opened_at=context.now,
        changed_at=context.now,
    )
