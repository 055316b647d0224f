"""Whom the registry knows again by a token of a 個人番号 that it never sees, or by a 在留カード."""

from collections.abc import Sequence

import pytest
from kumiai_common.database import Connection
from kumiai_contracts.identified import Identified
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import MoveInNotice, Person, Status
from kumiai_contracts.resident_amendments import ResidentReturned
from kumiai_contracts.resident_marks import (
    IdentityMarksLearned,
    IdentityMarksNotice,
    MarksOfPerson,
    MyNumberTokenRow,
)
from kumiai_resident_registry.domain.record import Record, decide
from kumiai_resident_registry.handlers import ResidentRegistry
from registry_in_memory import TODAY, Registry, cancel, enter, move_out, person
from registry_on_postgres import HERE, save
from test_returning import BACK, CODE, LEFT, back, came, waiting, with_code

FIRST, SECOND = (f"1.{letter * 43}" for letter in "AB")
CARD = "AB12345678CD"


def presenting(*marks: str, persons: Sequence[Person] = (), **more: str) -> MoveInNotice:
    """Who moves in and has presented these numbers or cards, one each."""
    known = tuple(
        Identified.model_validate({"person": n, field_of(mark): mark, **more}) for n, mark in enumerate(marks)
    )
    return back(*persons).model_copy(update={"identified": known})


def told(*whose: tuple[str, str]) -> IdentityMarksNotice:
    people = tuple(
        MarksOfPerson.model_validate({"addressee_number": number, field_of(mark): mark}) for number, mark in whose
    )
    return IdentityMarksNotice(people=people, place="本庁", operator="clerk-1")


def field_of(mark: str) -> str:
    return "residence_card" if mark == CARD else "my_number_token"


def left(registry: Registry) -> str:
    """Somebody whose token and card the registry has learned, and who has moved out."""
    number = came(registry, person())
    registry.accept(told((number, FIRST), (number, CARD)))
    registry.accept(move_out(number, effective=LEFT))
    return number


@pytest.mark.parametrize("mark", [FIRST, CARD])
def test_who_presents_the_same_number_or_card_again_has_the_same_addressee_number(
    registry: Registry, mark: str
) -> None:
    number = left(registry)
    returned = registry.accept(presenting(mark, persons=(person(name="山田 華"),)))
    assert isinstance(returned.events[0], ResidentReturned)
    assert returned.assigned[0].number == number
    assert (registry.row(number).history_number, registry.row(number).name) == (3, "山田 華")
    assert waiting(registry) == []


def test_a_second_record_of_whoever_is_on_the_live_one_is_blocked(registry: Registry) -> None:
    number = came(registry, person())
    registry.accept(told((number, FIRST)))
    assert registry.refuse(presenting(FIRST, persons=(person(name="別名 華"),))) == {("already-resident", "/persons/0")}
    known = (Identified(person=0, my_number_token=FIRST),)
    entry = enter(person(), effective=TODAY).model_copy(update={"identified": known})
    assert registry.refuse(entry) == {("already-resident", "/persons/0")}


def test_a_mark_with_which_somebody_enters_is_remembered(registry: Registry) -> None:
    number = registry.accept(presenting(FIRST)).assigned[0].number
    registry.accept(move_out(number, effective=BACK))
    assert registry.accept(presenting(FIRST, residence_card=CARD)).assigned[0].number == number
    registry.accept(move_out(number, effective=BACK))
    assert registry.accept(presenting(CARD)).assigned[0].number == number


def test_whose_number_was_changed_is_known_by_both(registry: Registry) -> None:
    number = left(registry)
    assert registry.accept(told((number, SECOND), (number, FIRST))).events == (
        IdentityMarksLearned(tokens=(MyNumberTokenRow(token=SECOND, addressee_number=number),), cards=()),
    )
    assert registry.accept(told((number, FIRST))).events == (), "what is known already changes nothing"
    assert registry.accept(presenting(SECOND)).assigned[0].number == number


def test_a_mark_that_contradicts_what_else_is_known_is_refused(registry: Registry) -> None:
    number, other = left(registry), came(registry, with_code(CODE, name="鈴木 花子"))
    registry.accept(move_out(other, effective=LEFT))
    registry.accept(told((other, SECOND)))
    token, card = (("mark-of-another", f"/identified/0/{field_of(mark)}") for mark in (FIRST, CARD))
    assert registry.refuse(presenting(FIRST, addressee_number=other)) == {token}
    assert registry.refuse(presenting(CARD, addressee_number=other)) == {card}
    assert token in registry.refuse(presenting(FIRST, persons=(with_code(CODE),)))
    assert card in registry.refuse(presenting(CARD, my_number_token=SECOND))
    twice = registry.refuse(presenting(SECOND, SECOND, persons=(person(), person("妻"))))
    assert ("mark-twice", "/identified/1/my_number_token") in twice
    assert registry.refuse(told((other, FIRST))) == {("mark-of-another", "/people/0/my_number_token")}
    assert registry.refuse(told((other, CARD))) == {("mark-of-another", "/people/0/residence_card")}
    assert registry.refuse(told((number, CARD), (number, CARD))) == {("mark-twice", "/people/1/residence_card")}
    assert registry.refuse(told(("0000009997", FIRST))) >= {("unknown-resident", "/people/0/addressee_number")}


def test_no_event_holds_a_card_s_number(registry: Registry) -> None:
    left(registry)
    registry.accept(presenting(CARD))
    bodies = b"".join(event.body() for event in registry.events)
    assert CARD.encode() not in bodies
    assert [part.name for part in registry.parts].count("residence_card") == 1


def test_an_entry_that_never_was_gives_its_marks_back(registry: Registry) -> None:
    number = came(registry, person())
    registry.accept(move_out(number, effective=LEFT))
    double = registry.accept(presenting(FIRST)).assigned[0].number
    assert double != number, "the registry had not learned the token"
    registry.accept(cancel(double, 1, effective=BACK))
    assert registry.accept(presenting(FIRST, addressee_number=number)).assigned[0].number == number
    registry.accept(move_out(number, effective=BACK))
    assert registry.accept(presenting(FIRST)).assigned[0].number == number
    assert registry.row(double).status is Status.REMOVED


@pytest.mark.stack
async def test_a_loaded_record_decides_about_marks_as_the_whole_registry_does(connection: Connection) -> None:
    registry = Registry(municipality=HERE)
    number = left(registry)
    never = registry.accept(presenting(SECOND)).assigned[0].number
    registry.accept(cancel(never, 1, effective=BACK))
    await save(connection, HERE, registry)
    notices: list[Notice] = [
        presenting(FIRST),
        presenting(CARD),
        presenting(CARD, my_number_token=FIRST),
        presenting(SECOND),
        told((never, CARD)),
        presenting(FIRST, addressee_number=never),
        told((number, SECOND)),
        told((never, FIRST)),
        told(("0000009997", FIRST)),
    ]
    for notice in notices:
        record = (await ResidentRegistry().load(connection, {HERE: [notice]}))[HERE]
        assert isinstance(record, Record)
        assert decide(record, notice, registry.context()) == registry.peek(notice), notice
