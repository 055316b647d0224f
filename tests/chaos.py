"""The long form of the fault tests (`python -m tests.chaos`): random faults under load, from a seed that is printed.

Exit codes: 0 nothing was lost, doubled or out of order and every table is its log's fold, and the checker sees each of
the bugs that are planted afterwards; 1 otherwise.
"""

import argparse
import asyncio
import logging
import random
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from kumiai_contracts.topics import events_topic
from kumiai_local.choose import new_stack
from kumiai_local.layout import Layout, checkout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.stack import Part, Stack

from tests.planted.run import judged_wrongly, prepared
from tests.support.faults import assert_live_but_not_ready, delete_group, die_at, lose_tail, second_worker
from tests.support.faulty import POINTS
from tests.support.load import Load, differing_hashes
from tests.support.operator import ALL, LINKAGE, REGISTRY, TAXATION, Operator
from tests.support.system import broker_of

DEAD_BROKER_S = 60.0
DEAD_DATABASE_S = 10.0
NOTICED_S = 6.0
"""After so long every part of a service has noticed that the broker, or the database, is dead."""
SLEEP_S = 14.0
"""Longer than a consumer's session and a relay's lease."""
CODES = ("131016", "132012", "472018")
COMPLETE_WITHIN_S = 180.0


class Chaos:
    """A running federation under load and what may befall it."""

    def __init__(
        self,
        stack: Stack,
        layout: Layout,
        services: ServiceProcesses,
        operator: Operator,
        loads: Sequence[Load],
        rng: random.Random,
    ) -> None:
        self._stack = stack
        self._layout = layout
        self._services = services
        self._operator = operator
        self._loads = loads
        self._rng = rng
        self._faults: tuple[Callable[[], Awaitable[str]], ...] = (
            self._kill,
            self._kill,
            self._die,
            self._die,
            self._die,
            self._sleep,
            self._forget_group,
            self._lose_tail,
            self._kill_broker,
            self._dead_broker,
            self._frozen_broker,
            self._kill_database,
            self._dead_database,
        )

    async def provoke(self, until: float) -> None:
        """Each fault once, in an order drawn by lot, for as long as there is time (`until`: monotonic seconds)."""
        for fault in self._rng.sample(self._faults, len(self._faults)):
            if time.monotonic() > until:
                return
            began = time.monotonic()
            what = await fault()
            for worker in self._services:
                await asyncio.to_thread(worker.wait_ready)
            ready = time.monotonic()
            for load in self._loads:
                await self._operator.caught_up(load.member, COMPLETE_WITHIN_S)
            caught_up = time.monotonic() - ready
            for load in self._loads:
                load.check()
            print(f"{what}: ready after {ready - began:.0f} s, caught up {caught_up:.1f} s later", flush=True)
            await asyncio.sleep(self._rng.uniform(0, 3))

    async def _kill(self) -> str:
        worker = self._services[self._rng.choice(("membership", *ALL))]
        worker.kill()
        worker.start()
        return f"kill -9 of {worker.name}"

    async def _die(self) -> str:
        worker, point = self._services[self._rng.choice(ALL)], self._rng.choice(POINTS)
        passing = self._rng.randint(1, 10)
        await die_at(worker, self._layout, point, passing=passing)
        return f"{worker.name} died {point}, passing {passing}"

    async def _sleep(self) -> str:
        worker = self._services[self._rng.choice((REGISTRY, TAXATION))]
        other = second_worker(worker, self._layout)
        other.start()
        try:
            await asyncio.to_thread(other.wait_ready)
            worker.pause()
            await asyncio.sleep(SLEEP_S)
        finally:
            worker.resume()
            await asyncio.to_thread(other.stop)
        return f"{worker.name} slept while another went on"

    async def _forget_group(self) -> str:
        worker = self._services[self._rng.choice(ALL)]
        await asyncio.to_thread(worker.stop)
        await asyncio.to_thread(delete_group, self._stack.addresses, f"{worker.name}.workers")
        worker.start()
        return f"consumer group of {worker.name} deleted"

    async def _lose_tail(self) -> str:
        """Readers are away while Kafka loses what was published."""
        await asyncio.gather(*[asyncio.to_thread(self._services[name].stop) for name in (TAXATION, LINKAGE)])
        await asyncio.sleep(2)
        topic = events_topic(self._rng.choice(CODES), "resident")
        await asyncio.to_thread(lose_tail, self._stack.addresses, topic)
        for name in (TAXATION, LINKAGE):
            self._services[name].start()
        return f"tail of {topic} lost"

    async def _kill_broker(self) -> str:
        await asyncio.to_thread(self._stack.control.kill, "kafka")
        await asyncio.to_thread(self._stack.control.start, "kafka")
        return "kill -9 of the broker"

    async def _dead_broker(self) -> str:
        await asyncio.to_thread(self._stack.control.kill, "kafka")
        await self._dead("kafka", DEAD_BROKER_S)
        return f"broker dead for {DEAD_BROKER_S:.0f} s"

    async def _frozen_broker(self) -> str:
        seconds = self._rng.uniform(5, 25)
        await asyncio.to_thread(self._stack.control.pause, "kafka")
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._stack.control.resume, "kafka")
        return f"broker frozen for {seconds:.0f} s"

    async def _kill_database(self) -> str:
        await asyncio.to_thread(self._stack.control.kill, "postgres")
        await asyncio.to_thread(self._stack.control.start, "postgres")
        return "kill -9 of PostgreSQL"

    async def _dead_database(self) -> str:
        await asyncio.to_thread(self._stack.control.stop, "postgres")
        await self._dead("postgres", DEAD_DATABASE_S)
        return f"PostgreSQL stopped for {DEAD_DATABASE_S:.0f} s"

    async def _dead(self, part: Part, seconds: float) -> None:
        """While it is dead, the services live and say that they can't work, from first to last."""
        await asyncio.sleep(NOTICED_S)
        await assert_live_but_not_ready(self._services)
        await asyncio.sleep(seconds - NOTICED_S)
        await assert_live_but_not_ready(self._services)
        await asyncio.to_thread(self._stack.control.start, part)


async def run(stack: Stack, layout: Layout, services: ServiceProcesses, minutes: float, seed: int) -> list[str]:
    """Provoke faults for so long, then plant bugs; what is wrong at the end, in words."""
    async with Operator(services.peers, layout) as operator, AsyncExitStack() as loads:
        await operator.admitted()
        running: list[Load] = []
        for n, code in enumerate(CODES):
            member = await operator.join(code)
            folder = layout.root / "load" / code
            running.append(Load(member, broker_of(stack.addresses, member), folder, seed + 1000 * n, patience_s=180.0))
            await loads.enter_async_context(running[-1].running())
        chaos = Chaos(stack, layout, services, operator, running, random.Random(seed))
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            await chaos.provoke(end)
        await loads.aclose()
        found: list[str] = []
        for load in running:
            await operator.complete(load.member, COMPLETE_WITHIN_S)
            found += [f"{load.member.code}: {finding}" for finding in await load.findings(operator)]
            found += [f"{load.member.code}: {text}" for text in await differing_hashes(operator, load.member)]
        print("Does the checker see planted bugs?", flush=True)
        async with prepared(services, stack.addresses, layout, operator, layout.root / "planted") as runs:
            return found + await judged_wrongly(runs)


def main() -> int:
    """Parse the command line and run on a stack of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long faults are provoked (default 30)")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6), help="repeats the faults of an earlier run"
    )
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    layout = Layout(checkout() / ".local" / "chaos")
    for folder in ("load", "planted"):
        shutil.rmtree(layout.root / folder, ignore_errors=True)
    # What the simulated systems' Kafka clients say of every broken connection is for whoever looks into a finding.
    layout.prepare()
    logging.basicConfig(filename=layout.logs / "load.log", filemode="w", format="%(asctime)s %(levelname)s %(message)s")
    with new_stack(layout, fresh=True) as stack, ServiceProcesses(stack.addresses, layout) as services:
        found = asyncio.run(run(stack, layout, services, given.minutes, given.seed))
    for text in found:
        print(text)
    print("complete" if not found else f"{len(found)} findings; repeat with --seed {given.seed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
