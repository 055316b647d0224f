"""Which rule decides about which notice."""

from kumiai_contracts.decision import Context, Decision
from kumiai_contracts.resident import (
    BirthNotice,
    CancelMovementNotice,
    CarryOverNotice,
    ChangeOfAddressNotice,
    ChangeOfHeadNotice,
    DeathNotice,
    MoveInNotice,
    MoveOutNotice,
    ResidentNotice,
)
from kumiai_contracts.resident_amendments import (
    AliasNotice,
    AmendmentNotice,
    ChangeOfNationalityNotice,
    ConfirmMoveOutNotice,
    ExOfficioEntryNotice,
    ExOfficioRemovalNotice,
    FormerNameNotice,
    MyNumberMovementNotice,
    RemakeRecordNotice,
)
from kumiai_contracts.resident_carry_over import HistoryCarryOverNotice
from kumiai_contracts.resident_codes import ResidentCodeNotice
from kumiai_contracts.resident_households import (
    ChangeOfHouseholdNotice,
    HouseholdMergeNotice,
    HouseholdSplitNotice,
)

from kumiai_resident_registry.domain import amending, codes, ex_officio
from kumiai_resident_registry.domain.amendment import change_address, change_head
from kumiai_resident_registry.domain.cancellation import cancel
from kumiai_resident_registry.domain.carrying_over import carry_over_history
from kumiai_resident_registry.domain.entry import birth, carry_over, move_in
from kumiai_resident_registry.domain.households import change_household, merge, split
from kumiai_resident_registry.domain.removal import confirm_move_out, death, move_out
from kumiai_resident_registry.domain.state import RegistryState


def decide(state: RegistryState, notice: ResidentNotice, context: Context) -> Decision:  # noqa: PLR0911
    """What follows from a notice. Raises TypeError for a kind of notice that has no rule."""
    match notice:
        case CarryOverNotice():
            return carry_over(state, notice, context)
        case MoveInNotice():
            return move_in(state, notice, context)
        case BirthNotice():
            return birth(state, notice, context)
        case MoveOutNotice():
            return move_out(state, notice, context)
        case DeathNotice():
            return death(state, notice, context)
        case ChangeOfAddressNotice():
            return change_address(state, notice, context)
        case ChangeOfHeadNotice():
            return change_head(state, notice, context)
        case HouseholdSplitNotice():
            return split(state, notice, context)
        case HouseholdMergeNotice():
            return merge(state, notice, context)
        case ChangeOfHouseholdNotice():
            return change_household(state, notice, context)
        case CancelMovementNotice():
            return cancel(state, notice, context)
        case ConfirmMoveOutNotice():
            return confirm_move_out(state, notice, context)
    return _without_moving(state, notice, context)


def _without_moving(state: RegistryState, notice: ResidentNotice, context: Context) -> Decision:  # noqa: PLR0911
    match notice:
        case HistoryCarryOverNotice():
            return carry_over_history(state, notice, context)
        case ExOfficioEntryNotice():
            return ex_officio.enter(state, notice, context)
        case ExOfficioRemovalNotice():
            return ex_officio.remove(state, notice, context)
        case ChangeOfNationalityNotice():
            return ex_officio.change_nationality(state, notice, context)
        case RemakeRecordNotice():
            return ex_officio.remake(state, notice, context)
        case AmendmentNotice():
            return amending.amend(state, notice, context)
        case FormerNameNotice():
            return amending.former_name(state, notice, context)
        case AliasNotice():
            return amending.alias(state, notice, context)
        case MyNumberMovementNotice():
            return amending.my_number(state, notice, context)
        case ResidentCodeNotice():
            return codes.change(state, notice, context)
    raise TypeError(f"{notice.type} has no rule")
