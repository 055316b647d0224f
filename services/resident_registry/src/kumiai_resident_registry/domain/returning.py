"""再転入: people who come back. Nobody is twice on the live record, and whoever was here has the same 宛名番号 again.

Source: 住民記録システム標準仕様書, 再転入. A hard match is a 住民票コード, the token that the vault makes of a
個人番号, a 在留カード, or the 宛名番号 that the desk states because it has found the person. The same name (search
key), date of birth and sex alone are a soft match: the entry gets a number of its own, and a person decides.
"""

from collections.abc import Iterator, Mapping, Sequence

from kumiai_contracts.decision import Accepted, Context
from kumiai_contracts.model import Event, RowSet
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import MoveInNotice, Reason, ResidentEvent, ResidentRow, Status
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice

from kumiai_resident_registry.domain import checks, marks, work_list
from kumiai_resident_registry.domain.characters.search_key import search_key
from kumiai_resident_registry.domain.history import last_standing
from kumiai_resident_registry.domain.refusals import refusal
from kumiai_resident_registry.domain.state import RegistryState, is_live

Entry = MoveInNotice | ExOfficioEntryNotice
MOST_CANDIDATES = 20
"""The most people of one name and birth that are looked at: an item that names more helps nobody."""


def known_as(state: RegistryState, notice: Entry) -> Mapping[int, str]:
    """The 宛名番号 that people have already, by their place in the notice: stated, or by what they are known by."""
    found = {
        n: number
        for n, person in enumerate(notice.persons)
        if person.resident_code is not None and (number := state.holder_of(person.resident_code)) is not None
    }
    identified = [each for each in notice.identified if each.person < len(notice.persons)]
    borne = {each.person: number for each in identified if (number := marks.known(state, each)) is not None}
    stated = {each.person: each.addressee_number for each in identified if each.addressee_number is not None}
    return {**found, **borne, **stated}


def refusals(state: RegistryState, notice: Entry) -> Iterator[Refusal]:
    """Whoever is known is not on the live record, has not died, and is whom the notice describes."""
    known = known_as(state, notice)
    for n, each in enumerate(notice.identified):
        if each.person >= len(notice.persons):
            yield refusal("no-such-person", f"/identified/{n}/person")
        elif each.addressee_number is not None and not _fits(state, notice, each.person, each.addressee_number):
            yield refusal("not-the-same-person", f"/identified/{n}/addressee_number")
        else:
            yield from _mark_refusals(state, notice, n)
    for n, number in known.items():
        row, pointer = state.current(number), f"/persons/{n}"
        if row is None:
            yield refusal("unknown-resident", pointer)
            continue
        if is_live(row):
            yield refusal("already-resident", pointer)
        elif (last := last_standing(state.history(number))) is not None and last.reason is Reason.DEATH:
            yield refusal("removed-by-death", pointer)
        if list(known.values()).count(number) > 1:
            yield refusal("named-twice", pointer)
        yield from checks.not_before(state, number, notice.effective_date)


def soft_matches(
    state: RegistryState, affairs: RowSet, notice: Entry, decision: Accepted, context: Context
) -> Iterator[Event]:
    """同一人の疑い: a work item for everybody who entered under a new number and has the name of somebody known."""
    known = known_as(state, notice)
    first = decision.events[0]
    assert isinstance(first, ResidentEvent)
    items: list[WorkItemRow] = []
    for n, row in enumerate(first.residents[: len(notice.persons)]):
        same = [] if n in known else _same(state, row)
        if same:
            keys = (row.addressee_number, *same[:MOST_CANDIDATES])
            item = work_list.same_person_item(row.addressee_number)
            items += work_list.opened(affairs, "same-person", item, keys, context)
    yield from work_list.changed(items)


def settled(affairs: RowSet, rows: Sequence[ResidentRow], context: Context) -> Iterator[Event]:
    """An entry that never was is nobody's double."""
    yield from work_list.changed(
        item
        for row in rows
        if row.status is Status.REMOVED
        for item in work_list.settled(affairs, work_list.same_person_item(row.addressee_number), "by-movement", context)
    )


def _same(state: RegistryState, row: ResidentRow) -> list[str]:
    return sorted(
        number
        for number in state.born_on(row.birth_date, row.sex)
        if any(search_key(each.name) == search_key(row.name) for each in state.history(number))
    )


def _mark_refusals(state: RegistryState, notice: Entry, n: int) -> Iterator[Refusal]:
    """A token or a card is whose the 宛名番号 that is stated, the 住民票コード and the other one are, too."""
    each = notice.identified[n]
    before = {mark for other in notice.identified[:n] for _, mark in marks.of(other)}
    code = notice.persons[each.person].resident_code
    holder = state.holder_of(code) if code is not None else None
    meant = {each.addressee_number, holder, marks.known(state, each)} - {None}
    for name, mark in marks.of(each):
        number = marks.bearer(state, mark)
        if mark in before:
            yield refusal("mark-twice", f"/identified/{n}/{name}")
        elif number is not None and meant != {number}:
            yield refusal("mark-of-another", f"/identified/{n}/{name}")


def _fits(state: RegistryState, notice: Entry, n: int, number: str) -> bool:
    person, row = notice.persons[n], state.current(number)
    holder = state.holder_of(person.resident_code) if person.resident_code is not None else None
    if row is None:
        return True
    return (row.birth_date, row.sex) == (person.birth_date, person.sex) and holder in (None, number)
