"""As of an effective date, as known at a processing date."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from kumiai_contracts.decision import Accepted
from kumiai_contracts.resident import ResidentRow, Status
from kumiai_resident_registry.domain.as_of import as_of, known_by_day, living_in
from registry_in_memory import Registry, birth, cancel, change_address, death, move_out

START = date(2026, 1, 1)


def rows_of(registry: Registry, number: str, effective: date, known: date) -> ResidentRow | None:
    return as_of(registry.state.history(number), effective, known_by_day(known))


def test_a_movement_holds_from_its_effective_date_and_is_known_from_its_processing_date(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.today = date(2026, 6, 10)
    registry.accept(change_address(head, effective=date(2026, 6, 1), notified=date(2026, 6, 10)))
    before, after = registry.state.history(head)
    assert rows_of(registry, head, date(2026, 5, 31), date(2026, 6, 10)) == before
    assert rows_of(registry, head, date(2026, 6, 1), date(2026, 6, 10)) == after
    assert rows_of(registry, head, date(2026, 6, 1), date(2026, 6, 9)) == before
    assert rows_of(registry, head, date(2019, 1, 1), date(2026, 6, 10)) is None


def test_a_cancelled_movement_never_was_once_that_is_known(registry: Registry) -> None:
    _, wife = registry.family("世帯主", "妻")
    registry.accept(death(wife, effective=date(2026, 5, 1)))
    registry.today = date(2026, 6, 5)
    registry.accept(cancel(wife, 2, effective=date(2026, 6, 5)))
    then = rows_of(registry, wife, date(2026, 5, 20), date(2026, 6, 1))
    now = rows_of(registry, wife, date(2026, 5, 20), date(2026, 6, 5))
    assert then is not None and then.status is Status.REMOVED
    assert now is not None and now.history_number == 1


def test_a_planned_move_out_holds_from_the_planned_day(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    registry.accept(move_out(wife, effective=date(2026, 7, 1)))
    histories = [registry.state.history(number) for number in (head, wife)]
    number = registry.row(head).household_number
    known = known_by_day(registry.today)
    assert len(living_in(histories, number, date(2026, 6, 30), known)) == 2
    assert [row.addressee_number for row in living_in(histories, number, date(2026, 7, 1), known)] == [head]


@st.composite
def days(draw: st.DrawFn) -> tuple[Registry, dict[date, dict[str, tuple[object, ...] | None]]]:
    """A run of movements, one a day, and what the state said at the end of each day."""
    registry = Registry()
    registry.today = START
    registry.family("世帯主", "妻", "子", since=START - timedelta(days=1000))
    seen: dict[date, dict[str, tuple[object, ...] | None]] = {}
    for n in range(draw(st.integers(1, 15))):
        registry.today = day = START + timedelta(days=n)
        row = draw(st.sampled_from(registry.state.people()))
        when = {"effective": day, "notified": day}
        match draw(st.sampled_from(("birth", "out", "address", "death", "cancel"))):
            case "birth":
                registry.decide(birth(row.household_number, day=day))
            case "out":
                registry.decide(move_out(row.addressee_number, **when))
            case "address":
                registry.decide(change_address(row.addressee_number, **when))
            case "death":
                registry.decide(death(row.addressee_number, **when))
            case _:
                assert not isinstance(
                    registry.decide(cancel(row.addressee_number, row.history_number, **when)), Accepted
                ) or registry.state.current(row.addressee_number)
        seen[day] = {each.addressee_number: picture(each) for each in registry.state.people()}
    return registry, seen


@settings(max_examples=100, deadline=None)
@given(days())
def test_as_of_a_day_as_known_that_day_is_what_the_record_said_that_day(
    lived: tuple[Registry, dict[date, dict[str, tuple[object, ...] | None]]],
) -> None:
    registry, seen = lived
    for day, people in seen.items():
        for number, said in people.items():
            row = rows_of(registry, number, day, day)
            assert (picture(row) if row else None) == (said if said and said[0] != "never" else None)


def picture(row: ResidentRow) -> tuple[object, ...]:
    """What holds about a person, apart from how it was recorded; an entry that never was is nobody."""
    if row.cancels is not None and row.reason == "cancelled-entry":
        return ("never",)
    return (row.status, row.household_number, row.relationship, row.address)
