"""住民票コード: given once, without order, and seen in no event."""

import json

import pytest
from kumiai_contracts.identifiers import resident_record_check_digit, with_check_digit
from kumiai_contracts.resident import Reason
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_resident_registry.domain.work_list import code_item
from pydantic import ValidationError
from registry_in_memory import Registry, birth, cancel, code, enter, move_in, person, pool

CODES = [with_check_digit(f"{2470000000 + n}", resident_record_check_digit) for n in range(40)]


def code_of(registry: Registry, number: str) -> str | None:
    """A person's code in clear."""
    sealed = registry.row(number).resident_code
    return next((json.loads(part.part) for part in registry.parts if part.commitment == sealed), None)


def born(registry: Registry) -> str:
    (head,) = registry.family("世帯主")
    return registry.accept(birth(registry.number_of(head))).assigned[0].number


def test_a_newborn_gets_a_code_of_the_pool(registry: Registry) -> None:
    registry.accept(pool(*CODES))
    given = [code_of(registry, born(registry)) for _ in range(20)]
    assert len(set(given)) == 20 and set(given) <= set(CODES)
    assert given != sorted(given, key=str), "they come without order"


def test_who_comes_from_abroad_or_was_unregistered_gets_a_code_and_who_moves_here_does_not(registry: Registry) -> None:
    registry.accept(pool(*CODES))
    abroad = registry.accept(move_in("世帯主", "妻").model_copy(update={"origin": "abroad"}))
    codes = [code_of(registry, given.number) for given in abroad.assigned if given.kind == "addressee-number"]
    assert len(set(codes)) == 2 and None not in codes
    unregistered = registry.accept(enter(person())).assigned[0].number
    assert code_of(registry, unregistered) not in (None, *codes)
    assert code_of(registry, registry.accept(move_in("世帯主")).assigned[0].number) is None


def test_a_code_that_somebody_brings_is_kept_and_is_nobody_elses(registry: Registry) -> None:
    bringing = person().model_copy(update={"resident_code": CODES[0]})
    number = registry.accept(enter(bringing)).assigned[0].number
    assert code_of(registry, number) == CODES[0]
    assert registry.refuse(enter(bringing)) == {("already-resident", "/persons/0")}


def test_no_event_holds_a_code(registry: Registry) -> None:
    registry.accept(pool(*CODES))
    number = born(registry)
    registry.accept(code("change-requested", number))
    registry.accept(enter(person().model_copy(update={"resident_code": "24727059608"})))
    bodies = b"".join(event.body() for event in registry.events)
    assert not [each for each in (*CODES, "24727059608") if each.encode() in bodies]
    assert len([part for part in registry.parts if part.name == "resident_code"]) == 41


def test_a_code_is_changed_on_request_and_the_old_one_is_never_given_again(registry: Registry) -> None:
    registry.accept(pool(*CODES[:2]))
    number = born(registry)
    before = code_of(registry, number)
    registry.accept(code("change-requested", number))
    after = code_of(registry, number)
    assert {before, after} == set(CODES[:2])
    assert registry.row(number).reason is Reason.RESIDENT_CODE_CHANGE_REQUESTED
    registry.accept(cancel(number, 2))
    assert code_of(registry, number) == before
    assert registry.refuse(code("change-requested", number)) == {("code-pool-empty", "")}


def test_who_gets_no_code_waits_on_the_work_list_until_one_is_entered(registry: Registry) -> None:
    registry.accept(pool(CODES[0]))
    assert code_of(registry, born(registry)) == CODES[0]
    number = born(registry)
    item = registry.affairs.get(WorkItemRow, code_item(number))
    assert item is not None and (item.kind, item.state) == ("resident-code-missing", "open")
    registry.accept(code("entered", number, CODES[1], ex_officio=True))
    assert code_of(registry, number) == CODES[1]
    assert registry.row(number).reason is Reason.RESIDENT_CODE_ENTERED
    item = registry.affairs.get(WorkItemRow, code_item(number))
    assert item is not None and item.state == "settled"


def test_without_a_pool_nobody_gets_a_code_and_nobody_waits_for_one(registry: Registry) -> None:
    number = born(registry)
    assert registry.row(number).resident_code is None
    assert registry.affairs.all(WorkItemRow) == []


@pytest.mark.parametrize("wrong", ["25208017644", "12345678901", "2472705960", "２４７２７０５９６０８"])
def test_a_number_that_is_no_code_does_not_get_into_the_pool(wrong: str) -> None:
    with pytest.raises(ValidationError):
        pool(wrong)
