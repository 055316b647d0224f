"""The rules that hold for every movement refuse every movement, with code, pointer and text in both languages."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from kumiai_contracts.decision import Accepted, Refused
from kumiai_contracts.identifiers import addressee_check_digit, my_number_check_digit, with_check_digit
from kumiai_contracts.registry import NOTICES
from kumiai_contracts.resident import CarryOverNotice, ResidentNotice
from registry_in_memory import (
    HOME,
    TODAY,
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
    merge,
    move_in,
    move_out,
    my_number,
    person,
    remake,
    remove,
    split,
    when,
)
from test_carrying_over import notice as history_carried_over

STRANGER = with_check_digit("987654321", addressee_check_digit)
CODE = "24727059608"


class Town(NamedTuple):
    """Who is there to be moved."""

    head: str
    wife: str
    child: str
    lodger: str
    """Head of a household at the same address."""
    foreigner: str
    away: str
    """Has moved out within the country."""
    household: str
    other: str


def town(registry: Registry) -> Town:
    head, wife, child = registry.family("世帯主", "妻", "子")
    (lodger,) = registry.family("世帯主")
    (away,) = registry.family("世帯主")
    registry.accept(move_out(away))
    foreign = person().model_copy(update={"nationality": "GBR"})
    foreigner = registry.accept(enter(foreign)).assigned[0].number
    return Town(head, wife, child, lodger, foreigner, away, registry.number_of(head), registry.number_of(lodger))


def carried_over(_: Town) -> CarryOverNotice:
    return CarryOverNotice(**when(), persons=(person(),), address=HOME)


RIGHT: dict[str, Callable[[Town], ResidentNotice]] = {
    "carry-over": carried_over,
    "history-carry-over": lambda t: history_carried_over(),
    "move-in": lambda t: move_in("世帯主"),
    "birth": lambda t: birth(t.household),
    "move-out": lambda t: move_out(t.wife),
    "death": lambda t: death(t.wife),
    "change-of-address": lambda t: change_address(t.wife),
    "change-of-head": lambda t: change_head(t.household, t.wife, {t.wife: "世帯主", t.child: "子"}),
    "cancel-movement": lambda t: cancel(t.lodger, 1),
    "ex-officio-entry": lambda t: enter(person()),
    "ex-officio-removal": lambda t: remove(t.wife),
    "change-of-nationality": lambda t: change_nationality(t.wife, "GBR"),
    "remake-record": lambda t: remake("renewed", t.head, t.wife, t.child),
    "amendment": lambda t: amend("correction", t.wife, name="山田 華"),
    "former-name": lambda t: former_name(t.wife, "高橋"),
    "alias": lambda t: alias(t.foreigner, "花子"),
    "my-number-movement": lambda t: my_number("my-number-change-requested", t.wife),
    "confirm-move-out": lambda t: confirm(t.away),
    "resident-code": lambda t: code("entered", t.wife, CODE, ex_officio=True),
    "household-split": lambda t: split({t.wife: "世帯主"}),
    "household-merge": lambda t: merge(t.household, t.other, {t.lodger: "同居人"}),
    "change-of-household": lambda t: change_household(t.other, t.wife, relationships={t.wife: "同居人"}),
}
"""Each kind of notice, such that it is accepted."""

ABOUT_NOBODY_WHO_IS_HERE = (
    *("carry-over", "history-carry-over", "move-in", "birth", "ex-officio-entry"),
    *("change-of-head", "household-merge", "cancel-movement", "confirm-move-out"),
)
"""They name nobody by 宛名番号 who has to be on the live record."""
WHOM = ("addressee_number", "addressee_numbers", "household_number", "merged_household_number", "head")


def refused(registry: Registry, notice: ResidentNotice) -> set[tuple[str, str]]:
    """Codes and pointers of a refusal that changes nothing and says something in both languages."""
    before = len(registry.events)
    decision = registry.decide(notice)
    assert isinstance(decision, Refused), decision
    assert len(registry.events) == before
    for reason in decision.reasons:
        assert any("\u3040" <= character <= "\u30ff" for character in reason.ja), reason
        assert reason.en[0].isascii() and not any("\u3040" <= character <= "\u30ff" for character in reason.en), reason
    return {(reason.code, reason.pointer) for reason in decision.reasons}


def changed(notice: ResidentNotice) -> Iterator[tuple[str, ResidentNotice]]:
    """The notice about a number that nobody has, for each field that names people or a household."""
    for name in WHOM:
        value = getattr(notice, name, None)
        if value is not None:
            stranger = (STRANGER,) if isinstance(value, tuple) else STRANGER
            yield name, notice.model_copy(update={name: stranger})


def test_every_movement_stands_here() -> None:
    kinds = {kind for kind in NOTICES.values() if issubclass(kind, ResidentNotice)}
    made = {type(make(town(Registry()))) for make in RIGHT.values()}
    assert made == kinds


@pytest.mark.parametrize("make", RIGHT.values(), ids=RIGHT)
def test_each_is_accepted_as_it_stands_here(registry: Registry, make: Callable[[Town], Any]) -> None:
    assert isinstance(registry.decide(make(town(registry))), Accepted)


@pytest.mark.parametrize("make", RIGHT.values(), ids=RIGHT)
def test_each_is_refused_with_a_date_that_can_not_be(registry: Registry, make: Callable[[Town], Any]) -> None:
    notice = make(town(registry))
    tomorrow, far = TODAY + timedelta(days=1), TODAY + timedelta(days=400)
    late = notice.model_copy(update={"notified_date": tomorrow})
    assert ("notified-date-in-future", "/notified_date") in refused(registry, late)
    ahead = notice.model_copy(update={"effective_date": far})
    code_ = "effective-date-too-far" if notice.type == "resident-notice.move-out.v1" else "effective-date-in-future"
    assert (code_, "/effective_date") in refused(registry, ahead)


@pytest.mark.parametrize("make", RIGHT.values(), ids=RIGHT)
def test_each_is_refused_for_people_and_households_that_nobody_knows(
    registry: Registry, make: Callable[[Town], Any]
) -> None:
    notice = make(town(registry))
    for name, wrong in changed(notice):
        found = refused(registry, wrong)
        assert {code for code, _ in found} & {"unknown-resident", "unknown-household", "not-a-member"}, (name, found)


@pytest.mark.parametrize("kind", [kind for kind in RIGHT if kind not in ABOUT_NOBODY_WHO_IS_HERE])
def test_each_is_refused_for_whoever_has_left(registry: Registry, kind: str) -> None:
    notice = RIGHT[kind](town(registry))
    gone = [number for name in ("addressee_number", "addressee_numbers") for number in _of(notice, name)]
    for number in gone:
        registry.accept(remove(number))
    codes = {code for code, _ in refused(registry, notice)}
    assert codes & {"not-on-live-record", "not-a-member"}, codes


@pytest.mark.parametrize("kind", [kind for kind in RIGHT if kind != "history-carry-over"])
def test_each_is_refused_before_what_stands(registry: Registry, kind: str) -> None:
    # The rows of a history that is carried over have dates of their own: `test_carrying_over.py`.
    notice = RIGHT[kind](town(registry))
    early = notice.model_copy(update={"effective_date": date(1930, 1, 1)})
    codes = {code for code, _ in refused(registry, early)}
    expected = {"effective-before-birth", "effective-before-last-movement", "birth-date-not-effective-date"}
    assert codes & expected, codes


@pytest.mark.parametrize("make", RIGHT.values(), ids=RIGHT)
def test_each_is_refused_with_a_my_number_in_a_text(registry: Registry, make: Callable[[Town], Any]) -> None:
    notice = make(town(registry)).model_copy(update={"place": with_check_digit("12345678901", my_number_check_digit)})
    assert ("looks-like-my-number", "/place") in refused(registry, notice)


def _of(notice: ResidentNotice, name: str) -> tuple[str, ...]:
    value = getattr(notice, name, ())
    return (value,) if isinstance(value, str) else value
