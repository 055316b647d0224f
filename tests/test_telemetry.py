"""Gauges over a worker's life: there right after a start, gone when somebody else is in charge."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from kumiai_contracts.topics import events_topic
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.worker import Worker

from tests.conftest import NewSystem
from tests.support.family import carry_over
from tests.support.faults import gauges, second_worker, told
from tests.support.operator import REGISTRY, TAXATION, Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]
READER_GAUGES = ("kumiai_reader_lag_events", "kumiai_reader_position", "kumiai_stream_head_position")
IN_BOTH_HALVES = ("442011", "442020", "442054", "442135")
"""大分市, 別府市, 佐伯市, 由布市: two in each half of the shards."""
TAKEN_OVER_S = 8.0
"""Less than a lease: whoever is there gives the others' share back, and who stops gives all of it back."""


async def test_heads_are_shown_right_after_a_restart(
    federation: ServiceProcesses, new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system(REGISTRY)
    await system.tell(carry_over())
    await asyncio.to_thread(federation[REGISTRY].restart)

    async def shown() -> bool:
        found = await gauges(federation[REGISTRY], "kumiai_stream_head_position")
        return (system.member.code, "resident", 1.0) in {
            (labels["municipality"], labels["stream"], value) for labels, value in found
        }

    await _within(3, shown)
    assert [value for _, value in await gauges(federation[REGISTRY], "kumiai_ready")] == [1.0]


async def test_a_municipality_is_shown_by_the_worker_in_charge_alone(
    federation: ServiceProcesses,
    addresses: StackAddresses,
    test_layout: Layout,
    new_system: NewSystem,
    operator: Operator,
) -> None:
    systems = [await new_system(REGISTRY, TAXATION, code=code) for code in IN_BOTH_HALVES]
    for system in systems:
        await system.tell(carry_over())
        await operator.complete(system.member)
    codes = {system.member.code for system in systems}
    first = federation[TAXATION]
    for name in READER_GAUGES[:2]:
        assert codes <= await _shown(first, name)
    second = second_worker(first, test_layout)
    second.start()
    try:
        await asyncio.to_thread(second.wait_ready)

        async def shared() -> bool:
            found = [(await _shown(first, name), await _shown(second, name)) for name in READER_GAUGES]
            return all(a and b and not a & b and codes <= a | b for a, b in found)

        await _within(TAKEN_OVER_S, shared)
        # Whoever is in charge reads, and nobody else does.
        charges = {worker.name: codes & await _shown(worker, READER_GAUGES[0]) for worker in (first, second)}
        before = {worker.name: await _applied(worker) for worker in (first, second)}
        for system in systems:
            await system.tell(carry_over())
            await operator.complete(system.member)
        for worker in (first, second):
            after = await _applied(worker)
            grown = {code for code in codes if after[code] > before[worker.name][code]}
            assert grown == charges[worker.name]

        topics = {events_topic(code, "resident") for code in codes}
        places = await told(addresses, f"{TAXATION}.workers", topics)
        assert min(places[topic] for topic in topics) >= 1
    finally:
        await asyncio.to_thread(second.stop)

    async def alone() -> bool:
        return all([codes <= await _shown(first, name) for name in READER_GAUGES])

    await _within(TAKEN_OVER_S, alone)


async def _applied(worker: Worker) -> Counter[str]:
    """How many of the registry's events a worker has applied, by municipality."""
    found: Counter[str] = Counter()
    for labels, value in await gauges(worker, "kumiai_events_applied_total"):
        if labels["stream"] == "resident":
            found[labels["municipality"]] += int(value)
    return found


async def _shown(worker: Worker, name: str) -> set[str]:
    return {labels["municipality"] for labels, _ in await gauges(worker, name)}


async def _within(seconds: float, so: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + seconds
    while not await so():
        assert time.monotonic() < deadline, f"not so after {seconds:.0f} s"
        await asyncio.sleep(0.2)
