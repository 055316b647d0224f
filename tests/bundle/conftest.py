"""One municipality with something of everything, its bundle, and the evidence that it kept."""

import asyncio
import contextlib
import importlib.util
import io
import json
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kumiai_common.bundle.verifier import verifier as handed_out
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.resident import ChangeOfAddressNotice, MoveOutNotice
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.support.family import AWAY, NEXT_HOME, carry_over, handled
from tests.support.operator import ALL, Operator
from tests.support.system import System, broker_of

KUMAMOTO = "431001"
"""No other test uses this municipality."""


@dataclass(frozen=True)
class Commands:
    """The command line, and the verifier as a municipality runs it."""

    environment: dict[str, str]
    verifier: Any
    """The verifier's module, as it is handed out."""

    def kumiai(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """A command's exit code and what it says to a machine."""
        ended = subprocess.run(
            [sys.executable, "-m", "kumiai_cli.main", *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return ended.returncode, json.loads(ended.stdout) if ended.stdout else {"error": ended.stderr}

    def verify(self, bundle: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
        """The verifier's exit code and findings."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = self.verifier.main([str(bundle), *arguments, "--json"])
        return code, json.loads(said.getvalue())


@dataclass(frozen=True)
class Exported:
    """A municipality's bundle and its own evidence."""

    code: str
    folder: Path
    evidence: Path
    identity: str
    commands: Commands

    def codes(self, bundle: Path, *arguments: str) -> set[str]:
        """The kinds of what the verifier finds."""
        code, said = self.commands.verify(bundle, *arguments)
        assert code == int(bool(said["findings"])), said
        return {found["code"] for found in said["findings"]}


@pytest.fixture(scope="session")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The module of the one file that is handed out."""
    file = tmp_path_factory.mktemp("verifier") / "verify.py"
    file.write_bytes(handed_out())
    spec = importlib.util.spec_from_file_location("handed_out_verifier", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def commands(federation: ServiceProcesses, test_layout: Layout, verifier: Any) -> Commands:
    """Programs against the session's federation."""
    peers = ",".join(f"{name}={url}" for name, url in federation.peers.items())
    return Commands({**os.environ, "KUMIAI_LOCAL_DIR": str(test_layout.root), "KUMIAI_PEERS": peers}, verifier)


async def live(system: System) -> None:
    """A family that is taxed, moves and parts, with notices that are refused, repeated and corrected."""
    family = await system.tell(carry_over())
    for n, number in enumerate(family.numbers[:2]):
        report = EmploymentIncomeReport(
            fiscal_year=2026, addressee_number=number, employer="20310007", salary=5_000_000 + n
        )
        await system.tell(report, cause=family.event)
    moved = system.message(
        ChangeOfAddressNotice(**handled(), addressee_numbers=(family.numbers[2],), address=NEXT_HOME)
    )
    await system.send(moved)
    await system.send(moved)
    gone = MoveOutNotice(
        **handled(), addressee_numbers=(family.numbers[1],), destination="domestic", destination_address=AWAY
    )
    await system.tell(gone)
    assert not (await system.send(system.message(gone))).accepted


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def exported(
    operator: Operator, addresses: StackAddresses, commands: Commands, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Joined, lived in, exported, with evidence."""
    place = tmp_path_factory.mktemp("bundle")
    member = await operator.join(KUMAMOTO, ALL)
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(
            System(member, broker_of(addresses, member), operator.peers, place / "system")
        )
        await live(system)
        await operator.complete(member)
    keep_credentials(commands, member)
    for party, *purposes in (("hanako", "export"), ("jiro", "resident-services", "taxation")):
        named = [word for purpose in purposes for word in ("--purpose", purpose)]
        code, said = await asyncio.to_thread(
            commands.kumiai, "party", "add", KUMAMOTO, party, "--role", "clerk", *named
        )
        assert code == 0, said
    await operator.known(member)
    await operator.complete(member)
    folder, evidence = place / "bundle", place / "evidence"
    code, said = await asyncio.to_thread(commands.kumiai, "bundle", "export", KUMAMOTO, str(folder), "--as", "hanako")
    assert code == 0, said
    identity = said["identity"]
    code, said = await asyncio.to_thread(commands.kumiai, "bundle", "evidence", KUMAMOTO, str(evidence))
    assert code == 0, said
    return Exported(KUMAMOTO, folder, evidence, identity, commands)


def keep_credentials(commands: Commands, member: Any) -> None:
    """Where `kumiai join` would have put them."""
    folder = Path(commands.environment["KUMIAI_LOCAL_DIR"]) / "credentials"
    folder.mkdir(parents=True, exist_ok=True)
    given = {"party": member.credentials.party, "private_key": member.credentials.private_key}
    (folder / f"{member.code}.json").write_text(json.dumps(given))


async def register_exporter(operator: Operator, layout: Layout, code: str, party: str) -> None:
    """Somebody of the municipality's own who may take everything along."""
    key = Ed25519PrivateKey.generate()
    body = {
        "kind": "person",
        "public_key": public_key_text(key.public_key()),
        "roles": ["clerk"],
        "purposes": ["export"],
    }
    await operator.ask("POST", "membership", f"/v1/members/{code}/parties/{party}", json=body)
    keep_key(layout, code, party, key)


def keep_key(layout: Layout, code: str, party: str, key: Ed25519PrivateKey) -> None:
    """Where `kumiai party add` would have put a party's key."""
    path = layout.root / "credentials" / f"{code}-{party}.pem"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
