"""Cancellation (異動の取消し): a movement never was. The row before it holds again, as a new row.

Invariant: the last movement of everybody whom a notice moved is taken back, and only where nobody has built upon it; so
afterwards all is as it was before.
"""

from collections.abc import Iterator, Mapping, Sequence

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
    moved: list[Moved] = []
    if rows and rows[-1].history_number == notice.history_number:
        moved = moved_together(state, rows)
        if not all(one.is_last for one in moved) or built_upon(state, moved):
            reasons.append(refusal("others-moved-since", "/history_number"))
    if reasons:
        return refused(reasons)
    changes = movement(notice, context, Reason.CANCELLED_AMENDMENT)
    restored = {one.row.addressee_number: _taken_back(state, one, changes) for one in moved}
    residents, households = list(restored.values()), []
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


def _taken_back(state: RegistryState, one: Moved, changes: Changes) -> ResidentRow:
    """The new row: as before the movement or, after an entry that never was, off the record."""
    current = state.history(one.row.addressee_number)[-1]
    update = {**changes, "history_number": current.history_number + 1, "cancels": one.row.history_number}
    if one.before is None:
        off = {"reason": Reason.CANCELLED_ENTRY, "status": Status.REMOVED, "removed_on": one.row.effective_date}
        return one.row.model_copy(update={**update, **off})
    if one.row.status is Status.REMOVED:
        update["reason"] = Reason.CANCELLED_REMOVAL
    return one.before.model_copy(update=update)


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
