"""Cancellation (異動の取消し): the last movement of a person is taken back, for everybody whom it moved.

The row before it holds again, as a new row; nothing is deleted. Only what nobody has built upon can be taken back.
"""

from kumiai_contracts.decision import Accepted, Context, Decision, Refused
from kumiai_contracts.envelope import Cause
from kumiai_contracts.resident import (
    CancelMovementNotice,
    HouseholdRow,
    Reason,
    ResidentMovementCancelled,
    ResidentRow,
    Status,
)

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.refusals import refusal
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.rows import movement
from kumiai_resident_registry.domain.state import RegistryState


def cancel(state: RegistryState, notice: CancelMovementNotice, context: Context) -> Decision:
    """Take back a person's current row, with the rows of the same movement in the same household."""
    row = state.current(notice.addressee_number)
    if row is None:
        return Refused((refusal("unknown-resident", "/addressee_number"),))
    reasons = [*checks.dates(notice, context)]
    if row.history_number != notice.history_number:
        reasons.append(refusal("history-number-not-current", "/history_number"))
    if row.cancels is not None:
        reasons.append(refusal("cancellation-of-cancellation", "/history_number"))
    households = {row.household_number, _before(state, row).household_number}
    concerned = [other for other in state.people() if other.household_number in households]
    if any(Cause.parse(other.movement) > Cause.parse(row.movement) for other in concerned):
        reasons.append(refusal("others-moved-since", "/history_number"))
    if reasons:
        return Refused(tuple(reasons))
    together = [row, *(other for other in concerned if other.movement == row.movement and other != row)]
    rows = tuple(_taken_back(state, each, notice, context) for each in together)
    return Accepted((ResidentMovementCancelled(residents=rows, households=_households_after(state, rows, households)),))


def _before(state: RegistryState, row: ResidentRow) -> ResidentRow:
    if row.history_number > 1:
        return state.history(row.addressee_number)[-2]
    return row.model_copy(update={"status": Status.REMOVED})


def _taken_back(state: RegistryState, row: ResidentRow, notice: CancelMovementNotice, context: Context) -> ResidentRow:
    before = _before(state, row)
    if before.status is row.status:
        reason = Reason.CANCELLED_AMENDMENT
    else:
        reason = Reason.CANCELLED_REMOVAL if before.status is Status.RESIDENT else Reason.CANCELLED_ENTRY
    changes = {
        **movement(notice, context, reason),
        "history_number": row.history_number + 1,
        "cancels": row.history_number,
    }
    if reason is Reason.CANCELLED_ENTRY:
        changes["removed_on"] = row.effective_date
    return before.model_copy(update=changes)


def _households_after(
    state: RegistryState, rows: tuple[ResidentRow, ...], households: set[str]
) -> tuple[HouseholdRow, ...]:
    """The households once these rows are the current ones of their people."""
    changed = {row.addressee_number: row for row in rows}
    found = []
    for number in sorted(households):
        household = state.household(number)
        if household is None:
            continue
        staying = [member for member in household.members if member not in changed]
        back = [
            row.addressee_number for row in rows if row.household_number == number and row.status is Status.RESIDENT
        ]
        members = tuple(sorted({*staying, *back}))
        current = [changed.get(member) or state.current(member) for member in members]
        heads = [row.addressee_number for row in current if row is not None and row.relationship == HEAD]
        head = heads[0] if len(heads) == 1 else None
        found.append(household.model_copy(update={"members": members, "head": head}))
    return tuple(found)
