"""Households at one address: split (世帯分離), merge (世帯合併), change (世帯変更).

Nobody's address changes by them, so the people of one household go on living at one address. What somebody is to a head
afterwards is stated, or reckoned from before where that is certain (`relationships`).
"""

from collections.abc import Mapping, Sequence

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.receipts import Assigned
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import HouseholdRow, Reason, ResidentRow
from kumiai_contracts.resident_households import (
    ChangeOfHouseholdNotice,
    HouseholdMergeNotice,
    HouseholdsMerged,
    HouseholdSplit,
    HouseholdSplitNotice,
    ResidentChangedHousehold,
)

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.relationships import HEAD, towards
from kumiai_resident_registry.domain.rows import (
    in_household,
    left_behind,
    movement,
    with_sole_member_as_head,
)
from kumiai_resident_registry.domain.state import RegistryState, number_after

AMONG_THEM, AMONG_THE_REST = "/relationships", "/remaining_relationships"


def split(state: RegistryState, notice: HouseholdSplitNotice, context: Context) -> Decision:
    """世帯分離: some become a household of their own; those whom their head leaves may name another."""
    reasons = [
        *checks.dates(notice, context),
        *checks.together(state, notice.addressee_numbers, notice.effective_date),
    ]
    moving, household = moving_from(state, notice.addressee_numbers)
    if reasons or household is None:
        return refused(reasons)
    if len(moving) == len(household.members):
        reasons.append(refusal("split-takes-everybody", "/addressee_numbers"))
    stated = dict(notice.relationships) or ({moving[0].addressee_number: HEAD} if len(moving) == 1 else {})
    head, terms, found = new_terms(state.members(household), notice.addressee_numbers, household.head, stated)
    left, affected, others = _remaining(state, household, notice, context)
    reasons += [*found, *others]
    if reasons or head is None:
        return refused(reasons)
    number = number_after(state.last_household)
    changes = movement(notice, context, Reason.HOUSEHOLD_SPLIT)
    parted = HouseholdRow(household_number=number, head=head, members=notice.addressee_numbers)
    event = HouseholdSplit(
        residents=(*in_household(moving, number, terms, changes), *affected), households=(left, parted)
    )
    return Accepted((event,), (), (Assigned(pointer="", kind="household-number", number=number),))


def merge(state: RegistryState, notice: HouseholdMergeNotice, context: Context) -> Decision:
    """世帯合併: a household joins another one and ends. The head there stays, or another member is stated as head."""
    ends = "/merged_household_number"
    reasons = [
        *checks.dates(notice, context),
        *checks.household(state, notice.household_number),
        *checks.household(state, notice.merged_household_number, ends),
    ]
    if notice.household_number == notice.merged_household_number:
        reasons.append(refusal("same-household", ends))
    staying, ending = state.household(notice.household_number), state.household(notice.merged_household_number)
    if reasons or staying is None or ending is None:
        return refused(reasons)
    everybody = (*staying.members, *ending.members)
    heads = [number for number, term in notice.relationships.items() if term == HEAD]
    head = heads[0] if heads else staying.head
    groups = [ending] if head == staying.head else [ending, staying]
    moved = [row for group in groups for row in state.members(group)]
    reasons += checks.none_before(state, everybody, notice.effective_date)
    reasons += checks.one_address(state, state.members(ending), staying, ends)
    concerned = {row.addressee_number for row in moved} | set(heads[:1] if head == staying.head else ())
    reasons += checks.stated(notice.relationships, concerned, AMONG_THEM)
    if head is None or len(heads) > 1:
        return refused([*reasons, refusal("not-exactly-one-head", AMONG_THEM)])
    terms: dict[str, str | None] = {}
    for group in groups:
        terms |= towards(head, notice.relationships, state.members(group), group.head)
    reasons += checks.reckoned(terms, AMONG_THEM)
    if reasons:
        return refused(reasons)
    changes = movement(notice, context, Reason.HOUSEHOLD_MERGE)
    event = HouseholdsMerged(
        residents=in_household(moved, staying.household_number, terms, changes),
        households=(
            staying.model_copy(update={"head": head, "members": everybody}),
            ending.model_copy(update={"head": None, "members": ()}),
        ),
    )
    return Accepted((event,))


def change_household(state: RegistryState, notice: ChangeOfHouseholdNotice, context: Context) -> Decision:
    """世帯変更: some or all members of a household become members of another one, whose head stays."""
    reasons = [
        *checks.dates(notice, context),
        *checks.together(state, notice.addressee_numbers, notice.effective_date),
    ]
    moving, household = moving_from(state, notice.addressee_numbers)
    if reasons or household is None:
        return refused([*reasons, *checks.household(state, notice.household_number)])
    terms, found = terms_there(state, moving, household, notice.household_number, notice.relationships)
    left, affected, others = _remaining(state, household, notice, context)
    joined = state.household(notice.household_number)
    reasons += [*found, *others]
    if not reasons and joined is not None:
        reasons += checks.one_address(state, moving, joined, "/household_number")
    if reasons or joined is None:
        return refused(reasons)
    changes = movement(notice, context, Reason.CHANGE_OF_HOUSEHOLD)
    rows = in_household(moving, joined.household_number, terms, changes)
    event = ResidentChangedHousehold(
        residents=(*rows, *affected), households=(left, with_newcomers(joined, notice.addressee_numbers))
    )
    return Accepted((event,))


def _remaining(
    state: RegistryState,
    household: HouseholdRow,
    notice: HouseholdSplitNotice | ChangeOfHouseholdNotice,
    context: Context,
) -> tuple[HouseholdRow, tuple[ResidentRow, ...], list[Refusal]]:
    """The household that people leave for another one, and those who change by it.

    It keeps its head. If that one leaves, a sole member becomes head, and several name another one or have none.
    """
    changes = movement(notice, context, Reason.CHANGE_OF_HEAD)
    left, stated = left_behind(household, notice.addressee_numbers), notice.remaining_relationships
    if not stated:
        return (*with_sole_member_as_head(state, left, changes), [])
    if left.head is not None or not left.members:
        code = "head-exists" if left.members else "relationship-of-another"
        return left, (), [refusal(code, AMONG_THE_REST)]
    head, terms, reasons = new_terms(state.members(household), left.members, household.head, stated, AMONG_THE_REST)
    reasons += checks.none_before(state, left.members, notice.effective_date)
    if reasons:
        return left, (), reasons
    rows = in_household(state.members(left), left.household_number, terms, changes)
    return left.model_copy(update={"head": head}), rows, []


def moving_from(state: RegistryState, numbers: Sequence[str]) -> tuple[list[ResidentRow], HouseholdRow | None]:
    """The current rows of people who are of one household, and that household."""
    moving = [row for number in numbers if (row := state.current(number)) is not None]
    return moving, state.household(moving[0].household_number) if moving else None


def new_terms(
    household: Sequence[ResidentRow],
    members: Sequence[str],
    old_head: str | None,
    stated: Mapping[str, str],
    pointer: str = AMONG_THEM,
) -> tuple[str | None, dict[str, str | None], list[Refusal]]:
    """Some of a household get a head from among themselves: who it is, and what each of them is to that head."""
    reasons = [*checks.stated(stated, set(members), pointer)]
    heads = [number for number, term in stated.items() if term == HEAD]
    if len(heads) != 1:
        return None, {}, [*reasons, refusal("not-exactly-one-head", pointer)]
    all_terms = towards(heads[0], stated, household, old_head)
    terms = {number: all_terms.get(number) for number in members}
    return heads[0], terms, [*reasons, *checks.reckoned(terms, pointer)]


def terms_there(
    state: RegistryState, moving: Sequence[ResidentRow], before: HouseholdRow, number: str, stated: Mapping[str, str]
) -> tuple[dict[str, str | None], list[Refusal]]:
    """What people who join another household are to its head."""
    at = "/household_number"
    reasons = [*checks.household(state, number)]
    joined = state.household(number)
    numbers = [row.addressee_number for row in moving]
    reasons += checks.stated(stated, set(numbers), AMONG_THEM)
    if number == before.household_number:
        reasons.append(refusal("same-household", at))
    elif joined is not None and joined.members and joined.head is None:
        reasons.append(refusal("household-has-no-head", at))
    reasons += [refusal("head-exists", f"{AMONG_THEM}/{who}") for who, term in stated.items() if term == HEAD]
    if reasons or joined is None or joined.head is None:
        return {}, reasons
    all_terms = towards(joined.head, stated, state.members(before), before.head)
    terms = {who: all_terms.get(who) for who in numbers}
    return terms, [*checks.reckoned(terms, AMONG_THEM)]


def with_newcomers(household: HouseholdRow, numbers: Sequence[str]) -> HouseholdRow:
    """A household that people have joined."""
    return household.model_copy(update={"members": (*household.members, *numbers)})
