"""Whom the registry knows again by a token of a 個人番号 that it never sees."""

from collections.abc import Sequence

import pytest
from kumiai_common.database import Connection
from kumiai_contracts.identified import Identified
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import MoveInNotice, Person, Status
from kumiai_contracts.resident_amendments import ResidentReturned
from kumiai_contracts.resident_tokens import (
    MyNumberTokenRow,
    MyNumberTokensLearned,
    MyNumberTokensNotice,
    TokenOfPerson,
)
from kumiai_resident_registry.domain.record import Record, decide
from kumiai_resident_registry.handlers import ResidentRegistry
from registry_in_memory import TODAY, Registry, cancel, enter, move_out, person
from registry_on_postgres import HERE, save
from test_returning import BACK, CODE, LEFT, back, came, waiting, with_code

FIRST, SECOND = (f"1.{letter * 43}" for letter in "AB")


def presenting(*tokens: str, persons: Sequence[Person] = (), **more: str) -> MoveInNotice:
    """Who moves in and has presented these numbers, one each."""
    known = tuple(Identified(person=n, my_number_token=token, **more) for n, token in enumerate(tokens))
    return back(*persons).model_copy(update={"identified": known})


def told(*whose: tuple[str, str]) -> MyNumberTokensNotice:
    tokens = tuple(TokenOfPerson(addressee_number=number, token=token) for number, token in whose)
    return MyNumberTokensNotice(tokens=tokens, place="本庁", operator="clerk-1")


def left(registry: Registry) -> str:
    """Somebody whose token the registry has learned, and who has moved out."""
    number = came(registry, person())
    registry.accept(told((number, FIRST)))
    registry.accept(move_out(number, effective=LEFT))
    return number


def test_who_presents_the_same_number_again_has_the_same_addressee_number(registry: Registry) -> None:
    number = left(registry)
    returned = registry.accept(presenting(FIRST, persons=(person(name="山田 華"),)))
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


def test_a_token_with_which_somebody_enters_is_remembered(registry: Registry) -> None:
    number = registry.accept(presenting(FIRST)).assigned[0].number
    registry.accept(move_out(number, effective=BACK))
    assert registry.accept(presenting(FIRST)).assigned[0].number == number


def test_whose_number_was_changed_is_known_by_both(registry: Registry) -> None:
    number = left(registry)
    assert registry.accept(told((number, SECOND), (number, FIRST))).events == (
        MyNumberTokensLearned(tokens=(MyNumberTokenRow(token=SECOND, addressee_number=number),)),
    )
    assert registry.accept(told((number, FIRST))).events == (), "what is known already changes nothing"
    assert registry.accept(presenting(SECOND)).assigned[0].number == number


def test_a_token_that_contradicts_what_else_is_known_is_refused(registry: Registry) -> None:
    number, other = left(registry), came(registry, with_code(CODE, name="鈴木 花子"))
    registry.accept(move_out(other, effective=LEFT))
    token = ("token-of-another", "/identified/0/my_number_token")
    assert registry.refuse(presenting(FIRST, addressee_number=other)) == {token}
    assert token in registry.refuse(presenting(FIRST, persons=(with_code(CODE),)))
    twice = registry.refuse(presenting(SECOND, SECOND, persons=(person(), person("妻"))))
    assert twice == {("token-twice", "/identified/1/my_number_token")}
    assert registry.refuse(told((other, FIRST))) == {("token-of-another", "/tokens/0/token")}
    assert registry.refuse(told((number, SECOND), (number, SECOND))) == {("token-twice", "/tokens/1/token")}
    assert registry.refuse(told(("0000009997", SECOND))) == {("unknown-resident", "/tokens/0/addressee_number")}


def test_an_entry_that_never_was_gives_its_token_back(registry: Registry) -> None:
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
async def test_a_loaded_record_decides_about_tokens_as_the_whole_registry_does(connection: Connection) -> None:
    registry = Registry(municipality=HERE)
    number = left(registry)
    never = registry.accept(presenting(SECOND)).assigned[0].number
    registry.accept(cancel(never, 1, effective=BACK))
    await save(connection, HERE, registry)
    notices: list[Notice] = [
        presenting(FIRST),
        presenting(SECOND),
        presenting(FIRST, addressee_number=never),
        told((number, SECOND)),
        told((never, FIRST)),
        told(("0000009997", FIRST)),
    ]
    for notice in notices:
        record = (await ResidentRegistry().load(connection, {HERE: [notice]}))[HERE]
        assert isinstance(record, Record)
        assert decide(record, notice, registry.context()) == registry.peek(notice), notice
