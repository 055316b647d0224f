"""Load for fault runs, and the verdict on what became of it: the demo's simulated systems and independent checker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from kumiai_contracts.topics import READS, STREAM_OF
from kumiai_demo.checker import check_municipality
from kumiai_demo.connection import Broker
from kumiai_demo.findings import Finding
from kumiai_demo.plan import Plan
from kumiai_demo.simulator import Simulator

from tests.support.operator import Member, Operator

NEVER_S = 1e9


@dataclass(slots=True)
class Load:
    """One municipality's systems: days, one after another, for as long as the faults last."""

    member: Member
    broker: Broker
    folder: Path
    seed: int = 1
    residents: int = 60
    """People a day."""
    per_s: float = 30.0
    """Notices per second, at most."""
    resend_after_s: float = NEVER_S
    """What Kafka took must be answered: a fault run does without the sender's second try."""
    patience_s: float = 60.0
    _days: list[Path] = field(default_factory=list)
    _working: asyncio.Task[None] | None = None

    async def day(self) -> None:
        """Send a day's notices and wait for their receipts. What is missing, the verdict says."""
        folder = self.folder / f"day-{len(self._days) + 1}"
        plan = Plan(
            municipality=self.member.code,
            services=self.member.services,
            run=folder.name,
            seed=self.seed + len(self._days),
            residents=self.residents,
            movements=self.residents // 4,
            load_per_s=self.per_s,
            day_per_s=self.per_s,
            resend_after_s=self.resend_after_s,
            patience_s=self.patience_s,
        )
        self._days.append(folder)
        # A day may begin while the broker is dead.
        await Simulator(plan, replace(self.broker, connect_s=self.patience_s), folder).run()

    def check(self) -> None:
        """Raises what ended the sending, if anything did: faults without load would show nothing."""
        if self._working is not None and self._working.done():
            self._working.result()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Days follow one another while the block provokes its faults; the last one is sent and answered in peace."""
        over = asyncio.Event()

        async def work() -> None:
            while not over.is_set():
                await self.day()

        self._working = working = asyncio.create_task(work())
        try:
            yield
            over.set()
            await working
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def findings(self, operator: Operator, patience_s: float = 20.0) -> list[Finding]:
        """What the independent checker finds in any of the days. Raises AssertionError where nothing was accepted."""
        found: list[Finding] = []
        for folder in self._days:
            verdict = await check_municipality(
                self.member.code,
                self.member.services,
                folder,
                self.broker,
                operator.peers,
                patience_s=patience_s,
                ghosts=False,
            )
            assert verdict.accepted, f"nothing was accepted on {folder.name}"
            found += verdict.findings
        return found


async def differing_hashes(operator: Operator, member: Member) -> list[str]:
    """Where owner, replicas and a rebuild don't hold the same; call it when all is complete."""
    found = []
    for service in member.services:
        stream = STREAM_OF[service]
        rebuilt = await operator.rebuild(service, member.code, stream)
        if rebuilt["hash_before"] != rebuilt["hash_after"]:
            found.append(f"{service}: its rebuilt {stream}")
        owned = await operator.state(service, member.code, stream)
        for reader in member.services:
            if stream not in READS[reader]:
                continue
            replica = await operator.state(reader, member.code, stream)
            if (replica["position"], replica["state_hash"]) != (owned["position"], owned["state_hash"]):
                found.append(f"{reader}: its replica of {stream}")
            rebuilt = await operator.rebuild(reader, member.code, stream)
            if rebuilt["hash_before"] != rebuilt["hash_after"]:
                found.append(f"{reader}: its rebuilt replica of {stream}")
    return found
