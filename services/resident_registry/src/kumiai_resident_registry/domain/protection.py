"""Protection (支援措置) of victims of violence, stalking and abuse: who is protected, and until somebody ends it.

Source: 住民記録システム標準仕様書, 支援措置. A term is a year less a day. It may be renewed from one month before its
end, and the new term starts on the day after the old one. The end of a term lifts nothing: only an ending does.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.model import Event, RowSet
from kumiai_contracts.receipts import Reason
from kumiai_contracts.resident import ResidentMovedOut, Status
from kumiai_contracts.resident_affairs import (
    ProtectionApplicationNotice,
    ProtectionChanged,
    ProtectionDecisionNotice,
    ProtectionEndingNotice,
    ProtectionRow,
)
from kumiai_contracts.resident_carry_over import HistoryCarryOverNotice, ResidentHistoryCarriedOver

from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.state import RegistryState


def is_protected(row: ProtectionRow | None) -> bool:
    """Whether somebody's address is protected: from the application on, until the protection is ended."""
    return row is not None and row.state != "ended"


def term_end(start: date) -> date:
    """The last day of a term: a year after its start, less a day (2020-04-01 → 2021-03-31)."""
    following = start.year + 1
    day = min(start.day, monthrange(following, start.month)[1])
    # From 29 February the year ends on 28 February: the day before 1 March, as 民法143条 counts.
    last = date(following, start.month, day)
    return last if day < start.day else last - timedelta(days=1)


def renewable_from(end: date) -> date:
    """The first day on which the term may be renewed: one month before its end."""
    year, month = (end.year, end.month - 1) if end.month > 1 else (end.year - 1, 12)
    return date(year, month, min(end.day, monthrange(year, month)[1]))


def apply_for(
    residents: RegistryState, affairs: RowSet, notice: ProtectionApplicationNotice, context: Context
) -> Decision:
    """申出: a provisional measure protects at once whoever asks, and the family that is protected together."""
    reasons = [*_once(notice.addressee_numbers), *_not_in_future(notice.applied_on, "/applied_on", context)]
    for n, number in enumerate(notice.addressee_numbers):
        if residents.current(number) is None:
            reasons.append(refusal("unknown-resident", f"/addressee_numbers/{n}"))
        elif is_protected(affairs.get(ProtectionRow, number)):
            reasons.append(refusal("already-protected", f"/addressee_numbers/{n}"))
    if reasons:
        return refused(reasons)
    return _changed(
        ProtectionRow.trusted(
            addressee_number=number,
            state="provisional",
            applied_on=notice.applied_on,
            starts_on=None,
            ends_on=None,
            ended_on=None,
            together_with=tuple(other for other in notice.addressee_numbers if other != number),
        )
        for number in notice.addressee_numbers
    )


def decide_on(affairs: RowSet, notice: ProtectionDecisionNotice, context: Context) -> Decision:
    """決定・延長: a first term starts on the day of the decision, another one on the day after the old term."""
    rows, reasons = _protected(affairs, notice.addressee_numbers)
    reasons += _not_in_future(notice.decided_on, "/decided_on", context)
    for row in rows:
        if notice.decided_on < row.applied_on:
            reasons.append(refusal("decided-before-application", "/decided_on"))
        if row.ends_on is not None and notice.decided_on < renewable_from(row.ends_on):
            reasons.append(refusal("renewed-too-early", "/decided_on"))
    if reasons:
        return refused(reasons)
    return _changed(_decided(row, notice.decided_on) for row in rows)


def end(affairs: RowSet, notice: ProtectionEndingNotice, context: Context) -> Decision:
    """終了: lifted for whoever is named, and for nobody else."""
    rows, reasons = _protected(affairs, notice.addressee_numbers)
    reasons += _not_in_future(notice.ended_on, "/ended_on", context)
    reasons += [refusal("ended-before-application", "/ended_on") for row in rows if notice.ended_on < row.applied_on]
    if reasons:
        return refused(reasons)
    return _changed(row.model_copy(update={"state": "ended", "ended_on": notice.ended_on}) for row in rows)


def after_leaving(affairs: RowSet, decision: Accepted) -> Iterator[Event]:
    """A protected person who moves out is under a provisional measure of the former municipality from then on."""
    for event in decision.events:
        if not isinstance(event, ResidentMovedOut):
            continue
        left = [row.addressee_number for row in event.residents if row.status is Status.REMOVED]
        rows = tuple(
            row.model_copy(update={"state": "provisional"})
            for number in left
            if (row := affairs.get(ProtectionRow, number)) is not None and row.state == "decided"
        )
        if rows:
            yield ProtectionChanged.trusted(protections=rows)


def protected_with(notice: HistoryCarryOverNotice) -> frozenset[str]:
    """旧番号 of everybody with whom somebody of the notice is protected together."""
    return frozenset(
        number for person in notice.persons if person.protection for number in person.protection.together_with
    )


def carried_over(
    residents: RegistryState, affairs: RowSet, notice: HistoryCarryOverNotice, decision: Accepted
) -> Iterator[Event]:
    """移行: whoever was protected is from the moment of entering on, together with those who have entered by then."""
    given = {
        row.old_number: row.number
        for event in decision.events
        if isinstance(event, ResidentHistoryCarriedOver)
        for row in event.numbers
        if row.kind == "person"
    }
    changed: dict[str, ProtectionRow] = {}
    for person in notice.persons:
        if person.protection is None:
            continue
        number, stated = given[person.old_number], person.protection
        here = (given.get(old) or residents.carried(notice.system, "person", old) for old in stated.together_with)
        together = tuple(other for other in here if other is not None)
        changed[number] = ProtectionRow.trusted(
            addressee_number=number,
            ended_on=None,
            together_with=together,
            **{name: getattr(stated, name) for name in ("state", "applied_on", "starts_on", "ends_on")},
        )
        # Whoever entered before learns that this person is here now, too.
        for other in together:
            row = changed.get(other) or affairs.get(ProtectionRow, other)
            if row is not None and is_protected(row) and number not in row.together_with:
                changed[other] = row.model_copy(update={"together_with": (*row.together_with, number)})
    if changed:
        yield ProtectionChanged.trusted(protections=tuple(changed.values()))


def _decided(row: ProtectionRow, decided_on: date) -> ProtectionRow:
    # A term that ran out long ago is not made up for: what follows it starts when it is decided.
    start = decided_on if row.ends_on is None else max(row.ends_on + timedelta(days=1), decided_on)
    if row.ends_on is not None and decided_on <= term_end(row.ends_on + timedelta(days=1)):
        start = row.ends_on + timedelta(days=1)
    return row.model_copy(update={"state": "decided", "starts_on": start, "ends_on": term_end(start)})


def _protected(affairs: RowSet, numbers: Sequence[str]) -> tuple[list[ProtectionRow], list[Reason]]:
    reasons = [*_once(numbers)]
    rows = []
    for n, number in enumerate(numbers):
        row = affairs.get(ProtectionRow, number)
        if row is None or not is_protected(row):
            reasons.append(refusal("not-protected", f"/addressee_numbers/{n}"))
        else:
            rows.append(row)
    return rows, reasons


def _once(numbers: Sequence[str]) -> Iterator[Reason]:
    return (refusal("named-twice", f"/addressee_numbers/{n}") for n in range(len(numbers)) if numbers[n] in numbers[:n])


def _not_in_future(day: date, pointer: str, context: Context) -> Iterator[Reason]:
    if day > context.today:
        yield refusal("date-in-future", pointer)


def _changed(rows: Iterator[ProtectionRow]) -> Accepted:
    return Accepted((ProtectionChanged.trusted(protections=tuple(rows)),))
