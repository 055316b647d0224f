"""Leaving with everything: closed, exported, verified with evidence, acknowledged, erased; imported elsewhere between.

Each step is the command that people use, as a process of its own. An import verifies first, which is measured by
itself: its time is that of bringing everything in, until every service has taken it over. Leaving is all that the
municipality waits for, from the request to the certificate; importing is not in it.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.bystander import Bystander
from benchmarks.federation import Federation
from benchmarks.usage import cpu_by_name, peak_memory, processes

LOOK_SECONDS = 0.05
PARTY = "bench"
KEY = "acknowledgement.pem"


class StepFailed(AssertionError):
    """A command did not do what was asked: then its speed is of no interest."""


@dataclass(frozen=True)
class Bundling:
    """The steps of one leave, and of the import."""

    events: int
    bytes: int
    seconds: dict[str, float]
    """By step."""
    rss_mb: dict[str, float]
    """Highest resident memory: of each step's process with its children, and of the services while they worked."""
    import_cpu_seconds: dict[str, float]
    """Of each process of the federation that took the bundle in."""

    def per_s(self, step: str) -> float:
        """Events per second."""
        return self.events / self.seconds[step]

    @property
    def leave_seconds(self) -> float:
        """From the request to the certificate."""
        return sum(seconds for step, seconds in self.seconds.items() if step != "import")


def new_key(federation: Federation, municipality: str, folder: Path) -> str:
    """Make the municipality's acknowledgement key in an empty folder; the public half, for joining."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = kumiai(federation, "leaving", "key", municipality, str(folder / KEY), "--no-register")
    return str(made.said["public_key"])


def measure(
    here: Federation, there: Callable[[], Federation], municipality: str, folder: Path, bystander: Bystander
) -> Bundling:
    """Leave one federation for an empty one, which is started when it is needed."""
    bundle, evidence = str(folder / "bundle"), str(folder / "evidence")
    kumiai(here, "credentials", municipality)
    kumiai(here, "party", "add", municipality, PARTY, "--role", "clerk", "--purpose", "export")
    time.sleep(3)  # every service has heard of the party
    done: dict[str, Step] = {}

    def step(name: str, *command: str) -> Step:
        bystander.during = name
        done[name] = kumiai(here, *command)
        return done[name]

    with peak_memory(processes(here.layout)) as services:
        with bystander.watching():
            step("close", "leave", municipality, "--watch", "--readers-days", "0")
            step("export", "bundle", "export", municipality, bundle, "--as", PARTY)
            step("record", "leaving", "exported", municipality, bundle)
            step("seal", "leaving", "show", municipality, "--watch")
            step("evidence", "bundle", "evidence", municipality, evidence)
        # The municipality verifies on a machine of its own, and imports on others': here they would be in the way.
        kept = ("--evidence", evidence, "--went-on", "membership")
        done["verify"] = kumiai(here, "bundle", "verify", bundle, *kept)
        if not done["verify"].said["proven"]:
            raise StepFailed(f"the bundle is not proven: {done['verify'].said['findings'][:3]}")
        elsewhere = there()
        with peak_memory(processes(elsewhere.layout)) as others:
            before = cpu_by_name(processes(elsewhere.layout))
            done["import"] = kumiai(elsewhere, "bundle", "import", bundle)
            after = cpu_by_name(processes(elsewhere.layout))
        with bystander.watching():
            step("acknowledge", "leaving", "acknowledge", municipality, bundle, "--key", str(folder / KEY))
            step("erase", "leave", municipality, "--erase", "--yes", "--watch")
    if (state := done["erase"].said["leave"]["state"]) != "certified":
        raise StepFailed(f"the leave ended as {state}")
    return Bundling(
        sum(done["export"].said["heads"].values()),
        sum(path.stat().st_size for path in Path(bundle).rglob("*") if path.is_file()),
        {step: each.seconds for step, each in done.items()} | {"import": done["import"].said["seconds"]},
        {
            **{step: each.rss_mb for step, each in done.items()},
            **{name: mb for name, mb in services.items() if _is_service(name)},
            **{f"{name} (elsewhere)": mb for name, mb in others.items() if _is_service(name)},
        },
        {name: after[name] - before[name] for name in before},
    )


@dataclass(frozen=True)
class Step:
    """One command: what it said, how long it took, and the highest resident memory of its processes."""

    said: dict[str, Any]
    seconds: float
    rss_mb: float


def kumiai(federation: Federation, *arguments: str) -> Step:
    """Run a command as people do. Raises StepFailed where it does not do what was asked."""
    peers = ",".join(f"{name}={url}" for name, url in federation.services.peers.items())
    environment = {**os.environ, "KUMIAI_LOCAL_DIR": str(federation.layout.root), "KUMIAI_PEERS": peers}
    began, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "kumiai_cli.main", *arguments, "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, _resident(watched))
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - began
    said, error = process.communicate()
    if process.returncode not in (0, 1) or not said or (process.returncode and "findings" not in said):
        raise StepFailed(f"kumiai {' '.join(arguments[:2])}: {said[:500]} {error[-500:]}")
    return Step(json.loads(said), seconds, peak)


def _resident(process: psutil.Process) -> float:
    total = 0.0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss / 1e6
    except psutil.NoSuchProcess:
        return 0.0
    return total


def _is_service(name: str) -> bool:
    return name.partition("-")[0] in ("membership", "resident", "taxation", "national")
