"""Services, broker and database that die under load."""

import asyncio
from itertools import count

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.tokens import public_key_text
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.stack import Stack

from tests.faults.conftest import UnderLoad
from tests.support.faults import die_at
from tests.support.faulty import POINTS
from tests.support.operator import ALL, Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
CLERKS = count(1)
DEAD_S = 6.0
"""How long the broker is dead in the short form."""


async def test_services_may_die_at_every_point(
    federation: ServiceProcesses, test_layout: Layout, under_load: UnderLoad
) -> None:
    """Each point is passed by one service, each service dies at two; the long form takes them all."""
    async with under_load():
        for round_ in (0, 1):
            points = zip(ALL, POINTS[round_::2], strict=True)
            await asyncio.gather(
                *[die_at(federation[service], test_layout, point, passing=3) for service, point in points]
            )


async def test_membership_may_die_at_every_point(
    federation: ServiceProcesses, test_layout: Layout, operator: Operator, under_load: UnderLoad
) -> None:
    key = public_key_text(Ed25519PrivateKey.generate().public_key())
    async with under_load(residents=20, per_s=4.0) as load:
        for point in POINTS:
            dying = asyncio.create_task(die_at(federation["membership"], test_layout, point))
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
    federation: ServiceProcesses, stack: Stack, under_load: UnderLoad
) -> None:
    async with under_load():
        await asyncio.sleep(1)
        await asyncio.to_thread(stack.control.kill, "kafka")
        await asyncio.sleep(DEAD_S)
        async with httpx.AsyncClient(timeout=5) as client:
            for worker in federation:
                assert (await client.get(f"{worker.url}/health/live")).status_code == httpx.codes.OK
                assert (await client.get(f"{worker.url}/health/ready")).status_code == httpx.codes.SERVICE_UNAVAILABLE
        await asyncio.to_thread(stack.control.start, "kafka")
        for worker in federation:
            await asyncio.to_thread(worker.wait_ready)


async def test_a_restart_of_the_database_is_waited_out(
    federation: ServiceProcesses, stack: Stack, under_load: UnderLoad
) -> None:
    async with under_load():
        await asyncio.sleep(1)
        before = {worker.name: worker.pid for worker in federation}
        await asyncio.to_thread(stack.control.restart, "postgres")
        for worker in federation:
            await asyncio.to_thread(worker.wait_ready)
        assert {worker.name: worker.pid for worker in federation} == before
