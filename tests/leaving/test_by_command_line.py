"""A municipality leaves altogether by the command line alone, with its real bundle, verified with its own evidence."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kumiai_demo.connection import Credentials
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.leaving.test_leaving import report
from tests.support.family import carry_over
from tests.support.operator import ALL, Member, Operator
from tests.support.system import System, broker_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


async def test_a_municipality_takes_everything_along_by_command_line(
    operator: Operator,
    addresses: StackAddresses,
    federation: ServiceProcesses,
    test_layout: Layout,
    leaving_codes: Iterator[str],
    tmp_path: Path,
) -> None:
    code = next(leaving_codes)
    peers = ",".join(f"{name}={url}" for name, url in federation.peers.items())
    environment = {**os.environ, "KUMIAI_LOCAL_DIR": str(test_layout.root), "KUMIAI_PEERS": peers}

    async def kumiai(*arguments: str, ends_with: int = 0) -> dict[str, Any]:
        ended = await asyncio.to_thread(command, environment, *arguments)
        assert ended.returncode == ends_with, (ended.stdout, ended.stderr)
        said: dict[str, Any] = json.loads(ended.stdout)
        return said

    key, bundle, evidence = tmp_path / "acknowledgement.pem", tmp_path / "bundle", tmp_path / "evidence"
    public = (await kumiai("leaving", "key", code, str(key), "--no-register"))["public_key"]
    joined = await kumiai("join", code, "--services", ",".join(ALL), "--acknowledgement-key", public)
    member = Member(code, ALL, Credentials.read(Path(joined["credentials"])))
    async with System(member, broker_of(addresses, member), operator.peers, tmp_path / "system") as system:
        family = await system.tell(carry_over())
        await system.tell(report(family.numbers[0]), cause=family.event)
    await kumiai("party", "add", code, "hanako", "--role", "clerk", "--purpose", "export")

    shown = await kumiai("leave", code, "--as-member", "--watch", "--readers-days", "0")
    assert shown["leave"]["state"] == "closed"
    exported = await kumiai("bundle", "export", code, str(bundle), "--as", "hanako")
    assert (await kumiai("leaving", "exported", code, str(bundle)))["leave"]["bundle_hash"] == exported["identity"]
    assert (await kumiai("leaving", "show", code, "--watch"))["leave"]["state"] == "sealed"
    await kumiai("bundle", "evidence", code, str(evidence))
    kept = ("--evidence", str(evidence), "--identity", exported["identity"], "--went-on", "membership")
    assert (await kumiai("bundle", "verify", str(bundle), *kept))["findings"] == []
    await kumiai("leaving", "acknowledge", code, str(bundle), "--key", str(key))

    plan = await kumiai("leave", code, "--plan")
    assert plan["erases"]["resident-registry"]["stream_event"] > 0
    assert (await kumiai("leave", code, "--erase", "--yes", "--watch"))["leave"]["state"] == "certified"
    certificate = await kumiai("leaving", "certificate", code)
    assert certificate["certificate"]["bundle_hash"] == exported["identity"]
    listed = {each["municipality"]: each for each in (await kumiai("members"))["members"]}
    assert listed[code]["leaving"]["state"] == "certified"
    again = await kumiai("join", code, "--services", "taxation", ends_with=1)
    assert again["problem"]["code"] == "has-left"


def command(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command as a machine gives it."""
    program = [sys.executable, "-m", "kumiai_cli.main", *arguments, "--json"]
    return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=120, check=False)
