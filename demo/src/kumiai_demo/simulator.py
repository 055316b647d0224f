"""A municipality's line-of-business systems, simulated (`python -m kumiai_demo.simulator`).

It knows what any integrator knows: the contracts, its credentials, and what its receipts say. Exit codes: 0 every
notice that can be answered has its receipt, 1 some have none, 3 a receipts stream's chain does not fit.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from aiokafka.errors import KafkaError
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.model import Notice

from kumiai_demo.connection import Broker, Credentials
from kumiai_demo.day import Day, Item
from kumiai_demo.ledger import Ledger
from kumiai_demo.message import Message, good
from kumiai_demo.movements import Office
from kumiai_demo.plan import Plan
from kumiai_demo.population import Household, population
from kumiai_demo.post import Post, Tally
from kumiai_demo.receipt_feed import Receipt, ReceiptFeed
from kumiai_demo.script import Home, Script, answer_of, learned_from

LOG = logging.getLogger(__name__)
JAPAN = timezone(timedelta(hours=9))
PROGRESS = "progress.json"


@dataclass(slots=True)
class Pace:
    """Lets through so many a second, evenly."""

    per_s: float
    _next: float = field(default=0.0)

    async def __call__(self) -> None:
        self._next = max(self._next + 1 / self.per_s, time.monotonic())
        await asyncio.sleep(self._next - time.monotonic())


class Simulator:
    """One run of one municipality's systems."""

    def __init__(self, plan: Plan, broker: Broker, out: Path) -> None:
        self._plan = plan
        self._out = out
        self._ledger = Ledger(out)
        self._broker = broker
        self._post = Post(plan.municipality, broker, self._ledger)
        # Linkage takes no notices, so it gives no receipts.
        self._services = [name for name in plan.services if name in ("resident-registry", "taxation")]
        self._feed = ReceiptFeed(plan.municipality, self._services)
        self._rng = Random(f"envelopes/{plan.seed}/{plan.run}")
        self._ids = count(1)
        self._pace = Pace(plan.load_per_s)
        self._phase = "starting"

    async def run(self) -> int:
        """Send everything, wait for the receipts, return the exit code."""
        await self._post.start()
        await self._feed.start(self._broker)
        background = [asyncio.create_task(work) for work in (self._read(), self._resend(), self._report())]
        work = asyncio.create_task(self._work())
        try:
            # The background ends only by failing, and then so does the run.
            ended, _ = await asyncio.wait([work, *background], return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in (work, *background):
                task.cancel()
            await asyncio.gather(work, *background, return_exceptions=True)
            self._write_progress()
            await self._post.stop()
            await self._feed.stop()
            self._ledger.close()
        for broken in self._feed.breaks:
            LOG.error("the receipts do not fit: %s", broken)
        if self._feed.breaks:
            return 3
        if self._post.unanswered:
            LOG.error("%d notices have no receipt", self._post.unanswered)
        return 1 if self._post.unanswered else 0

    async def _work(self) -> None:
        self._phase = "load"
        today = datetime.now(JAPAN).date()
        office = Office(self._plan.municipality, Random(f"day/{self._plan.seed}"), today, count(1))
        households = population(self._plan.seed, self._plan.municipality, self._plan.residents)
        found = await asyncio.gather(*[self._carry_over(office, household) for household in households])
        homes = [home for home in found if home is not None]
        LOG.info("%d of %d households are on record", len(homes), len(households))
        self._phase = "day"
        self._pace = Pace(self._plan.day_per_s)
        day = Day(self._plan, office, self._envelope)
        await asyncio.gather(*[self._play(item) for item in day.items(homes)])
        await self._post.all_answered(self._plan.patience_s)
        self._phase = "repeats"
        await asyncio.gather(*[self._send(message) for message in day.repeats()])
        await self._post.all_answered(self._plan.patience_s)
        self._phase = "done"

    async def _carry_over(self, office: Office, household: Household) -> Home | None:
        desk = office.desk()
        notice = household.carry_over(office.today, desk.place, desk.operator)
        await self._pace()
        body = await self._receipt(await self._post.send(good(self._envelope(notice), notice)))
        return None if body is None else Home.of(household.members, household.address, learned_from(body))

    async def _play(self, item: Item) -> None:
        if isinstance(item, Message):
            await self._send(item)
        elif isinstance(item, tuple):
            for message in item:
                await self._send(message)
        else:
            await self._perform(item)

    async def _perform(self, script: Script) -> None:
        draft = answer_of(script, None)
        while draft is not None:
            await self._pace()
            pending = await self._post.send(good(self._envelope(draft.notice, draft.cause), draft.notice))
            learned = None
            if draft.wait:
                body = await self._receipt(pending)
                if body is None:
                    return
                learned = learned_from(body)
            draft = answer_of(script, learned)

    async def _send(self, message: Message) -> None:
        await self._pace()
        await self._post.send(message)

    async def _receipt(self, pending: "asyncio.Future[Receipt]") -> Mapping[str, Any] | None:
        """The receipt of an accepted notice; None, and a line in the log, for a refused or missing one."""
        try:
            receipt = await asyncio.wait_for(pending, self._plan.patience_s)
        except TimeoutError:
            LOG.error("a notice has no receipt after %.0f s", self._plan.patience_s)
            return None
        if not receipt.accepted:
            LOG.error("a notice was refused: %s", ", ".join(sorted(receipt.codes)))
            return None
        return receipt.body

    def _envelope(self, notice: Notice, cause: str = "") -> NoticeEnvelope:
        id_ = f"{self._plan.run}-{next(self._ids):06}"
        return NoticeEnvelope(
            id=id_,
            source=self._plan.source,
            type=notice.type,
            municipality=self._plan.municipality,
            time=datetime.now(JAPAN).isoformat(timespec="microseconds"),
            dataschema=notice.dataschema(),
            cause=cause,
            traceparent=f"00-{self._rng.getrandbits(128):032x}-{self._rng.getrandbits(64):016x}-01",
        )

    async def _read(self) -> None:
        while True:
            try:
                for receipt in await self._feed.poll():
                    self._post.arrived(receipt)
            except KafkaError as error:
                LOG.warning("reading receipts failed (%s); once more", type(error).__name__)
                await asyncio.sleep(1)

    async def _resend(self) -> None:
        while True:
            await asyncio.sleep(1)
            await self._post.resend(self._plan.resend_after_s)

    async def _report(self) -> None:
        while True:
            self._write_progress()
            await asyncio.sleep(0.5)

    def _write_progress(self) -> None:
        path = self._out / PROGRESS
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(progress(self._phase, self._post.tally, self._post.unanswered)))
        fresh.replace(path)


def progress(phase: str, tally: Tally, waiting: int) -> dict[str, object]:
    """How far a run is, for whoever watches it; times in milliseconds from sending to receipt."""
    ordered = sorted(tally.seconds)
    return {
        "phase": phase,
        "sent": tally.sent,
        "repeated": tally.repeated,
        "accepted": tally.outcomes["accepted"],
        "refused": tally.outcomes["refused"],
        "waiting": waiting,
        "first_receipt_at": tally.first_receipt_at,
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 1) if ordered else None,
        "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 1) if ordered else None,
    }


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m kumiai_demo.simulator", description=__doc__)
    parser.add_argument("--plan", type=Path, required=True, help="a plan as JSON (kumiai_demo.plan)")
    parser.add_argument("--municipality", help="must be the plan's, where given")
    parser.add_argument("--credentials", type=Path, required=True, help="the file that joining wrote")
    parser.add_argument("--bootstrap", required=True, help="host:port of Kafka")
    parser.add_argument("--security-protocol", default="SASL_PLAINTEXT", choices=("SASL_PLAINTEXT", "SASL_SSL"))
    parser.add_argument("--ca-file", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for sent.jsonl and receipts.jsonl")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    plan = Plan.read(given.plan)
    if given.municipality not in (None, plan.municipality):
        parser.error(f"the plan is for {plan.municipality}")
    broker = Broker(given.bootstrap, Credentials.read(given.credentials), given.security_protocol, given.ca_file)
    return asyncio.run(Simulator(plan, broker, given.out).run())


if __name__ == "__main__":
    sys.exit(main())
