"""Entries (記載): carrying over, moving in, birth."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count
from types import MappingProxyType
from typing import Any

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.receipts import Assigned
from kumiai_contracts.resident import (
    Address,
    BirthNotice,
    CarryOverNotice,
    HouseholdRow,
    MoveInNotice,
    Person,
    Reason,
    ResidentBorn,
    ResidentCarriedOver,
    ResidentEvent,
    ResidentMovedIn,
    ResidentRow,
    Status,
)
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice, ResidentReturned

from kumiai_resident_registry.domain import checks, returning
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.relationships import HEAD, is_term
from kumiai_resident_registry.domain.rows import Sealing, movement
from kumiai_resident_registry.domain.state import RegistryState, number_after

_BLANK = dict.fromkeys(ResidentRow.model_fields)
"""A row of which nothing is known, in the order of the fields."""


def carry_over(state: RegistryState, notice: CarryOverNotice, context: Context) -> Decision:
    """移行: a household enters as the system used before has it."""
    reasons = [
        *checks.dates(notice, context),
        *checks.persons(notice.persons, notice.effective_date, new_household=True, headed=False),
        *checks.codes(state, notice.persons),
    ]
    if reasons:
        return refused(reasons)
    sealing = Sealing(context)
    household = new_household(state)
    people = entering(
        state, notice.persons, household.household_number, sealing.seal(notice.address), notice.effective_date, sealing
    )
    rows = rows_of(people, movement(notice, context, Reason.CARRIED_OVER))
    event = ResidentCarriedOver(residents=rows, households=(with_entered(household, rows),))
    return Accepted((event,), tuple(sealing.parts), assigned(rows, household))


def move_in(state: RegistryState, notice: MoveInNotice, context: Context) -> Decision:
    """転入: into a new household, or into one that exists at that address, to whose head they state what they are."""
    reason = Reason.DOMESTIC_MOVE_IN if notice.origin == "domestic" else Reason.MOVE_IN_FROM_ABROAD
    return entered(state, notice, context, ResidentMovedIn, reason, previous_address=notice.previous_address)


def birth(state: RegistryState, notice: BirthNotice, context: Context) -> Decision:
    """出生: a child enters a household, at the address of its head or else of its first member."""
    reasons = [*checks.dates(notice, context), *checks.household(state, notice.household_number)]
    if notice.child.birth_date != notice.effective_date.isoformat():
        reasons.append(refusal("birth-date-not-effective-date", "/effective_date"))
    if not is_term(notice.child.relationship):
        reasons.append(refusal("relationship-unknown", "/child/relationship"))
    elif notice.child.relationship == HEAD:
        reasons.append(refusal("head-exists", "/child/relationship"))
    household = state.household(notice.household_number)
    if reasons or household is None:
        return refused(reasons)
    parent = state.current(household.head or household.members[0])
    assert parent is not None
    sealing = Sealing(context)
    people = entering(
        state, (notice.child,), household.household_number, parent.address, notice.effective_date, sealing
    )
    rows = rows_of(people, movement(notice, context, Reason.BIRTH))
    event = ResidentBorn(residents=rows, households=(with_entered(household, rows),))
    return Accepted(
        (event,),
        tuple(sealing.parts),
        (Assigned(pointer="/child", kind="addressee-number", number=rows[0].addressee_number),),
    )


def entered(
    state: RegistryState,
    notice: MoveInNotice | ExOfficioEntryNotice,
    context: Context,
    kind: type[ResidentEvent],
    reason: Reason,
    *,
    previous_address: Address | None = None,
) -> Decision:
    """People enter a new household, or one that exists at that address; whoever was here before returns (再転入)."""
    joined = state.household(notice.household_number) if notice.household_number else None
    reasons = [
        *(checks.ex_officio(notice) if isinstance(notice, ExOfficioEntryNotice) else ()),
        *checks.dates(notice, context),
        *checks.entering(state, notice, joined),
        *returning.refusals(state, notice),
    ]
    if reasons:
        return refused(reasons)
    sealing = Sealing(context)
    household = joined or new_household(state)
    known = returning.known_as(state, notice)
    address = sealing.seal(notice.address)
    changes = movement(notice, context, reason)
    if previous_address is not None:
        changes["previous_address"] = sealing.seal(previous_address, "previous_address")
    people = entering(state, notice.persons, household.household_number, address, notice.effective_date, sealing, known)
    rows = rows_of(people, changes)
    event = (ResidentReturned if known else kind)(residents=rows, households=(with_entered(household, rows),))
    return Accepted((event,), tuple(sealing.parts), assigned(rows, None if joined else household))


def new_household(state: RegistryState) -> HouseholdRow:
    """A household with the next number, empty yet."""
    return HouseholdRow.trusted(household_number=number_after(state.last_household), head=None, members=())


def entering(
    state: RegistryState,
    persons: Sequence[Person],
    household_number: str,
    address: str,
    since: date,
    sealing: Sealing,
    known: Mapping[int, str] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """The columns of whoever enters, apart from those of the movement, with the next numbers.

    Whoever is `known` has the number of before, and a history and a 住民票コード that go on.
    """
    new = count(1)
    people = []
    for n, person in enumerate(persons):
        before = state.current(known[n]) if n in known else None
        code = person.resident_code
        brings_own = before is not None and (code is None or state.holder_of(code) == before.addressee_number)
        people.append(
            {
                **person.__dict__,
                "addressee_number": before.addressee_number
                if before
                else number_after(state.last_addressee, next(new)),
                "history_number": before.history_number + 1 if before else 1,
                "status": Status.RESIDENT,
                "household_number": household_number,
                "resident_since": since.isoformat(),
                "address_since": since.isoformat(),
                "address": address,
                "resident_code": before.resident_code if before and brings_own else sealing.seal_code(code),
            }
        )
    return people


def rows_of(people: Sequence[dict[str, Any]], changes: dict[str, Any]) -> tuple[ResidentRow, ...]:
    """The first history rows of people who enter by one movement."""
    return tuple(ResidentRow.holding({**_BLANK, **person, **changes}) for person in people)


def with_entered(household: HouseholdRow, rows: Sequence[ResidentRow]) -> HouseholdRow:
    """A household with those who have entered it."""
    head = next((row.addressee_number for row in rows if row.relationship == HEAD), household.head)
    members = household.members + tuple(row.addressee_number for row in rows)
    return household.model_copy(update={"head": head, "members": members})


def assigned(rows: Sequence[ResidentRow], household: HouseholdRow | None) -> tuple[Assigned, ...]:
    """What the receipt tells: everybody's number, and that of a new household."""
    numbers = [
        Assigned.trusted(pointer=f"/persons/{n}", kind="addressee-number", number=row.addressee_number)
        for n, row in enumerate(rows)
    ]
    if household is not None:
        numbers.append(Assigned.trusted(pointer="", kind="household-number", number=household.household_number))
    return tuple(numbers)
