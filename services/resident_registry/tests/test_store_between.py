"""What the service loads about moves between municipalities and people who come back is what decisions rest on."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from kumiai_common.database import Connection
from kumiai_contracts.decision import Accepted
from kumiai_contracts.identified import Identified
from kumiai_contracts.model import Notice
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice, ProtectionChanged
from kumiai_contracts.resident_between import MovesToldNotice, OverdueMoveOutsNotice
from kumiai_resident_registry.domain.record import Record, decide
from kumiai_resident_registry.handlers import ResidentRegistry
from kumiai_resident_registry.named_queries import QUERIES
from registry_in_memory import TODAY, cancel, confirm, enter, move_out, person
from registry_on_postgres import HERE, save
from test_carrying_over import notice as carrying
from test_carrying_over import protected, row, someone
from test_returning import CODE, OTHER_CODE, back, with_code
from two_registries import ARRIVED, PLANNED, THERE, Town, Two, arriving, leaving

pytestmark = pytest.mark.stack


def two_towns() -> tuple[Two, list[Notice]]:
    """A town with moves of every kind, and what may be told to it, or notified there."""
    two = Two()
    two.a = Town(municipality=HERE)
    (first,), (second,), (third,) = (two.a.family("世帯主") for _ in range(3))
    for number in (first, second):
        two.a.accept(leaving(number))
    returning = two.a.accept(back(with_code(CODE), on=date(2026, 4, 1))).assigned[0].number
    two.a.accept(
        ProtectionApplicationNotice(addressee_numbers=(returning,), applied_on=TODAY, place="", operator="clerk-1")
    )
    two.a.accept(move_out(returning, effective=date(2026, 4, 10)))
    two.b.accept(arriving(person(name="鈴木 花子"), came_from=HERE))
    told = [two.b.letter(event).notice for event in two.b.post]
    for notice in told:
        two.a.accept(notice)
    (family,) = two.a.family("世帯主")
    two.b.accept(leaving(*two.b.family("世帯主"), to=HERE))
    announced = two.b.letter(two.b.post[-1]).notice
    assert isinstance(announced, MovesToldNotice)
    two.a.accept(announced)
    arrived = two.a.accept(arriving(came_from=THERE)).assigned[0].number
    known = (Identified(person=0, announced=announced.moves[0].reference),)
    two.b.accept(arriving(person(name="鈴木 花子"), came_from=HERE, on=ARRIVED + timedelta(days=1)))
    new = two.b.letter(two.b.post[-1]).notice
    assert isinstance(new, MovesToldNotice)
    references = {move.reference for event in two.a.post for move in event.moves}
    answering = [
        new.model_copy(update={"moves": (new.moves[0].model_copy(update={"answers": reference}),)})
        for reference in sorted(references)
    ]
    stated = (Identified(person=0, addressee_number=returning),)
    return two, [
        *told,
        *(notice.model_copy(update={"withdrawn": True}) for notice in (*told, announced)),
        announced,
        new,
        *answering,
        leaving(third),
        leaving(family, planned=PLANNED + timedelta(days=1)),
        *(confirm(number, effective=ARRIVED) for number in (first, second, third)),
        *(cancel(number, n, effective=PLANNED) for number in (first, arrived, returning) for n in (1, 2)),
        arriving(came_from=THERE),
        arriving(came_from=THERE).model_copy(update={"identified": known}),
        back(with_code(CODE)),
        back(with_code(CODE)).model_copy(update={"previous_municipality": THERE}),
        back(with_code(OTHER_CODE, name="山田　太郎")),
        back().model_copy(update={"identified": stated}),
        enter(person(), effective=TODAY).model_copy(update={"identified": stated}),
        OverdueMoveOutsNotice(addressee_numbers=(first, second, third)),
    ]


async def loaded(connection: Connection, notices: Sequence[Notice]) -> Record:
    record = (await ResidentRegistry().load(connection, {HERE: notices}))[HERE]
    assert isinstance(record, Record)
    return record


async def test_a_loaded_record_decides_about_moves_as_the_whole_registry_does(connection: Connection) -> None:
    two, notices = two_towns()
    await save(connection, HERE, two.a)
    for notice in notices:
        record = await loaded(connection, [notice])
        assert decide(record, notice, two.a.context()) == two.a.peek(notice), notice
    record = await loaded(connection, notices)
    for notice in notices:
        assert decide(record, notice, two.a.context()) == two.a.peek(notice), notice


async def test_who_is_protected_together_is_known_when_another_one_is_carried_over(connection: Connection) -> None:
    town = Town(municipality=HERE)
    town.accept(carrying(someone("0001", protection=protected("0009"))))
    await save(connection, HERE, town)
    apart = someone("0009", row(old_household_number="H2"), protection=protected("0001"))
    another = carrying(apart, household="H2")
    decided = decide(await loaded(connection, [another]), another, town.context())
    assert decided == town.peek(another)
    assert isinstance(decided, Accepted)
    (_, changed) = decided.events
    assert isinstance(changed, ProtectionChanged)
    assert [len(each.together_with) for each in changed.protections] == [1, 1]


async def test_what_is_overdue_is_found_until_it_is_on_the_work_list(connection: Connection) -> None:
    two, _ = two_towns()
    await save(connection, HERE, two.a)
    first, second = "0000000019", "0000000027"

    async def overdue(days: int) -> list[str]:
        before = PLANNED + timedelta(days=days)
        found = await QUERIES.overdue_move_outs(connection, municipality=HERE, before=before, limit=30)
        return [record["addressee_number"] for record in found]

    assert await overdue(0) == ["0000000043"], "who left in April"
    assert await overdue(1) == [first, second, "0000000043"]
    two.a.events, two.a.parts = [], []
    two.a.today = PLANNED + timedelta(days=30 + 1)
    two.a.accept(OverdueMoveOutsNotice(addressee_numbers=(first,)))
    two.a.accept(confirm(second, effective=ARRIVED))
    await save(connection, HERE, two.a)
    assert await overdue(1) == ["0000000043"]
