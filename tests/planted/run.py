"""One run: a municipality's system at work, what provokes a bug, and the verdict of the independent checker."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from kumiai_common.lane import lane_of
from kumiai_contracts.municipalities import municipalities
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_demo.checker import check_municipality
from kumiai_demo.findings import Finding
from kumiai_demo.income_reports import EMPLOYERS, FISCAL_YEAR
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.planted.bugs import BUGS, HARMLESS, Bug, Scene
from tests.planted.planting import plant
from tests.support.family import carry_over
from tests.support.load import differing_hashes
from tests.support.operator import NotYet, Operator
from tests.support.system import System, broker_of

PREFECTURE = "03"
"""岩手県: its municipalities are left to these runs."""
CONTROL, NEIGHBOUR = "control", "neighbour"
LATE_S = 30.0
"""How long what is right may take."""
LOST_S = 4.0
"""After so long, what is still missing is lost."""


@dataclass(frozen=True, slots=True)
class Runs:
    """What every run needs, with a municipality for each."""

    services: ServiceProcesses
    addresses: StackAddresses
    layout: Layout
    operator: Operator
    folder: Path
    systems: Mapping[str, System]
    """By the bug's name; CONTROL and NEIGHBOUR besides."""

    async def with_bug(self, bug: Bug) -> list[Finding]:
        """What is found after a bug was planted and provoked, and the code is as it should be again."""
        system, planted = self.systems[bug.name], plant(bug.name, self.folder)
        await self._provoke(bug, system, {"PYTHONPATH": str(planted)})
        patience_s = LOST_S if bug.seen else LATE_S  # where nothing may be found, what is late is not lost
        await system.post.all_answered(patience_s)
        return await self._verdict(system, patience_s)

    async def without(self, bugs: Sequence[Bug] = BUGS) -> list[Finding]:
        """What is found when the same is done to the code as it is: nothing, and nothing at the neighbour's."""
        system = self.systems[CONTROL]
        for bug in bugs:
            await self._provoke(bug, system, {})
            await system.post.all_answered(LATE_S)
        verdicts = [await self._verdict(self.systems[name], LATE_S) for name in (CONTROL, NEIGHBOUR)]
        return [finding for verdict in verdicts for finding in verdict]

    async def _provoke(self, bug: Bug, system: System, env: dict[str, str]) -> None:
        worker, env = self.services[bug.service], {**env, **bug.env}
        scene = Scene(system, self.systems[NEIGHBOUR], worker, env, self.addresses, self.layout, self.operator)
        try:
            await bug.provoke(scene)
        finally:
            if env or not worker.alive:
                await asyncio.to_thread(worker.stop)
                worker.start()
            await asyncio.to_thread(worker.wait_ready)

    async def _verdict(self, system: System, patience_s: float) -> list[Finding]:
        member = system.member
        try:
            await self.operator.complete(member, patience_s)
            late = []
        except NotYet as error:
            late = [Finding("unexpected", "readers", str(error))]
        folder = self.folder / member.code
        verdict = await check_municipality(member.code, member.services, folder, system.broker, self.operator.peers)
        return [*verdict.findings, *late, *(() if late else await self._differences(system))]

    async def _differences(self, system: System) -> list[Finding]:
        try:
            found = await differing_hashes(self.operator, system.member)
        except httpx.HTTPStatusError as refused:
            found = [f"no rebuild: {refused.response.text}"]
        return [Finding("unexpected", "tables", text) for text in found]


@asynccontextmanager
async def prepared(
    services: ServiceProcesses, addresses: StackAddresses, layout: Layout, operator: Operator, folder: Path
) -> AsyncIterator[Runs]:
    """Join a municipality for each run, with something on record in every stream."""
    neighbour, *others = (code for code in municipalities() if code.startswith(PREFECTURE))
    # What holds up a municipality's lane must not hold up its neighbour.
    apart = [code for code in others if lane_of(code) != lane_of(neighbour)]
    names = (NEIGHBOUR, CONTROL, *(bug.name for bug in (*BUGS, *HARMLESS)))
    codes = dict(zip(names, (neighbour, *apart), strict=False))
    assert len(codes) == len(names)
    members = await asyncio.gather(*[operator.join(code) for code in codes.values()])
    async with AsyncExitStack() as stack:
        systems = [
            await stack.enter_async_context(
                System(member, broker_of(addresses, member), operator.peers, folder / member.code)
            )
            for member in members
        ]
        await asyncio.gather(*[_put_on_record(system) for system in systems])
        yield Runs(services, addresses, layout, operator, folder, dict(zip(codes, systems, strict=True)))


async def _put_on_record(system: System) -> None:
    family = await system.tell(carry_over())
    report = EmploymentIncomeReport(
        fiscal_year=FISCAL_YEAR, addressee_number=family.numbers[0], employer=EMPLOYERS[0], salary=5_000_000
    )
    await system.tell(report, cause=family.event)


async def judged_wrongly(runs: Runs) -> list[str]:
    """All runs, with a line for each as it ends; in words, where the checker saw something else than it must."""
    found = [f"nothing planted: {finding}" for finding in await runs.without()]
    print(f"nothing planted: {len(found)} findings", flush=True)
    for bug in (*BUGS, *HARMLESS):
        findings = await runs.with_bug(bug)
        right = bug.seen_in(findings)
        print(f"{bug.name}: {len(findings)} findings, {'as' if right else 'NOT as'} it must be", flush=True)
        if not right:
            found.append(f"{bug.name}: {findings or 'planted and not seen'}")
    return found
