"""A municipality of the demo leaves altogether (脱退) and takes everything along, by the commands that people use.

Its bundle is verified by the one file that needs none of our packages, against the receipts that its own system kept,
and goes into a second, empty federation. Only when that holds the same state is anything erased in the first.
"""

import asyncio
import base64
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from kumiai_contracts.topics import STREAM_OF
from kumiai_local.choose import new_stack
from kumiai_local.layout import Layout
from kumiai_local.secret_files import write_private
from kumiai_local.service_processes import ServiceProcesses
from rich.table import Table

from kumiai_demo.ledger import RECEIPTS
from kumiai_demo.operator_view import PARTY, OperatorView

OFFICER = "officer"
"""Who takes everything along: a clerk with the purpose `export`."""
PATIENCE_S = 120.0
Say = Callable[[str], object]


class StepFailed(RuntimeError):
    """A command of the leave did not do what was asked."""


def acknowledgement_key(file: Path) -> str:
    """Make the key without which nothing of the municipality is erased; gives the public half, for joining."""
    key = Ed25519PrivateKey.generate()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(public).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Left:
    """What was seen."""

    identity: str
    events: int
    """In the bundle, receipts included."""
    proven: bool
    """Whether the bundle is proven against the municipality's own evidence, to the end of every stream."""
    same_state: Mapping[str, bool]
    """By service: whether the second federation has the state hash of the first."""
    state: str
    """How far the leave came."""
    certificate: str
    """For people."""
    seconds: Mapping[str, float]
    """By step; the second federation starts while the first ones go on."""

    @property
    def well(self) -> bool:
        """Whether all was as it should be."""
        return (
            self.proven
            and all(self.same_state.values())
            and self.state == "certified"
            and self.identity in self.certificate
        )


@dataclass
class Leaving:
    """One municipality's way out."""

    code: str
    services: Sequence[str]
    layout: Layout
    """Of the federation that is left."""
    elsewhere: Layout
    """Where the second federation will be."""
    operator: OperatorView
    key: Path
    """The municipality's private key."""
    credentials: Path
    own: Path
    """What the municipality's system kept."""
    out: Path
    say: Say
    _seconds: dict[str, float] = field(default_factory=dict)

    async def run(self) -> Left:
        """All of it. Raises StepFailed."""
        shutil.rmtree(self.out, ignore_errors=True)
        bundle, evidence = self.out / "bundle", self.out / "evidence"
        with ExitStack() as stack:
            starting = asyncio.create_task(asyncio.to_thread(_start, stack, self.elsewhere))
            try:
                exported = await self._closed_and_exported(bundle)
                proven = await self._proven(bundle, evidence, exported["identity"])
                hashes = {name: await self.operator.state(self.code, name, STREAM_OF[name]) for name in self.services}
            finally:
                with self._timed("the second federation was still starting"):
                    services = await starting
            try:
                with self._timed("imported elsewhere"):
                    imported = await self._imported(services, bundle)
            finally:
                await asyncio.to_thread(stack.close)
        same = {name: imported.get(name) == hashes[name]["state_hash"] for name in self.services}
        for name, equal in same.items():
            self.say(f"        {name}: state hash {imported.get(name)} {'the same' if equal else 'DIFFERS'} in both")
        if not (proven and all(same.values())):
            return Left(exported["identity"], _count(exported), proven, same, "verified", "", self._seconds)
        state, certificate = await self._erased(bundle)
        return Left(exported["identity"], _count(exported), proven, same, state, certificate, self._seconds)

    async def _closed_and_exported(self, bundle: Path) -> dict[str, Any]:
        known = self.layout.root / "credentials" / f"{self.code}.json"
        known.parent.mkdir(exist_ok=True)
        write_private(known, self.credentials.read_bytes())
        with self._timed("closed"):
            await self._kumiai("party", "add", self.code, OFFICER, "--role", "clerk", "--purpose", "export")
            shown = await self._kumiai("leave", self.code, "--as-member", "--watch", "--readers-days", "0")
        ends = ", ".join(f"{row['stream']} at {row['position']}" for row in shown["closed"])
        self.say(f"        closed in the direction of the data: {ends}")
        with self._timed("exported and sealed"):
            exported = await self._kumiai("bundle", "export", self.code, str(bundle), "--as", OFFICER)
            await self._kumiai("leaving", "exported", self.code, str(bundle))
            await self._kumiai("leaving", "show", self.code, "--watch")
        self.say(f"        bundle of {_count(exported)} events, identity {exported['identity']}")
        return exported

    async def _proven(self, bundle: Path, evidence: Path, identity: str) -> bool:
        """What the municipality does by itself: with its own receipts, and the verifier that it got when it joined."""
        verifier = self.out / "verify.py"
        with self._timed("verified"):
            await self._kumiai("bundle", "evidence", self.code, str(evidence))
            shutil.copy(self.own / RECEIPTS, evidence / "kept-by-the-system.jsonl")
            await self._run((sys.executable, "-m", "kumiai_cli.main", "bundle", "verifier", str(verifier)), {})
            said = json.loads(
                await self._run(
                    (sys.executable, str(verifier), str(bundle), "--evidence", str(evidence), "--identity", identity,
                     "--went-on", STREAM_OF["membership"], "--json"), {}
                )
            )  # fmt: skip
        for found in said.get("findings", ())[:10]:
            self.say(f"        {found['where']}: {found['en']}")
        self.say(f"        verified with its own evidence: {'proven' if said['proven'] else 'NOT proven'}")
        return bool(said["proven"])

    async def _imported(self, services: ServiceProcesses, bundle: Path) -> dict[str, str]:
        """State hashes by service, as the second federation says."""
        key = self.elsewhere.operators / f"{PARTY}.pem"
        there = OperatorView(services.peers, key.read_text())
        try:
            await there.admitted()
        finally:
            await there.close()
        said = await self._kumiai("bundle", "import", str(bundle), layout=self.elsewhere)
        return {each["service"]: each["state_hash"] for each in said["services"]}

    async def _erased(self, bundle: Path) -> tuple[str, str]:
        with self._timed("acknowledged and erased"):
            await self._kumiai("leaving", "acknowledge", self.code, str(bundle), "--key", str(self.key))
            erased = await self._kumiai("leave", self.code, "--erase", "--yes", "--watch")
            command = (sys.executable, "-m", "kumiai_cli.main", "leaving", "certificate", self.code)
            certificate = await self._run(command, self._environment(self.layout))
        (self.out / "certificate.txt").write_text(certificate)
        return str(erased["leave"]["state"]), certificate

    async def _kumiai(self, *arguments: str, layout: Layout | None = None) -> dict[str, Any]:
        program = (sys.executable, "-m", "kumiai_cli.main", *arguments, "--json")
        said: dict[str, Any] = json.loads(await self._run(program, self._environment(layout or self.layout)))
        if "error" in said:
            raise StepFailed(f"kumiai {' '.join(arguments[:2])}: {said['error']}")
        return said

    async def _run(self, program: Sequence[str], environment: Mapping[str, str]) -> str:
        process = await asyncio.create_subprocess_exec(
            *program,
            env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        except BaseException as error:
            process.kill()
            if isinstance(error, TimeoutError):
                raise StepFailed(f"{' '.join(program[2:6])} did not end within {PATIENCE_S:.0f} s") from None
            raise
        if not output and process.returncode:
            raise StepFailed(f"{' '.join(program[2:6])}: {errors.decode(errors='replace').strip()[-1000:]}")
        return output.decode()

    @staticmethod
    def _environment(layout: Layout) -> dict[str, str]:
        return {"KUMIAI_LOCAL_DIR": str(layout.root), "KUMIAI_PEERS": ""}

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._seconds[step] = round(time.monotonic() - began, 1)


def _start(stack: ExitStack, layout: Layout) -> ServiceProcesses:
    """An empty federation in a folder of its own, which knows nothing of the first."""
    addresses = stack.enter_context(new_stack(layout.prepare(), fresh=True, prepared=True)).addresses
    return stack.enter_context(ServiceProcesses(addresses, layout, prepared=True))


def _count(exported: Mapping[str, Any]) -> int:
    return sum(exported["heads"].values())


def leaving_table(label: str, left: Left) -> Table:
    """What was seen, for people."""
    table = Table("", "", title=f"{label} leaves altogether and takes everything along", show_header=False)
    table.add_row("identity of its bundle", left.identity)
    table.add_row("events in it", str(left.events))
    table.add_row("proven with its own evidence", str(left.proven))
    for name, same in left.same_state.items():
        table.add_row(f"same state elsewhere: {name}", str(same))
    table.add_row("state", left.state)
    for step, seconds in left.seconds.items():
        table.add_row(step, f"{seconds} s")
    return table
