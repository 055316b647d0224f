"""Load for fault runs, and the verdict on what became of it: the demo's simulated systems and independent checker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from kumiai_contracts.topics import READS, STREAM_OF
from kumiai_demo.checker import check_municipality
from kumiai_demo.connection import Broker
from kumiai_demo.findings import Verdict
from kumiai_demo.plan import Plan
from kumiai_demo.simulator import Simulator

from tests.support.operator import Member, Operator

NEVER_S = 1e9
_RUNS = count(1)


@dataclass(frozen=True, slots=True)
class Load:
    """One municipality's systems in one run."""

    member: Member
    broker: Broker
    folder: Path
    seed: int = 1
    residents: int = 120
    per_s: float = 40.0
    """Notices per second, at most."""
    resend_after_s: float = NEVER_S
    """What Kafka took must be answered: a fault run does without the sender's second try."""
    patience_s: float = 60.0

    async def run(self) -> int:
        """Send everything and wait for the receipts; the simulator's exit code."""
        plan = Plan(
            municipality=self.member.code,
            services=self.member.services,
            run=f"fault-{self.folder.name}-{next(_RUNS)}",
            seed=self.seed,
            residents=self.residents,
            movements=self.residents // 4,
            load_per_s=self.per_s,
            day_per_s=self.per_s,
            resend_after_s=self.resend_after_s,
            patience_s=self.patience_s,
        )
        return await Simulator(plan, self.broker, self.folder).run()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The load runs while the block provokes its faults; at its end everything has been sent and answered."""
        work = asyncio.create_task(self.run())
        try:
            yield
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def verdict(self, operator: Operator, patience_s: float = 20.0) -> Verdict:
        """What the independent checker finds."""
        return await check_municipality(
            self.member.code,
            self.member.services,
            self.folder,
            self.broker,
            operator.peers,
            patience_s=patience_s,
            ghosts=False,
        )


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
