"""Random lives: whatever is notified in whatever order, the record stays whole."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kumiai_contracts.decision import Accepted
from kumiai_contracts.resident import ResidentEvent, Status
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_resident_registry.domain.history import standing
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.state import RegistryState
from kumiai_resident_registry.domain.work_list import head_item, is_undecided
from random_lives import lives, merges, splits
from registry_in_memory import (
    Registry,
    cancel,
    change_address,
    change_head,
    change_household,
    change_nationality,
    death,
    move_out,
    remake,
    remove,
)


@settings(max_examples=150, deadline=None)
@given(lives())
def test_the_record_stays_whole(registry: Registry) -> None:
    people = registry.state.people()
    for row in people:
        history = registry.state.history(row.addressee_number)
        assert [each.history_number for each in history] == list(range(1, len(history) + 1))
        household = registry.household_of(row.addressee_number)
        assert (row.addressee_number in household.members) == (row.status is Status.RESIDENT)
    for household in {row.household_number for row in people}:
        found = registry.state.household(household)
        assert found is not None
        assert len(set(found.members)) == len(found.members)
        assert found.head is None or found.head in found.members
        heads = [row.addressee_number for row in registry.state.members(found) if row.relationship == HEAD]
        assert heads == ([found.head] if found.head else [])
        assert found.head is not None or len(found.members) != 1
        assert all(row.household_number == household for row in registry.state.members(found))
        assert len({registry.state.address(row.address) for row in registry.state.members(found)}) <= 1


@settings(max_examples=100, deadline=None)
@given(lives())
def test_everybody_has_one_address_on_every_day_from_the_entry_to_the_removal(registry: Registry) -> None:
    for row in registry.state.people():
        held = standing(registry.state.history(row.addressee_number))
        moves = [each for each in held if each.confirmed_on is None]
        days = [each.effective_date for each in moves]
        assert days == sorted(days)
        left = [n for n, each in enumerate(moves) if each.status is Status.REMOVED]
        assert all(n == len(moves) - 1 or moves[n + 1].movement == moves[n].movement for n in left)
        assert all(each.removed_on == min(each.planned_on, each.confirmed_on) for each in held[len(moves) :])
        assert all(each.address_since <= each.effective_date.isoformat() for each in held)
        assert [each for each in held if each.cancels is not None] == []


@settings(max_examples=150, deadline=None)
@given(lives())
def test_a_household_waits_on_the_work_list_as_long_as_it_has_no_head(registry: Registry) -> None:
    open_ = [item for item in registry.affairs.all(WorkItemRow) if item.state != "settled"]
    waiting = {item.item for item in open_ if item.kind == "head-undecided"}
    assert waiting == {
        head_item(household.household_number) for household in registry.state.households() if is_undecided(household)
    }


@settings(max_examples=60, deadline=None)
@given(lives())
def test_the_state_is_the_fold_of_the_events(registry: Registry) -> None:
    folded = RegistryState()
    for event in registry.events:
        folded.apply(event)
    assert {row.addressee_number: row for row in folded.people()} == {
        row.addressee_number: row for row in registry.state.people()
    }


@settings(max_examples=60, deadline=None)
@given(lives())
def test_whoever_is_on_the_record_can_leave_it(registry: Registry) -> None:
    for row in registry.state.people():
        if row.status is Status.RESIDENT and row.effective_date <= registry.today:
            decision = registry.decide(move_out(row.addressee_number, effective=registry.today))
            assert isinstance(decision, Accepted), decision


@settings(max_examples=150, deadline=None)
@given(lives(), st.data())
def test_a_cancellation_at_once_leaves_everything_as_it_was(registry: Registry, data: st.DataObject) -> None:
    alive = [row for row in registry.state.people() if row.status is Status.RESIDENT]
    assume(alive)
    row = data.draw(st.sampled_from(alive))
    household = registry.household_of(row.addressee_number)
    some = data.draw(st.sampled_from((household.members[:1], household.members[-1:], household.members)))
    notices = [
        death(row.addressee_number, effective=registry.today),
        move_out(*some, effective=registry.today),
        change_address(*some, effective=registry.today),
        change_head(
            household.household_number,
            household.members[-1],
            {m: HEAD if m == household.members[-1] else "縁故者" for m in household.members},
            effective=registry.today,
        ),
        data.draw(splits(household, effective=registry.today)),
        remake("recreated", *some, effective=registry.today),
        remove(*some, effective=registry.today),
        change_nationality(row.addressee_number, "GBR", effective=registry.today),
    ]
    other = registry.household_of(data.draw(st.sampled_from(alive)).addressee_number)
    if other != household:
        lodgers = dict.fromkeys(some, "同居人")
        notices += [
            data.draw(merges(household, other, effective=registry.today)),
            change_household(other.household_number, *some, relationships=lodgers, effective=registry.today),
        ]
    before = picture(registry)
    decision = registry.decide(data.draw(st.sampled_from(notices)))
    assume(isinstance(decision, Accepted))
    assert isinstance(decision, Accepted) and isinstance(decision.events[0], ResidentEvent)
    moved = registry.row(data.draw(st.sampled_from(decision.events[0].residents)).addressee_number)
    registry.accept(cancel(moved.addressee_number, moved.history_number, effective=registry.today))
    assert picture(registry) == before


def picture(registry: Registry) -> tuple[object, object]:
    """Everybody and every household with members, apart from how it was recorded."""
    people = {
        row.addressee_number: (row.status, row.household_number, row.relationship, row.address, row.removed_on)
        for row in registry.state.people()
    }
    households = {
        number: (found.head, frozenset(found.members))
        for number in {row.household_number for row in registry.state.people()}
        if (found := registry.state.household(number)) is not None and found.members
    }
    return people, households
