"""Services, broker and database that die under load."""

import asyncio
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.tokens import public_key_text
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.stack import Part, Stack

from tests.faults.conftest import UnderLoad
from tests.support.faults import assert_live_but_not_ready, die_at
from tests.support.faulty import POINTS
from tests.support.operator import ALL, Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
CLERKS = count(1)
DEAD_BROKER_S = 6.0
"""Long enough for every part of every service to notice; the long form leaves it dead for a minute."""
DEAD_DATABASE_S = 2.0


async def test_services_may_die_at_every_point(
    federation: ServiceProcesses, addresses: StackAddresses, test_layout: Layout, under_load: UnderLoad
) -> None:
    """Each point is passed by one service, each service dies at two; the long form takes them all."""
    points = zip(ALL, POINTS[::2], POINTS[1::2], strict=True)
    async with under_load():
        await asyncio.gather(
            *[
                die_at(federation[service], test_layout, *two, passing=3, forgotten_by=addresses)
                for service, *two in points
            ]
        )


async def test_membership_may_die_at_every_point(
    federation: ServiceProcesses,
    addresses: StackAddresses,
    test_layout: Layout,
    operator: Operator,
    under_load: UnderLoad,
) -> None:
    key = public_key_text(Ed25519PrivateKey.generate().public_key())
    async with under_load(residents=20, per_s=4.0) as load:
        dying = asyncio.create_task(die_at(federation["membership"], test_layout, *POINTS, forgotten_by=addresses))
        while not dying.done():
            await operator.register(load.member.code, f"clerk-{next(CLERKS)}", key)
            await asyncio.sleep(0.2)
        await dying


async def test_killed_services_lose_nothing(federation: ServiceProcesses, under_load: UnderLoad) -> None:
    async with under_load():
        for _ in range(2):
            await asyncio.sleep(1)
            for service in ALL:
                federation[service].kill()
            for service in ALL:
                federation[service].start()
            await asyncio.gather(*[asyncio.to_thread(federation[service].wait_ready) for service in ALL])


async def test_services_live_through_a_dead_broker_and_catch_up(
    federation: ServiceProcesses, stack: Stack, operator: Operator, under_load: UnderLoad
) -> None:
    await _live_through_the_death_of("kafka", DEAD_BROKER_S, federation, stack, operator, under_load)


async def test_services_live_through_a_restart_of_the_database_and_catch_up(
    federation: ServiceProcesses, stack: Stack, operator: Operator, under_load: UnderLoad
) -> None:
    await _live_through_the_death_of("postgres", DEAD_DATABASE_S, federation, stack, operator, under_load)


async def _live_through_the_death_of(
    part: Part,
    seconds: float,
    federation: ServiceProcesses,
    stack: Stack,
    operator: Operator,
    under_load: UnderLoad,
) -> None:
    """While it is away the systems go on sending; no process ends, each says that it can't work, and all catch up."""
    async with under_load() as load:
        await asyncio.sleep(1)
        before = {worker.name: worker.pid for worker in federation}
        await asyncio.to_thread(stack.control.kill if part == "kafka" else stack.control.stop, part)
        try:
            await asyncio.sleep(seconds)
            await assert_live_but_not_ready(federation)
        finally:
            await asyncio.to_thread(stack.control.start, part)
        for worker in federation:
            await asyncio.to_thread(worker.wait_ready)
        await operator.caught_up(load.member)
        assert {worker.name: worker.pid for worker in federation} == before, "a process ended by itself"
