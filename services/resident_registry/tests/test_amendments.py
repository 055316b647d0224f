"""What changes on a record without a move: 職権記載・職権消除, 帰化, 改製・再製, corrections, other names, 転出確定."""

from datetime import date

import pytest
from kumiai_contracts.resident import OtherName, Person, Reason, Status
from kumiai_resident_registry.domain.as_of import as_of, known_by_day
from registry_in_memory import (
    AWAY,
    Registry,
    alias,
    amend,
    birth,
    cancel,
    change_nationality,
    confirm,
    enter,
    former_name,
    move_out,
    my_number,
    person,
    remake,
    remove,
)

LATER, PLANNED = date(2026, 5, 20), date(2026, 5, 25)


def foreigner() -> Person:
    return person().model_copy(update={"nationality": "GBR"})


def test_people_who_lived_here_unregistered_are_entered_ex_officio(registry: Registry) -> None:
    accepted = registry.accept(enter(person("世帯主"), person("子")))
    head, child = (given.number for given in accepted.assigned if given.kind == "addressee-number")
    assert registry.household_of(child).head == head
    assert (registry.row(child).reason, registry.row(child).resident_since) == (Reason.EX_OFFICIO_ENTRY, "2026-05-01")


def test_an_entry_ex_officio_may_join_a_household_that_lives_there(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    child = registry.accept(enter(person("子"), household_number=registry.number_of(head))).assigned[0].number
    assert registry.household_of(head).members == (head, child)


def test_whoever_is_gone_is_removed_ex_officio_and_the_one_who_is_left_becomes_head(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(remove(head))
    row = registry.row(head)
    assert (row.status, row.reason, row.ex_officio) == (Status.REMOVED, Reason.EX_OFFICIO_REMOVAL, True)
    assert registry.household_of(wife).head == wife


def test_a_naturalised_person_gets_a_new_record_under_the_same_number(registry: Registry) -> None:
    number = registry.accept(enter(foreigner())).assigned[0].number
    registry.accept(alias(number, "山田 絵馬"))
    before = registry.row(number)
    registry.accept(change_nationality(number, None))
    assert [row.reason for row in registry.state.history(number)][-2:] == [
        Reason.NATURALISED_REMOVAL,
        Reason.NATURALISED_ENTRY,
    ]
    row = registry.row(number)
    assert (row.status, row.nationality, row.name, row.other_names) == (Status.RESIDENT, None, "山田 花子", None)
    assert (row.address, row.household_number, row.resident_since, row.removed_on) == (
        before.address,
        before.household_number,
        before.resident_since,
        None,
    )
    assert registry.household_of(number).head == number


def test_whoever_loses_the_nationality_goes_on_as_a_foreigner(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(change_nationality(head, "USA"))
    reasons = [row.reason for row in registry.state.history(head)]
    assert reasons == [Reason.CARRIED_OVER, Reason.NATIONALITY_LOST_REMOVAL, Reason.NATIONALITY_LOST_ENTRY]
    assert registry.row(head).nationality == "USA"


def test_a_naturalisation_is_taken_back_with_both_its_rows(registry: Registry) -> None:
    number = registry.accept(enter(foreigner())).assigned[0].number
    before = registry.row(number)
    registry.accept(change_nationality(number, None))
    registry.accept(cancel(number, 3))
    history = registry.state.history(number)
    assert [row.cancels for row in history] == [None, None, None, 3, 2]
    assert (history[-1].status, history[-1].nationality, history[-1].name) == (
        Status.RESIDENT,
        "GBR",
        before.name,
    )
    assert registry.household_of(number).members == (number,)
    registry.accept(cancel(number, 1))
    assert registry.row(number).status is Status.REMOVED


@pytest.mark.parametrize(("kind", "reason"), [("renewed", Reason.RENEWED), ("recreated", Reason.RECREATED)])
def test_a_record_that_is_made_anew_says_the_same(registry: Registry, kind: str, reason: Reason) -> None:
    head, wife = registry.family("世帯主", "妻")
    before = registry.row(wife)
    registry.accept(remake(kind, head, wife))
    rows = registry.state.history(wife)[1:]
    assert [(row.reason, row.status) for row in rows] == [(reason, Status.REMOVED), (reason, Status.RESIDENT)]
    same = ("name", "relationship", "address", "household_number", "resident_since", "removed_on")
    assert [getattr(rows[-1], name) for name in same] == [getattr(before, name) for name in same]


def test_a_renewed_record_hinders_nobody_from_coming_back(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(move_out(wife))
    registry.accept(remake("renewed", head, effective=LATER))
    registry.accept(cancel(wife, 2, effective=LATER))
    assert set(registry.household_of(head).members) == {head, wife}


def test_a_child_is_born_into_a_household_whose_record_was_corrected(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(amend("correction", head, name="山田 太郎兵衛"))
    registry.accept(birth(registry.number_of(head), day=LATER))
    registry.accept(cancel(head, 2, effective=LATER))
    assert registry.row(head).name == "山田 太郎"


@pytest.mark.parametrize("kind", ["minor-amendment", "ex-officio-amendment", "correction"])
def test_an_amendment_changes_what_it_states_and_nothing_else(registry: Registry, kind: str) -> None:
    head, wife = registry.family("世帯主", "妻")
    before = registry.row(wife)
    registry.accept(amend(kind, wife, name="山田 華"))
    after = registry.row(wife)
    assert (after.name, after.reason.value) == ("山田 華", kind)
    assert (after.name_kana, after.birth_date, after.address) == (before.name_kana, before.birth_date, before.address)
    assert registry.row(head).history_number == 1


def test_a_correction_may_concern_birth_sex_relationship_and_dates(registry: Registry) -> None:
    _, child = registry.family("世帯主", "子")
    changed = {
        "birth_date": "1981-XX-XX",
        "relationship": "妹",
        "resident_since": "2019-04-01",
        "address_since": "2019-05-01",
    }
    registry.accept(amend("correction", child, **changed))
    row = registry.row(child)
    assert {name: getattr(row, name) for name in changed} == changed


def test_an_address_is_written_anew_for_the_whole_household(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(amend("minor-amendment", head, wife, ex_officio=False, address=AWAY))
    assert registry.row(head).address == registry.row(wife).address
    assert registry.state.address(registry.row(head).address) == AWAY.model_dump_json().encode()
    assert registry.row(head).address_since == "2020-04-01"


def test_a_former_name_is_entered_changed_and_removed(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    for name, reason in (
        ("高橋", Reason.FORMER_NAME_ENTERED),
        ("佐藤", Reason.FORMER_NAME_CHANGED),
        (None, Reason.FORMER_NAME_REMOVED),
    ):
        registry.accept(former_name(head, name))
        names = registry.row(head).other_names
        assert registry.row(head).reason is reason
        assert (names.former_name.name if names and names.former_name else None) == name
    assert registry.row(head).other_names is None


def test_an_alias_is_entered_and_removed(registry: Registry) -> None:
    number = registry.accept(enter(foreigner())).assigned[0].number
    registry.accept(alias(number, "花子"))
    names = registry.row(number).other_names
    assert names is not None and names.alias == OtherName(name="花子", name_kana="ベツメイ")
    registry.accept(alias(number, None))
    assert (registry.row(number).reason, registry.row(number).other_names) == (Reason.ALIAS_REMOVED, None)


@pytest.mark.parametrize("kind", ["my-number-change-requested", "my-number-amended", "my-number-entered"])
def test_that_a_number_was_changed_stands_in_the_history_without_the_number(registry: Registry, kind: str) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(my_number(kind, head, ex_officio=True))
    assert (registry.row(head).reason.value, registry.row(head).history_number) == (kind, 2)


@pytest.mark.parametrize(("told", "removed_on"), [(LATER, LATER), (date(2026, 5, 30), PLANNED), (PLANNED, PLANNED)])
def test_the_removal_date_is_the_earlier_of_the_planned_one_and_the_one_that_is_told(
    registry: Registry, told: date, removed_on: date
) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(move_out(head, wife, effective=PLANNED))
    assert (registry.row(head).planned_on, registry.row(head).removed_on) == (PLANNED, PLANNED)
    registry.accept(confirm(head, wife, effective=told))
    row = registry.row(wife)
    assert (row.planned_on, row.confirmed_on, row.removed_on) == (PLANNED, told, removed_on)
    history = registry.state.history(wife)
    day = as_of(history, date(2026, 5, 22), known_by_day(registry.today))
    assert day is not None
    assert (day.status is Status.REMOVED) == (removed_on == LATER)


def test_a_confirmation_is_taken_back_and_the_planned_date_holds_again(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(move_out(head, effective=PLANNED))
    registry.accept(confirm(head, effective=LATER))
    registry.accept(cancel(head, 3, effective=PLANNED))
    row = registry.row(head)
    assert (row.status, row.removed_on, row.confirmed_on) == (Status.REMOVED, PLANNED, None)
    assert row.reason is Reason.CANCELLED_AMENDMENT
    registry.accept(cancel(head, 2, effective=PLANNED))
    assert registry.row(head).status is Status.RESIDENT
