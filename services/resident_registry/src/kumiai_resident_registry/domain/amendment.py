"""Amendments (修正) of where people live and who is head: change of address, change of head."""

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.receipts import Assigned
from kumiai_contracts.receipts import Reason as Refusal
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
from kumiai_resident_registry.domain.households import AMONG_THEM, moving_from, new_terms, terms_there, with_newcomers
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.relationships import HEAD, LODGER, towards
from kumiai_resident_registry.domain.rows import Sealing, following, in_household, movement, without
from kumiai_resident_registry.domain.state import RegistryState, number_after


def change_address(state: RegistryState, notice: ChangeOfAddressNotice, context: Context) -> Decision:
    """転居: a whole household keeps its number; a part of it becomes a household of its own; both may join another."""
    reasons = [
        *checks.dates(notice, context),
        *checks.together(state, notice.addressee_numbers, notice.effective_date),
    ]
    moving, household = moving_from(state, notice.addressee_numbers)
    if reasons or household is None:
        return refused(reasons)
    if notice.household_number is None and len(moving) == len(household.members):
        return _whole(moving, notice, context)
    sealing = Sealing(context)
    address = sealing.seal(notice.address)
    after: HouseholdRow | None
    assigned: tuple[Assigned, ...] = ()
    if notice.household_number is None:
        own, terms, reasons = _split_off(state, household, moving, notice)
        after, assigned = own, (Assigned(pointer="", kind="household-number", number=own.household_number),)
    else:
        after, terms, reasons = _joining(state, household, moving, notice)
    if reasons or after is None:
        return refused(reasons)
    changes = movement(notice, context, Reason.CHANGE_OF_ADDRESS)
    there = {**changes, "address": address, "address_since": notice.effective_date.isoformat()}
    remaining, affected = without(state, household, notice.addressee_numbers, changes)
    rows = in_household(moving, after.household_number, terms, there)
    event = ResidentChangedAddress(residents=(*rows, *affected), households=(remaining, after))
    return Accepted((event,), tuple(sealing.parts), assigned)


def change_head(state: RegistryState, notice: ChangeOfHeadNotice, context: Context) -> Decision:
    """世帯主変更: every member's relationship is to the new head afterwards, as stated or as it follows from before."""
    reasons = [*checks.dates(notice, context), *checks.household(state, notice.household_number)]
    household = state.household(notice.household_number)
    if household is None or not household.members:
        return refused(reasons)
    if notice.head not in household.members:
        reasons.append(refusal("not-a-member", "/head"))
    elif notice.head == household.head:
        reasons.append(refusal("already-head", "/head"))
    reasons += checks.none_before(state, household.members, notice.effective_date)
    members = state.members(household)
    stated = {notice.head: HEAD, **notice.relationships}
    head, terms, found = new_terms(members, household.members, household.head, stated)
    reasons += found
    if head != notice.head:
        reasons.append(refusal("not-exactly-one-head", AMONG_THEM))
    if reasons:
        return refused(reasons)
    changes = movement(notice, context, Reason.CHANGE_OF_HEAD)
    rows = in_household(members, household.household_number, terms, changes)
    return Accepted((HouseholdHeadChanged(residents=rows, households=(household.model_copy(update={"head": head}),)),))


def _whole(moving: list[ResidentRow], notice: ChangeOfAddressNotice, context: Context) -> Decision:
    """A whole household moves: nothing but its address changes."""
    if notice.relationships:
        return refused([refusal("relationship-of-another", AMONG_THEM)])
    sealing = Sealing(context)
    changes = {
        **movement(notice, context, Reason.CHANGE_OF_ADDRESS),
        "address": sealing.seal(notice.address),
        "address_since": notice.effective_date.isoformat(),
    }
    rows = tuple(following(row, changes) for row in moving)
    return Accepted((ResidentChangedAddress(residents=rows, households=()),), tuple(sealing.parts))


def _split_off(
    state: RegistryState, household: HouseholdRow, moving: list[ResidentRow], notice: ChangeOfAddressNotice
) -> tuple[HouseholdRow, dict[str, str | None], list[Refusal]]:
    """A part of a household that moves becomes one of its own.

    Whoever is stated as head becomes it, or else the old head, or else who is named first. What neither was stated nor
    follows from before is 同居人 until a change of head states it: our own choice.
    """
    members = tuple(row.addressee_number for row in moving)
    usual = household.head if household.head in members else members[0]
    stated = notice.relationships if HEAD in notice.relationships.values() else {**notice.relationships, usual: HEAD}
    reasons = [*checks.stated(stated, members, AMONG_THEM)]
    heads = [number for number, term in stated.items() if term == HEAD]
    if len(heads) != 1:
        reasons.append(refusal("not-exactly-one-head", AMONG_THEM))
    terms = towards(heads[0], stated, state.members(household), household.head)
    after = HouseholdRow(household_number=number_after(state.last_household), head=heads[0], members=members)
    return after, {number: terms[number] or LODGER for number in members}, reasons


def _joining(
    state: RegistryState, household: HouseholdRow, moving: list[ResidentRow], notice: ChangeOfAddressNotice
) -> tuple[HouseholdRow | None, dict[str, str | None], list[Refusal]]:
    """People who move to another household, which lives at the address that they move to."""
    assert notice.household_number is not None
    terms, reasons = terms_there(state, moving, household, notice.household_number, notice.relationships)
    joined = state.household(notice.household_number)
    if reasons or joined is None:
        return None, terms, reasons
    reasons += checks.moves_to(state, notice.address, joined, "/address")
    return with_newcomers(joined, notice.addressee_numbers), terms, reasons
