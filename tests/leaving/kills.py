"""`kill -9` while a municipality leaves (`python -m tests.leaving.kills`), at moments from a seed that is printed.

A moment is a leave that is asked for, closed, exported and cancelled while one process is killed somewhere in it. After
the last one the municipality leaves to the end, and every process is killed between any two steps. Whatever was killed:
what was sent is answered, and everybody who exports the closed state again gets the same bundle.

Exit codes: 0 so it was; 1 otherwise.
"""

import argparse
import asyncio
import random
import shutil
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
from kumiai_common.http.token_client import TokenRefused
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_local.addresses import StackAddresses
from kumiai_local.choose import new_stack
from kumiai_local.layout import Layout, checkout
from kumiai_local.service_processes import ServiceProcesses

from tests.bundle.conftest import register_exporter
from tests.support.exports import OFFICER, PATIENCE_S, Exports, Made
from tests.support.family import carry_over
from tests.support.faults import restart
from tests.support.leaving import Leaver, closed_heads
from tests.support.operator import ALL, Operator
from tests.support.system import System, broker_of

T = TypeVar("T")
MOMENTS = 20
EXPORT = "the export"
VICTIMS = (*ALL, "membership", EXPORT)
LASTS_S = 7.0
"""From the request to the end of the export takes about so long: within it lies the moment of the kill."""
CODE = "131016"


class Kills:
    """One municipality that leaves again and again while processes are killed."""

    def __init__(
        self,
        leaver: Leaver,
        system: System,
        federation: ServiceProcesses,
        folder: Path,
        rng: random.Random,
        forgotten_by: StackAddresses | None = None,
    ) -> None:
        """What the dead still held runs out in ten seconds, or at once in a stack that is given."""
        self._leaver = leaver
        self._system = system
        self._federation = federation
        self._exports = Exports(leaver.member.code, federation, folder)
        self._rng = rng
        self._forgotten_by = forgotten_by

    async def moment(self) -> str:
        """One leave, one kill at a random moment of it, and the leave cancelled. Raises AssertionError."""
        victim, after = self._rng.choice(VICTIMS), self._rng.uniform(0.0, LASTS_S)
        answered = await self._notices()
        killing = asyncio.create_task(self._kill(victim, after))
        await again(self._leaver.request)
        shown = await again(lambda: self._leaver.state("closed", within_s=PATIENCE_S))
        await asyncio.wait_for(answered, PATIENCE_S)
        made = await self._export(cut=victim == EXPORT)
        await killing
        await self._exports.same(made, closed_heads(shown))
        await again(self._leaver.cancel)
        return f"kill -9 of {victim} {after:.2f} s after the request: identity {made.identity[:16]}…"

    async def to_the_end(self) -> Made:
        """Leave altogether; everything is killed between any two steps. Gives the bundle. Raises AssertionError."""
        answered = await self._notices()
        await self._leaver.request()
        await self.kill(*ALL, "membership")
        heads = closed_heads(await self._leaver.state("closed", within_s=PATIENCE_S))
        await asyncio.wait_for(answered, PATIENCE_S)
        made = await self._export()
        await self.kill(*ALL, "membership")
        await self._exports.same(made, heads)
        for step in (self._record(made), self._leaver.acknowledge(made.identity)):
            await step
            await self.kill("membership")
            assert (await self._export()).closed == made.closed
            assert closed_heads(await self._leaver.show()) == heads
        await self._leaver.begin_erasure()
        await self.kill(*ALL, "membership")
        await self._leaver.state("erasing", "erased", "certified")
        await self.kill("membership")
        await self._leaver.state("certified", within_s=PATIENCE_S)
        assert (await self._leaver.certificate())["certificate"]["bundle_hash"] == made.identity
        return made

    async def kill(self, *services: str) -> None:
        """Kill what runs, without warning, and start it again."""
        await restart(self._federation, *services, forgotten_by=self._forgotten_by)

    async def _kill(self, victim: str, after: float) -> None:
        await asyncio.sleep(after)
        if victim != EXPORT:
            await self.kill(victim)

    async def _notices(self) -> "asyncio.Future[Any]":
        """Notices that Kafka has taken; done when each has its receipt."""
        family = await asyncio.wait_for(self._system.tell(carry_over()), PATIENCE_S)
        reports = [
            EmploymentIncomeReport(fiscal_year=2026, addressee_number=number, employer="20310007", salary=5_000_000)
            for number in family.numbers
        ]
        sent = [await self._system.post.send(self._system.message(report, family.event)) for report in reports]
        return asyncio.gather(*sent)

    async def _record(self, made: Made) -> None:
        await self._leaver.record_bundle(made.identity)
        await self._leaver.state("sealed")

    async def _export(self, *, cut: bool = False) -> Made:
        """Export until it succeeds; at first cut off by a kill."""
        folder = self._exports.next_folder()
        if cut:
            await asyncio.to_thread(self._exports.cut_off, folder, self._rng.uniform(0.3, 1.5))
        return await self._exports.made(folder)


async def again(step: Callable[[], Awaitable[T]]) -> T:
    """A step that is repeated as long as nobody answers: it may be taken twice."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await step()
        except (httpx.TransportError, httpx.HTTPStatusError, TokenRefused) as error:
            refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500
            if refused or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)


async def run(services: ServiceProcesses, addresses: Any, moments: int, seed: int) -> None:
    """So many moments, and then to the end. Raises AssertionError."""
    layout = services.layout
    async with Operator(services.peers, layout) as operator:
        await operator.admitted()
        leaver = await Leaver.join(operator, CODE, ALL)
        await register_exporter(operator, layout, CODE, OFFICER)
        await operator.known(leaver.member)
        place = layout.root / "kills"
        async with System(leaver.member, broker_of(addresses, leaver.member), operator.peers, place / "sent") as system:
            kills = Kills(leaver, system, services, place, random.Random(seed))
            for number in range(1, moments + 1):
                print(f"{number:3} {await kills.moment()}", flush=True)
            made = await kills.to_the_end()
            print(f"certified, every process killed between any two steps: identity {made.identity}", flush=True)


def main() -> int:
    """Parse the command line and run on a stack of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.leaving.kills", description=__doc__)
    parser.add_argument("--moments", type=int, default=MOMENTS, help=f"how many random moments (default {MOMENTS})")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6), help="repeats the kills of an earlier run"
    )
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    layout = Layout(checkout() / ".local" / "kills")
    shutil.rmtree(layout.root / "kills", ignore_errors=True)
    with new_stack(layout, fresh=True) as stack, ServiceProcesses(stack.addresses, layout) as services:
        try:
            asyncio.run(run(services, stack.addresses, given.moments, given.seed))
        except (AssertionError, TimeoutError, httpx.HTTPError):
            traceback.print_exc()
            print(f"Not so; repeat with --seed {given.seed}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
