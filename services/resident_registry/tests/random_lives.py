"""Random lives: whatever is notified in whatever order, for tests of what holds all the same."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st
from kumiai_contracts.resident import HouseholdRow
from kumiai_contracts.resident_households import HouseholdMergeNotice, HouseholdSplitNotice
from kumiai_resident_registry.domain.relationships import HEAD
from registry_in_memory import (
    AWAY,
    HOME,
    TODAY,
    Registry,
    amend,
    birth,
    cancel,
    change_address,
    change_head,
    change_household,
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
    *("amend", "remake", "remove", "planned", "confirm", "earlier"),
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
    """A registry after a run of movements on later and later days, each recorded that day or some days later."""
    registry = Registry()
    registry.today = START
    registry.family("世帯主", "妻", "子", "子")
    registry.family("世帯主")
    for n in range(draw(st.integers(1, 25))):
        day = START + timedelta(days=n)
        registry.today = max(registry.today, day + timedelta(days=draw(st.integers(0, 3))))
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
            case "planned" if household.members:
                registry.decide(move_out(household.members[-1], effective=day + timedelta(days=9), notified=day))
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
            case "earlier":
                number = draw(st.integers(1, row.history_number))
                registry.decide(cancel(row.addressee_number, number, **when))
            case _:
                registry.decide(cancel(row.addressee_number, row.history_number, **when))
    registry.today = TODAY
    return registry
