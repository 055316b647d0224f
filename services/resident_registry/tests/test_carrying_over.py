"""Histories that are carried over (移行): stated as they were, and refused only where nobody could go on from them."""

from datetime import date
from typing import Any

import pytest
from kumiai_contracts.decision import Accepted, Refused
from kumiai_contracts.identifiers import resident_record_check_digit, with_check_digit
from kumiai_contracts.resident import Reason, ResidentRow, Sex, Status
from kumiai_contracts.resident_affairs import (
    GaijiKept,
    ProtectionChanged,
    ProtectionEndingNotice,
    ProtectionRow,
    WorkItemsChanged,
)
from kumiai_contracts.resident_carry_over import (
    CarriedMovement,
    CarriedPerson,
    CarriedProtection,
    HistoryCarryOverNotice,
    ResidentHistoryCarriedOver,
)
from kumiai_resident_registry.domain.as_of import as_of, known_by_day
from kumiai_resident_registry.domain.refusals_carry_over import CARRY_OVER_TEXTS
from registry_in_memory import AWAY, HOME, Registry, cancel, change_address

DAY = date(2026, 5, 31)


def row(day: str = "2010-04-01", **changes: Any) -> CarriedMovement:
    given: dict[str, Any] = {
        "status": Status.RESIDENT,
        "old_household_number": "H1",
        "relationship": "世帯主",
        "name": "山田 太郎",
        "name_kana": "ヤマダ タロウ",
        "birth_date": "1980-02-30",
        "sex": Sex.MALE,
        "resident_since": "2010-04-01",
        "address_since": "XXXX-XX-XX",
        "address": HOME,
        "reason": Reason.DOMESTIC_MOVE_IN,
        **dict.fromkeys(("effective_date", "notified_date", "processed_date"), date.fromisoformat(day)),
    }
    return CarriedMovement(**{**given, **changes})


def someone(number: str = "0001", *history: CarriedMovement, **more: Any) -> CarriedPerson:
    return CarriedPerson(old_number=number, history=history or (row(),), **more)


def notice(*people: CarriedPerson, household: str = "H1", **changes: Any) -> HistoryCarryOverNotice:
    given: dict[str, Any] = {"effective_date": DAY, "notified_date": DAY, "place": "本庁", "operator": "import"}
    return HistoryCarryOverNotice(
        **{**given, **changes}, system="old-juki", old_household_number=household, persons=people or (someone(),)
    )


def carried(registry: Registry, *people: CarriedPerson, household: str = "H1") -> ResidentHistoryCarriedOver:
    decision = registry.decide(notice(*people, household=household))
    assert isinstance(decision, Accepted), decision
    (event,) = decision.events
    assert isinstance(event, ResidentHistoryCarriedOver)
    ResidentHistoryCarriedOver.model_validate_json(event.body())
    return event


def test_every_row_stands_in_the_record_as_the_system_before_had_it(registry: Registry) -> None:
    before = row("2010-04-01", old_household_number="H9", previous_address=AWAY)
    after = row("2019-08-01", reason=Reason.CHANGE_OF_ADDRESS, ex_officio=True)
    event = carried(registry, someone("0001", before, after))
    first, second = event.residents
    assert (first.history_number, second.history_number) == (1, 2)
    assert (second.reason, second.effective_date, second.ex_officio) == (
        Reason.CHANGE_OF_ADDRESS,
        date(2019, 8, 1),
        True,
    )
    assert second.processed_date == date(2019, 8, 1)
    assert (second.birth_date, second.address_since) == ("1980-02-30", "XXXX-XX-XX")
    assert first.household_number != second.household_number
    assert {household.household_number: household.members for household in event.households} == {
        second.household_number: (second.addressee_number,),
        first.household_number: (),
    }


def test_a_history_answers_for_the_past(registry: Registry) -> None:
    event = carried(registry, someone("0001", row("2010-04-01"), row("2019-08-01", name="山本 太郎")))
    history = [each for each in event.residents if isinstance(each, ResidentRow)]
    held = as_of(history, date(2015, 1, 1), known_by_day(DAY))
    assert held is not None and held.name == "山田 太郎"


def test_a_household_of_the_past_gets_its_members_by_its_own_notice(registry: Registry) -> None:
    left = carried(registry, someone("0001", row(old_household_number="H2"), row("2019-08-01")))
    past = left.residents[0].household_number
    assert registry.state.household(past).members == ()  # type: ignore[union-attr]
    stayed = carried(registry, someone("0002", row(old_household_number="H2")), household="H2")
    assert stayed.residents[0].household_number == past
    assert registry.state.household(past).members == (stayed.residents[0].addressee_number,)  # type: ignore[union-attr]


def test_who_was_removed_is_on_the_record_and_in_no_household(registry: Registry) -> None:
    died = row("2020-02-02", status=Status.REMOVED, removed_on=date(2020, 2, 2), reason=Reason.DEATH)
    event = carried(registry, someone("0001", row(), died))
    assert event.residents[-1].status is Status.REMOVED
    assert [household.members for household in event.households] == [()]


def test_a_large_household_comes_in_two_notices(registry: Registry) -> None:
    carried(registry, someone("0001"))
    more = carried(registry, someone("0002", row(relationship="子")))
    (household,) = more.households
    assert len(household.members) == 2
    assert household.head == household.members[0]


def test_life_goes_on_from_a_carried_history(registry: Registry) -> None:
    event = carried(registry, someone("0001", row(), row("2019-08-01")))
    number = event.residents[0].addressee_number
    moved = registry.decide(change_address(number, effective_date=date(2026, 5, 1)))
    assert isinstance(moved, Accepted)
    assert moved.events[0].residents[0].history_number == 3  # type: ignore[attr-defined]


def test_gaiji_of_every_row_are_kept_and_listed(registry: Registry) -> None:
    before = row(name="山\ue000 太郎")
    decision = registry.decide(notice(someone("0001", before, row("2019-08-01")), gaiji_system="old-juki"))
    assert isinstance(decision, Accepted)
    assert [type(event) for event in decision.events[1:]] == [GaijiKept, WorkItemsChanged]
    assert decision.events[0].residents[0].name == "山\ue000 太郎"  # type: ignore[attr-defined]


DIED = {"status": Status.REMOVED, "reason": Reason.DEATH}
WRONG: dict[str, tuple[HistoryCarryOverNotice, str]] = {
    "old-number-twice": (notice(someone("0001"), someone("0001", row(relationship="妻"))), "/persons/1/old_number"),
    "history-out-of-order": (
        notice(someone("0001", row("2019-08-01"), row("2010-04-01"))),
        "/persons/0/history/1/effective_date",
    ),
    "processed-date-in-future": (
        notice(someone("0001", row(processed_date=date(2026, 6, 2)))),
        "/persons/0/history/0/processed_date",
    ),
    "effective-date-in-future": (notice(someone("0001", row("2026-06-02"))), "/persons/0/history/0/effective_date"),
    "removed-without-date": (notice(someone("0001", row(**DIED))), "/persons/0/history/0/removed_on"),
    "lives-elsewhere": (notice(household="H2"), "/persons/0/history/0/old_household_number"),
    "addresses-differ": (
        notice(someone(), someone("0002", row(relationship="妻", address=AWAY))),
        "/persons/1/history/0/address",
    ),
    "not-exactly-one-head": (notice(someone("0001", row(relationship="妻"))), "/persons"),
    "relationship-unknown": (
        notice(someone(), someone("0002", row(relationship="友人"))),
        "/persons/1/history/0/relationship",
    ),
    "effective-before-birth": (notice(someone("0001", row("1970-01-01"))), "/persons/0/history/0/effective_date"),
    "gaiji-system-missing": (notice(someone("0001", row(name="\ue000"))), "/gaiji_system"),
    "looks-like-my-number": (
        notice(someone("0001", row(name="123456789018"))),
        "/persons/0/history/0/name",
    ),
}


@pytest.mark.parametrize("why", WRONG)
def test_what_nobody_could_go_on_from_is_refused_with_its_place(registry: Registry, why: str) -> None:
    wrong, pointer = WRONG[why]
    decision = registry.peek(wrong)
    assert isinstance(decision, Refused)
    assert (why, pointer) in {(reason.code, reason.pointer) for reason in decision.reasons}


def test_nobody_is_carried_over_twice(registry: Registry) -> None:
    carried(registry, someone("0001"))
    again = registry.decide(notice(someone("0001"), household="H1"))
    assert isinstance(again, Refused)
    assert {reason.code for reason in again.reasons} == {"carried-over-already", "head-exists"}


def protected(*together: str, state: str = "decided") -> CarriedProtection:
    term = {"starts_on": date(2026, 1, 20), "ends_on": date(2027, 1, 19)} if state == "decided" else {}
    return CarriedProtection(state=state, applied_on=date(2026, 1, 5), together_with=together, **term)  # type: ignore[arg-type]


def protections(registry: Registry) -> dict[str, tuple[str, tuple[str, ...]]]:
    """State and 併せて支援を求める者, by 宛名番号."""
    return {row.addressee_number: (row.state, row.together_with) for row in registry.affairs.all(ProtectionRow)}


def test_whoever_was_protected_is_from_the_moment_of_entering_on_together_with_whoever_was(registry: Registry) -> None:
    head, child = (
        someone("0001", protection=protected("0002", "0009")),
        someone("0002", row(relationship="子"), protection=protected("0001", "0009")),
    )
    entered = registry.accept(notice(head, child))
    assert [type(event) for event in entered.events] == [ResidentHistoryCarriedOver, ProtectionChanged]
    first, second = (each.number for each in entered.assigned)
    assert protections(registry) == {first: ("decided", (second,)), second: ("decided", (first,))}
    (kept, _) = registry.affairs.all(ProtectionRow)
    assert (kept.applied_on, kept.starts_on, kept.ends_on) == (date(2026, 1, 5), date(2026, 1, 20), date(2027, 1, 19))
    # A third one lives elsewhere and enters later: all of them know of each other then.
    apart = someone("0009", row(old_household_number="H2"), protection=protected("0001", "0002", state="provisional"))
    (third,) = (each.number for each in registry.accept(notice(apart, household="H2")).assigned)
    assert protections(registry) == {
        first: ("decided", (second, third)),
        second: ("decided", (first, third)),
        third: ("provisional", (first, second)),
    }


def test_whoever_is_not_protected_any_more_is_not_again_by_another_entering(registry: Registry) -> None:
    (first,) = (each.number for each in registry.accept(notice(someone("0001", protection=protected("0009")))).assigned)
    handled = {"place": "本庁", "operator": "clerk-1"}
    registry.accept(ProtectionEndingNotice(**handled, addressee_numbers=(first,), ended_on=DAY))
    apart = someone("0009", row(old_household_number="H2"), protection=protected("0001"))
    registry.accept(notice(apart, household="H2"))
    assert protections(registry)[first] == ("ended", ())


def test_two_carried_histories_have_no_code_in_common(registry: Registry) -> None:
    own = with_check_digit("1234567890", resident_record_check_digit)
    carried(registry, someone("0001", resident_code=own))
    decision = registry.decide(
        notice(someone("0002", row(old_household_number="H2"), resident_code=own), household="H2")
    )
    assert isinstance(decision, Refused)
    assert [reason.code for reason in decision.reasons] == ["code-known"]


def test_a_carried_history_is_not_taken_back(registry: Registry) -> None:
    event = carried(registry, someone("0001", row(), row("2019-08-01")))
    decision = registry.decide(cancel(event.residents[0].addressee_number, 2))
    assert isinstance(decision, Refused)
    assert [reason.code for reason in decision.reasons] == ["carried-history"]


def test_every_refusal_of_this_rule_is_provoked_here() -> None:
    assert set(CARRY_OVER_TEXTS) <= {*WRONG, "carried-over-already", "carried-history"}
