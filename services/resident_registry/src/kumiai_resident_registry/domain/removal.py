"""Removals (消除): moving out and its confirmation, death."""

from collections.abc import Iterator
from datetime import timedelta

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import DeathNotice, MoveOutNotice, Reason, ResidentDied, ResidentMovedOut, Status
from kumiai_contracts.resident_amendments import ConfirmMoveOutNotice, ResidentMoveOutConfirmed

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.own_parameters import PLANNING_DAYS, value_of
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.rows import Sealing, following, movement, removed, without
from kumiai_resident_registry.domain.state import RegistryState


def move_out(state: RegistryState, notice: MoveOutNotice, context: Context) -> Decision:
    """転出: may be planned ahead; notified more than 14 days late it is ex officio."""
    reasons = [
        *checks.dates(notice, context, planning_days=value_of(state.settings, PLANNING_DAYS, context.today)),
        *checks.together(state, notice.addressee_numbers, notice.effective_date),
    ]
    late = notice.notified_date > notice.effective_date + timedelta(days=checks.NOTIFICATION_DAYS)
    if late and not notice.ex_officio:
        reasons.append(refusal("late-move-out-not-ex-officio", "/ex_officio"))
    if notice.destination_municipality == context.municipality:
        reasons.append(refusal("destination-is-here", "/destination_municipality"))
    if reasons:
        return refused(reasons)
    sealing = Sealing(context)
    reason = Reason.DOMESTIC_MOVE_OUT if notice.destination == "domestic" else Reason.MOVE_OUT_ABROAD
    changes = movement(notice, context, reason)
    leaving = [row for number in notice.addressee_numbers if (row := state.current(number)) is not None]
    household = state.household(leaving[0].household_number)
    assert household is not None
    destination = sealing.seal(notice.destination_address, "destination_address")
    planned = notice.effective_date if notice.destination == "domestic" else None
    remaining, affected = without(state, household, notice.addressee_numbers, changes)
    event = ResidentMovedOut(
        residents=(
            *[removed(row, {**changes, "planned_on": planned}, destination) for row in leaving],
            *affected,
        ),
        households=(remaining,),
    )
    return Accepted((event,), tuple(sealing.parts))


def confirm_move_out(state: RegistryState, notice: ConfirmMoveOutNotice, context: Context) -> Decision:
    """転出確定: the removal date is the earlier of the planned date and the one that the new municipality tells."""
    reasons = [*checks.dates(notice, context)]
    for n, number in enumerate(notice.addressee_numbers):
        reasons += _not_to_be_confirmed(state, number, notice, f"/addressee_numbers/{n}")
        if number in notice.addressee_numbers[:n]:
            reasons.append(refusal("named-twice", f"/addressee_numbers/{n}"))
    if reasons:
        return refused(reasons)
    changes = movement(notice, context, Reason.DOMESTIC_MOVE_OUT)
    rows = []
    for row in map(state.current, notice.addressee_numbers):
        assert row is not None and row.planned_on is not None
        day = min(row.planned_on, notice.effective_date)
        told = {"confirmed_on": notice.effective_date, "removed_on": day, "effective_date": day}
        rows.append(following(row, {**changes, **told}))
    return Accepted((ResidentMoveOutConfirmed(residents=tuple(rows), households=()),))


def _not_to_be_confirmed(
    state: RegistryState, number: str, notice: ConfirmMoveOutNotice, pointer: str
) -> Iterator[Refusal]:
    row = state.current(number)
    if row is None:
        yield refusal("unknown-resident", pointer)
    elif row.status is not Status.REMOVED or row.planned_on is None:
        yield refusal("not-moved-out", pointer)
    elif row.confirmed_on is not None:
        yield refusal("already-confirmed", pointer)
    elif notice.effective_date.isoformat() < row.address_since.replace("X", "0"):
        yield refusal("effective-before-last-movement", "/effective_date")


def death(state: RegistryState, notice: DeathNotice, context: Context) -> Decision:
    """死亡."""
    reasons = [
        *checks.dates(notice, context),
        *checks.live(state, notice.addressee_number, notice.effective_date, "/addressee_number"),
    ]
    row = state.current(notice.addressee_number)
    if reasons or row is None:
        return refused(reasons)
    changes = movement(notice, context, Reason.DEATH)
    household = state.household(row.household_number)
    assert household is not None
    remaining, affected = without(state, household, (row.addressee_number,), changes)
    return Accepted((ResidentDied(residents=(removed(row, changes), *affected), households=(remaining,)),))
