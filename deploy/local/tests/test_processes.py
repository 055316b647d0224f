"""Recorded processes, with harmless children instead of servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from kumiai_local.errors import AlreadyRunning
from kumiai_local.layout import Layout
from kumiai_local.ownership import Ownership, owner
from kumiai_local.processes import Child, end_processes, end_recorded, lives, read_records

OWNER_THAT_STARTS_TWO = """
import sys, time
from pathlib import Path
from kumiai_local.layout import Layout
from kumiai_local.ownership import Ownership
sys.path.insert(0, {tests!r})
from test_processes import sleeper
layout = Layout(Path({root!r}))
ownership = Ownership(layout)
sleeper(layout, "service", rank=2)
sleeper(layout, "server", rank=1)
print("started", flush=True)
time.sleep(600)
"""


def sleeper(layout: Layout, name: str, rank: int = 1, ignores: str = "") -> Child:
    """A child that writes the time of its orderly end to `<name>.ended`."""
    program = f"""
import signal, sys, time
from pathlib import Path
def end(*_):
    time.sleep(0.3)
    Path({str(layout.run / name)!r} + ".ended").write_text(str(time.time()))
    sys.exit()
signal.signal(signal.SIGTERM, {ignores or "end"})
Path({str(layout.run / name)!r} + ".ready").touch()
while True: time.sleep(0.05)
"""
    child = Child.start(
        name,
        [sys.executable, "-c", program],
        records=layout.processes,
        log=layout.logs / f"{name}.log",
        marker=str(layout.run),
        rank=rank,
        grace_s=2.0,
    )
    wait_for((layout.run / f"{name}.ready").exists)
    return child


def wait_for(condition, within_s: float = 15.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def killed_owner(layout: Layout, *, with_warden: bool) -> list[int]:
    """Run an owner with two children, SIGKILL it (and its warden); returns the children's process ids."""
    layout.prepare()
    program = OWNER_THAT_STARTS_TWO.format(tests=str(Path(__file__).parent), root=str(layout.root))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        pids = [record.pid for record in read_records(layout.processes)]
        if with_warden:
            for member in psutil.Process(process.pid).children():
                if "kumiai_local.warden" in member.cmdline():
                    member.kill()
        process.kill()
    return pids


def test_processes_end_by_falling_rank(own_layout: Layout) -> None:
    own_layout.prepare()
    sleeper(own_layout, "database", rank=0)
    sleeper(own_layout, "service", rank=20)
    assert end_recorded(own_layout.processes) == ["service", "database"]
    ended = {name: float((own_layout.run / f"{name}.ended").read_text()) for name in ("service", "database")}
    assert ended["service"] + 0.25 < ended["database"]
    assert read_records(own_layout.processes) == []


def test_a_process_that_ignores_its_signal_is_killed_after_its_grace(own_layout: Layout) -> None:
    own_layout.prepare()
    child = sleeper(own_layout, "deaf", ignores="signal.SIG_IGN")
    child.stop()
    assert not lives(child.pid)


def test_a_stopped_process_can_be_ended(own_layout: Layout) -> None:
    own_layout.prepare()
    child = sleeper(own_layout, "frozen")
    child.signal(signal.SIGSTOP)
    child.stop()
    assert (own_layout.run / "frozen.ended").exists()


@pytest.mark.parametrize("change", [{"marker": "somebody else's"}, {"started": 1.0}])
def test_a_process_id_that_is_somebody_elses_now_is_left_alone(own_layout: Layout, change: dict[str, str]) -> None:
    own_layout.prepare()
    child = sleeper(own_layout, "innocent")
    assert end_processes([replace(child.record, **change)]) == []  # type: ignore[arg-type]
    assert child.alive


def test_a_half_written_record_is_no_obstacle(own_layout: Layout) -> None:
    own_layout.prepare()
    (own_layout.processes / "torn.json").write_text('{"name": "to')
    (own_layout.processes / "foreign.json").write_text(json.dumps({"something": "else"}))
    assert end_recorded(own_layout.processes) == []
    assert list(own_layout.processes.iterdir()) == []


def test_the_death_of_the_owner_ends_its_children_in_order(own_layout: Layout) -> None:
    pids = killed_owner(own_layout, with_warden=False)
    wait_for(lambda: not any(lives(pid) for pid in pids))
    ended = [float((own_layout.run / f"{name}.ended").read_text()) for name in ("service", "server")]
    assert ended == sorted(ended)


def test_what_a_killed_run_and_its_killed_warden_left_is_ended_at_the_next_start(own_layout: Layout) -> None:
    pids = killed_owner(own_layout, with_warden=True)
    assert all(lives(pid) for pid in pids)
    ownership = Ownership(own_layout)
    assert ownership.left_over == ["service", "server"]
    assert not any(lives(pid) for pid in pids)
    ownership.release()


def test_one_folder_has_one_owner_and_two_folders_have_two(own_layout: Layout, tmp_path: Path) -> None:
    first, beside = Ownership(own_layout), Ownership(Layout(tmp_path / "second checkout"))
    assert owner(own_layout) == os.getpid()
    with pytest.raises(AlreadyRunning, match="make down"):
        Ownership(own_layout, patience_s=0.5)
    first.release()
    beside.release()
    assert owner(own_layout) is None
    Ownership(own_layout).release()


def test_an_ended_process_that_nobody_collects_does_not_use_up_its_grace(own_layout: Layout) -> None:
    own_layout.prepare()
    child = sleeper(own_layout, "uncollected")  # a zombie until this process, its parent, asks for its exit code
    began = time.monotonic()
    assert end_processes([replace(child.record, grace_s=60.0)]) == ["uncollected"]
    assert time.monotonic() - began < 10
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
