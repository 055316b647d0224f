"""One refusal for every rule, with its code and its pointer; both texts are checked where they are refused."""

from datetime import date

from kumiai_contracts.decision import Refused
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_resident_registry.domain.refusals import TEXTS
from registry_in_memory import (
    Registry,
    birth,
    cancel,
    change_address,
    change_head,
    death,
    move_in,
    move_out,
    person,
)

FUTURE = date(2026, 6, 2)
STRANGER = with_check_digit("987654321", addressee_check_digit)
"""A number that is right and that nobody has."""
seen: set[str] = set()


def refused(registry: Registry, notice: object) -> set[tuple[str, str]]:
    found = registry.refuse(notice)  # type: ignore[arg-type]
    seen.update(code for code, _ in found)
    return found


def test_a_date_in_the_future_is_refused_for_everything_but_moving_out(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    assert ("effective-date-in-future", "/effective_date") in refused(registry, death(head, effective=FUTURE))


def test_a_move_out_in_2099_is_refused(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    assert refused(registry, move_out(head, effective=date(2099, 1, 1))) == {
        ("effective-date-too-far", "/effective_date")
    }


def test_a_notification_from_tomorrow_is_refused(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    assert refused(registry, death(head, notified=FUTURE)) == {("notified-date-in-future", "/notified_date")}


def test_a_move_before_birth_is_refused(registry: Registry) -> None:
    assert refused(registry, move_in("世帯主", effective=date(1970, 1, 1))) == {
        ("effective-before-birth", "/effective_date")
    }


def test_a_birth_on_another_day_than_the_date_of_birth_is_refused(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    notice = birth(registry.household_of(head).household_number)
    wrong = notice.model_copy(update={"child": person("子", "2026-04-30")})
    assert refused(registry, wrong) == {("birth-date-not-effective-date", "/effective_date")}


def test_a_movement_before_the_last_one_is_refused(registry: Registry) -> None:
    (head,) = registry.family("世帯主", since=date(2026, 5, 20))
    assert refused(registry, death(head)) == {("effective-before-last-movement", "/effective_date")}


def test_a_late_move_out_has_to_be_ex_officio(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    late = {"effective": date(2026, 5, 1), "notified": date(2026, 5, 16)}
    assert refused(registry, move_out(head, **late)) == {("late-move-out-not-ex-officio", "/ex_officio")}
    registry.accept(move_out(head, **late, ex_officio=True))


def test_a_move_to_this_municipality_is_a_change_of_address(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    here = move_out(head).model_copy(update={"destination_municipality": "131016"})
    assert refused(registry, here) == {("destination-is-here", "/destination_municipality")}


def test_one_reason_that_holds_for_several_people_is_given_once(registry: Registry) -> None:
    numbers = registry.family("世帯主", "妻", "子", since=date(2026, 5, 20))
    decision = registry.decide(move_out(*numbers))
    assert isinstance(decision, Refused)
    assert [reason.code for reason in decision.reasons] == ["effective-before-last-movement"]


def test_a_stranger_is_refused(registry: Registry) -> None:
    assert refused(registry, death(STRANGER)) == {("unknown-resident", "/addressee_number")}
    assert refused(registry, cancel(STRANGER, 1)) == {("unknown-resident", "/addressee_number")}


def test_whoever_has_left_can_not_leave_again(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(move_out(head))
    assert refused(registry, death(head)) == {("not-on-live-record", "/addressee_number")}


def test_a_number_that_is_named_twice_is_refused(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    assert refused(registry, move_out(head, head)) == {("named-twice", "/addressee_numbers/1")}


def test_people_of_two_households_need_two_notices(registry: Registry) -> None:
    (one,), (other,) = registry.family("世帯主"), registry.family("世帯主")
    assert refused(registry, change_address(one, other)) == {("not-one-household", "/addressee_numbers")}


def test_an_unknown_household_is_refused(registry: Registry) -> None:
    assert refused(registry, birth(STRANGER)) == {("unknown-household", "/household_number")}


def test_a_household_without_members_is_refused(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    number = registry.household_of(head).household_number
    registry.accept(move_out(head))
    assert ("household-ended", "/household_number") in refused(registry, birth(number))


def test_only_a_member_becomes_head(registry: Registry) -> None:
    (head,), (other,) = registry.family("世帯主"), registry.family("世帯主")
    number = registry.household_of(head).household_number
    assert ("not-a-member", "/head") in refused(registry, change_head(number, other, {other: "世帯主"}))


def test_the_head_does_not_become_head(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    number = registry.household_of(head).household_number
    assert refused(registry, change_head(number, head, {head: "世帯主"})) == {("already-head", "/head")}


def test_a_change_of_head_states_everybody(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    number = registry.household_of(head).household_number
    assert refused(registry, change_head(number, wife, {wife: "世帯主"})) == {("members-not-covered", "/relationships")}


def test_a_term_that_the_standard_does_not_have_is_refused(registry: Registry) -> None:
    assert refused(registry, move_in("世帯主", "孫")) == {("relationship-unknown", "/persons/1/relationship")}
    assert refused(registry, move_in("世帯主", "子の子の子の子の子")) == {
        ("relationship-unknown", "/persons/1/relationship")
    }


def test_a_new_household_needs_exactly_one_head(registry: Registry) -> None:
    assert refused(registry, move_in("妻", "子")) == {("not-exactly-one-head", "/persons")}
    assert refused(registry, move_in("世帯主", "世帯主")) == {("not-exactly-one-head", "/persons")}


def test_a_household_with_a_head_takes_no_second_one(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    number = registry.household_of(head).household_number
    assert refused(registry, move_in("世帯主", household_number=number)) == {("head-exists", "/persons/0/relationship")}


def test_only_the_last_movement_is_cancelled(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(change_address(head))
    assert refused(registry, cancel(head, 1)) == {("history-number-not-current", "/history_number")}


def test_a_cancellation_is_not_cancelled(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(death(head))
    registry.accept(cancel(head, 2))
    assert refused(registry, cancel(head, 3)) == {("cancellation-of-cancellation", "/history_number")}


def test_what_others_have_built_upon_is_not_cancelled(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    household_number = registry.household_of(head).household_number
    registry.accept(move_out(head))
    registry.accept(change_head(household_number, wife, {wife: "世帯主", child: "子"}))
    assert refused(registry, cancel(head, 2)) == {("others-moved-since", "/history_number")}


def test_every_reason_is_given_and_not_only_the_first(registry: Registry) -> None:
    found = refused(registry, death(STRANGER, effective=FUTURE, notified=FUTURE))
    assert {code for code, _ in found} == {
        "effective-date-in-future",
        "notified-date-in-future",
        "unknown-resident",
    }


def test_every_code_is_refused_by_a_test_here() -> None:
    assert seen == set(TEXTS)
