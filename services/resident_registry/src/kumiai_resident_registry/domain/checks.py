"""Checks that several movements share. Each gives the reasons against the notice, all of them, not only the first."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from kumiai_contracts.decision import Context
from kumiai_contracts.receipts import Reason
from kumiai_contracts.resident import Address, HouseholdRow, MoveInNotice, Person, ResidentNotice, ResidentRow
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice
from kumiai_contracts.resident_carry_over import CarriedPerson

from kumiai_resident_registry.domain.history import last_standing
from kumiai_resident_registry.domain.refusals import refusal
from kumiai_resident_registry.domain.relationships import HEAD, is_term
from kumiai_resident_registry.domain.state import RegistryState, is_live

NOTIFICATION_DAYS = 14
"""住民基本台帳法: a move is notified within 14 days."""


def dates(notice: ResidentNotice, context: Context, *, planning_days: int | None = None) -> Iterator[Reason]:
    """異動日 ≤ today except for a move out, which may be planned so many days ahead; 届出日 ≤ today."""
    if notice.effective_date > context.today:
        if planning_days is None:
            yield refusal("effective-date-in-future", "/effective_date")
        elif notice.effective_date > context.today + timedelta(days=planning_days):
            yield refusal("effective-date-too-far", "/effective_date")
    if notice.notified_date > context.today:
        yield refusal("notified-date-in-future", "/notified_date")


def born_before(birth_date: str, effective: date, pointer: str) -> Iterator[Reason]:
    """Nobody moves before the date of birth; unknown parts (X) are later than no day, so they never refuse."""
    if birth_date.replace("X", "0") > effective.isoformat():
        yield refusal("effective-before-birth", pointer)


def persons(entering: Sequence[Person], effective: date, *, new_household: bool, headed: bool) -> Iterator[Reason]:
    """Relationships and dates of birth of people who enter together."""
    for n, person in enumerate(entering):
        if not is_term(person.relationship):
            yield refusal("relationship-unknown", f"/persons/{n}/relationship")
        yield from born_before(person.birth_date, effective, "/effective_date")
    heads = [n for n, person in enumerate(entering) if person.relationship == HEAD]
    if new_household and len(heads) != 1:
        yield refusal("not-exactly-one-head", "/persons")
    elif not new_household and headed:
        yield from (refusal("head-exists", f"/persons/{n}/relationship") for n in heads)
    elif not new_household and len(heads) > 1:
        yield refusal("not-exactly-one-head", "/persons")


def entering(
    state: RegistryState, notice: MoveInNotice | ExOfficioEntryNotice, joined: HouseholdRow | None
) -> Iterator[Reason]:
    """People who enter a new household, or one that exists at the address that they state."""
    if notice.household_number is not None:
        yield from household(state, notice.household_number)
    yield from persons(
        notice.persons,
        notice.effective_date,
        new_household=notice.household_number is None,
        headed=joined is not None and joined.head is not None,
    )
    yield from codes(state, notice.persons, may_return=True)
    if joined is not None and joined.members:
        yield from moves_to(state, notice.address, joined, "/address")


def codes(
    state: RegistryState, entering: Sequence[Person | CarriedPerson], *, may_return: bool = False
) -> Iterator[Reason]:
    """住民票コード that people bring: not one of the pool, and nobody's but, of those who may return, their own."""
    for n, person in enumerate(entering):
        if person.resident_code is None:
            continue
        if any(person.resident_code == other.resident_code for other in entering[:n]):
            yield refusal("code-twice", f"/persons/{n}/resident_code")
        elif may_return and state.holder_of(person.resident_code) is not None:
            continue  # whoever comes back, see `returning`
        elif state.is_code_known(person.resident_code):
            yield refusal("code-known", f"/persons/{n}/resident_code")


def ex_officio(notice: ResidentNotice) -> Iterator[Reason]:
    """What only 職権 does says so."""
    if not notice.ex_officio:
        yield refusal("not-ex-officio", "/ex_officio")


def live(state: RegistryState, addressee_number: str, effective: date, pointer: str) -> Iterator[Reason]:
    """The person is on the live record and has no later movement."""
    row = state.current(addressee_number)
    if row is None:
        yield refusal("unknown-resident", pointer)
    elif not is_live(row):
        yield refusal("not-on-live-record", pointer)
    else:
        yield from not_before(state, addressee_number, effective)
        yield from born_before(row.birth_date, effective, "/effective_date")


def not_before(state: RegistryState, addressee_number: str, effective: date) -> Iterator[Reason]:
    """A movement follows the last one that holds in time as well; a cancellation's own date says nothing about it."""
    row = last_standing(state.history(addressee_number))
    if row is not None and effective < row.effective_date:
        yield refusal("effective-before-last-movement", "/effective_date")


def none_before(state: RegistryState, people: Iterable[str], effective: date) -> Iterator[Reason]:
    """Nobody of these people has a later movement."""
    return (reason for person in people for reason in not_before(state, person, effective))


def together(state: RegistryState, numbers: Sequence[str], effective: date) -> Iterator[Reason]:
    """People who are named in one notice: live, each once, of one household."""
    households = set()
    for n, number in enumerate(numbers):
        pointer = f"/addressee_numbers/{n}"
        if number in numbers[:n]:
            yield refusal("named-twice", pointer)
        yield from live(state, number, effective, pointer)
        row = state.current(number)
        if row is not None and is_live(row):
            households.add(row.household_number)
    if len(households) > 1:
        yield refusal("not-one-household", "/addressee_numbers")


def household(state: RegistryState, household_number: str, pointer: str = "/household_number") -> Iterator[Reason]:
    """The household exists and has members."""
    found = state.household(household_number)
    if found is None:
        yield refusal("unknown-household", pointer)
    elif not found.members:
        yield refusal("household-ended", pointer)


def one_address(
    state: RegistryState, joining: Iterable[ResidentRow], joined: HouseholdRow, pointer: str
) -> Iterator[Reason]:
    """Whoever joins a household without changing address lives where it does: the addresses are written alike."""
    there = state.members(joined)[0].address
    for commitment in {row.address for row in joining} - {there}:
        known = state.address(commitment)
        if known is None or known != state.address(there):
            yield refusal("addresses-differ", pointer)


def moves_to(state: RegistryState, address: Address, joined: HouseholdRow, pointer: str) -> Iterator[Reason]:
    """Whoever moves to a household moves to where it lives."""
    if state.address(state.members(joined)[0].address) != address.model_dump_json().encode():
        yield refusal("addresses-differ", pointer)


def stated(relationships: Mapping[str, str], concerned: Collection[str | None], pointer: str) -> Iterator[Reason]:
    """Relationships that a notice states: terms of the standard, of nobody but whom the movement concerns."""
    for number, relationship in relationships.items():
        if number not in concerned:
            yield refusal("relationship-of-another", f"{pointer}/{number}")
        if not is_term(relationship):
            yield refusal("relationship-unknown", f"{pointer}/{number}")


def reckoned(terms: Mapping[str, str | None], pointer: str) -> Iterator[Reason]:
    """Everybody's relationship is stated, or follows from before."""
    return (refusal("relationship-not-reckoned", f"{pointer}/{number}") for number, term in terms.items() if not term)
