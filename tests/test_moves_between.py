"""A move from one member's registry to another's on the real stack: told once, confirmed once, nothing waits unseen."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from kumiai_contracts.resident import MoveInNotice, MoveOutNotice
from kumiai_contracts.resident_amendments import ConfirmMoveOutNotice
from kumiai_local.addresses import StackAddresses

from tests.support.family import AWAY, FAMILY, HOME, carry_over, handled, person, today
from tests.support.operator import REGISTRY
from tests.support.system import System
from tests.test_first_flow import NewSystem, within

pytestmark = pytest.mark.stack
TENDO, HIGASHINE = "062103", "062111"
ELSEWHERE = "011002"
STANDARD_DAYS = 30
"""After so many days without a confirmation a move out is looked at, unless the municipality has set another number."""


def move_out(*numbers: str, to: str, days: int = 5) -> MoveOutNotice:
    return MoveOutNotice(
        **handled(today() + timedelta(days=days)),
        addressee_numbers=numbers,
        destination="domestic",
        destination_address=AWAY,
        destination_municipality=to,
    )


def move_in(*persons: Any, came_from: str) -> MoveInNotice:
    return MoveInNotice(
        **handled(),
        origin="domestic",
        persons=persons,
        address=HOME,
        previous_address=AWAY,
        previous_municipality=came_from,
    )


async def moves(system: System, which: str, state: str, count: int) -> list[dict[str, Any]]:
    """A list of moves between municipalities, once it is so long."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = (await system.read(REGISTRY, f"moves-between/{which}", state=state))["moves"]
        return len(found) >= count

    await within(20, there)
    assert len(found) == count
    return found


async def waiting(system: System, kind: str) -> dict[str, Any]:
    """The one open work item of a kind, once it is there."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        items = (await system.read(REGISTRY, "work-items", state="open"))["work_items"]
        found[:] = [item for item in items if item["kind"] == kind]
        return bool(found)

    await within(20, there)
    (item,) = found
    return item


async def test_a_family_moves_from_one_member_to_another(new_system: NewSystem, addresses: StackAddresses) -> None:
    a, b = await new_system(REGISTRY, code=TENDO), await new_system(REGISTRY, code=HIGASHINE)
    numbers = (await a.tell(carry_over(*FAMILY[:2]))).numbers
    await a.tell(move_out(*numbers, to=HIGASHINE))
    announced = await moves(b, "announced", "open", 2)
    assert [(move["name"], move["other"]) for move in announced] == [(each.name, TENDO) for each in FAMILY[:2]]
    arrived = (await b.tell(move_in(*FAMILY[:2], came_from=TENDO))).numbers
    met = await moves(b, "announced", "met", 2)
    assert [move["addressee_number"] for move in met] == list(arrived)
    await moves(a, "told", "met", 2)
    rows = [await a.read(REGISTRY, f"residents/{number}") for number in numbers]
    assert {row["removed_on"] for row in rows} == {row["confirmed_on"] for row in rows} == {today().isoformat()}
    assert {row["history_number"] for row in rows} == {3}

    # As after a crash between delivering and noting: the position is lost, and everything is delivered again.
    url = addresses.postgres_url.rpartition("/")[0] + "/kumiai_resident_registry"
    before = [await a.stream(REGISTRY, "resident"), await b.stream(REGISTRY, "resident")]

    def forget() -> None:
        with psycopg.connect(url, password=addresses.postgres_password) as connection:
            connection.execute("delete from courier_position where municipality = any(%s)", ([TENDO, HIGASHINE],))

    await asyncio.to_thread(forget)

    async def told_again() -> bool:
        receipts = [json.loads(line["body"]) for line in await a.stream(REGISTRY, "resident-registry-receipts")]
        return len([each for each in receipts if each["notice_source"] == f"urn:kumiai:{HIGASHINE}:resident"]) == 2

    await within(20, told_again)
    assert [await a.stream(REGISTRY, "resident"), await b.stream(REGISTRY, "resident")] == before
    bodies = "".join(line["body"] for each in before for line in each if "move" in line["type"].partition(".")[2])
    assert HIGASHINE not in bodies.replace(f'"sender":"{HIGASHINE}"', "").replace(f'"{HIGASHINE}/', "")


async def test_who_comes_from_no_member_or_unannounced_waits_for_a_person(new_system: NewSystem) -> None:
    a, b = await new_system(REGISTRY), await new_system(REGISTRY)
    stranger = person("庄内 一", "世帯主", "1970-01-01")
    (number,) = (await b.tell(move_in(stranger, came_from=ELSEWHERE))).numbers
    assert (await waiting(b, "move-in-unsent"))["keys"] == [number]
    lives = await a.tell(carry_over(stranger))
    await b.tell(move_in(stranger, came_from=a.member.code))
    item = await waiting(a, "move-in-unmatched")
    assert item["keys"] == []
    await a.tell(move_out(*lives.numbers, to=b.member.code))
    (told,) = await moves(a, "told", "met", 1)
    assert told["addressee_number"] == lives.numbers[0]
    assert (await a.read(REGISTRY, f"residents/{lives.numbers[0]}"))["removed_on"] == today().isoformat()
    await moves(b, "announced", "met", 1)


async def test_a_move_out_that_nobody_confirms_comes_onto_the_work_list_by_itself(new_system: NewSystem) -> None:
    system = await new_system(REGISTRY)
    (late,), (recent,) = [(await system.tell(carry_over(each))).numbers for each in FAMILY[:1] * 2]
    for number, days in ((late, STANDARD_DAYS + 1), (recent, STANDARD_DAYS)):
        leaving = move_out(number, to=ELSEWHERE, days=-days)
        await system.tell(leaving.model_copy(update={"ex_officio": True}))
    assert (await waiting(system, "move-out-unconfirmed"))["keys"] == [late]
    await system.tell(ConfirmMoveOutNotice(**handled(), addressee_numbers=(late,)))
    (item,) = (await system.read(REGISTRY, "work-items"))["work_items"]
    assert (item["kind"], item["state"]) == ("move-out-unconfirmed", "settled")
