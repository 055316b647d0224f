"""A database put back to an older state: the log goes on as another incarnation, and nobody mixes the two."""

import asyncio

import pytest
from kumiai_local.addresses import StackAddresses
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service

from tests.conftest import NewSystem
from tests.support.family import carry_over
from tests.support.faults import restore_backup, take_backup
from tests.support.operator import LINKAGE, REGISTRY, TAXATION, Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


async def test_a_restored_log_goes_on_as_another_incarnation(
    federation: ServiceProcesses, addresses: StackAddresses, new_system: NewSystem, operator: Operator
) -> None:
    restored, untouched = await new_system(), await new_system()
    code, service = restored.member.code, Service(REGISTRY)
    await restored.tell(carry_over())
    await asyncio.to_thread(take_backup, addresses, service, code)
    for _ in range(3):
        await restored.tell(carry_over())
    await operator.complete(restored.member)

    await asyncio.to_thread(federation[REGISTRY].stop)
    await asyncio.to_thread(restore_backup, addresses, service, code)
    federation[REGISTRY].start()
    await asyncio.to_thread(federation[REGISTRY].wait_ready)

    await asyncio.gather(*[operator.diverged(reader, code, "resident") for reader in (TAXATION, LINKAGE)])
    assert (await operator.head(code, "resident", REGISTRY))["incarnation"] == 2

    # Nobody else is held up, and what was in Kafka is taken in again.
    await untouched.tell(carry_over())
    await operator.complete(untouched.member)
    await restored.tell(carry_over())
    head = await operator.head(code, "resident", REGISTRY)
    assert head["position"] == 1 + 1 + 3 + 1, "the first, the new incarnation's beginning, the three again, another one"

    # A rebuild lets the readers follow the new incarnation.
    for reader in (TAXATION, LINKAGE):
        rebuilt = await operator.rebuild(reader, code, "resident")
        assert rebuilt["position"] + rebuilt["remaining"] == head["position"]
    await restored.tell(carry_over())
    await operator.complete(restored.member)
    await operator.same_state(code, "resident", REGISTRY, TAXATION)
