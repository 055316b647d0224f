"""A service that is subscribed late: its notices wait until it knows what was recorded before."""

import asyncio

import httpx
import pytest
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_contracts.topics import events_topic
from kumiai_demo.script import Learned
from kumiai_local.addresses import StackAddresses
from kumiai_local.service_processes import ServiceProcesses

from tests.conftest import NewSystem
from tests.support.family import carry_over
from tests.support.faults import lose_tail
from tests.support.operator import REGISTRY, TAXATION, Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
HOUSEHOLDS = 5


async def test_notices_wait_until_the_replicas_of_a_late_joiner_are_complete(
    federation: ServiceProcesses, addresses: StackAddresses, new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system(REGISTRY)
    code = system.member.code
    for _ in range(HOUSEHOLDS):
        family = await system.tell(carry_over())
    # What was recorded before is not to be had: Kafka has lost it, and the registry is away.
    await asyncio.to_thread(federation[REGISTRY].stop)
    await asyncio.to_thread(lose_tail, addresses, events_topic(code, "resident"))
    await operator.subscribe(code, TAXATION)

    by_kafka = await system.post.send(system.message(_report(family)))
    with pytest.raises(httpx.HTTPStatusError) as refused:
        await system.submit(TAXATION, (system.envelope(_report(family)), _report(family)))
    assert refused.value.response.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert refused.value.response.json()["code"] == "intake-held"
    assert not by_kafka.done()
    assert code in await _held(operator)

    federation[REGISTRY].start()
    receipt = await asyncio.wait_for(by_kafka, 30)
    assert receipt.accepted, receipt.body["reasons"]
    assert code not in await _held(operator)
    (again,) = await system.submit(TAXATION, (system.envelope(_report(family)), _report(family)))
    assert again["outcome"] == "accepted"
    at = await operator.reader(TAXATION, code, "resident")
    assert at is not None
    assert at["position"] == HOUSEHOLDS


async def test_a_notice_right_after_subscribing_is_not_refused(
    federation: ServiceProcesses, addresses: StackAddresses, new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system(REGISTRY)
    family = await system.tell(carry_over())
    # The service meets the notice first, and Kafka has lost the word that the municipality subscribes now.
    await asyncio.to_thread(federation[TAXATION].stop)
    await operator.subscribe(system.member.code, TAXATION)
    await asyncio.sleep(1)
    await asyncio.to_thread(lose_tail, addresses, events_topic(system.member.code, "membership"))
    by_kafka = await system.post.send(system.message(_report(family)))
    federation[TAXATION].start()
    receipt = await asyncio.wait_for(by_kafka, 30)
    assert receipt.accepted, receipt.body["reasons"]


def _report(family: Learned) -> EmploymentIncomeReport:
    return EmploymentIncomeReport(
        fiscal_year=2026, addressee_number=family.numbers[0], employer="20310007", salary=3_000_000
    )


async def _held(operator: Operator) -> list[str]:
    answer = await operator.ask("GET", TAXATION, "/v1/readers")
    return [held["municipality"] for held in answer["held"]]
