"""Removals (消除): moving out, death."""

from datetime import timedelta

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.resident import DeathNotice, MoveOutNotice, Reason, ResidentDied, ResidentMovedOut

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.rows import Sealing, movement, removed, without
from kumiai_resident_registry.domain.state import RegistryState


def move_out(state: RegistryState, notice: MoveOutNotice, context: Context) -> Decision:
    """転出: may be planned ahead; notified more than 14 days late it is ex officio."""
    reasons = [
        *checks.dates(notice, context, may_be_planned=True),
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
    remaining, affected = without(state, household, notice.addressee_numbers, changes)
    event = ResidentMovedOut(
        residents=(*[removed(row, changes, destination) for row in leaving], *affected), households=(remaining,)
    )
    return Accepted((event,), tuple(sealing.parts))


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
