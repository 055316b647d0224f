"""Cancellation (異動の取消し): a movement never was. The row before it holds again, as a new row.

Invariant: the last movement of everybody whom a notice moved is taken back, and only where nobody has built upon it; so
afterwards all is as it was before.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import (
    CancelMovementNotice,
    HouseholdRow,
    Reason,
    ResidentMovementCancelled,
    ResidentRow,
    Status,
)

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.history import standing
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.rows import Changes, movement, with_sole_member_as_head
from kumiai_resident_registry.domain.state import RegistryState
from kumiai_resident_registry.domain.together import Moved, built_upon, moved_together


def cancel(state: RegistryState, notice: CancelMovementNotice, context: Context) -> Decision:
    """Take back a person's last movement, for everybody whom the same notice moved."""
    history = state.history(notice.addressee_number)
    rows = standing(history)
    reasons = [*checks.dates(notice, context), *_not_the_last(history, rows, notice.history_number)]
    if history:
        reasons += checks.born_before(history[-1].birth_date, notice.effective_date, "/effective_date")
    moved: list[Moved] = []
    if rows and rows[-1].history_number == notice.history_number:
        moved = moved_together(state, rows)
        if not all(one.is_last for one in moved) or built_upon(state, moved):
            reasons.append(refusal("others-moved-since", "/history_number"))
        if any(one.parts == len(one.rows) > 1 for one in moved):
            reasons.append(refusal("carried-history", "/history_number"))
    if reasons:
        return refused(reasons)
    changes = movement(notice, context, Reason.CANCELLED_AMENDMENT)
    taken_back = [_taken_back(state, one, changes) for one in moved]
    restored = {rows[-1].addressee_number: rows[-1] for rows in taken_back}
    residents, households = [row for rows in taken_back for row in rows], []
    for now, then in _households_after(state, moved, restored):
        household, became_head = with_sole_member_as_head(state, then, changes)
        residents += became_head
        if household != now:
            households.append(household)
    return Accepted((ResidentMovementCancelled(residents=tuple(residents), households=tuple(households)),))


def _not_the_last(history: Sequence[ResidentRow], rows: Sequence[ResidentRow], number: int) -> Iterator[Refusal]:
    if not history:
        yield refusal("unknown-resident", "/addressee_number")
    elif any(row.history_number == number and row.cancels is not None for row in history):
        yield refusal("cancellation-of-cancellation", "/history_number")
    elif not rows or rows[-1].history_number != number:
        yield refusal("history-number-not-current", "/history_number")


def _taken_back(state: RegistryState, one: Moved, changes: Changes) -> list[ResidentRow]:
    """The new rows, one for each that the movement added, the last of them first."""
    number = state.history(one.row.addressee_number)[-1].history_number
    made = []
    for n in range(1, one.parts + 1):
        before = one.rows[-1 - n] if len(one.rows) > n else None
        update = {**changes, "history_number": number + n, "cancels": one.rows[-n].history_number}
        made.append(_as_before(one.rows[-n], before, update))
    return made


def _as_before(row: ResidentRow, before: ResidentRow | None, update: dict[str, Any]) -> ResidentRow:
    """As before a row or, after an entry that never was, off the record."""
    if before is None:
        off = {"reason": Reason.CANCELLED_ENTRY, "status": Status.REMOVED, "removed_on": row.effective_date}
        return row.model_copy(update={**update, **off})
    if row.status is not before.status:
        back = before.status is Status.RESIDENT
        update["reason"] = Reason.CANCELLED_REMOVAL if back else Reason.CANCELLED_ENTRY
    return before.model_copy(update=update)


def _households_after(
    state: RegistryState, moved: Sequence[Moved], restored: Mapping[str, ResidentRow]
) -> Iterator[tuple[HouseholdRow, HouseholdRow]]:
    """Every household that the movement touched, as it is now and as it is with the restored rows."""
    for number in dict.fromkeys(number for one in moved for number in one.households()):
        now = state.household(number)
        assert now is not None, "the households of everybody loaded are loaded"
        here = [
            person
            for person, row in restored.items()
            if row.status is Status.RESIDENT and row.household_number == number
        ]
        staying = [member for member in now.members if member not in restored or member in here]
        members = (*staying, *[person for person in here if person not in now.members])
        head = next((person for person in here if restored[person].relationship == HEAD), None)
        if head is None and now.head in members and now.head not in restored:
            head = now.head
        yield now, now.model_copy(update={"head": head, "members": members})
