"""移行（履歴）: people enter with every row of their histories, as the system used before has them.

Invariant: no row is decided again. Rows keep their order and content and get the registry's numbers; what is refused
is only what nobody could go on from: two heads, two addresses, an order in time that goes back, people who are here
already.
"""

from collections.abc import Iterator, Sequence

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.receipts import Assigned
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import Address, HouseholdRow, ResidentRow, Status
from kumiai_contracts.resident_carry_over import (
    CarriedMovement,
    CarriedNumberRow,
    CarriedPerson,
    HistoryCarryOverNotice,
    ResidentHistoryCarriedOver,
)

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.entry import with_entered
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.relationships import HEAD, is_term
from kumiai_resident_registry.domain.rows import Sealing
from kumiai_resident_registry.domain.state import RegistryState, number_after

_NEW = {"movement", "place", "operator", "address", "previous_address", "destination_address", "old_household_number"}
_AS_IT_WAS = tuple(name for name in CarriedMovement.model_fields if name not in _NEW)
"""The columns that stand in a row as the system before has them."""


def carry_over_history(state: RegistryState, notice: HistoryCarryOverNotice, context: Context) -> Decision:
    """People of one household, with the households of their past, which have nobody until somebody's notice says so."""
    household = _household(state, notice)
    reasons = [
        *checks.dates(notice, context),
        *_people(state, notice, context),
        *_household_refusals(state, notice, household),
        *checks.codes(state, notice.persons),
    ]
    if reasons:
        return refused(reasons)
    given = [
        CarriedNumberRow.trusted(
            system=notice.system,
            kind="person",
            old_number=person.old_number,
            number=number_after(state.last_addressee, n),
            predecessor_event=person.predecessor_event,
        )
        for n, person in enumerate(notice.persons, start=1)
    ]
    unknown = [old for old in households_named(notice) if state.carried(notice.system, "household", old) is None]
    new = {old: number_after(state.last_household, n) for n, old in enumerate(unknown, start=1)}
    numbers = {old: new.get(old) or state.carried(notice.system, "household", old) for old in households_named(notice)}
    sealed = _Sealed(context)
    rows = [
        row
        for carried, person in zip(given, notice.persons, strict=True)
        for row in _rows(person, carried.number, numbers, sealed, notice, context)
    ]
    current = [row for row in _last_rows(rows) if row.status is Status.RESIDENT]
    changed = {old: HouseholdRow.trusted(household_number=number, head=None, members=()) for old, number in new.items()}
    if current:
        here = household or changed[notice.old_household_number]
        changed[notice.old_household_number] = with_entered(here, current)
    given += [
        CarriedNumberRow.trusted(
            system=notice.system, kind="household", old_number=old, number=number, predecessor_event=None
        )
        for old, number in new.items()
    ]
    event = ResidentHistoryCarriedOver.trusted(
        residents=tuple(rows), households=tuple(changed.values()), numbers=tuple(given)
    )
    assigned = tuple(
        Assigned.trusted(pointer=f"/persons/{n}", kind="addressee-number", number=row.number)
        for n, row in enumerate(given[: len(notice.persons)])
    )
    return Accepted((event,), tuple(sealed.parts), assigned)


def households_named(notice: HistoryCarryOverNotice) -> tuple[str, ...]:
    """旧世帯番号 of the notice, its own first."""
    past = (row.old_household_number for person in notice.persons for row in person.history)
    return tuple(dict.fromkeys((notice.old_household_number, *past)))


class _Sealed:
    """Addresses of one notice: what is written alike is one sealed part."""

    def __init__(self, context: Context) -> None:
        self._sealing = Sealing(context)
        self._known: dict[tuple[str, Address], str] = {}
        self.parts = self._sealing.parts

    def seal(self, address: Address | None, name: str) -> str | None:
        """The commitment of an address."""
        if address is None:
            return None
        known = self._known.get((name, address))
        if known is None:
            known = self._known[name, address] = self._sealing.seal(address, name)
        return known

    def code(self, code: str | None) -> str | None:
        """The commitment of a 住民票コード."""
        return self._sealing.seal_code(code)


def _rows(
    person: CarriedPerson,
    number: str,
    households: dict[str, str | None],
    sealed: _Sealed,
    notice: HistoryCarryOverNotice,
    context: Context,
) -> Iterator[ResidentRow]:
    code = sealed.code(person.resident_code)
    for n, row in enumerate(person.history, start=1):
        yield ResidentRow.trusted(
            addressee_number=number,
            history_number=n,
            household_number=households[row.old_household_number],
            address=sealed.seal(row.address, "address"),
            previous_address=sealed.seal(row.previous_address, "previous_address"),
            destination_address=sealed.seal(row.destination_address, "destination_address"),
            place=notice.place,
            operator=notice.operator,
            movement=context.cause,
            cancels=None,
            resident_code=code,
            **{name: getattr(row, name) for name in _AS_IT_WAS},
        )


def _last_rows(rows: Sequence[ResidentRow]) -> Sequence[ResidentRow]:
    return tuple({row.addressee_number: row for row in rows}.values())


def _household(state: RegistryState, notice: HistoryCarryOverNotice) -> HouseholdRow | None:
    number = state.carried(notice.system, "household", notice.old_household_number)
    return None if number is None else state.household(number)


def _people(state: RegistryState, notice: HistoryCarryOverNotice, context: Context) -> Iterator[Refusal]:
    """Everybody is new, once, and with a history that a person can have had."""
    seen: set[str] = set()
    for n, person in enumerate(notice.persons):
        at = f"/persons/{n}"
        if person.old_number in seen:
            yield refusal("old-number-twice", f"{at}/old_number")
        elif state.carried(notice.system, "person", person.old_number) is not None:
            yield refusal("carried-over-already", f"{at}/old_number")
        seen.add(person.old_number)
        for m, row in enumerate(person.history):
            yield from _row_refusals(row, person.history[m - 1] if m else None, f"{at}/history/{m}", context)


def _row_refusals(row: CarriedMovement, before: CarriedMovement | None, at: str, context: Context) -> Iterator[Refusal]:
    if row.effective_date > context.today and row.planned_on is None:
        yield refusal("effective-date-in-future", f"{at}/effective_date")
    if row.notified_date > context.today:
        yield refusal("notified-date-in-future", f"{at}/notified_date")
    if row.processed_date > context.today:
        yield refusal("processed-date-in-future", f"{at}/processed_date")
    if (row.status is Status.REMOVED) != (row.removed_on is not None):
        yield refusal("removed-without-date", f"{at}/removed_on")
    yield from checks.born_before(row.birth_date, row.effective_date, f"{at}/effective_date")
    if before is None:
        return
    if row.processed_date < before.processed_date:
        yield refusal("history-out-of-order", f"{at}/processed_date")
    # A confirmed move out has the earlier of two dates, so it alone may go back.
    if row.effective_date < before.effective_date and row.confirmed_on is None:
        yield refusal("history-out-of-order", f"{at}/effective_date")


def _household_refusals(
    state: RegistryState, notice: HistoryCarryOverNotice, household: HouseholdRow | None
) -> Iterator[Refusal]:
    """Those who live here live in this household, at one address, under one head."""
    living = [
        (f"/persons/{n}/history/{len(person.history) - 1}", person.history[-1])
        for n, person in enumerate(notice.persons)
        if person.history[-1].status is Status.RESIDENT
    ]
    if not living:
        return
    for at, row in living:
        if row.old_household_number != notice.old_household_number:
            yield refusal("lives-elsewhere", f"{at}/old_household_number")
        if not is_term(row.relationship):
            yield refusal("relationship-unknown", f"{at}/relationship")
        if row.address != living[0][1].address:
            yield refusal("addresses-differ", f"{at}/address")
    heads = [at for at, row in living if row.relationship == HEAD]
    if household is None or not household.members:
        if len(heads) != 1:
            yield refusal("not-exactly-one-head", "/persons")
        return
    too_many = heads if household.head is not None else heads[1:]
    yield from (refusal("head-exists", f"{at}/relationship") for at in too_many)
    yield from checks.moves_to(state, living[0][1].address, household, f"{living[0][0]}/address")
