"""Protection, gaiji, the work list, and numbers that must not stand in texts."""

from datetime import date
from typing import Any

import pytest
from kumiai_contracts.identifiers import addressee_check_digit, my_number_check_digit, with_check_digit
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import CarryOverNotice
from kumiai_contracts.resident_affairs import (
    GaijiMapping,
    GaijiMappingNotice,
    GaijiRow,
    GaijiUseRow,
    ProtectionApplicationNotice,
    ProtectionDecisionNotice,
    ProtectionEndingNotice,
    ProtectionRow,
    WorkItemNotice,
    WorkItemRow,
)
from kumiai_resident_registry.domain.protection import is_protected, renewable_from, term_end
from kumiai_resident_registry.domain.refusals_affairs import AFFAIRS_TEXTS
from kumiai_resident_registry.domain.texts import looks_like_my_number
from kumiai_resident_registry.domain.work_list import character_item, head_item
from registry_in_memory import (
    HOME,
    TODAY,
    Registry,
    amend,
    cancel,
    change_head,
    death,
    former_name,
    move_in,
    move_out,
    person,
    when,
)

STRANGER = with_check_digit("987654321", addressee_check_digit)
HANDLED = {"place": "本庁", "operator": "clerk-1"}
TOMORROW = date(2026, 6, 2)
TSUJI = "辻\U000e0102"
seen: set[str] = set()


def refused(registry: Registry, notice: Notice) -> set[tuple[str, str]]:
    found = registry.refuse(notice)
    seen.update(code for code, _ in found)
    return found


def apply_for(*numbers: str, on: date = TODAY) -> ProtectionApplicationNotice:
    return ProtectionApplicationNotice(addressee_numbers=numbers, applied_on=on, **HANDLED)


def decide_on(*numbers: str, on: date = TODAY) -> ProtectionDecisionNotice:
    return ProtectionDecisionNotice(addressee_numbers=numbers, decided_on=on, **HANDLED)


def end(*numbers: str, on: date = TODAY) -> ProtectionEndingNotice:
    return ProtectionEndingNotice(addressee_numbers=numbers, ended_on=on, **HANDLED)


def mapping(*lines: GaijiMapping) -> GaijiMappingNotice:
    return GaijiMappingNotice(system="old-juki", mappings=lines, **HANDLED)


def handle(item: str, **more: Any) -> WorkItemNotice:
    return WorkItemNotice(item=item, **more, **HANDLED)


def protection(registry: Registry, number: str) -> ProtectionRow:
    row = registry.affairs.get(ProtectionRow, number)
    assert row is not None
    return row


def item(registry: Registry, name: str) -> WorkItemRow:
    row = registry.affairs.get(WorkItemRow, name)
    assert row is not None
    return row


# Protection (支援措置)


def test_an_application_protects_the_whole_family_at_once(registry: Registry) -> None:
    mother, child = registry.family("世帯主", "子")
    registry.accept(apply_for(mother, child))
    assert [protection(registry, number).state for number in (mother, child)] == ["provisional", "provisional"]
    assert protection(registry, mother).together_with == (child,)


@pytest.mark.parametrize(
    ("start", "last"),
    [
        (date(2020, 4, 1), date(2021, 3, 31)),
        (date(2026, 1, 1), date(2026, 12, 31)),
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2023, 3, 1), date(2024, 2, 29)),
    ],
)
def test_a_term_is_a_year_less_a_day(start: date, last: date) -> None:
    assert term_end(start) == last


def test_a_term_is_renewed_from_a_month_before_its_end_and_follows_it(registry: Registry) -> None:
    (mother,) = registry.family("世帯主")
    registry.today = date(2026, 4, 1)
    registry.accept(apply_for(mother, on=registry.today))
    registry.accept(decide_on(mother, on=registry.today))
    assert protection(registry, mother).ends_on == date(2027, 3, 31)
    assert renewable_from(date(2027, 3, 31)) == date(2027, 2, 28)
    registry.today = date(2027, 2, 27)
    assert refused(registry, decide_on(mother, on=registry.today)) == {("renewed-too-early", "/decided_on")}
    registry.today = date(2027, 2, 28)
    registry.accept(decide_on(mother, on=registry.today))
    row = protection(registry, mother)
    assert (row.starts_on, row.ends_on) == (date(2027, 4, 1), date(2028, 3, 31))


def test_the_end_of_a_term_lifts_nothing(registry: Registry) -> None:
    (mother,) = registry.family("世帯主")
    registry.accept(apply_for(mother))
    registry.accept(decide_on(mother))
    registry.today = date(2029, 1, 1)
    assert is_protected(protection(registry, mother))
    registry.accept(decide_on(mother, on=registry.today))
    assert protection(registry, mother).starts_on == registry.today


def test_only_an_ending_lifts_protection_and_only_for_whoever_is_named(registry: Registry) -> None:
    mother, child = registry.family("世帯主", "子")
    registry.accept(apply_for(mother, child))
    registry.accept(end(mother))
    assert not is_protected(protection(registry, mother))
    assert is_protected(protection(registry, child))
    registry.accept(apply_for(mother))
    assert is_protected(protection(registry, mother))


def test_whoever_moves_out_under_protection_is_provisionally_protected_by_the_former_municipality(
    registry: Registry,
) -> None:
    mother, child = registry.family("世帯主", "子")
    registry.accept(apply_for(mother))
    registry.accept(decide_on(mother))
    registry.accept(move_out(mother, child))
    assert protection(registry, mother).state == "provisional"
    assert registry.affairs.get(ProtectionRow, child) is None


def test_wrong_protection_notices_are_refused(registry: Registry) -> None:
    (mother,) = registry.family("世帯主")
    assert refused(registry, decide_on(mother)) == {("not-protected", "/addressee_numbers/0")}
    assert refused(registry, apply_for(mother, mother, on=TOMORROW)) == {
        ("named-twice", "/addressee_numbers/1"),
        ("date-in-future", "/applied_on"),
    }
    assert refused(registry, apply_for(STRANGER)) == {("unknown-resident", "/addressee_numbers/0")}
    registry.accept(apply_for(mother))
    assert refused(registry, apply_for(mother)) == {("already-protected", "/addressee_numbers/0")}
    early = date(2026, 5, 1)
    assert refused(registry, decide_on(mother, on=early)) == {("decided-before-application", "/decided_on")}
    assert refused(registry, end(mother, on=early)) == {("ended-before-application", "/ended_on")}


# Gaiji (外字)


def with_gaiji(registry: Registry, name: str = "\ue001本", system: str | None = "old-juki") -> CarryOverNotice:
    return CarryOverNotice(**when(date(2020, 4, 1)), persons=(person(name=name),), address=HOME, gaiji_system=system)


def test_a_name_is_kept_with_its_private_characters_and_waits_on_the_work_list(registry: Registry) -> None:
    number = registry.accept(with_gaiji(registry)).assigned[0].number
    assert registry.row(number).name == "\ue001本"
    use = registry.affairs.get(GaijiUseRow, number)
    assert use is not None and (use.system, use.code_points) == ("old-juki", ("U+E001",))
    assert item(registry, character_item("old-juki", "U+E001")).state == "open"


def test_variation_selectors_stay_in_the_record(registry: Registry) -> None:
    notice = CarryOverNotice(**when(), persons=(person(name=f"{TSUJI}\ufa19 \U00020bb7"),), address=HOME)
    number = registry.accept(notice).assigned[0].number
    assert registry.row(number).name == f"{TSUJI}\ufa19 \U00020bb7"


def test_a_mapping_identifies_and_settles_and_the_name_stays_as_it_came(registry: Registry) -> None:
    number = registry.accept(with_gaiji(registry)).assigned[0].number
    registry.accept(mapping(GaijiMapping(code_point="U+E001", mj="MJ025760"), GaijiMapping(code_point="U+E002")))
    row = registry.affairs.get(GaijiRow, "old-juki", "U+E001")
    assert row is not None and row.character == TSUJI
    assert item(registry, character_item("old-juki", "U+E001")).state == "settled"
    assert item(registry, character_item("old-juki", "U+E002")).state == "open"
    assert registry.row(number).name == "\ue001本"
    registry.accept(with_gaiji(registry))
    assert item(registry, character_item("old-juki", "U+E001")).state == "settled"


def test_the_same_mapping_again_changes_nothing(registry: Registry) -> None:
    notice = mapping(GaijiMapping(code_point="U+E001", mj="MJ025760"))
    assert registry.accept(notice).events
    assert not registry.accept(notice).events


def test_wrong_mappings_are_refused(registry: Registry) -> None:
    assert refused(registry, with_gaiji(registry, system=None)) == {("gaiji-system-missing", "/gaiji_system")}
    lines = (
        GaijiMapping(code_point="U+E001", mj="MJ999999"),
        GaijiMapping(code_point="U+E001", mj="MJ025760", character="辻"),
        GaijiMapping(code_point="U+E003", character="\ue004"),
    )
    assert refused(registry, mapping(*lines)) == {
        ("unknown-mj-character", "/mappings/0/mj"),
        ("code-point-twice", "/mappings/1/code_point"),
        ("character-is-not-mj", "/mappings/1/character"),
        ("character-is-private", "/mappings/2/character"),
    }


def test_a_name_that_changes_brings_its_private_characters_like_one_that_enters(registry: Registry) -> None:
    (head,) = registry.family("世帯主")
    changed = amend("ex-officio-amendment", head, name="\ue002山")
    assert refused(registry, changed) == {("gaiji-system-missing", "/gaiji_system")}
    registry.accept(changed.model_copy(update={"gaiji_system": "old-juki"}))
    called = former_name(head, "\ue003川").model_copy(update={"gaiji_system": "old-juki"})
    registry.accept(called)
    use = registry.affairs.get(GaijiUseRow, head)
    assert use is not None and use.code_points == ("U+E002", "U+E003")
    assert {item(registry, character_item("old-juki", point)).state for point in use.code_points} == {"open"}


# The work list (要処理一覧)


def headless(registry: Registry) -> tuple[str, list[str]]:
    head, *left = registry.family("世帯主", "妻", "子")
    registry.accept(death(head))
    return registry.household_of(left[0]).household_number, left


def test_a_household_without_a_head_waits_until_somebody_has_decided(registry: Registry) -> None:
    number, (wife, child) = headless(registry)
    assert item(registry, head_item(number)).state == "open"
    registry.accept(handle(head_item(number), assignee="clerk-7"))
    assert item(registry, head_item(number)).assignee == "clerk-7"
    registry.accept(change_head(number, wife, {wife: "世帯主", child: "子"}))
    assert (item(registry, head_item(number)).state, item(registry, head_item(number)).decision) == (
        "settled",
        "by-movement",
    )


def test_a_cancelled_death_settles_the_item_and_another_one_opens_it_again(registry: Registry) -> None:
    head, _wife, _child = registry.family("世帯主", "妻", "子")
    name = head_item(registry.household_of(head).household_number)
    registry.accept(death(head))
    registry.accept(cancel(head, 2))
    assert item(registry, name).state == "settled"
    registry.accept(death(head))
    assert item(registry, name).state == "open"


def test_wrong_handling_is_refused(registry: Registry) -> None:
    number, (wife, child) = headless(registry)
    name = head_item(number)
    assert refused(registry, handle("head/0", assignee="a")) == {("unknown-work-item", "/item")}
    assert refused(registry, handle(name)) == {("assignee-or-decision", "")}
    assert refused(registry, handle(name, decision="done")) == {("settled-by-the-record", "/decision")}
    registry.accept(change_head(number, wife, {wife: "世帯主", child: "子"}))
    assert ("work-item-settled", "/item") in refused(registry, handle(name, assignee="a"))


# Numbers that must not stand in texts


@pytest.mark.parametrize(
    "text",
    [
        "123456789018",
        "番号は123456789018です",
        "１２３４５６７８９０１８",
        "1234-5678-9018",
        "1234 5678 9018",
        "x621498320257",
    ],
)
def test_a_text_with_twelve_digits_that_fit_looks_like_a_my_number(text: str) -> None:
    assert looks_like_my_number(text)


@pytest.mark.parametrize(
    "text", ["123456789012", "0123456789018", "1234567890182", "090-1234-5678", "03-1234-5678", "丸の内一丁目1番1号"]
)
def test_other_numbers_do_not(text: str) -> None:
    assert not looks_like_my_number(text)


def test_a_my_number_is_refused_in_whatever_text_it_stands_and_never_repeated(registry: Registry) -> None:
    number = with_check_digit("12345678901", my_number_check_digit)
    registry.family("世帯主")
    notice = move_in("世帯主").model_copy(
        update={"address": HOME.model_copy(update={"building": f"号室 {number}"}), "operator": number}
    )
    assert refused(registry, notice) == {
        ("looks-like-my-number", "/address/building"),
        ("looks-like-my-number", "/operator"),
    }
    decision = registry.peek(notice)
    assert number not in repr(decision)


def test_every_code_is_refused_by_a_test_here() -> None:
    assert seen >= set(AFFAIRS_TEXTS)
