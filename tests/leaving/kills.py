"""`kill -9` while a municipality leaves (`python -m tests.leaving.kills`), at moments from a seed that is printed.

A moment is a leave that is asked for, closed, exported and cancelled while one process is killed somewhere in it. After
the last one the municipality leaves to the end, and every process is killed between any two steps. Whatever was killed:
what was sent is answered, and everybody who exports the closed state again gets the same bundle.

Exit codes: 0 so it was; 1 otherwise.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from kumiai_common.http.token_client import TokenRefused
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_local.choose import new_stack
from kumiai_local.layout import Layout, checkout
from kumiai_local.service_processes import ServiceProcesses

from tests.bundle.conftest import register_exporter
from tests.support.family import carry_over
from tests.support.leaving import Leaver, closed_heads
from tests.support.operator import ALL, Operator
from tests.support.system import System, broker_of

T = TypeVar("T")
MOMENTS = 20
EXPORT = "the export"
VICTIMS = (*ALL, "membership", EXPORT)
LASTS_S = 7.0
"""From the request to the end of the export takes about so long: within it lies the moment of the kill."""
PATIENCE_S = 90.0
OFFICER = "taro"
CODE = "131016"


@dataclass(frozen=True)
class Made:
    """A bundle."""

    folder: Path
    identity: str
    parts: dict[str, str]
    """The identity of each service's part. Membership's log goes on while the municipality leaves."""

    @property
    def closed(self) -> dict[str, str]:
        """Of the services that have closed."""
        return {service: identity for service, identity in self.parts.items() if service != "membership"}


class Kills:
    """One municipality that leaves again and again while processes are killed."""

    def __init__(
        self, leaver: Leaver, system: System, federation: ServiceProcesses, folder: Path, rng: random.Random
    ) -> None:
        self._leaver = leaver
        self._system = system
        self._federation = federation
        self._folder = folder
        self._rng = rng
        self._made = 0

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
        await self._same(made, closed_heads(shown))
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
        await self._same(made, heads)
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
        for service in services:
            self._federation[service].kill()
        for service in services:
            self._federation[service].start()
        await asyncio.gather(*[asyncio.to_thread(self._federation[service].wait_ready) for service in services])

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

    async def _same(self, made: Made, heads: dict[str, Any]) -> None:
        """The same again for whoever exports, proven, at the heads at which the streams closed."""
        second = await self._export()
        assert (second.identity, second.parts) == (made.identity, made.parts), (made, second)
        found = json.loads((second.folder / "manifest.json").read_text())["parts"]
        ends = {head["stream"]: (head["incarnation"], head["position"], head["hash"])
                for part in found if part["service"] != "membership" for head in part["heads"]}  # fmt: skip
        # A stream that nothing was ever appended to has no head in a bundle.
        assert ends == {stream: end for stream, end in heads.items() if end[1]}, (ends, heads)
        said = await asyncio.to_thread(self._command, "bundle", "verify", str(second.folder))
        assert said is not None and said["proven"], said

    async def _export(self, *, cut: bool = False) -> Made:
        """Export until it succeeds; at first cut off by a kill."""
        self._made += 1
        folder = self._folder / f"bundle-{self._made}"
        arguments = ("bundle", "export", self._leaver.member.code, str(folder), "--as", OFFICER)
        if cut:
            await asyncio.to_thread(self._cut_off, arguments, self._rng.uniform(0.3, 1.5))
        deadline = time.monotonic() + PATIENCE_S
        while (said := await asyncio.to_thread(self._command, *arguments)) is None or "identity" not in said:
            assert time.monotonic() < deadline, said
            await asyncio.sleep(0.5)
            if (folder / "manifest.json").exists():
                break  # the one that was killed had come to its end
        manifest = json.loads((folder / "manifest.json").read_text())
        parts = {part["service"]: part["identity"] for part in manifest["parts"]}
        return Made(folder, manifest["identity"], parts)

    def _command(self, *arguments: str) -> dict[str, Any] | None:
        program = [sys.executable, "-m", "kumiai_cli.main", *arguments, "--json"]
        ended = subprocess.run(program, env=self._environment, capture_output=True, text=True, timeout=120, check=False)
        return json.loads(ended.stdout) if ended.stdout else None

    def _cut_off(self, arguments: tuple[str, ...], after: float) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "kumiai_cli.main", *arguments],
            env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait()

    @property
    def _environment(self) -> dict[str, str]:
        peers = ",".join(f"{name}={url}" for name, url in self._federation.peers.items())
        return {**os.environ, "KUMIAI_LOCAL_DIR": str(self._federation.layout.root), "KUMIAI_PEERS": peers}


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
