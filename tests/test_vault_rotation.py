"""Keys rotate while numbers come in; a service that is killed in the middle goes on, and every number stays found."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from kumiai_common.lane import lane_of
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service
from kumiai_national_id_linkage.vault.keys import with_new_keys, write

from tests.conftest import NewSystem
from tests.support.family import carry_over
from tests.support.faults import restart
from tests.support.operator import LINKAGE, REGISTRY, Operator
from tests.support.system import System
from tests.support.vault import Clerk, household, my_number, number_notice, public_key

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
HOUSEHOLDS = 40
"""Of four people: a page and a half of the rotation."""


async def populated(system: System, key: dict[str, Any]) -> dict[str, str]:
    """Households whose numbers the vault holds: number by 宛名番号."""
    notices = [carry_over() for _ in range(HOUSEHOLDS)]
    receipts = await system.submit(REGISTRY, *[(system.envelope(notice), notice) for notice in notices])
    people = [
        assigned["number"]
        for receipt in receipts
        for assigned in receipt["assigned"]
        if assigned["kind"] == "addressee-number"
    ]
    last = receipts[-1]["caused"][-1]
    cause = f"{last['stream']}:{last['incarnation']}:{last['position']}"
    numbers = {person: my_number(20_000_000_000 + 13 * n) for n, person in enumerate(people)}
    first, *others = numbers.items()
    await system.tell(number_notice(key, system.member.code, *first), cause)
    told = [number_notice(key, system.member.code, *each) for each in others]
    answered = await system.submit(LINKAGE, *[(system.envelope(notice), notice) for notice in told])
    assert {receipt["outcome"] for receipt in answered} == {"accepted"}
    return numbers


@contextmanager
def database(addresses: StackAddresses) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """The linkage service's database, past row-level security."""
    url = addresses.postgres_url.rpartition("/")[0] + f"/{Service(LINKAGE).database}"
    with psycopg.connect(url, password=addresses.postgres_password) as connection:
        yield connection


def versions(addresses: StackAddresses, code: str) -> dict[tuple[int, int], int]:
    """How many numbers stand under which versions of data and mark key."""
    with database(addresses) as connection:
        rows = connection.execute(
            "select data_key, mark_key, count(*) from vault_number where municipality = %s group by 1, 2", (code,)
        )
        return {(data, mark): count for data, mark, count in rows}


def waits_for_the_record(addresses: StackAddresses) -> None:
    """Wait until the rotation stands in the middle of its transaction."""
    with database(addresses) as connection:
        connection.autocommit = True
        for _ in range(200):
            (waiting,) = connection.execute(
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%access_record%'"
            )
            if waiting[0]:
                return
            connection.execute("select pg_sleep(0.1)")
    raise AssertionError("the rotation never got to its record")


async def keys_of(operator: Operator, code: str) -> list[dict[str, Any]]:
    """A municipality's keys as the operator sees them."""
    return list((await operator.ask("GET", LINKAGE, f"/v1/{code}/vault/keys"))["keys"])


async def rotate(operator: Operator, code: str, *kinds: str) -> None:
    """Order a rotation."""
    await operator.ask("POST", LINKAGE, f"/v1/{code}/vault/key-rotations", json={"kinds": kinds})


async def finished(operator: Operator, code: str, expected: list[tuple[str, int, int | None]]) -> None:
    """Wait until the keys, with how many numbers are under them, are these."""
    for _ in range(300):
        found = [(key["kind"], key["version"], key["numbers"]) for key in await keys_of(operator, code)]
        if found == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def test_a_rotation_that_is_killed_in_the_middle_goes_on_and_every_number_stays_found(
    new_system: NewSystem, operator: Operator, addresses: StackAddresses, federation: ServiceProcesses
) -> None:
    system = await new_system(REGISTRY, LINKAGE)
    code, key, worker = system.member.code, await public_key(operator.peers), federation[LINKAGE]
    numbers = await populated(system, key)
    clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
    some = list(numbers.items())[::20]
    tokens = {person: (await clerk.token(person)).json()["token"] for person, _ in some}

    with database(addresses) as rows, database(addresses) as record:
        # Nothing is encrypted anew until the rows are let go; then the page stops before its access is recorded.
        rows.execute("select from vault_number where municipality = %s for update", (code,))
        await rotate(operator, code, "data", "mark")
        with pytest.raises(httpx.HTTPStatusError, match="409"):
            await rotate(operator, code, "data")
        # Meanwhile a number comes in under the new keys, and a look-up finds what is under the old ones.
        (newcomer, *_), cause = await household(system)
        await system.tell(number_notice(key, code, newcomer, my_number(31)), cause)
        for person, number in some:
            assert (await clerk.look_up(key, number)).json()["token"] == tokens[person]
        record.execute("lock table access_record in share mode")
        rows.rollback()
        await asyncio.to_thread(waits_for_the_record, addresses)
        worker.kill()
    count = len(numbers) + 1
    assert versions(addresses, code) == {(1, 1): count - 1, (2, 2): 1}, "nothing of the page was left behind"

    await restart(federation, LINKAGE, forgotten_by=addresses)
    await finished(operator, code, [("data", 2, count), ("mark", 2, count), ("token", 1, None)])
    assert versions(addresses, code) == {(2, 2): count}
    for person, number in some:
        found = (await clerk.look_up(key, number)).json()
        assert [each["addressee_number"] for each in found["addressees"]] == [person]
        assert found["token"] == tokens[person], "tokens outlive the rotation"
    accesses = await clerk.accesses(limit="500")
    pages = [each["addressee_numbers"] for each in accesses if each["action"] == "vault/re-encryption"]
    opened = [person for page in pages for person in page]
    assert len(opened) == len(set(opened)) == count - 1, "each number was opened once, and that is written down"
    assert "vault/rotation" in {each["action"] for each in accesses}


async def test_the_key_file_rotates_while_the_service_runs(
    new_system: NewSystem, operator: Operator, test_layout: Layout
) -> None:
    path = Service(LINKAGE).vault_keys(test_layout)
    assert path is not None
    before = members(path)
    try:
        await in_spite_of_new_keys(path, await new_system(REGISTRY, LINKAGE), operator)
    finally:
        # What other municipalities' keys are wrapped with may not be missing afterwards.
        kept = {member["kid"] for member in members(path)}
        write(path, [*members(path), *[member for member in before if member["kid"] not in kept]])


async def test_a_missing_key_makes_its_municipality_wait_and_nobody_else(
    new_system: NewSystem, operator: Operator, test_layout: Layout, codes: Iterator[str]
) -> None:
    path = Service(LINKAGE).vault_keys(test_layout)
    assert path is not None
    waits = await new_system(REGISTRY, LINKAGE)
    code, before = waits.member.code, members(path)
    same_lane = (each for each in codes if lane_of(each) == lane_of(code))
    goes_on = await new_system(REGISTRY, LINKAGE, code=next(same_lane))
    key = await public_key(operator.peers)
    (person, another, *_), cause = await household(waits)
    await waits.tell(number_notice(key, code, person, my_number(51)), cause)
    clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
    try:
        renewed = with_new_keys([each for each in before if each["kty"] == "EC"], ["wrapping"], datetime.now(UTC))
        write(path, renewed)
        waiting = asyncio.create_task(waits.send(waits.message(number_notice(key, code, another, my_number(52)))))
        for n in range(53, 56):  # over more than one attempt of the one that waits
            (other, *_), cause = await household(goes_on)
            await goes_on.tell(number_notice(key, goes_on.member.code, other, my_number(n)), cause)
        refused = await clerk.look_up(key, my_number(51))
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "key of the vault" in refused.json()["detail"]
        await alarmed(operator, code)
        assert not waiting.done()
    finally:
        write(path, [*members(path), *[each for each in before if each["kty"] == "oct"]])
    assert (await waiting).accepted, "what waited is taken once the key is there again"
    assert (await clerk.look_up(key, my_number(52))).is_success


async def alarmed(operator: Operator, code: str) -> None:
    """Wait until the metric says that a municipality waits for a key."""
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            text = (await client.get(f"{operator.peers[LINKAGE]}/metrics")).text
            if re.search(rf'kumiai_vault_keys_missing\{{[^}}]*municipality="{code}"[^}}]*\}} 1\.0', text):
                return
            await asyncio.sleep(0.1)
    raise AssertionError("no alarm")


async def in_spite_of_new_keys(path: Path, system: System, operator: Operator) -> None:
    """Numbers come in, and tokens stay, while both keys of the file are renewed and the old wrapping key is gone."""
    code, before, old = system.member.code, members(path), await public_key(operator.peers)
    (person, *_), cause = await household(system)
    await system.tell(number_notice(old, code, person, my_number(41)), cause)
    clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
    token = (await clerk.token(person)).json()
    write(path, with_new_keys(before, ["receiving", "wrapping"], datetime.now(UTC)))
    new = await public_key(operator.peers)
    assert new["kid"] != old["kid"]
    wrapping = [member["kid"] for member in members(path) if member["kty"] == "oct"]
    for _ in range(100):
        if {key["wrapped_by"] for key in await keys_of(operator, code)} == {wrapping[0]}:
            break
        await asyncio.sleep(0.1)
    assert {key["wrapped_by"] for key in await keys_of(operator, code)} == {wrapping[0]}
    write(path, [member for member in members(path) if member["kid"] not in wrapping[1:]])
    for n, key in ((42, old), (43, new)):
        (another, *_), cause = await household(system)
        await system.tell(number_notice(key, code, another, my_number(n)), cause)
    assert (await clerk.token(person)).json() == token


def members(path: Path) -> list[dict[str, Any]]:
    """The keys in a key file."""
    return list(json.loads(path.read_text())["keys"])
