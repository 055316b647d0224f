"""Taking movements back: for everybody whom they moved, the last one first, and never over somebody else's."""

from datetime import date

from kumiai_contracts.resident import Reason, Status
from registry_in_memory import Registry, birth, cancel, change_address, change_head, death, move_in, move_out

CODE = {("others-moved-since", "/history_number")}
LATER = date(2026, 5, 20)


def test_after_a_cancelled_death_the_right_and_earlier_date_is_accepted(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(death(head, effective=date(2026, 5, 2)))
    registry.accept(cancel(head, 2, effective=LATER))
    registry.accept(death(head, effective=date(2026, 5, 1)))
    assert registry.row(head).removed_on == date(2026, 5, 1)


def test_movements_are_taken_back_one_after_another_down_to_the_entry(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(change_address(head))
    registry.accept(cancel(head, 2))
    registry.accept(cancel(head, 1))
    row = registry.row(head)
    assert (row.history_number, row.cancels, row.reason) == (4, 1, Reason.CANCELLED_ENTRY)
    assert registry.refuse(cancel(head, 1)) == {("history-number-not-current", "/history_number")}


def test_two_people_who_left_one_after_the_other_come_back_in_reverse(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(move_out(child))
    registry.accept(death(wife))
    registry.accept(cancel(wife, 2))
    registry.accept(cancel(child, 2))
    assert set(registry.household_of(head).members) == {head, wife, child}


def test_an_entry_is_not_cancelled_when_somebody_who_came_with_it_has_split_off(registry: Registry) -> None:
    head, _, child = registry.family("世帯主", "妻", "子")
    registry.accept(change_address(child))
    assert registry.refuse(cancel(head, 1)) == CODE


def test_a_household_that_somebody_was_born_into_does_not_become_unmade(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(birth(registry.household_of(head).household_number))
    assert registry.refuse(cancel(head, 1)) == CODE


def test_who_moved_out_comes_back_though_a_child_was_born_meanwhile(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(move_out(wife))
    registry.accept(birth(registry.household_of(head).household_number, day=LATER))
    registry.accept(cancel(wife, 2, effective=LATER))
    assert len(registry.household_of(head).members) == 3


def test_nobody_comes_back_to_a_household_that_has_moved_since(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(move_out(wife))
    registry.accept(change_address(head))
    assert registry.refuse(cancel(wife, 2)) == CODE


def test_nobody_comes_back_to_a_household_that_has_ended_since(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(move_out(wife))
    registry.accept(death(head))
    assert registry.refuse(cancel(wife, 2)) == CODE


def test_a_head_does_not_come_back_to_a_second_one(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(move_out(head))
    number = registry.household_of(wife).household_number
    registry.accept(move_in("世帯主", household_number=number))
    assert registry.refuse(cancel(head, 2)) == CODE
    assert registry.row(child).status is Status.RESIDENT


def test_who_became_head_by_another_movement_takes_that_movement_back(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(death(head))
    registry.accept(cancel(wife, 2))
    assert registry.row(head).reason is Reason.CANCELLED_REMOVAL
    assert (registry.row(wife).relationship, registry.row(wife).reason) == ("妻", Reason.CANCELLED_AMENDMENT)


def test_a_change_of_head_is_taken_back_for_all_members(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    number = registry.household_of(head).household_number
    registry.accept(change_head(number, wife, {head: "夫", wife: "世帯主", child: "子"}))
    registry.accept(cancel(child, 2))
    assert registry.household_of(head).head == head
    assert [registry.row(n).relationship for n in (head, wife, child)] == ["世帯主", "妻", "子"]


def test_a_planned_move_out_is_taken_back_before_its_day(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(move_out(head, effective=date(2026, 7, 1)))
    registry.accept(cancel(head, 2, effective=registry.today))
    assert (registry.row(head).status, registry.row(head).removed_on) == (Status.RESIDENT, None)


def test_the_one_who_is_left_by_a_cancelled_entry_becomes_head(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    number = registry.household_of(head).household_number
    newcomer = registry.accept(move_in("同居人", household_number=number)).assigned[0].number
    registry.accept(move_out(head, effective=LATER))
    assert registry.household_of(wife).head is None
    registry.accept(cancel(newcomer, 1, effective=LATER))
    assert (registry.household_of(wife).head, registry.row(wife).relationship) == (wife, "世帯主")


def test_a_household_without_a_head_that_moved_out_whole_comes_back_without_a_head(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(move_out(head))
    registry.accept(move_out(wife, child))
    registry.accept(cancel(wife, 2))
    household = registry.household_of(wife)
    assert (household.head, set(household.members)) == (None, {wife, child})
