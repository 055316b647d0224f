"""Ex officio (職権): people who are entered or removed without a notification, and records that end and begin anew."""

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.resident import Reason, ResidentRow, Status
from kumiai_contracts.resident_amendments import (
    ChangeOfNationalityNotice,
    ExOfficioEntryNotice,
    ExOfficioRemovalNotice,
    RemakeRecordNotice,
    ResidentEntered,
    ResidentNationalityChanged,
    ResidentRecordRemade,
    ResidentRemoved,
)

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.entry import entered
from kumiai_resident_registry.domain.households import moving_from
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.rows import Changes, following, movement, removed, without
from kumiai_resident_registry.domain.state import RegistryState

JAPAN = "JPN"
_BY_KIND = {"renewed": Reason.RENEWED, "recreated": Reason.RECREATED}


def enter(state: RegistryState, notice: ExOfficioEntryNotice, context: Context) -> Decision:
    """職権記載: into a new household, or into one that exists at that address."""
    return entered(state, notice, context, ResidentEntered, Reason.EX_OFFICIO_ENTRY)


def remove(state: RegistryState, notice: ExOfficioRemovalNotice, context: Context) -> Decision:
    """職権消除: the household goes on without them, as after a move out."""
    reasons = [
        *checks.ex_officio(notice),
        *checks.dates(notice, context),
        *checks.together(state, notice.addressee_numbers, notice.effective_date),
    ]
    leaving, household = moving_from(state, notice.addressee_numbers)
    if reasons or household is None:
        return refused(reasons)
    changes = movement(notice, context, Reason.EX_OFFICIO_REMOVAL)
    remaining, affected = without(state, household, notice.addressee_numbers, changes)
    rows = tuple(removed(row, changes) for row in leaving)
    return Accepted((ResidentRemoved(residents=(*rows, *affected), households=(remaining,)),))


def change_nationality(state: RegistryState, notice: ChangeOfNationalityNotice, context: Context) -> Decision:
    """帰化・国籍喪失: one record ends and another begins; 旧氏 and 通称 end, as each is for one kind of people."""
    reasons = [
        *checks.ex_officio(notice),
        *checks.dates(notice, context),
        *checks.live(state, notice.addressee_number, notice.effective_date, "/addressee_number"),
    ]
    row = state.current(notice.addressee_number)
    if notice.nationality == JAPAN:
        reasons.append(refusal("nationality-is-japan", "/nationality"))
    elif row is not None and (row.nationality is None) == (notice.nationality is None):
        reasons.append(refusal("same-nationality", "/nationality"))
    if reasons or row is None:
        return refused(reasons)
    ends, begins = (
        (Reason.NATURALISED_REMOVAL, Reason.NATURALISED_ENTRY)
        if notice.nationality is None
        else (Reason.NATIONALITY_LOST_REMOVAL, Reason.NATIONALITY_LOST_ENTRY)
    )
    afterwards = {
        "name": notice.name,
        "name_kana": notice.name_kana,
        "nationality": notice.nationality,
        "other_names": None,
    }
    rows = _anew(row, movement(notice, context, ends), {"reason": begins, **afterwards})
    return Accepted((ResidentNationalityChanged(residents=rows, households=()),))


def remake(state: RegistryState, notice: RemakeRecordNotice, context: Context) -> Decision:
    """改製・再製: the record ends and begins anew, with all that it said."""
    reasons = [
        *checks.ex_officio(notice),
        *checks.dates(notice, context),
        *checks.together(state, notice.addressee_numbers, notice.effective_date),
    ]
    rows, _ = moving_from(state, notice.addressee_numbers)
    if reasons:
        return refused(reasons)
    changes = movement(notice, context, _BY_KIND[notice.kind])
    made = tuple(new for row in rows for new in _anew(row, changes, {}))
    return Accepted((ResidentRecordRemade(residents=made, households=()),))


def _anew(row: ResidentRow, changes: Changes, afterwards: Changes) -> tuple[ResidentRow, ResidentRow]:
    """A removal and an entry on the same day, between which nobody is away."""
    ended = removed(row, changes)
    return ended, following(ended, {**changes, "status": Status.RESIDENT, "removed_on": None, **afterwards})
