"""Which rule decides about which notice."""

from collections.abc import Callable, Mapping
from typing import Any

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

Rule = Callable[[RegistryState, Any, Context], Decision]
RULES: Mapping[type[ResidentNotice], Rule] = {
    # Who enters, leaves, or lives elsewhere.
    CarryOverNotice: carry_over,
    HistoryCarryOverNotice: carry_over_history,
    MoveInNotice: move_in,
    BirthNotice: birth,
    ExOfficioEntryNotice: ex_officio.enter,
    MoveOutNotice: move_out,
    ConfirmMoveOutNotice: confirm_move_out,
    DeathNotice: death,
    ExOfficioRemovalNotice: ex_officio.remove,
    ChangeOfAddressNotice: change_address,
    # Households.
    ChangeOfHeadNotice: change_head,
    HouseholdSplitNotice: split,
    HouseholdMergeNotice: merge,
    ChangeOfHouseholdNotice: change_household,
    # What a record says.
    ChangeOfNationalityNotice: ex_officio.change_nationality,
    RemakeRecordNotice: ex_officio.remake,
    AmendmentNotice: amending.amend,
    FormerNameNotice: amending.former_name,
    AliasNotice: amending.alias,
    MyNumberMovementNotice: amending.my_number,
    ResidentCodeNotice: codes.change,
    CancelMovementNotice: cancel,
}
"""The rule of each kind of notice."""


def decide(state: RegistryState, notice: ResidentNotice, context: Context) -> Decision:
    """What follows from a notice. Raises TypeError for a kind of notice that has no rule."""
    rule = RULES.get(type(notice))
    if rule is None:
        raise TypeError(f"{notice.type} has no rule")
    return rule(state, notice, context)
