"""What each movement makes true."""

from datetime import date

from kumiai_contracts.chain import commitment
from kumiai_contracts.resident import Address, Reason, Status
from registry_in_memory import (
    AWAY,
    HOME,
    Registry,
    birth,
    cancel,
    change_address,
    change_head,
    death,
    move_in,
    move_out,
)


def test_a_family_that_is_carried_over_is_one_household_with_its_head(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    household = registry.household_of(head)
    assert (household.head, household.members) == (head, (head, wife, child))
    assert registry.row(child).status is Status.RESIDENT


def test_numbers_count_up_and_end_in_their_check_digit(registry: Registry) -> None:
    assert registry.family("世帯主", "妻") == ["0000000019", "0000000027"]
    assert registry.family("世帯主") == ["0000000035"]


def test_an_address_is_in_the_sealed_part_and_only_its_commitment_in_the_event(registry: Registry) -> None:
    accepted = registry.accept(move_in("世帯主"))
    assert [part.name for part in accepted.sealed] == ["address", "previous_address"]
    row = accepted.events[0].residents[0]  # type: ignore[attr-defined]
    assert row.address == commitment(accepted.sealed[0].salt, accepted.sealed[0].part)
    assert Address.model_validate_json(accepted.sealed[0].part) == HOME
    assert AWAY.town.encode() not in accepted.events[0].body()


def test_moving_into_an_existing_household_joins_it(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    number = registry.household_of(head).household_number
    accepted = registry.accept(move_in("妻", household_number=number))
    assert registry.household_of(head).members == (head, accepted.assigned[0].number)
    assert len(accepted.assigned) == 1


def test_moving_in_from_abroad_has_its_own_reason(registry: Registry) -> None:
    notice = move_in("世帯主").model_copy(update={"origin": "abroad"})
    number = registry.accept(notice).assigned[0].number
    assert registry.row(number).reason is Reason.MOVE_IN_FROM_ABROAD
    assert registry.row(number).status is Status.RESIDENT


def test_moving_out_abroad_has_its_own_reason(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(move_out(head).model_copy(update={"destination": "abroad"}))
    assert registry.row(head).reason is Reason.MOVE_OUT_ABROAD
    assert registry.row(head).status is Status.REMOVED


def test_a_child_is_born_at_the_address_of_the_head(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    accepted = registry.accept(birth(registry.household_of(head).household_number))
    child = registry.row(accepted.assigned[0].number)
    assert child.address == registry.row(head).address
    assert child.resident_since == "2026-05-01"


def test_when_the_head_dies_the_one_who_is_left_becomes_head_ex_officio(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(death(head))
    assert registry.household_of(wife).head == wife
    row = registry.row(wife)
    assert (row.relationship, row.reason, row.ex_officio) == ("世帯主", Reason.CHANGE_OF_HEAD, True)


def test_when_the_head_leaves_two_or_more_the_household_has_no_head_and_shows_it(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(move_out(head))
    household = registry.household_of(wife)
    assert (household.head, household.members) == (None, (wife, child))
    registry.accept(change_head(household.household_number, wife, {wife: "世帯主", child: "子"}))
    assert registry.household_of(wife).head == wife


def test_a_whole_household_that_moves_out_ends(registry: Registry) -> None:
    numbers = registry.family("世帯主", "妻")
    household_number = registry.household_of(numbers[0]).household_number
    registry.accept(move_out(*numbers))
    household = registry.state.household(household_number)
    assert household is not None
    assert (household.head, household.members) == (None, ())
    assert {registry.row(number).status for number in numbers} == {Status.REMOVED}


def test_a_move_out_may_be_planned_ahead(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(move_out(head, effective=date(2026, 7, 1)))
    assert registry.row(head).removed_on == date(2026, 7, 1)


def test_a_whole_household_that_moves_keeps_its_number(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    before = registry.row(head)
    registry.accept(change_address(head, wife))
    after = registry.row(head)
    assert after.household_number == before.household_number
    assert after.address != before.address
    assert after.address_since == "2026-05-01"


def test_part_of_a_household_that_moves_becomes_one_of_its_own(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(change_address(wife, child))
    assert registry.household_of(head).members == (head,)
    assert registry.household_of(wife).head == wife
    assert registry.row(child).relationship == "同居人"


def test_cancelling_a_death_brings_the_person_and_the_head_back(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(death(head))
    registry.accept(cancel(head, 2))
    assert registry.row(head).reason is Reason.CANCELLED_REMOVAL
    assert registry.household_of(wife).head == head
    assert registry.row(wife).relationship == "妻"
    assert [row.history_number for row in registry.state.history(head)] == [1, 2, 3]


def test_cancelling_an_entry_takes_everybody_off_the_record_who_came_with_it(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(cancel(wife, 1))
    assert {registry.row(number).status for number in (head, wife)} == {Status.REMOVED}
    assert registry.row(head).reason is Reason.CANCELLED_ENTRY


def test_cancelling_the_birth_of_one_twin_leaves_the_other(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    household_number = registry.household_of(head).household_number
    first = registry.accept(birth(household_number)).assigned[0].number
    second = registry.accept(birth(household_number)).assigned[0].number
    registry.accept(cancel(second, 1))
    assert registry.row(first).status is Status.RESIDENT
    assert registry.household_of(head).members == (head, first)


def test_cancelling_a_split_brings_the_household_together(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(change_address(wife, child))
    registry.accept(cancel(wife, 2))
    assert set(registry.household_of(head).members) == {head, wife, child}
    assert registry.row(child).relationship == "子"


def test_the_last_of_a_household_without_a_head_becomes_head(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(move_out(head))
    registry.accept(death(wife))
    assert registry.household_of(child).head == child
    assert registry.row(child).relationship == "世帯主"


def test_whoever_becomes_head_does_not_do_so_before_moving_in(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    number = registry.household_of(head).household_number
    joined = move_in("妻", household_number=number, effective=date(2026, 5, 20))
    wife = registry.accept(joined).assigned[0].number
    registry.accept(death(head, effective=date(2026, 5, 10)))
    assert registry.row(wife).effective_date == date(2026, 5, 20)
