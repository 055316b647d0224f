"""Kafka loses, repeats and forgets; old workers wake up. The services' own positions are the truth."""

import asyncio

import pytest
from kumiai_contracts.topics import STREAM_OF, events_topic, receipts_stream
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service

from tests.conftest import NewSystem
from tests.faults.conftest import UnderLoad
from tests.support.family import carry_over
from tests.support.faults import delete_group, lose_tail, second_worker, told, without_its_group
from tests.support.operator import LINKAGE, REGISTRY, TAXATION, Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
TAKEN_OVER_S = 14.0
"""Longer than a lease (10 s)."""


async def test_a_lost_tail_is_found_without_another_event(
    federation: ServiceProcesses, addresses: StackAddresses, new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system()
    await system.tell(carry_over())
    await operator.complete(system.member)
    await asyncio.gather(*[asyncio.to_thread(federation[service].stop) for service in (TAXATION, LINKAGE)])
    for _ in range(3):
        await system.tell(carry_over())
    await asyncio.to_thread(lose_tail, addresses, events_topic(system.member.code, "resident"))
    for service in (TAXATION, LINKAGE):
        federation[service].start()
    await asyncio.gather(*[asyncio.to_thread(federation[service].wait_ready) for service in (TAXATION, LINKAGE)])
    await operator.complete(system.member)
    owner = await operator.same_state(system.member.code, "resident", REGISTRY, TAXATION)
    assert owner["position"] == 4
    await system.tell(carry_over())
    await operator.complete(system.member)


async def test_deleted_consumer_groups_change_nothing(
    federation: ServiceProcesses, addresses: StackAddresses, under_load: UnderLoad
) -> None:
    async with under_load() as load:
        for service in (REGISTRY, TAXATION):
            group = f"{service}.workers"
            await told(addresses, group, {events_topic(load.member.code, "membership")})
            await asyncio.to_thread(federation[service].stop)
            await asyncio.to_thread(delete_group, addresses, group)
            federation[service].start()
            await asyncio.to_thread(federation[service].wait_ready)


async def test_a_service_without_the_right_to_its_group_goes_on(
    federation: ServiceProcesses, addresses: StackAddresses, new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system()
    await asyncio.to_thread(federation[REGISTRY].stop)
    with without_its_group(addresses, Service(REGISTRY)):
        federation[REGISTRY].start()
        await asyncio.to_thread(federation[REGISTRY].wait_ready)
        await system.tell(carry_over())
        await operator.complete(system.member)


@pytest.mark.parametrize("service", (REGISTRY, TAXATION))
async def test_a_worker_that_slept_while_another_went_on_does_no_harm(
    service: str, federation: ServiceProcesses, test_layout: Layout, operator: Operator, under_load: UnderLoad
) -> None:
    other = second_worker(federation[service], test_layout)
    try:
        async with under_load(per_s=15.0) as load:
            # It comes while the first one appends and publishes, which must not look like a log that lost events.
            other.start()
            await asyncio.to_thread(other.wait_ready)
            federation[service].pause()
            await asyncio.sleep(TAKEN_OVER_S)
            federation[service].resume()
        for stream in (STREAM_OF[service], receipts_stream(service)):
            assert (await operator.head(load.member.code, stream, service))["incarnation"] == 1
    finally:
        federation[service].resume()
        await asyncio.to_thread(other.stop)
