"""Taking everything along: a municipality's bundle exported, verified with evidence, and imported elsewhere.

Each step is the command that people use, as a process of its own. An import verifies first, which is measured by
itself: its time is that of bringing everything in, until every service has taken it over.
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

from benchmarks.federation import Federation
from benchmarks.usage import peak_memory, processes

LOOK_SECONDS = 0.05
PARTY = "bench"


class StepFailed(AssertionError):
    """A command did not do what was asked: then its speed is of no interest."""


@dataclass(frozen=True)
class Bundling:
    """The three steps of one bundle."""

    events: int
    bytes: int
    export_seconds: float
    verify_seconds: float
    import_seconds: float
    rss_mb: dict[str, float]
    """Highest resident memory: of each step's process with its children, and of the services while they worked."""

    def per_s(self, seconds: float) -> float:
        """Events per second."""
        return self.events / seconds


def measure(here: Federation, there: Callable[[], Federation], municipality: str, folder: Path) -> Bundling:
    """Export from one federation, verify, and import into an empty one, which is started when it is needed."""
    shutil.rmtree(folder, ignore_errors=True)
    bundle, evidence = folder / "bundle", folder / "evidence"
    kumiai(here, "credentials", municipality)
    kumiai(here, "party", "add", municipality, PARTY, "--role", "clerk", "--purpose", "export")
    time.sleep(3)  # every service has heard of the party
    with peak_memory(processes(here.layout)) as services:
        export = kumiai(here, "bundle", "export", municipality, str(bundle), "--as", PARTY)
    kumiai(here, "bundle", "evidence", municipality, str(evidence))
    verify = kumiai(here, "bundle", "verify", str(bundle), "--evidence", str(evidence))
    elsewhere = there()
    with peak_memory(processes(elsewhere.layout)) as others:
        import_ = kumiai(elsewhere, "bundle", "import", str(bundle))
    if not verify.said["proven"]:
        raise StepFailed(f"the bundle is not proven: {verify.said['findings'][:3]}")
    return Bundling(
        sum(export.said["heads"].values()),
        sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()),
        export.seconds,
        verify.seconds,
        import_.said["seconds"],
        {
            "export": export.rss_mb,
            "verify": verify.rss_mb,
            "import": import_.rss_mb,
            **{f"{name} (export)": mb for name, mb in services.items() if _is_service(name)},
            **{f"{name} (import)": mb for name, mb in others.items() if _is_service(name)},
        },
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
