"""What is loaded for a notice decides as the whole registry does, on the real PostgreSQL with row-level security."""

from datetime import date

import pytest
from feed_in_memory import Fed, life
from kumiai_common.database import Connection
from kumiai_contracts.decision import Accepted, Refused
from kumiai_contracts.identifiers import resident_record_check_digit, with_check_digit
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import Status
from kumiai_contracts.resident_feed import snapshot
from kumiai_resident_registry import own_system, store
from kumiai_resident_registry.domain.record import Record
from kumiai_resident_registry.domain.relationships import HEAD
from registry_in_memory import (
    Registry,
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
    person,
    pool,
    remake,
    remove,
    split,
)
from registry_on_postgres import ELSEWHERE, HERE, counted, save

pytestmark = pytest.mark.stack
CODES = [with_check_digit(f"{2470000000 + n}", resident_record_check_digit) for n in range(6)]
LATER = date(2026, 5, 20)


def town() -> Registry:
    """Families, some of whose histories are long."""
    registry = Registry()
    registry.accept(pool(*CODES))
    (parent,) = registry.family("世帯主")
    registry.accept(birth(registry.number_of(parent)))
    head, wife, child = registry.family("世帯主", "妻", "子")
    registry.accept(change_address(head, wife, child))
    registry.accept(change_address(head, wife, child))
    registry.accept(cancel(wife, 3))
    registry.accept(change_address(child, effective=LATER))
    widow, son = registry.family("世帯主", "子")
    registry.accept(death(widow))
    registry.accept(move_in("同居人", household_number=registry.household_of(son).household_number, effective=LATER))
    (former,) = registry.family("世帯主")
    registry.accept(former_name(former, "佐藤"))
    (leaving,) = registry.family("世帯主")
    registry.accept(move_out(leaving))
    registry.accept(confirm(leaving))
    first, second = registry.family("世帯主", "妻")
    uncle, aunt, cousin = registry.family("世帯主", "妻", "子")
    registry.accept(merge(registry.number_of(first), registry.number_of(uncle), {uncle: "兄"}))
    registry.accept(split({first: "世帯主", cousin: "弟の子"}, {second: "世帯主", uncle: "夫の兄", aunt: "夫の兄の妻"}))
    registry.accept(birth(registry.number_of(first), day=LATER))
    other, orphan, _ = registry.family("世帯主", "子", "子")
    registry.accept(split({other: "世帯主"}))
    registry.accept(change_household(registry.number_of(other), orphan, relationships={orphan: "子"}))
    return registry


def notices(registry: Registry) -> list[Notice]:
    """Everything that may be notified about everybody, whether it holds or not."""
    found: list[Notice] = [
        move_in("世帯主", "子"),
        move_in("世帯主", "子").model_copy(update={"origin": "abroad"}),
        pool("24727059608", CODES[1]),
        enter(person().model_copy(update={"resident_code": CODES[2]})),
    ]
    first, second = list(dict.fromkeys(registry.number_of(row.addressee_number) for row in registry.state.people()))[
        -2:
    ]
    for row in registry.state.people():
        household = registry.household_of(row.addressee_number)
        number = household.household_number
        found += [
            death(row.addressee_number, effective=LATER),
            move_out(row.addressee_number, effective=LATER),
            change_address(row.addressee_number, effective=LATER),
            birth(number, day=LATER),
            move_in("同居人", household_number=number, effective=LATER),
            change_head(number, row.addressee_number, dict.fromkeys(household.members, "同居人"), effective=LATER),
            code("change-requested", row.addressee_number, effective=LATER),
            code("entered", row.addressee_number, CODES[0], ex_officio=True, effective=LATER),
            code("entered", row.addressee_number, ex_officio=True, effective=LATER),
            enter(person("同居人"), household_number=number, effective=LATER),
            remove(row.addressee_number, effective=LATER),
            change_nationality(row.addressee_number, "GBR", effective=LATER),
            remake("renewed", *(household.members or (row.addressee_number,)), effective=LATER),
            confirm(row.addressee_number, effective=LATER),
            former_name(row.addressee_number, "高橋").model_copy(update={"effective_date": LATER}),
            split({row.addressee_number: HEAD}, effective=LATER),
            *[
                notice
                for other in (first, second)
                for notice in (
                    merge(number, other, {row.addressee_number: HEAD}, effective=LATER),
                    merge(other, number, dict.fromkeys(household.members, "同居人"), effective=LATER),
                    change_household(
                        other, row.addressee_number, relationships={row.addressee_number: "子"}, effective=LATER
                    ),
                    join_by_moving(
                        other, row.addressee_number, relationships={row.addressee_number: "子"}, effective=LATER
                    ),
                )
            ],
            *[cancel(row.addressee_number, n, effective=LATER) for n in range(1, row.history_number + 2)],
        ]
    return found


async def test_a_loaded_state_decides_as_the_whole_registry_does(
    connection: Connection,
) -> None:
    here, elsewhere = town(), Registry()
    elsewhere.family("世帯主", "妻")
    await save(connection, HERE, here)
    await save(connection, ELSEWHERE, elsewhere)
    for notice in notices(here):
        states = await store.load(connection, {HERE: [notice], ELSEWHERE: []})
        assert here.peek(notice, states[HERE]) == here.peek(notice)


async def test_a_loaded_state_judges_a_feed_as_the_whole_record_does(
    connection: Connection,
) -> None:
    whole, fed = Fed(), life(town())
    await connection.execute("insert into own_system values ($1, 'resident-registry', true, '')", HERE)
    await connection.execute("insert into subscription values ($1, 'resident-registry', true, '')", HERE)
    saved = Registry()
    # Each event twice: the second time it contradicts.
    for notice in [again for once in fed for again in (once, once)]:
        given = notice.model_copy(update={"sequence": whole.place.next})
        records = {HERE: Record((await store.load(connection, {HERE: [given]}))[HERE])}
        state = (await own_system.hosted(connection, {HERE: [given]}, records))[HERE]
        assert (state.place.sequence, state.place.seen) == (whole.place.sequence, whole.place.seen)
        before = len(whole.events)
        decision = state.decide(given, whole.context())
        assert decision == whole.decide(given)
        saved.events, saved.parts = whole.events[before:], list(getattr(decision, "sealed", ()))
        await save(connection, HERE, saved)
        await own_system.keep(connection, [(HERE, state)])
    said = snapshot(whole.place.sequence, [row for row in whole.state.people() if row.status is Status.RESIDENT])
    records = {HERE: Record((await store.load(connection, {HERE: [said]}))[HERE])}
    state = (await own_system.hosted(connection, {HERE: [said]}, records))[HERE]
    (standing,) = await own_system.standings(connection, [HERE, ELSEWHERE])
    assert (standing.sequence, standing.diverged_keys > 0) == (2 * len(fed), True)
    assert state.decide(said, whole.context()) == Accepted(())
    await own_system.keep(connection, [(HERE, state)])
    (standing,) = await own_system.standings(connection, [HERE, ELSEWHERE])
    assert standing.diverged is None


async def test_notices_of_several_municipalities_are_loaded_at_once_and_apart(
    connection: Connection,
) -> None:
    here, elsewhere = town(), Registry()
    elsewhere.family("世帯主", "妻")
    await save(connection, HERE, here)
    await save(connection, ELSEWHERE, elsewhere)
    second = "0000000027"
    given = {HERE: [*notices(here)], ELSEWHERE: [death(second), move_in("世帯主")]}
    states = await store.load(connection, given)
    assert [here.peek(notice, states[HERE]) for notice in given[HERE]] == [here.peek(notice) for notice in given[HERE]]
    for notice in given[ELSEWHERE]:
        assert elsewhere.peek(notice, states[ELSEWHERE]) == elsewhere.peek(notice)


async def test_an_ordinary_notice_loads_no_history(connection: Connection) -> None:
    registry = Registry()
    head, wife = registry.family("世帯主", "妻")
    for _ in range(5):
        registry.accept(change_address(head, wife))
    await save(connection, HERE, registry)
    states = await store.load(connection, {HERE: [death(wife)]})
    assert [len(states[HERE].history(number)) for number in (head, wife)] == [1, 1]


async def test_a_municipality_without_anybody_has_an_empty_state(
    connection: Connection,
) -> None:
    states = await store.load(connection, {HERE: [death("0000000019"), move_in("世帯主")]})
    assert isinstance(Registry().peek(death("0000000019"), states[HERE]), Refused)
    assert states[HERE].last_addressee == 0


async def test_every_month_adds_up_also_when_a_confirmation_moves_a_removal_into_another_one(
    connection: Connection,
) -> None:
    registry = town()
    (early,) = registry.family("世帯主")
    registry.accept(move_out(early, effective=date(2026, 6, 10)))
    registry.accept(confirm(early, effective=date(2026, 5, 29)))
    (foreigner,) = registry.family("世帯主")
    registry.accept(change_nationality(foreigner, "GBR"))
    await save(connection, HERE, registry)
    found = {text: await counted(connection, text) for text in ("2020-04", "2026-04", "2026-05", "2026-06")}
    assert all(table["adds_up"] for table in found.values()), found
    living = [row for row in registry.state.people() if row.status is Status.RESIDENT]
    assert found["2026-06"]["closing"] == len(living)
    assert found["2026-05"]["removals"]["domestic-move-out"] == 2
    assert found["2026-05"]["removals"]["nationality-lost-removal"] == 1
    assert found["2026-05"]["amendments"]["household-split"] == 3
    assert found["2026-06"]["removals"] == {}
