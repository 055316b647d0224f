"""A municipality leaves altogether by the command line alone, with its real bundle, verified with its own evidence."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kumiai_common.bundle.verifier import verifier
from kumiai_contracts.municipalities import municipality
from kumiai_demo.connection import Credentials
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.bundle.conftest import Commands, live
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
    file = tmp_path / "verify.py"
    file.write_bytes(verifier())
    commands = Commands({**os.environ, "KUMIAI_LOCAL_DIR": str(test_layout.root), "KUMIAI_PEERS": peers}, file)

    async def kumiai(*arguments: str) -> dict[str, Any]:
        ended, said = await asyncio.to_thread(commands.kumiai, *arguments)
        assert ended == 0, said
        return said

    key, bundle, evidence = tmp_path / "acknowledgement.pem", tmp_path / "bundle", tmp_path / "evidence"
    public = (await kumiai("leaving", "key", code, str(key), "--no-register"))["public_key"]
    joined = await kumiai("join", code, "--services", ",".join(ALL), "--acknowledgement-key", public)
    member = Member(code, ALL, Credentials.read(Path(joined["credentials"])))
    async with System(member, broker_of(addresses, member), operator.peers, tmp_path / "system") as system:
        await live(system)
    await kumiai("party", "add", code, "hanako", "--role", "clerk", "--purpose", "export")

    shown = await kumiai("leave", code, "--as-member", "--watch", "--readers-days", "0")
    assert shown["leave"]["state"] == "closed"
    exported = await kumiai("bundle", "export", code, str(bundle), "--as", "hanako")
    assert (await kumiai("leaving", "exported", code, str(bundle)))["leave"]["bundle_hash"] == exported["identity"]
    assert (await kumiai("leaving", "show", code, "--watch"))["leave"]["state"] == "sealed"
    await kumiai("bundle", "evidence", code, str(evidence))
    kept = ("--evidence", str(evidence), "--identity", exported["identity"], "--went-on", "membership")
    ended, verdict = await asyncio.to_thread(commands.verify, bundle, *kept)
    assert (ended, verdict["findings"]) == (0, [])
    await kumiai("leaving", "acknowledge", code, str(bundle), "--key", str(key))

    plan = await kumiai("leave", code, "--plan")
    assert plan["erases"]["resident-registry"]["stream_event"] > 0
    assert (await kumiai("leave", code, "--erase", "--yes", "--watch"))["leave"]["state"] == "certified"
    certificate = await kumiai("leaving", "certificate", code)
    assert certificate["certificate"]["bundle_hash"] == exported["identity"]
    listed = {each["municipality"]: each for each in (await kumiai("members"))["members"]}
    assert listed[code]["leaving"]["state"] == "certified"
    again = await asyncio.to_thread(commands.kumiai, "join", code, "--services", "taxation")
    assert (again[0], again[1]["problem"]["code"]) == (1, "has-left")
    assert municipality(code).name == listed[code]["name"]
