"""Random lives: whatever is notified in whatever order, the record stays whole."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kumiai_contracts.decision import Accepted
from kumiai_contracts.resident import HouseholdRow, ResidentEvent, Status
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_contracts.resident_households import HouseholdMergeNotice, HouseholdSplitNotice
from kumiai_resident_registry.domain.history import standing
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.state import RegistryState
from kumiai_resident_registry.domain.work_list import head_item, is_undecided
from registry_in_memory import (
    AWAY,
    HOME,
    Registry,
    amend,
    birth,
    cancel,
    change_address,
    change_head,
    change_household,
    change_nationality,
    confirm,
    death,
    join_by_moving,
    merge,
    move_in,
    move_out,
    remake,
    remove,
    split,
)

START = date(2026, 1, 1)
KINDS = (
    *("in", "join", "birth", "out", "death", "address"),
    *("part", "split", "merge", "change", "head", "cancel", "cancel"),
    *("amend", "remake", "remove", "confirm"),
)


def headed(draw: st.DrawFn, people: Sequence[str]) -> dict[str, str]:
    """Relationships of people, one of whom is head."""
    head = draw(st.sampled_from(people))
    return {person: HEAD if person == head else "縁故者" for person in people}


def parts(household: HouseholdRow) -> st.SearchStrategy[list[str]]:
    """Some of a household."""
    return st.lists(st.sampled_from(household.members), min_size=1, unique=True)


@st.composite
def splits(draw: st.DrawFn, household: HouseholdRow, **when: date) -> HouseholdSplitNotice:
    """Some of a household become one of their own, and the others name a head or don't."""
    parting = draw(parts(household))
    staying = [person for person in household.members if person not in parting]
    rest = headed(draw, staying) if staying and household.head in parting and draw(st.booleans()) else None
    return split(headed(draw, parting), rest, **when)


@st.composite
def merges(draw: st.DrawFn, household: HouseholdRow, other: HouseholdRow, **when: date) -> HouseholdMergeNotice:
    """A household joins another one, which keeps its head or gets another."""
    everybody = (*household.members, *other.members)
    stated = headed(draw, everybody) if draw(st.booleans()) else dict.fromkeys(other.members, "同居人")
    return merge(household.household_number, other.household_number, stated, **when)


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
        other = registry.household_of(draw(st.sampled_from(people)).addressee_number)
        match draw(st.sampled_from(KINDS)):
            case "in":
                registry.decide(move_in("世帯主", "妻", **when))
            case "join":
                term = draw(st.sampled_from(("同居人", HEAD)))
                joining = move_in(term, household_number=household.household_number, **when)
                registry.decide(joining.model_copy(update={"address": draw(st.sampled_from((HOME, AWAY)))}))
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
            case "part" if household.members:
                registry.decide(change_address(household.members[-1], **when))
            case "split" if household.members:
                registry.decide(draw(splits(household, **when)))
            case "merge" if other.members:
                registry.decide(draw(merges(household, other, **when)))
            case "change" if household.members:
                parting = draw(parts(household))
                relationships = dict.fromkeys(parting, "同居人")
                change = draw(st.sampled_from((change_household, join_by_moving)))
                registry.decide(change(other.household_number, *parting, relationships=relationships, **when))
            case "amend" if household.members:
                changed = draw(st.sampled_from(({"address": AWAY}, {"address": HOME}, {"name": "山田 華"})))
                named = household.members if "address" in changed else household.members[-1:]
                notice = amend("correction", *named, **changed)
                registry.decide(notice.model_copy(update={"effective_date": day, "notified_date": day}))
            case "remake":
                registry.decide(remake("renewed", *(household.members or (row.addressee_number,)), **when))
            case "remove":
                registry.decide(remove(row.addressee_number, **when))
            case "confirm":
                told = draw(st.sampled_from((day, day - timedelta(days=5))))
                registry.decide(confirm(row.addressee_number, effective=told, notified=day))
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
