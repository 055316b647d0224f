"""Random lives: whatever is notified in whatever order, the record stays whole."""

from datetime import date, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kumiai_contracts.decision import Accepted
from kumiai_contracts.resident import ResidentEvent, Status
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.state import RegistryState
from kumiai_resident_registry.domain.work_list import head_item, is_undecided
from registry_in_memory import (
    Registry,
    birth,
    cancel,
    change_address,
    change_head,
    death,
    move_in,
    move_out,
)

START = date(2026, 1, 1)


@st.composite
def lives(draw: st.DrawFn) -> Registry:
    """A registry after a run of movements on later and later days."""
    registry = Registry()
    registry.family("世帯主", "妻", "子", "子")
    registry.family("世帯主")
    for n in range(draw(st.integers(1, 25))):
        day = START + timedelta(days=n)
        people = registry.state.people()
        row = draw(st.sampled_from(people))
        household = registry.household_of(row.addressee_number)
        when = {"effective": day, "notified": day}
        match draw(st.sampled_from(("in", "join", "birth", "out", "death", "address", "split", "head", "cancel"))):
            case "in":
                registry.decide(move_in("世帯主", "妻", **when))
            case "join":
                registry.decide(
                    move_in(
                        draw(st.sampled_from(("同居人", HEAD))), household_number=household.household_number, **when
                    )
                )
            case "birth":
                registry.decide(birth(household.household_number, day=day))
            case "out":
                registry.decide(
                    move_out(*draw(st.sampled_from((household.members[:1], household.members))), **when)
                    if household.members
                    else death(row.addressee_number, **when)
                )
            case "death":
                registry.decide(death(row.addressee_number, **when))
            case "address" if household.members:
                registry.decide(change_address(*household.members, **when))
            case "split" if household.members:
                registry.decide(change_address(household.members[-1], **when))
            case "head" if household.members:
                head = draw(st.sampled_from(household.members))
                relationships = {m: HEAD if m == head else "同居人" for m in household.members}
                registry.decide(change_head(household.household_number, head, relationships, **when))
            case _:
                registry.decide(cancel(row.addressee_number, row.history_number, **when))
    return registry


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


@settings(max_examples=150, deadline=None)
@given(lives())
def test_a_household_waits_on_the_work_list_as_long_as_it_has_no_head(registry: Registry) -> None:
    waiting = {item.item for item in registry.affairs.all(WorkItemRow) if item.state != "settled"}
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
    ]
    before = picture(registry)
    decision = registry.decide(data.draw(st.sampled_from(notices)))
    assume(isinstance(decision, Accepted))
    assert isinstance(decision, Accepted) and isinstance(decision.events[0], ResidentEvent)
    moved = data.draw(st.sampled_from(decision.events[0].residents))
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
