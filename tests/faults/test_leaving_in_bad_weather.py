"""A database or Kafka that is away while a municipality leaves.

What was asked for goes on by itself, or is refused with what to do; it ends in the same bundle and a true certificate.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service
from kumiai_local.stack import Part, Stack

from tests.bundle.conftest import register_exporter
from tests.leaving.test_leaving import KEPT, assert_signed, report
from tests.support.exports import OFFICER, Exports, Made
from tests.support.family import carry_over
from tests.support.leaving import NOTHING, Leaver, closed_heads, everywhere, in_kafka, until_waits_for
from tests.support.operator import ALL, LINKAGE, TAXATION, Operator
from tests.support.system import System, broker_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
UNREACHABLE = 3
"""The command line's exit code for what may be tried again."""


async def test_whatever_is_away_a_leave_goes_on_by_itself_and_its_bundle_is_the_same(
    operator: Operator,
    addresses: StackAddresses,
    federation: ServiceProcesses,
    stack: Stack,
    test_layout: Layout,
    codes: Iterator[str],
    tmp_path: Path,
) -> None:
    code = next(codes)
    leaver = await Leaver.join(operator, code, ALL)
    await register_exporter(operator, test_layout, code, OFFICER)
    await operator.known(leaver.member)
    async with System(
        leaver.member, broker_of(addresses, leaver.member), operator.peers, tmp_path / "system"
    ) as system:
        family = await system.tell(carry_over())
        await system.tell(report(family.numbers[0]), cause=family.event)
        await operator.complete(leaver.member)
    exports = Exports(code, federation, tmp_path)

    # Without Kafka no right to write can be withdrawn: the leave is recorded, and nobody says that it is closing.
    async with frozen(stack):
        await leaver.request()
        await asyncio.sleep(1)
        assert (await leaver.show())["leave"]["state"] == "requested"
    await leaver.state("closing")
    # While the services close the databases go away. Whoever asks meanwhile is told to try again.
    async with away(stack, "postgres"):
        ended, said = await asyncio.to_thread(exports.kumiai, "leaving", "show", code)
        assert (ended, said["problem"]["code"]) == (UNREACHABLE, "unavailable"), said
    heads = closed_heads(await leaver.state("closed"))

    made = await _cut_by_the_database(exports, stack, addresses)
    plan = (await operator.ask("GET", "membership", leaver.address + "/plan"))["erases"]
    try:
        # The steps until erasure need no Kafka, and neither does the bundle. Erasure has to ask it who is behind.
        async with away(stack, "kafka"):
            await exports.same(made, heads)
            await leaver.record_bundle(made.identity)
            await leaver.acknowledge(made.identity)
            federation[LINKAGE].pause()  # so that erasure does not end before what else befalls it
            erasing = asyncio.create_task(leaver.begin_erasure())
            await asyncio.sleep(1)
            assert not erasing.done()
        await erasing
        async with away(stack, "postgres"):
            await asyncio.sleep(1)
        await until_waits_for(leaver, {LINKAGE, "kafka", "membership"})
        # Each database is erased without Kafka; what is in Kafka waits, and nothing is certified before.
        async with frozen(stack):
            federation[LINKAGE].resume()
            await until_waits_for(leaver, {"kafka", "membership"})
            assert (await leaver.show())["leave"]["state"] == "erasing"
    finally:
        federation[LINKAGE].resume()
    await leaver.state("certified", within_s=60)

    found = await leaver.certificate()
    assert found["certificate"]["bundle_hash"] == made.identity
    assert_signed(code, found, test_layout)
    by_place = {row["place"]: {item["what"]: item["count"] for item in row["erased"]} for row in found["erased"]}
    assert by_place.keys() == plan.keys() == {*ALL, "kafka", "membership"}
    for table in ("assessment", "resident_history", "inbox"):
        assert by_place[TAXATION].get(table) == plan[TAXATION].get(table), table
    assert {service: set(tables) - KEPT for service, tables in everywhere(addresses, code).items()
            if service != "membership"} == {service: set() for service in ALL}  # fmt: skip
    assert in_kafka(addresses, code) == NOTHING


async def _cut_by_the_database(exports: Exports, stack: Stack, addresses: StackAddresses) -> Made:
    """An export whose database is restarted in the middle of a part says so, and is made again in the same place."""
    folder = exports.next_folder()
    url = addresses.postgres_url.rpartition("/")[0] + f"/{Service(TAXATION).database}"
    connection = psycopg.connect(url, password=addresses.postgres_password)
    try:
        connection.execute("lock table assessment in access exclusive mode")
        exporting = asyncio.create_task(asyncio.to_thread(exports.kumiai, *exports.arguments(folder)))
        waits = "select exists (select from pg_locks where not granted and relation = 'assessment'::regclass)"
        async with asyncio.timeout(20):
            while connection.execute(waits).fetchone() != (True,):
                await asyncio.sleep(0.1)
        async with away(stack, "postgres"):
            ended, said = await exporting
    finally:
        connection.close()
    assert ended != 0 and "xport again" in said["error"], said
    assert not (folder / "manifest.json").exists()
    return await exports.made(folder)


@asynccontextmanager
async def away(stack: Stack, part: Part) -> AsyncIterator[None]:
    """The block runs without it: a broker that is killed, or a database that ends in order."""
    await asyncio.to_thread(stack.control.kill if part == "kafka" else stack.control.stop, part)
    try:
        yield
    finally:
        await asyncio.to_thread(stack.control.start, part)


@asynccontextmanager
async def frozen(stack: Stack) -> AsyncIterator[None]:
    """The block runs while connections to Kafka stay open and nothing answers."""
    await asyncio.to_thread(stack.control.pause, "kafka")
    try:
        yield
    finally:
        await asyncio.to_thread(stack.control.resume, "kafka")
