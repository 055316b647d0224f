"""Amendments (修正): change of address, change of head."""

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.receipts import Assigned
from kumiai_contracts.resident import (
    ChangeOfAddressNotice,
    ChangeOfHeadNotice,
    HouseholdHeadChanged,
    HouseholdRow,
    Reason,
    ResidentChangedAddress,
    ResidentRow,
)

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.relationships import HEAD, LODGER, is_term
from kumiai_resident_registry.domain.rows import Sealing, following, movement, without
from kumiai_resident_registry.domain.state import RegistryState, number_after


def change_address(state: RegistryState, notice: ChangeOfAddressNotice, context: Context) -> Decision:
    """転居: a whole household keeps its number; a part of it becomes a household of its own.

    In the new household the old head stays head, or else the one who is named first becomes head. What the others are
    to that head was not stated, so it is 同居人 until a change of head states it: our own choice.
    """
    reasons = [
        *checks.dates(notice, context),
        *checks.together(state, notice.addressee_numbers, notice.effective_date),
    ]
    if reasons:
        return refused(reasons)
    sealing = Sealing(context)
    moving = [row for number in notice.addressee_numbers if (row := state.current(number)) is not None]
    household = state.household(moving[0].household_number)
    assert household is not None
    changes = {
        **movement(notice, context, Reason.CHANGE_OF_ADDRESS),
        "address": sealing.seal(notice.address),
        "address_since": notice.effective_date.isoformat(),
    }
    if len(moving) == len(household.members):
        whole = tuple(following(row, changes) for row in moving)
        return Accepted((ResidentChangedAddress(residents=whole, households=()),), tuple(sealing.parts))
    split = _split_off(state, household, moving)
    rows = tuple(
        following(
            row,
            {
                **changes,
                "household_number": split.household_number,
                "relationship": _relationship_after_split(row, household, split),
            },
        )
        for row in moving
    )
    remaining, affected = without(state, household, split.members, movement(notice, context, Reason.CHANGE_OF_ADDRESS))
    event = ResidentChangedAddress(residents=(*rows, *affected), households=(remaining, split))
    assigned = Assigned(pointer="", kind="household-number", number=split.household_number)
    return Accepted((event,), tuple(sealing.parts), (assigned,))


def change_head(state: RegistryState, notice: ChangeOfHeadNotice, context: Context) -> Decision:
    """世帯主変更: every member's relationship to the new head is stated, so that nothing has to be guessed."""
    reasons = [*checks.dates(notice, context), *checks.household(state, notice.household_number)]
    household = state.household(notice.household_number)
    if household is not None and household.members:
        if notice.head not in household.members:
            reasons.append(refusal("not-a-member", "/head"))
        elif notice.head == household.head:
            reasons.append(refusal("already-head", "/head"))
        if notice.relationships.keys() != set(household.members):
            reasons.append(refusal("members-not-covered", "/relationships"))
        reasons += [
            reason for member in household.members for reason in checks.not_before(state, member, notice.effective_date)
        ]
    heads = [number for number, relationship in notice.relationships.items() if relationship == HEAD]
    if heads != [notice.head]:
        reasons.append(refusal("not-exactly-one-head", "/relationships"))
    reasons += [
        refusal("relationship-unknown", f"/relationships/{number}")
        for number, relationship in notice.relationships.items()
        if not is_term(relationship)
    ]
    if reasons or household is None:
        return refused(reasons)
    changes = movement(notice, context, Reason.CHANGE_OF_HEAD)
    rows = tuple(
        following(row, {**changes, "relationship": notice.relationships[row.addressee_number]})
        for row in state.members(household)
    )
    event = HouseholdHeadChanged(residents=rows, households=(household.model_copy(update={"head": notice.head}),))
    return Accepted((event,))


def _split_off(state: RegistryState, household: HouseholdRow, moving: list[ResidentRow]) -> HouseholdRow:
    members = tuple(row.addressee_number for row in moving)
    head = household.head if household.head in members else members[0]
    return HouseholdRow(household_number=number_after(state.last_household), head=head, members=members)


def _relationship_after_split(row: ResidentRow, before: HouseholdRow, split: HouseholdRow) -> str:
    if row.addressee_number == split.head:
        return HEAD
    return row.relationship if before.head == split.head else LODGER
