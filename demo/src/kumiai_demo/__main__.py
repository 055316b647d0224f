"""`make demo`: a federation of three municipalities, an initial load and a working day, checked person by person.

Every run starts on empty data in a folder of its own, so that what is counted at the end is what this run sent.
`KEEP=1` leaves it running; `DEMO_RESIDENTS` and `DEMO_SEED` change size and people. Exit codes: 0 complete and nothing
lost, doubled or out of order, 1 otherwise, 130 interrupted.
"""

import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

import httpx
from kumiai_local.addresses import StackAddresses
from kumiai_local.choose import new_stack
from kumiai_local.errors import StackError
from kumiai_local.layout import Layout, checkout
from kumiai_local.progress import step
from kumiai_local.service_processes import ServiceProcesses
from rich.console import Console
from rich.live import Live

from kumiai_demo.access_token import NoToken
from kumiai_demo.asking import bars
from kumiai_demo.connection import Credentials
from kumiai_demo.inquiries import NotShown, exchanges, network_key
from kumiai_demo.leaving import Leaving, Left, StepFailed, acknowledgement_key, leaving_table
from kumiai_demo.member_run import CheckerFailed, MemberRun
from kumiai_demo.municipal_desk import desks
from kumiai_demo.operator_view import PARTY, OperatorView, Picture, domain_events
from kumiai_demo.own_registry import OwnRegistry, TakenHome, own_registry_table
from kumiai_demo.plan import Plan
from kumiai_demo.show import (
    Member,
    effect_table,
    exchanges_table,
    gaps_table,
    holdings_table,
    live_table,
    summary_table,
    verdict_table,
)

MEMBERS = (
    Member("131016", ("resident-registry", "taxation", "national-id-linkage")),
    Member("202029", ("resident-registry", "taxation")),
    Member("142051", ("resident-registry", "national-id-linkage")),
)
"""千代田区, 松本市 and 藤沢市, each with other subscriptions."""
ASKS, ANSWERS = "142051", "131016"
"""Who asks whom, in the inquiries at the end: the other one is not connected to the national network."""

OWN_REGISTRY = MEMBERS[1]
"""松本市 takes its registry home after its working day, and keeps shared taxation."""
LEAVES = MEMBERS[2]
"""藤沢市 leaves altogether at the end."""
LOOK_EVERY_S = 1.0
LINE_EVERY_S = 5.0
WIDTH = 130
SETTLE_S = 60.0
"""How long the readers may take to reach the heads once the last receipt is there."""


class Demo:
    """One run."""

    def __init__(self, services: ServiceProcesses, addresses: StackAddresses, began: float) -> None:
        self._services = services
        key = services.layout.operators / f"{PARTY}.pem"
        self._operator = OperatorView(services.peers, key.read_text())
        # A table needs room; where there is no terminal (a log), nobody's window is too narrow.
        self._console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
        self._began = began
        self._key = services.layout.secrets / f"acknowledgement-{LEAVES.code}.pem"
        self._first_receipt_s: float | None = None
        self._build = checkout() / "build"
        shutil.rmtree(self._build / "demo", ignore_errors=True)
        run = self._run = secrets.token_hex(3)
        self._runs = [
            MemberRun(
                member,
                Plan(
                    member.code,
                    member.services,
                    run,
                    seed=int(os.environ.get("DEMO_SEED", "1")),
                    residents=int(os.environ.get("DEMO_RESIDENTS", "3000")),
                ),
                self._build / "demo" / member.code,
                services.layout,
                addresses,
            )
            for member in MEMBERS
        ]
        self._subscriptions = {member.code: member.services for member in MEMBERS}

    async def run(self) -> bool:
        """Join, let them work, check, show, write `build/demo.json`; whether all is well."""
        try:
            with step("Starting the services, joining the municipalities"):
                await asyncio.to_thread(self._services["membership"].wait_ready)
                await asyncio.gather(*[self._join(run) for run in self._runs])
                await asyncio.to_thread(self._services.wait_ready)
            self._say(f"{self._now():4.0f} s  {len(MEMBERS)} municipalities joined, all services ready")
            with self._services.supervised():
                await self._watch()
                picture = await self._settled()
                self._say(f"{self._now():4.0f} s  all sent and answered; asking the services person by person …")
                verdicts = await self._checked()
                self._say(f"{self._now():4.0f} s  {sum(verdict['people'] for verdict in verdicts)} people asked for")
                own = await self._takes_registry_home()
                asked = await self._asked_each_other()
                left = await self._leaves()
                found = {m.code: v for m, v in zip(MEMBERS, verdicts, strict=True)}
                well = await self._conclude(picture, found, own, left)
                return well and asked and own.well and left.well
        finally:
            for member_run in self._runs:
                member_run.stop()
            await self._operator.close()

    async def _join(self, run: MemberRun) -> None:
        """Join a municipality; its systems send as soon as they may."""
        key = acknowledgement_key(self._key) if run.member == LEAVES else None
        run.start(await self._operator.join(run.member.code, run.member.services, key))

    async def _watch(self) -> None:
        """Show how far it is until every simulator has ended."""
        next_line = 0.0
        with Live(console=self._console, refresh_per_second=4, transient=True) as live:
            while True:
                ended = all(run.exit_code is not None for run in self._runs)
                progress = {run.member.code: run.progress() for run in self._runs}
                first = [now["first_receipt_at"] for now in progress.values() if now.get("first_receipt_at")]
                if first and self._first_receipt_s is None:
                    self._first_receipt_s = round(min(first) - self._began, 1)
                    self._say(f"first receipt {self._first_receipt_s} s after the start")
                picture = await self._picture()
                live.update(live_table(MEMBERS, progress, picture, f"{self._now():.0f} s"))
                if not self._console.is_terminal and time.monotonic() > next_line:
                    next_line = time.monotonic() + LINE_EVERY_S
                    self._line(progress, picture)
                if ended:
                    return
                await asyncio.sleep(LOOK_EVERY_S)

    async def _settled(self) -> Picture:
        """The picture once every reader is at the head, or when that takes too long."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            picture = await self._picture()
            if picture is not None and (picture.complete or time.monotonic() > deadline):
                return picture
            if time.monotonic() > deadline:
                raise CheckerFailed("a service does not say how far it is; see its log")
            await asyncio.sleep(0.5)

    async def _checked(self) -> list[dict[str, Any]]:
        """The verdicts of the checkers, which all run at once; how far they are is shown meanwhile."""
        checking = asyncio.gather(*[run.check(self._services.peers) for run in self._runs])
        next_line = time.monotonic() + LINE_EVERY_S
        with bars(self._console) as shown:
            tasks = [shown.add_task(run.member.label, total=None) for run in self._runs]
            while not checking.done():
                far = [run.asked() for run in self._runs]
                for task, (answered, asked) in zip(tasks, far, strict=True):
                    shown.update(task, completed=answered, total=asked or None)
                if not self._console.is_terminal and time.monotonic() > next_line:
                    next_line = time.monotonic() + LINE_EVERY_S
                    answered, asked = (sum(counts) for counts in zip(*far, strict=True))
                    self._say(f"{self._now():4.0f} s  {answered} of {asked} questions answered")
                await asyncio.wait([checking], timeout=LOOK_EVERY_S / 4)
        return await checking

    async def _takes_registry_home(self) -> TakenHome:
        """One municipality keeps its own registry from now on, and shared taxation. Raises CheckerFailed."""
        run = next(run for run in self._runs if run.member == OWN_REGISTRY)
        self._say(f"{self._now():4.0f} s  {OWN_REGISTRY.label} takes its registry home and keeps shared taxation …")
        out = self._build / "demo" / f"{OWN_REGISTRY.code}-own"
        own = OwnRegistry(OWN_REGISTRY.code, run.broker, self._services.peers, self._operator, out)
        try:
            return await own.run()
        except TimeoutError:
            raise CheckerFailed("the registry did not answer a municipality's own system; see its log") from None

    async def _asked_each_other(self) -> bool:
        """藤沢市 asks 千代田区 about people who moved: shown with the records of both; whether all of it happened."""
        runs = {run.member.code: run for run in self._runs}
        members = {code: Credentials.read(runs[code].credentials) for code in (ASKS, ANSWERS)}

        async def applied() -> bool:
            picture = await self._picture()
            return picture is not None and picture.complete

        network = self._services.network_url, network_key(self._services.layout.keys / "network.pem")
        try:
            async with desks(members, self._services.peers, self._run) as (asker, provider):
                shown = await exchanges(asker, provider, *network, applied)
        except (NotShown, NoToken, httpx.HTTPError) as error:
            self._say(f"{self._now():4.0f} s  the inquiries could not be shown: {error}")
            return False
        for n, exchange in enumerate(shown, start=1):
            self._say(f"{n}  {exchange.what}")
        self._console.print(exchanges_table(shown))
        return True

    async def _leaves(self) -> Left:
        """One municipality leaves altogether, and goes on in a second federation. Raises CheckerFailed."""
        run = next(run for run in self._runs if run.member == LEAVES)
        self._say(f"{self._now():4.0f} s  {LEAVES.label} leaves altogether; a second, empty federation starts …")
        leaving = Leaving(
            LEAVES.code,
            LEAVES.services,
            self._services.layout,
            Layout(checkout() / ".local" / "demo-elsewhere"),
            self._operator,
            key=self._key,
            credentials=run.credentials,
            own=run.out,
            out=self._build / "demo" / f"{LEAVES.code}-leaves",
            say=self._say,
        )
        try:
            left = await leaving.run()
        except StepFailed as error:
            raise CheckerFailed(str(error)) from None
        self._say(f"{self._now():4.0f} s  {LEAVES.label} has left: {left.state}")
        return left

    async def _picture(self) -> Picture | None:
        """The picture now; None while a service is being started again."""
        try:
            return await self._operator.picture(self._subscriptions)
        except (httpx.HTTPError, NoToken):
            return None

    async def _conclude(
        self, picture: Picture, verdicts: Mapping[str, Mapping[str, Any]], own: TakenHome, left: Left
    ) -> bool:
        effects = await self._operator.effect_milliseconds()
        times = [found for key, found in effects.items() if key[1] in ("resident", "taxation")]
        total = {
            name: sum(verdict[name] for verdict in verdicts.values())
            for name in ("sent", "accepted", "refused", "lost", "doubled", "out_of_order", "unexpected")
        }
        answered = all(run.exit_code == 0 for run in self._runs)
        complete = picture.complete and answered and not total["unexpected"]
        summary = {
            "notices": total["sent"],
            "receipts_accepted": total["accepted"],
            "receipts_rejected": total["refused"],
            "events": domain_events(picture, self._subscriptions),
            "lost": total["lost"],
            "doubled": total["doubled"],
            "out_of_order": total["out_of_order"],
            "complete": complete,
            # From the command, its set-up included, to the first receipt in a municipality's hands.
            "first_receipt_s": self._first_receipt_s,
            # Of the slowest pair of reader and stream: nobody waits longer than this.
            "p50_ms": round(max((p50 for p50, _ in times), default=0.0), 1),
            "p99_ms": round(max((p99 for _, p99 in times), default=0.0), 1),
            "own_registry": own.well,
            "left": left.well,
        }
        self._build.mkdir(exist_ok=True)
        (self._build / "demo.json").write_text(json.dumps(summary, indent=2) + "\n")
        self._console.print(own_registry_table(OWN_REGISTRY.label, own))
        self._console.print(leaving_table(LEAVES.label, left))
        self._say(left.certificate)
        self._show(picture, verdicts, effects, summary)
        return complete and not (total["lost"] or total["doubled"] or total["out_of_order"])

    def _show(
        self,
        picture: Picture,
        verdicts: Mapping[str, Mapping[str, Any]],
        effects: Mapping[tuple[str, str], tuple[float, float]],
        summary: Mapping[str, object],
    ) -> None:
        tables = (
            holdings_table(MEMBERS, picture),
            gaps_table(MEMBERS, picture),
            effect_table(effects),
            verdict_table(MEMBERS, verdicts),
            summary_table(summary),
        )
        for table in tables:
            self._console.print(table)
        for code, verdict in verdicts.items():
            for kind, about, what in verdict["findings"][:10]:
                self._say(f"{code} {kind}: {about}: {what}")
        for run in self._runs:
            if run.exit_code:
                self._say(f"the simulator of {run.member.code} ended with code {run.exit_code}; see its log")
        self._say("Where to look:")
        for name, url in self._services.peers.items():
            self._say(f"  {name}: {url}/metrics, log {self._services[name].log}")
        self._say(f"  what was sent, receipts, verdicts: {self._build / 'demo'}")
        self._say(f"  the summary: {self._build / 'demo.json'}")

    def _line(self, progress: Mapping[str, Mapping[str, Any]], picture: Picture | None) -> None:
        sent = sum(now.get("sent", 0) for now in progress.values())
        answered = sum(now.get("accepted", 0) + now.get("refused", 0) for now in progress.values())
        behind = "?" if picture is None else sum(picture.behind(member.code) for member in MEMBERS)
        self._say(f"{self._now():4.0f} s  sent {sent}, receipts {answered}, readers behind {behind}")

    def _now(self) -> float:
        """Seconds since the start."""
        return time.time() - self._began

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def main() -> int:
    """Start everything, run the demo, stop everything."""
    ArgumentParser(
        prog="python -m kumiai_demo",
        description="Run the federation with three municipalities and a working day, check it person by person, and "
        "stop. KEEP=1 in the environment leaves it running until Ctrl-C. The summary is written to build/demo.json; "
        "the exit code is 0 only if nothing is lost, doubled or out of order, and every reader is complete.",
    ).parse_args()
    began = float(os.environ.get("DEMO_BEGAN") or time.time())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    layout = Layout(checkout() / ".local" / "demo").prepare()
    try:
        with (
            new_stack(layout, fresh=True, prepared=True) as stack,
            ServiceProcesses(stack.addresses, layout, prepared=True).begun() as services,
        ):
            well = asyncio.run(Demo(services, stack.addresses, began).run())
            if os.environ.get("KEEP") == "1":
                print("It keeps running; Ctrl-C stops it.", flush=True)
                with services.supervised():
                    signal.pause()
            return 0 if well else 1
    except (StackError, CheckerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
