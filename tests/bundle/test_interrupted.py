"""A bundle that is interrupted, or made while everything goes on: it comes out the same, or it comes out proven."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from kumiai_contracts.resident import ChangeOfAddressNotice
from kumiai_local.layout import Layout

from tests.bundle.conftest import Commands, Exported, register_exporter
from tests.conftest import NewSystem
from tests.support.family import NEXT_HOME, carry_over, handled
from tests.support.operator import REGISTRY, TAXATION, Operator
from tests.support.system import System

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
SEED = 7


def killed(commands: Commands, after_s: float, *arguments: str) -> int:
    """Run a command and kill it after a while, with everything that it started; its exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kumiai_cli.main", *arguments],
        env=commands.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def test_an_export_that_is_killed_again_and_again_comes_to_the_same_identity(
    exported: Exported, tmp_path: Path
) -> None:
    random, folder = Random(SEED), tmp_path / "bundle"
    export = ("bundle", "export", exported.code, str(folder), "--as", "hanako")
    ended = [killed(exported.commands, random.uniform(0.3, 1.5), *export) for _ in range(6)]
    assert -signal.SIGKILL in ended, "none was killed in time"
    if (folder / "manifest.json").exists():  # the last one had come to its end
        assert exported.commands.verify(folder)[1]["identity"] == exported.identity
        return
    code, said = exported.commands.kumiai(*export)
    assert (code, said.get("identity")) == (0, exported.identity), said
    assert exported.commands.verify(folder)[0] == 0


async def test_a_bundle_made_while_notices_pour_in_is_proven(
    commands: Commands, new_system: NewSystem, operator: Operator, test_layout: Layout, tmp_path: Path
) -> None:
    system = await new_system(REGISTRY, TAXATION)
    code = system.member.code
    await register_exporter(operator, test_layout, code, "taro")
    family = await system.tell(carry_over())
    await operator.known(system.member)
    await operator.complete(system.member)
    enough = asyncio.Event()
    pouring = asyncio.create_task(_pour(system, family.numbers, enough))
    heads = []
    for n in range(3):
        folder = tmp_path / f"bundle-{n}"
        done, said = await asyncio.to_thread(commands.kumiai, "bundle", "export", code, str(folder), "--as", "taro")
        assert done == 0, said
        found, verified = await asyncio.to_thread(commands.verify, folder)
        assert (found, verified["findings"]) == (0, []), json.dumps(verified)
        heads.append(verified["heads"]["resident"])
    enough.set()  # a cancellation could get lost in the wait for a receipt, and the pouring would never end
    await pouring
    assert heads[0] < heads[-1]


async def _pour(system: System, numbers: tuple[str, ...], enough: asyncio.Event) -> None:
    while not enough.is_set():
        notice = ChangeOfAddressNotice(**handled(), addressee_numbers=numbers, address=NEXT_HOME)
        await system.tell(notice)
