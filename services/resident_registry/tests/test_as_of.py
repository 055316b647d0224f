"""As of an effective date, as known at a processing date."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from kumiai_contracts.resident import ResidentRow, Status
from kumiai_resident_registry.domain.as_of import as_of, known_by_day, known_by_instant, living_in
from random_lives import START, lives
from registry_in_memory import TODAY, Registry, cancel, change_address, death, move_out
from second_fold import SecondFold, last_receipt

DAYS = st.integers(-1, 40).map(lambda n: START + timedelta(days=n))


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


@settings(max_examples=150, deadline=None)
@given(lives(), st.data())
def test_the_tables_answer_as_a_fold_of_the_log_does(registry: Registry, data: st.DataObject) -> None:
    day, by = data.draw(DAYS), data.draw(DAYS)
    fold = SecondFold(registry, last_receipt(registry, by))
    histories = {row.addressee_number: registry.state.history(row.addressee_number) for row in registry.state.people()}
    for number, history in histories.items():
        assert as_of(history, day, known_by_day(by)) == fold.person(number, day)
    for household in registry.state.households():
        members = living_in(histories.values(), household.household_number, day, known_by_day(by))
        assert [row.addressee_number for row in members] == fold.household(household.household_number, day)


@settings(max_examples=100, deadline=None)
@given(lives())
def test_as_of_the_last_day_as_known_now_is_what_the_tables_of_households_say(registry: Registry) -> None:
    histories = [registry.state.history(row.addressee_number) for row in registry.state.people()]
    for household in registry.state.households():
        members = living_in(histories, household.household_number, date.max, known_by_day(registry.today))
        assert {row.addressee_number for row in members} == set(household.members)


@settings(max_examples=100, deadline=None)
@given(lives(), st.data())
def test_what_was_known_at_a_time_never_changes(registry: Registry, data: st.DataObject) -> None:
    day, by = data.draw(DAYS), data.draw(DAYS)
    number = data.draw(st.sampled_from(registry.state.people())).addressee_number
    whole = registry.state.history(number)
    then = [row for row in whole if row.processed_date <= by]
    assert as_of(whole, day, known_by_day(by)) == as_of(then, day, known_by_day(date.max))


def test_an_instant_tells_times_within_a_day_apart(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(change_address(head))
    registry.accept(cancel(head, 2))
    first, moved, back = registry.state.history(head)
    recorded = {f"resident-registry-receipts:1:{n}": at for n, at in registry.times.items()}
    known = [
        as_of(registry.state.history(head), TODAY, known_by_instant(f"2026-06-01T00:0{n}:30", recorded))
        for n in range(4)
    ]
    assert known == [None, first, moved, first]
    assert back.cancels == 2
