"""Households at one address: who is in which, with which head, and what everybody is to it."""

from datetime import date

from kumiai_contracts.decision import Accepted
from kumiai_contracts.resident import Reason
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_resident_registry.domain.work_list import head_item
from registry_in_memory import (
    AWAY,
    HOME,
    Registry,
    birth,
    cancel,
    change_address,
    change_head,
    change_household,
    death,
    join_by_moving,
    merge,
    move_in,
    move_out,
    split,
)

LATER = date(2026, 5, 20)
CODE = {("others-moved-since", "/history_number")}


def terms(registry: Registry, *numbers: str) -> list[str]:
    return [registry.row(number).relationship for number in numbers]


def test_a_split_makes_a_household_at_the_same_address(registry: Registry) -> None:
    head, wife, child, parent = registry.family("世帯主", "妻", "子", "妻の母")
    accepted = registry.accept(split({wife: "世帯主", child: "子", parent: "母"}))
    assert registry.household_of(head).members == (head,)
    household = registry.household_of(wife)
    assert (household.head, household.members) == (wife, (wife, child, parent))
    assert accepted.assigned[0].number == household.household_number
    assert registry.row(wife).address == registry.row(head).address
    assert registry.row(wife).reason is Reason.HOUSEHOLD_SPLIT


def test_one_person_who_is_parted_is_head_without_saying_so(registry: Registry) -> None:
    _, child = registry.family("世帯主", "子")
    notice = split({child: "世帯主"})
    registry.accept(notice.model_copy(update={"relationships": {}}))
    assert registry.household_of(child).head == child


def test_what_follows_from_before_need_not_be_stated(registry: Registry) -> None:
    _, wife, parent = registry.family("世帯主", "妻", "妻の母")
    notice = split({wife: "世帯主"}).model_copy(update={"addressee_numbers": (wife, parent)})
    registry.accept(notice)
    assert terms(registry, wife, parent) == ["世帯主", "母"]


def test_those_whom_the_head_leaves_by_a_split_may_name_another_in_the_same_notice(registry: Registry) -> None:
    head, wife, child, other = registry.family("世帯主", "妻", "子", "子")
    accepted = registry.accept(split({head: "世帯主", child: "子"}, {wife: "世帯主", other: "子"}))
    assert len(accepted.events) == 1
    assert registry.household_of(wife).head == wife
    assert (registry.row(other).reason, registry.row(other).relationship) == (Reason.CHANGE_OF_HEAD, "子")


def test_those_whom_the_head_leaves_by_a_split_without_a_word_have_no_head_and_show_it(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    number = registry.number_of(wife)
    registry.accept(split({head: "世帯主"}))
    assert registry.household_of(wife).head is None
    assert registry.affairs.get(WorkItemRow, head_item(number)).state == "open"  # type: ignore[union-attr]
    registry.accept(change_head(number, wife, {child: "子"}))
    assert registry.affairs.get(WorkItemRow, head_item(number)).state == "settled"  # type: ignore[union-attr]


def test_the_one_whom_the_head_leaves_by_a_split_becomes_head(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(split({head: "世帯主", child: "子"}))
    assert (registry.household_of(wife).head, registry.row(wife).ex_officio) == (wife, True)


def test_a_merge_joins_two_households_and_ends_one(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    son, daughter_in_law, grandchild = registry.family("世帯主", "妻", "子")
    into, merged = registry.number_of(head), registry.number_of(son)
    accepted = registry.accept(merge(into, merged, {head: "世帯主", son: "子"}))
    assert registry.household_of(head).members == (head, wife, son, daughter_in_law, grandchild)
    assert registry.household_of(head).head == head
    assert terms(registry, son, daughter_in_law, grandchild) == ["子", "子の妻", "子の子"]
    ended = registry.state.household(merged)
    assert ended is not None and (ended.head, ended.members) == (None, ())
    assert (len(accepted.events), registry.row(wife).history_number) == (1, 1)
    assert registry.row(grandchild).reason is Reason.HOUSEHOLD_MERGE


def test_a_merge_may_bring_another_head_for_everybody(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    son, grandchild = registry.family("世帯主", "子")
    into = registry.number_of(head)
    registry.accept(merge(into, registry.number_of(son), {son: "世帯主", head: "父", wife: "母"}))
    assert registry.household_of(head).head == son
    assert terms(registry, head, wife, son, grandchild) == ["父", "母", "世帯主", "子"]


def test_a_household_without_a_head_takes_its_head_from_a_merge(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(death(head))
    (uncle,) = registry.family("世帯主")
    stated = {uncle: "世帯主", wife: "兄の妻", child: "兄の子"}
    registry.accept(merge(registry.number_of(wife), registry.number_of(uncle), stated))
    assert registry.household_of(child).head == uncle
    assert not [item for item in registry.affairs.all(WorkItemRow) if item.state != "settled"]


def test_a_change_of_household_moves_a_part_to_another_one(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    (grandmother,) = registry.family("世帯主")
    number = registry.number_of(grandmother)
    registry.accept(change_household(number, wife, child, relationships={wife: "子", child: "子の子"}))
    assert registry.household_of(grandmother).members == (grandmother, wife, child)
    assert registry.household_of(head).members == (head,)
    assert registry.row(wife).reason is Reason.CHANGE_OF_HOUSEHOLD
    assert registry.row(wife).address == registry.row(head).address


def test_who_moves_to_another_household_takes_its_address_and_a_relationship(registry: Registry) -> None:
    head, child = registry.family("世帯主", "子")
    (lover,) = registry.family("世帯主", address=AWAY)
    number = registry.number_of(lover)
    registry.accept(join_by_moving(number, child, relationships={child: "妻（未届）"}, address=AWAY))
    assert registry.household_of(lover).members == (lover, child)
    row = registry.row(child)
    assert (row.reason, row.relationship) == (Reason.CHANGE_OF_ADDRESS, "妻（未届）")
    assert row.address != registry.row(head).address
    assert registry.refuse(
        join_by_moving(registry.number_of(head), lover, relationships={lover: "子"}, address=AWAY)
    ) == {("addresses-differ", "/address")}


def test_a_part_that_moves_away_keeps_what_follows_from_before(registry: Registry) -> None:
    _, wife, parent, child = registry.family("世帯主", "妻", "妻の母", "子")
    notice = change_address(wife, parent, child)
    registry.accept(notice.model_copy(update={"relationships": {child: "子"}}))
    assert terms(registry, wife, parent, child) == ["世帯主", "母", "子"]


def test_a_change_of_head_reckons_what_is_certain(registry: Registry) -> None:
    head, wife, parent, child = registry.family("世帯主", "妻", "妻の母", "子")
    number = registry.number_of(head)
    assert registry.refuse(change_head(number, wife, {})) == {("relationship-not-reckoned", f"/relationships/{child}")}
    registry.accept(change_head(number, wife, {child: "子"}))
    assert terms(registry, head, wife, parent, child) == ["夫", "世帯主", "母", "子"]


def test_a_split_is_taken_back_for_both_households(registry: Registry) -> None:
    head, wife, child, other = registry.family("世帯主", "妻", "子", "子")
    registry.accept(split({head: "世帯主", child: "子"}, {wife: "世帯主", other: "子"}))
    registry.accept(cancel(other, 2))
    assert registry.household_of(head).head == head
    assert set(registry.household_of(head).members) == {head, wife, child, other}
    assert terms(registry, head, wife, child, other) == ["世帯主", "妻", "子", "子"]


def test_a_merge_is_taken_back_by_anybody_whom_it_moved(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    son, grandchild = registry.family("世帯主", "子")
    into, merged = registry.number_of(head), registry.number_of(son)
    registry.accept(merge(into, merged, {son: "世帯主", head: "父", wife: "母"}))
    registry.accept(cancel(wife, 2))
    assert (registry.household_of(head).head, registry.household_of(son).head) == (head, son)
    assert terms(registry, head, wife, son, grandchild) == ["世帯主", "妻", "世帯主", "子"]


def test_a_merge_stays_when_somebody_has_moved_since(registry: Registry) -> None:
    (head,), (son, grandchild) = registry.family("世帯主"), registry.family("世帯主", "子")
    registry.accept(merge(registry.number_of(head), registry.number_of(son), {son: "子"}))
    registry.accept(move_out(grandchild, effective=LATER))
    assert registry.refuse(cancel(son, 2, effective=LATER)) == CODE


def test_nobody_comes_back_to_a_household_whose_head_came_by_a_merge_since(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    (uncle,) = registry.family("世帯主")
    registry.accept(move_out(child))
    stated = {uncle: "世帯主", head: "兄", wife: "兄の妻"}
    registry.accept(merge(registry.number_of(head), registry.number_of(uncle), stated, effective=LATER))
    assert registry.refuse(cancel(child, 2, effective=LATER)) == CODE


def test_a_split_stays_when_somebody_was_born_into_the_new_household(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(split({head: "世帯主"}, {wife: "世帯主", child: "子"}))
    registry.accept(birth(registry.number_of(head), day=LATER))
    for moved in (head, wife):
        assert registry.refuse(cancel(moved, 2, effective=LATER)) == CODE


def test_people_of_two_households_merge_only_where_they_live_at_one_address(registry: Registry) -> None:
    (head,), (son,) = registry.family("世帯主"), registry.family("世帯主", address=AWAY)
    into, merged = registry.number_of(head), registry.number_of(son)
    assert registry.refuse(merge(into, merged, {son: "子"})) == {("addresses-differ", "/merged_household_number")}
    registry.accept(join_by_moving(into, son, relationships={son: "子"}, address=HOME))
    assert registry.household_of(son).head == head


def test_two_moves_to_one_address_make_a_merge_possible(registry: Registry) -> None:
    first = registry.accept(move_in("世帯主")).assigned[0].number
    second = registry.accept(move_in("世帯主")).assigned[0].number
    assert registry.row(first).address != registry.row(second).address
    decision = registry.decide(merge(registry.number_of(first), registry.number_of(second), {second: "妹"}))
    assert isinstance(decision, Accepted)
