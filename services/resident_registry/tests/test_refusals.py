"""One refusal for every rule, with its code and its pointer; both texts are checked where they are refused."""

from datetime import date

from kumiai_contracts.decision import Refused
from kumiai_contracts.identifiers import addressee_check_digit, resident_record_check_digit, with_check_digit
from kumiai_resident_registry.domain.refusals import TEXTS
from registry_in_memory import (
    AWAY,
    HOME,
    Registry,
    alias,
    amend,
    birth,
    cancel,
    change_address,
    change_head,
    change_household,
    change_nationality,
    code,
    confirm,
    death,
    enter,
    former_name,
    join_by_moving,
    merge,
    move_in,
    move_out,
    my_number,
    person,
    pool,
    remake,
    remove,
    split,
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


def test_a_change_of_head_states_what_does_not_follow_from_before(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    number = registry.number_of(head)
    assert refused(registry, change_head(number, wife, {wife: "世帯主"})) == {
        ("relationship-not-reckoned", f"/relationships/{child}")
    }
    assert refused(registry, change_head(number, wife, {child: "孫", STRANGER: "子"})) == {
        ("relationship-unknown", f"/relationships/{child}"),
        ("relationship-of-another", f"/relationships/{STRANGER}"),
    }
    assert refused(registry, change_head(number, wife, {child: "世帯主"})) == {
        ("not-exactly-one-head", "/relationships")
    }


def test_a_split_leaves_somebody_behind_and_has_one_head(registry: Registry) -> None:
    head, wife, child = registry.family("世帯主", "妻", "子")
    assert refused(registry, split({head: "世帯主", wife: "妻", child: "子"})) == {
        ("split-takes-everybody", "/addressee_numbers")
    }
    assert refused(registry, split({wife: "妻", child: "子"})) == {("not-exactly-one-head", "/relationships")}
    unstated = split({wife: "世帯主"}).model_copy(update={"addressee_numbers": (wife, child)})
    assert refused(registry, unstated) == {("relationship-not-reckoned", f"/relationships/{child}")}
    assert refused(registry, split({wife: "世帯主", child: "孫"})) == {
        ("relationship-unknown", f"/relationships/{child}")
    }


def test_those_who_stay_name_a_head_only_if_theirs_has_left_them(registry: Registry) -> None:
    head, wife, child, other = registry.family("世帯主", "妻", "子", "子")
    assert refused(registry, split({wife: "世帯主"}, {child: "世帯主"})) == {
        ("head-exists", "/remaining_relationships")
    }
    assert refused(registry, split({head: "世帯主"}, {wife: "妻", child: "子", other: "子"})) == {
        ("not-exactly-one-head", "/remaining_relationships")
    }
    assert refused(registry, split({head: "世帯主"}, {wife: "世帯主", head: "夫", child: "子"})) == {
        ("relationship-of-another", f"/remaining_relationships/{head}"),
        ("relationship-not-reckoned", f"/remaining_relationships/{other}"),
    }


def test_a_split_of_strangers_and_of_two_households_is_refused(registry: Registry) -> None:
    (_, child), (other,) = registry.family("世帯主", "子"), registry.family("世帯主")
    assert refused(registry, split({STRANGER: "世帯主"})) == {("unknown-resident", "/addressee_numbers/0")}
    assert refused(registry, split({child: "世帯主", other: "子"})) == {("not-one-household", "/addressee_numbers")}
    assert ("effective-date-in-future", "/effective_date") in refused(
        registry, split({child: "世帯主"}, effective=FUTURE)
    )
    assert refused(registry, split({child: "世帯主"}, effective=date(2019, 5, 1))) == {
        ("effective-before-last-movement", "/effective_date")
    }


def test_a_merge_is_of_two_households_that_have_members(registry: Registry) -> None:
    (one,), (other,), (gone,) = registry.family("世帯主"), registry.family("世帯主"), registry.family("世帯主")
    into, merged, ended = (registry.number_of(number) for number in (one, other, gone))
    registry.accept(death(gone))
    at = "/merged_household_number"
    assert refused(registry, merge(into, into, {})) == {("same-household", at)}
    assert refused(registry, merge(into, STRANGER, {})) == {("unknown-household", at)}
    assert refused(registry, merge(into, ended, {})) == {("household-ended", at)}
    assert refused(registry, merge(STRANGER, merged, {other: "子"})) == {("unknown-household", "/household_number")}
    assert refused(registry, merge(into, merged, {})) == {("relationship-not-reckoned", f"/relationships/{other}")}
    assert refused(registry, merge(into, merged, {other: "子", STRANGER: "子"})) == {
        ("relationship-of-another", f"/relationships/{STRANGER}")
    }
    assert ("relationship-of-another", f"/relationships/{STRANGER}") in refused(
        registry, merge(into, merged, {STRANGER: "世帯主", one: "父", other: "子"})
    )
    assert refused(registry, merge(into, merged, {one: "父", other: "子"})) == {
        ("relationship-of-another", f"/relationships/{one}")
    }
    assert refused(registry, merge(into, merged, {one: "世帯主", other: "世帯主"})) == {
        ("not-exactly-one-head", "/relationships")
    }


def test_a_merge_of_households_without_a_head_names_one(registry: Registry) -> None:
    head, wife, _ = registry.family("世帯主", "妻", "子")
    registry.accept(death(head))
    (other,) = registry.family("世帯主")
    notice = merge(registry.number_of(wife), registry.number_of(other), {other: "同居人"})
    assert refused(registry, notice) == {("not-exactly-one-head", "/relationships")}


def test_a_household_at_another_address_is_joined_by_moving_there(registry: Registry) -> None:
    (one,), (other,) = registry.family("世帯主"), registry.family("世帯主", address=AWAY)
    number = registry.number_of(other)
    assert refused(registry, merge(number, registry.number_of(one), {one: "子"})) == {
        ("addresses-differ", "/merged_household_number")
    }
    assert refused(registry, change_household(number, one, relationships={one: "子"})) == {
        ("addresses-differ", "/household_number")
    }
    assert refused(registry, join_by_moving(number, one, relationships={one: "子"}, address=HOME)) == {
        ("addresses-differ", "/address")
    }
    assert refused(registry, move_in("子", household_number=number)) == {("addresses-differ", "/address")}


def test_a_change_of_household_goes_to_another_one_with_a_head(registry: Registry) -> None:
    (one, child), (other,) = registry.family("世帯主", "子"), registry.family("世帯主")
    number = registry.number_of(other)
    same = change_household(registry.number_of(one), child, relationships={child: "子"})
    assert refused(registry, same) == {("same-household", "/household_number")}
    assert refused(registry, change_household(STRANGER, child, relationships={child: "子"})) == {
        ("unknown-household", "/household_number")
    }
    assert refused(registry, change_household(number, child, relationships={child: "世帯主"})) == {
        ("head-exists", f"/relationships/{child}")
    }
    assert refused(registry, change_household(number, child, relationships={})) == {
        ("relationship-not-reckoned", f"/relationships/{child}")
    }
    widow, son, _ = registry.family("世帯主", "子", "子")
    registry.accept(death(widow))
    assert refused(registry, change_household(registry.number_of(son), child, relationships={child: "子"})) == {
        ("household-has-no-head", "/household_number")
    }


def test_nobody_is_left_to_name_a_head_where_all_change_their_household(registry: Registry) -> None:
    (one,), (other,) = registry.family("世帯主"), registry.family("世帯主")
    notice = change_household(registry.number_of(other), one, relationships={one: "子"}, rest={one: "世帯主"})
    assert refused(registry, notice) == {("relationship-of-another", "/remaining_relationships")}


def test_who_moves_with_the_whole_household_states_no_relationship(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    notice = change_address(head).model_copy(update={"relationships": {head: "世帯主"}})
    assert refused(registry, notice) == {("relationship-of-another", "/relationships")}


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


def test_what_only_the_office_does_says_so(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    code = {("not-ex-officio", "/ex_officio")}
    assert refused(registry, enter(person(), ex_officio=False)) == code
    assert refused(registry, remove(head, ex_officio=False)) == code
    assert refused(registry, change_nationality(head, "GBR", ex_officio=False)) == code
    assert refused(registry, remake("renewed", head, ex_officio=False)) == code
    assert refused(registry, amend("correction", head, name="山田", ex_officio=False)) == code
    assert refused(registry, my_number("my-number-amended", head)) == code


def test_an_entry_ex_officio_is_refused_as_a_move_in_is(registry: Registry) -> None:
    assert refused(registry, enter(person("妻"))) == {("not-exactly-one-head", "/persons")}
    assert refused(registry, enter(person("子"), household_number=STRANGER)) == {
        ("unknown-household", "/household_number")
    }
    (head,) = registry.family("世帯主", address=AWAY)
    assert refused(registry, enter(person("子"), household_number=registry.number_of(head))) == {
        ("addresses-differ", "/address")
    }


def test_nobody_is_removed_or_made_anew_who_is_not_on_the_record(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    registry.accept(remove(head))
    gone = {("not-on-live-record", "/addressee_numbers/0")}
    assert refused(registry, remove(head)) == gone
    assert refused(registry, remake("recreated", head)) == gone
    assert refused(registry, amend("correction", head, name="山田")) == gone
    at = {("not-on-live-record", "/addressee_number")}
    assert refused(registry, change_nationality(head, "GBR")) == at
    assert refused(registry, former_name(head, "高橋")) == at
    assert refused(registry, alias(head, "花子")) == at
    assert refused(registry, my_number("my-number-change-requested", head)) == at


def test_a_nationality_changes_from_or_to_the_japanese(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    assert refused(registry, change_nationality(head, None)) == {("same-nationality", "/nationality")}
    assert refused(registry, change_nationality(head, "JPN")) == {("nationality-is-japan", "/nationality")}


def test_an_amendment_amends_something_and_is_what_it_says(registry: Registry) -> None:
    head, wife = registry.family("世帯主", "妻")
    assert refused(registry, amend("correction", head)) == {("nothing-changes", "")}
    assert refused(registry, amend("correction", head, name=registry.row(head).name)) == {("nothing-changes", "")}
    assert refused(registry, amend("minor-amendment", head, birth_date="1980-04-02")) == {("not-minor", "/birth_date")}
    assert refused(registry, amend("correction", head, wife, name="山田")) == {
        ("one-person-only", "/addressee_numbers")
    }
    assert refused(registry, amend("minor-amendment", head, address=AWAY)) == {
        ("address-of-part", "/addressee_numbers")
    }
    assert refused(registry, amend("correction", wife, relationship="世帯主")) == {("head-is-changed", "/relationship")}
    assert refused(registry, amend("correction", head, relationship="妻")) == {("head-is-changed", "/relationship")}
    assert refused(registry, amend("correction", wife, relationship="孫")) == {
        ("relationship-unknown", "/relationship")
    }
    decision = registry.decide(amend("correction", head, birth_date="2027-01-01"))
    assert isinstance(decision, Refused)
    assert [(reason.code, reason.pointer) for reason in decision.reasons] == [("date-in-future", "/birth_date")]


def test_a_former_name_is_for_the_japanese_and_an_alias_for_foreigners(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    assert refused(registry, alias(head, "花子")) == {("foreigners-only", "/alias")}
    assert refused(registry, former_name(head, None)) == {("nothing-changes", "/former_name")}
    foreigner = registry.accept(enter(person().model_copy(update={"nationality": "GBR"}))).assigned[0].number
    assert refused(registry, former_name(foreigner, "高橋")) == {("japanese-only", "/former_name")}
    assert refused(registry, alias(foreigner, None)) == {("nothing-changes", "/alias")}
    registry.accept(alias(foreigner, "花子"))
    assert refused(registry, alias(foreigner, "桜")) == {("alias-exists", "/alias")}


def test_only_a_move_out_within_the_country_is_confirmed_and_once(registry: Registry) -> None:
    (head,), (other,) = registry.family("世帯主"), registry.family("世帯主", since=date(2026, 5, 20))
    assert refused(registry, confirm(head, STRANGER)) == {
        ("not-moved-out", "/addressee_numbers/0"),
        ("unknown-resident", "/addressee_numbers/1"),
    }
    registry.accept(move_out(head))
    assert ("effective-date-in-future", "/effective_date") in refused(registry, confirm(head, effective=FUTURE))
    assert refused(registry, confirm(head, head)) == {("named-twice", "/addressee_numbers/1")}
    registry.accept(confirm(head))
    assert refused(registry, confirm(head)) == {("already-confirmed", "/addressee_numbers/0")}
    registry.accept(move_out(other, effective=date(2026, 6, 10)))
    assert refused(registry, confirm(other, effective=date(2026, 5, 10))) == {
        ("effective-before-last-movement", "/effective_date")
    }


def test_a_code_is_handed_in_and_given_once(registry: Registry) -> None:
    first, second, third = "24727059608", "25208017643", with_check_digit("2470000000", resident_record_check_digit)
    (head,) = registry.family("世帯主")
    assert refused(registry, pool(first, second, first)) == {("code-twice", "/codes/2")}
    assert refused(registry, code("entered", head, ex_officio=True)) == {("code-pool-empty", "")}
    assert refused(registry, code("change-requested", head, first)) == {
        ("no-code", "/kind"),
        ("code-from-pool", "/resident_code"),
    }
    registry.accept(pool(first))
    assert refused(registry, pool(second, first)) == {("code-known", "/codes/1")}
    assert refused(registry, code("entered", head, first, ex_officio=True)) == {("code-known", "/resident_code")}
    assert refused(registry, code("entered", head)) == {("not-ex-officio", "/ex_officio")}
    registry.accept(code("entered", head, second, ex_officio=True))
    assert refused(registry, code("entered", head, third, ex_officio=True)) == {("code-exists", "/kind")}
    both = (
        person().model_copy(update={"resident_code": third}),
        person("妻").model_copy(update={"resident_code": third}),
    )
    assert refused(registry, enter(*both)) == {("code-twice", "/persons/1/resident_code")}


def test_every_code_is_refused_by_a_test_here() -> None:
    assert seen == set(TEXTS)
