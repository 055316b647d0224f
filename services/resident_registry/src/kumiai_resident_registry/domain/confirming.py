"""転出の確定 between members: which 転入通知 confirms which planned 転出, and what waits for a person.

A 転入通知 confirms by machine whom this municipality itself has announced to exactly the municipality that tells it:
by the reference of the announcement, or where the other desk did not have that yet, by the one open announcement of
somebody with that name (search key), date of birth and sex. Everything else waits on the work list.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.model import Event, RowSet
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import Reason, ResidentRow, Status
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_contracts.resident_amendments import ResidentMoveOutConfirmed
from kumiai_contracts.resident_between import (
    MoveBetweenRow,
    MoveContent,
    MovesBetweenChanged,
    MovesToldNotice,
    OverdueMoveOutsNotice,
    ToldMove,
)

from kumiai_resident_registry.domain import texts, work_list
from kumiai_resident_registry.domain.moves import Move, Moves, person_digest
from kumiai_resident_registry.domain.own_parameters import CONFIRMATION_DAYS, value_of
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.rows import Sealing, following
from kumiai_resident_registry.domain.state import RegistryState

BY_COURIER = "kumiai/courier"
"""The operator of a confirmation that came by the courier. Who told it stands sealed."""


def told(residents: RegistryState, moves: Moves, notice: MovesToldNotice, context: Context) -> Decision:
    """What another municipality's registry tells, or takes back."""
    reasons = list(_refusals(notice, context))
    if reasons:
        return refused(reasons)
    sealing = Sealing(context)
    hearing = _announced if notice.kind == "announced" else _moved_in
    events = tuple(hearing(residents, moves, notice, context, sealing))
    return Accepted(events, tuple(sealing.parts))


def early(
    moves: Moves, leaving: Sequence[ResidentRow], announced: Sequence[MoveBetweenRow], other: str, context: Context
) -> Iterator[Event]:
    """People leave whose arrival was told before: their 転出 is confirmed at once."""
    confirmed: list[ResidentRow] = []
    changed: list[MoveBetweenRow] = []
    items: list[WorkItemRow] = []
    for row, sent in zip(leaving, announced, strict=True):
        move = moves.the_open_one("moved-in", "received", person_digest(row), other)
        if move is not None and _may_confirm(row, move.content.day, context):
            confirmed.append(_confirmed(row, move.content.day, context))
            changed += [_met(move.row, row), _met(sent, row)]
            items += work_list.settled(moves.rows, work_list.unmatched_item(move.row.reference), "by-movement", context)
    yield from _events(confirmed, changed, items)


def by_hand(moves: Moves, residents: RegistryState, rows: Sequence[ResidentRow], context: Context) -> Iterator[Event]:
    """A person has confirmed: what was told of the same people, and what waited for it, is done with."""
    changed: list[MoveBetweenRow] = []
    items: list[WorkItemRow] = []
    for row in rows:
        before = residents.current(row.addressee_number)
        if before is not None:
            items += work_list.settled(moves.rows, work_list.unconfirmed_item(before), "by-movement", context)
        same = [move for move in moves.all() if move.row.state == "open" and move.row.person == person_digest(row)]
        heard = [move for move in same if (move.row.kind, move.row.direction) == ("moved-in", "received")]
        sent = [move for move in same if move.row.addressee_number == row.addressee_number]
        changed += [_met(move.row, row) for move in sent if move.row.kind == "announced"]
        if len(heard) == 1:
            changed.append(_met(heard[0].row, row))
            item = work_list.unmatched_item(heard[0].row.reference)
            items += work_list.settled(moves.rows, item, "by-movement", context)
    yield from _events([], changed, items)


def overdue(residents: RegistryState, affairs: RowSet, notice: OverdueMoveOutsNotice, context: Context) -> Decision:
    """転出未確定: whoever was to leave long ago and was told about by nobody comes onto the work list, once."""
    before = long_ago(residents.settings, context.today)
    items = [
        item
        for number in dict.fromkeys(notice.addressee_numbers)
        if (row := residents.current(number)) is not None
        and row.planned_on is not None
        and _is_unconfirmed(row)
        and row.planned_on < before
        and affairs.get(WorkItemRow, work_list.unconfirmed_item(row)) is None
        for item in work_list.opened(
            affairs, "move-out-unconfirmed", work_list.unconfirmed_item(row), (number,), context
        )
    ]
    return Accepted(tuple(work_list.changed(items)))


def long_ago(settings: RowSet, today: date) -> date:
    """Whoever was to leave before this day and is not confirmed today is overdue, by the municipality's setting."""
    days: int = value_of(settings, CONFIRMATION_DAYS, today)
    return today - timedelta(days=days)


def _refusals(notice: MovesToldNotice, context: Context) -> Iterator[Refusal]:
    if notice.sender == context.municipality:
        yield refusal("sender-is-here", "/sender")
    for n, move in enumerate(notice.moves):
        if not move.reference.startswith(notice.sender + "/"):
            yield refusal("reference-of-another", f"/moves/{n}/reference")
        if any(move.reference == other.reference for other in notice.moves[:n]):
            yield refusal("reference-of-another", f"/moves/{n}/reference")
        yield from texts.refusals_in(move, f"/moves/{n}")


def _announced(
    residents: RegistryState, moves: Moves, notice: MovesToldNotice, context: Context, sealing: Sealing
) -> Iterator[Event]:
    """転出予定: the desk expects them, unless they are here already. What is taken back is expected no more."""
    del residents, context
    changed: list[MoveBetweenRow] = []
    for told_ in notice.moves:
        known = moves.rows.get(MoveBetweenRow, told_.reference)
        if known is not None:
            changed += [known.model_copy(update={"state": "withdrawn"})] if _to_be_withdrawn(known, notice) else []
            continue
        row = _heard(told_, notice, sealing)
        here = moves.the_open_one("moved-in", "sent", row.person, notice.sender)
        taken = {move.addressee_number for move in (*moves.rows.all(MoveBetweenRow), *changed) if move.state == "met"}
        answerless = here is not None and here.content.answers is None and here.row.addressee_number not in taken
        if not notice.withdrawn and here is not None and answerless:
            row = row.model_copy(update={"state": "met", "addressee_number": here.row.addressee_number})
        changed.append(row)
    yield from _events([], changed, [])


def _moved_in(
    residents: RegistryState, moves: Moves, notice: MovesToldNotice, context: Context, sealing: Sealing
) -> Iterator[Event]:
    """転入通知: confirms a 転出 that was announced there, or waits for a person. What was told twice is heard once."""
    confirmed: list[ResidentRow] = []
    changed: list[MoveBetweenRow] = []
    items: list[WorkItemRow] = []
    for told_ in notice.moves:
        known = moves.rows.get(MoveBetweenRow, told_.reference)
        unmatched = work_list.unmatched_item(told_.reference)
        if known is not None:
            if _to_be_withdrawn(known, notice):
                changed.append(known.model_copy(update={"state": "withdrawn"}))
                items += work_list.settled(moves.rows, unmatched, "withdrawn", context)
                if known.addressee_number is not None:
                    item = work_list.withdrawn_item(known.reference)
                    items += work_list.opened(moves.rows, "move-in-withdrawn", item, (known.addressee_number,), context)
            continue
        heard = _heard(told_, notice, sealing)
        target = None if notice.withdrawn else _target(moves, told_, heard.person, notice.sender)
        row = residents.current(target.row.addressee_number or "") if target is not None else None
        if target is None or row is None or any(row.addressee_number == each.addressee_number for each in confirmed):
            changed.append(heard)
        elif row.confirmed_on == told_.day:
            changed.append(_met(heard, row))
            continue
        elif _may_confirm(row, told_.day, context):
            confirmed.append(_confirmed(row, told_.day, context))
            changed += [_met(heard, row), _met(target.row, row)]
            items += work_list.settled(moves.rows, work_list.unconfirmed_item(row), "by-movement", context)
            continue
        else:
            changed.append(heard)
        if not notice.withdrawn:
            keys = (row.addressee_number,) if row is not None else ()
            items += work_list.opened(moves.rows, "move-in-unmatched", unmatched, keys, context)
    yield from _events(confirmed, changed, items)


def _target(moves: Moves, told_: ToldMove, person: str, sender: str) -> Move | None:
    """The announcement that a 転入通知 is about."""
    if told_.answers is not None:
        move = moves.get(told_.answers)
        ours = move is not None and (move.row.kind, move.row.direction) == ("announced", "sent")
        if move is not None and ours and move.content.other == sender and move.row.state != "withdrawn":
            return move
        return None
    return moves.the_open_one("announced", "sent", person, sender)


def _heard(told_: ToldMove, notice: MovesToldNotice, sealing: Sealing) -> MoveBetweenRow:
    content = MoveContent(other=notice.sender, **told_.model_dump(exclude={"reference"}))
    return MoveBetweenRow.trusted(
        reference=told_.reference,
        kind=notice.kind,
        direction="received",
        person=person_digest(told_),
        content=sealing.seal_move(content),
        addressee_number=None,
        state="withdrawn" if notice.withdrawn else "open",
    )


def _to_be_withdrawn(known: MoveBetweenRow, notice: MovesToldNotice) -> bool:
    return notice.withdrawn and known.state != "withdrawn" and known.kind == notice.kind


def _is_unconfirmed(row: ResidentRow) -> bool:
    return row.status is Status.REMOVED and row.planned_on is not None and row.confirmed_on is None


def _may_confirm(row: ResidentRow, day: date, context: Context) -> bool:
    """As for a notice by hand: of a planned 転出, once, not in the future and not before the person lived here."""
    return _is_unconfirmed(row) and row.address_since.replace("X", "0") <= day.isoformat() <= context.today.isoformat()


def _confirmed(row: ResidentRow, day: date, context: Context) -> ResidentRow:
    """The removal date is the earlier of the planned date and the one that the new municipality tells."""
    assert row.planned_on is not None
    removed_on = min(row.planned_on, day)
    return following(
        row,
        {
            "reason": Reason.DOMESTIC_MOVE_OUT,
            "effective_date": removed_on,
            "removed_on": removed_on,
            "confirmed_on": day,
            "notified_date": context.today,
            "processed_date": context.today,
            "ex_officio": False,
            "place": "",
            "operator": BY_COURIER,
            "movement": context.cause,
        },
    )


def _met(move: MoveBetweenRow, row: ResidentRow) -> MoveBetweenRow:
    return move.model_copy(update={"state": "met", "addressee_number": row.addressee_number})


def _events(
    confirmed: Sequence[ResidentRow], changed: Sequence[MoveBetweenRow], items: Sequence[WorkItemRow]
) -> Iterator[Event]:
    if confirmed:
        yield ResidentMoveOutConfirmed(residents=tuple(confirmed), households=())
    if changed:
        yield MovesBetweenChanged.trusted(moves=tuple(changed))
    yield from work_list.changed(items)
