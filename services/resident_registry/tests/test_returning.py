"""People who come back (再転入): one live record, the number of before, and a person where only the name fits."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from kumiai_contracts.identified import Identified
from kumiai_contracts.resident import MoveInNotice, Person, Reason, Status
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice, WorkItemNotice, WorkItemRow
from kumiai_contracts.resident_amendments import ResidentReturned
from kumiai_resident_registry.domain.refusals_between import BETWEEN_TEXTS
from kumiai_resident_registry.domain.work_list import same_person_item
from registry_in_memory import HOME, TODAY, Registry, cancel, death, enter, move_in, move_out, person, pool, remove
from test_between import BETWEEN_CODES
from two_registries import HERE, Town

CODE, OTHER_CODE = "24727059608", "25208017643"
MARK_CODES = {"mark-twice", "mark-of-another"}
"""They are seen in `test_marks.py`."""
LEFT, BACK = date(2026, 5, 1), date(2026, 5, 20)


def with_code(code: str | None, name: str = "山田 太郎", relationship: str = "世帯主") -> Person:
    return person(relationship, name=name).model_copy(update={"resident_code": code})


def back(*persons: Person, number: str | None = None, on: date = BACK) -> MoveInNotice:
    known = (Identified(person=0, addressee_number=number),) if number else ()
    notice = move_in("世帯主", effective=on)
    return notice.model_copy(update={"persons": persons or (person(),), "identified": known})


def came(registry: Registry, person: Person, on: date = date(2026, 4, 1)) -> str:
    return registry.accept(back(person, on=on)).assigned[0].number


def waiting(registry: Registry) -> list[WorkItemRow]:
    return [row for row in registry.affairs.all(WorkItemRow) if row.kind == "same-person" and row.state != "settled"]


def test_who_comes_back_with_the_same_code_has_the_same_number_again(registry: Registry) -> None:
    number = came(registry, with_code(CODE))
    code = registry.row(number).resident_code
    registry.accept(move_out(number, effective=LEFT))
    returned = registry.accept(back(with_code(CODE, name="山田 華")))
    assert isinstance(returned.events[0], ResidentReturned)
    assert returned.assigned[0].number == number
    row = registry.row(number)
    assert (row.history_number, row.status, row.name, row.resident_code) == (3, Status.RESIDENT, "山田 華", code)
    assert (row.removed_on, row.planned_on, row.destination_address) == (None, None, None)
    assert registry.household_of(number).members == (number,)


def test_nobody_is_on_the_live_record_twice(registry: Registry) -> None:
    number = came(registry, with_code(CODE))
    assert registry.refuse(back(with_code(CODE))) == {("already-resident", "/persons/0")}
    assert registry.refuse(back(number=number)) == {("already-resident", "/persons/0")}
    assert registry.refuse(enter(with_code(CODE))) == {("already-resident", "/persons/0")}


def test_the_desk_states_who_it_is(registry: Registry) -> None:
    number = came(registry, person())
    registry.accept(move_out(number, effective=LEFT))
    registry.accept(back(number=number))
    assert registry.row(number).history_number == 3
    assert waiting(registry) == []
    registry.accept(remove(number, effective=TODAY))
    known = (Identified(person=0, addressee_number=number),)
    registry.accept(enter(person(), effective=TODAY).model_copy(update={"identified": known}))
    assert registry.row(number).reason is Reason.EX_OFFICIO_ENTRY


def test_whoever_has_only_the_name_the_birth_and_the_sex_is_for_a_person_to_decide(registry: Registry) -> None:
    number = came(registry, person())
    registry.accept(move_out(number, effective=LEFT))
    again = registry.accept(back(person(name="山田　太郎"))).assigned[0].number
    assert again != number
    (item,) = waiting(registry)
    assert item.keys == (again, number)
    registry.accept(WorkItemNotice(item=item.item, decision="another-person", place="本庁", operator="clerk-1"))
    other_day = person(birth_date="1980-04-02")
    came(registry, other_day, on=BACK)
    assert waiting(registry) == []


def test_a_double_that_is_found_out_is_cancelled_and_notified_again(registry: Registry) -> None:
    number = came(registry, person())
    registry.accept(move_out(number, effective=LEFT))
    again = registry.accept(back()).assigned[0].number
    registry.accept(cancel(again, 1, effective=BACK))
    assert registry.affairs.get(WorkItemRow, same_person_item(again)).state == "settled"  # type: ignore[union-attr]
    registry.accept(back(number=number))
    assert registry.row(number).status is Status.RESIDENT


def test_a_return_that_never_was_leaves_whoever_had_left(registry: Registry) -> None:
    number = came(registry, with_code(CODE))
    registry.accept(move_out(number, effective=LEFT))
    before = registry.row(number)
    registry.accept(back(with_code(CODE)))
    registry.accept(cancel(number, 3, effective=BACK))
    row = registry.row(number)
    assert (row.status, row.removed_on, row.planned_on) == (Status.REMOVED, before.removed_on, before.planned_on)
    registry.accept(back(with_code(CODE)))
    assert registry.row(number).history_number == 5


def test_a_family_of_which_one_was_here_before_keeps_one_number_and_gets_one(registry: Registry) -> None:
    number = came(registry, with_code(CODE))
    registry.accept(move_out(number, effective=LEFT))
    wife = person("妻", name="山田 華")
    returned = registry.accept(back(with_code(CODE), wife))
    numbers = [each.number for each in returned.assigned if each.kind == "addressee-number"]
    assert numbers[0] == number != numbers[1]
    assert registry.household_of(number).members == tuple(numbers)
    assert registry.row(numbers[1]).history_number == 1


def test_a_code_of_the_pool_is_nobody_s_to_come_back_with(registry: Registry) -> None:
    registry.accept(pool(OTHER_CODE))
    assert registry.refuse(back(with_code(OTHER_CODE))) == {("code-known", "/persons/0/resident_code")}


def test_whoever_is_protected_and_comes_back_is_told_of_by_a_person() -> None:
    town = Town(municipality=HERE)
    number = came(town, with_code(CODE))
    town.accept(
        ProtectionApplicationNotice(addressee_numbers=(number,), applied_on=TODAY, place="本庁", operator="clerk-1")
    )
    town.accept(move_out(number, effective=LEFT))
    town.accept(back(with_code(CODE)).model_copy(update={"previous_municipality": "011002"}))
    assert not town.post
    assert [item.keys for item in town.items("move-in-unsent")] == [(number,)]


def test_what_does_not_hold_is_refused_with_the_reason(registry: Registry) -> None:
    number, other = came(registry, with_code(CODE)), came(registry, with_code(OTHER_CODE, name="鈴木 花子"))
    for each in (number, other):
        registry.accept(move_out(each, effective=LEFT))
    dead = came(registry, person(name="佐藤 花子"))
    registry.accept(death(dead, effective=LEFT))
    nobody = (Identified(person=1, addressee_number=number),)
    twice = (Identified(person=0, addressee_number=number), Identified(person=1, addressee_number=number))
    refused = [
        registry.refuse(back().model_copy(update={"identified": nobody})),
        registry.refuse(back(person(birth_date="1981-04-01"), number=number)),
        registry.refuse(back(with_code(CODE), number=other)),
        registry.refuse(back(number=dead)),
        registry.refuse(back(person(), person("妻")).model_copy(update={"identified": twice})),
        registry.refuse(back(with_code(CODE), on=date(2026, 4, 20))),
    ]
    assert refused == [
        {("no-such-person", "/identified/0/person")},
        {("not-the-same-person", "/identified/0/addressee_number")},
        {("not-the-same-person", "/identified/0/addressee_number")},
        {("removed-by-death", "/persons/0")},
        {("named-twice", "/persons/0"), ("named-twice", "/persons/1")},
        {("effective-before-last-movement", "/effective_date")},
    ]
    here = {code for each in refused for code, _ in each} | {"already-resident"}
    assert here | BETWEEN_CODES | MARK_CODES >= BETWEEN_TEXTS.keys()


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["in", "out", "cancel", "stated"]), max_size=14))
def test_however_often_somebody_comes_and_goes_there_is_one_record(steps: list[str]) -> None:
    registry = Registry()
    number = came(registry, with_code(CODE), on=date(2026, 1, 1))
    for day, step in enumerate(steps, start=2):
        on = date(2026, 1, day)
        row = registry.row(number)
        match step:
            case "in":
                decided = registry.decide(back(with_code(CODE), on=on))
            case "stated":
                decided = registry.decide(back(number=number, on=on))
            case "out":
                decided = registry.decide(move_out(number, effective=on))
            case _:
                decided = registry.decide(cancel(number, row.history_number, effective=on))
        del decided
        people = registry.state.people()
        assert [row.addressee_number for row in people] == [number]
        assert (number in registry.household_of(number).members) == (registry.row(number).status is Status.RESIDENT)
        history = registry.state.history(number)
        assert [each.history_number for each in history] == list(range(1, len(history) + 1))
        assert {registry.state.address(row.address) for row in people} == {HOME.model_dump_json().encode()}
