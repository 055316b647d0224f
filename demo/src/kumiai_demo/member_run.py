"""The processes of one municipality in the demo: its simulator, and afterwards the checker."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.processes import Child
from kumiai_local.secret_files import write_private

from kumiai_demo.asking import how_far
from kumiai_demo.connection import Broker, Credentials
from kumiai_demo.plan import Plan
from kumiai_demo.show import Member
from kumiai_demo.simulator import PROGRESS

RANK = 30
"""Simulators end before the services do."""
PATIENCE_S = 20
"""How long the checker waits for effects that are under way."""


class CheckerFailed(RuntimeError):
    """The checker could not say anything."""


class MemberRun:
    """One municipality in a run of the demo."""

    def __init__(self, member: Member, plan: Plan, out: Path, layout: Layout, addresses: StackAddresses) -> None:
        self.member = member
        self._plan = plan
        self.out = out
        self._layout = layout
        self._addresses = addresses
        self.credentials = layout.secrets / f"lg-{member.code}.json"
        self._child: Child | None = None

    def start(self, credentials: Mapping[str, Any]) -> None:
        """Start the simulator with what joining gave."""
        self.out.mkdir(parents=True, exist_ok=True)
        write_private(self.credentials, json.dumps(credentials).encode())
        plan = self.out / "plan.json"
        self._plan.write(plan)
        module = "kumiai_demo.simulator"
        self._child = Child.start(
            f"simulator-{self.member.code}",
            [sys.executable, "-m", module, "--plan", str(plan), *self._common()],
            records=self._layout.processes,
            log=self._layout.logs / f"simulator-{self.member.code}.log",
            marker=module,
            rank=RANK,
            stop_signal=signal.SIGTERM,
        )

    @property
    def broker(self) -> Broker:
        """Kafka, as this municipality reaches it."""
        given, to = Credentials.read(self.credentials), self._addresses
        return Broker(to.kafka_bootstrap, given, to.kafka_security_protocol, to.kafka_ca_file)

    @property
    def exit_code(self) -> int | None:
        """None while the simulator runs."""
        return None if self._child is None else self._child.exit_code

    def stop(self) -> None:
        """End the simulator, if it still runs."""
        if self._child is not None:
            self._child.stop()

    def progress(self) -> Mapping[str, Any]:
        """How far the simulator says it is."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.out / PROGRESS).read_text())
            return found
        return {}

    def asked(self) -> tuple[int, int]:
        """How many questions the checker has answers to, of how many."""
        return how_far(self.out)

    async def check(self, peers: Mapping[str, str]) -> dict[str, Any]:
        """Run the checker as a process of its own. Raises CheckerFailed if it could not say anything."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kumiai_demo.checker",
            *self._common(),
            "--services",
            ",".join(self.member.services),
            "--peers",
            ",".join(f"{name}={url}" for name, url in peers.items()),
            "--patience",
            str(PATIENCE_S),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await process.communicate()
        except BaseException:
            process.kill()
            raise
        if process.returncode not in (0, 1) or not output:
            raise CheckerFailed(errors.decode(errors="replace").strip())
        verdict: dict[str, Any] = json.loads(output)
        (self.out / "verdict.json").write_text(json.dumps(verdict, ensure_ascii=False, indent=2))
        return verdict

    def _common(self) -> list[str]:
        found = [
            "--municipality",
            self.member.code,
            "--credentials",
            str(self.credentials),
            "--bootstrap",
            self._addresses.kafka_bootstrap,
            "--security-protocol",
            self._addresses.kafka_security_protocol,
            "--out",
            str(self.out),
        ]
        if self._addresses.kafka_ca_file:
            found += ["--ca-file", str(self._addresses.kafka_ca_file)]
        return found
