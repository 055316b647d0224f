"""Processes that outlive nobody: each has a record on disk, and whoever finds the record can end it in order.

The record holds process id, start time and a marker from the command line, so that a process id that the kernel has
given to somebody else in the meantime is never touched. The same function ends processes on a normal stop, after
the owner's death (by the warden), on `down`, and at the next start after everything was killed.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import psutil

from kumiai_local.errors import StackError
from kumiai_local.secret_files import write_private

START_TOLERANCE_S = 2.0
KILLED_WITHIN_S = 10.0
LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class ProcessRecord:
    """What is known of a process that we started."""

    name: str
    pid: int
    started: float
    """Start time, seconds since the epoch."""
    marker: str
    """A text that its command line must contain to be ours."""
    rank: int
    """Processes end by falling rank: services before the broker, the broker before the database."""
    stop_signal: int
    grace_s: float
    """How long it may take to end after `stop_signal` before it is killed."""

    def process(self) -> psutil.Process | None:
        """The running process, or None when it is gone or the process id is somebody else's now."""
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            found = psutil.Process(self.pid)
            if found.status() == psutil.STATUS_ZOMBIE or abs(found.create_time() - self.started) > START_TOLERANCE_S:
                return None
            return found if self.marker in "\0".join(found.cmdline()) else None
        return None


class Child:
    """A child process in a session of its own (the terminal's Ctrl-C reaches us, not it), with its record on disk."""

    def __init__(self, popen: subprocess.Popen[bytes], record: ProcessRecord, records: Path) -> None:
        self._popen = popen
        self.record = record
        self._path = records / f"{record.name}.json"

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str],
        *,
        records: Path,
        log: Path,
        marker: str,
        rank: int,
        env: Mapping[str, str] | None = None,
        stop_signal: int = signal.SIGTERM,
        grace_s: float = 10.0,
    ) -> Child:
        """Start `command`, its output appended to `log`. `marker` must be part of the command line."""
        with log.open("ab") as output:
            popen = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, start_new_session=True
            )
        try:
            started = psutil.Process(popen.pid).create_time()
        except psutil.NoSuchProcess:
            raise StackError(f"{name} ended at once: see {log}") from None
        record = ProcessRecord(name, popen.pid, started, marker, rank, int(stop_signal), grace_s)
        child = cls(popen, record, records)
        write_private(child._path, json.dumps(asdict(record)).encode())
        return child

    @property
    def pid(self) -> int:
        return self.record.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._popen.poll()

    @property
    def alive(self) -> bool:
        return self.exit_code is None

    def signal(self, number: int) -> None:
        """Send a signal to the process itself, not to its children."""
        self._popen.send_signal(number)

    def signal_family(self, number: int) -> None:
        """Send a signal to the process and all its descendants."""
        for process in _family(self.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def stop(self) -> None:
        """End it in order: its signal, its time of grace, then SIGKILL."""
        end_processes([self.record])
        self._reap()

    def kill(self) -> None:
        """SIGKILL it and its children, as a power cut would."""
        kill_tree(self.pid)
        self._reap()

    def _reap(self) -> None:
        self._popen.wait()
        self._path.unlink(missing_ok=True)


def kill_tree(pid: int) -> None:
    """SIGKILL a process and its descendants, and wait until they are gone."""
    family = _family(pid)
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _gone(family, time.monotonic() + KILLED_WITHIN_S)


def lives(pid: int) -> bool:
    """Whether the process runs; one that only waits to be collected by its parent does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def _gone(processes: Sequence[psutil.Process], deadline: float) -> bool:
    """Wait until all have ended; false when `deadline` (monotonic seconds) passes first.

    psutil's own wait is of no use for the orphans of a killed owner: it waits until their entry has left the process
    table, which takes as long as the machine's first process likes, and in some containers for ever.
    """
    while any(process.is_running() and lives(process.pid) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def _family(pid: int) -> list[psutil.Process]:
    """The process and its descendants, itself first; empty when it is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    return []


def end_processes(records: Sequence[ProcessRecord]) -> list[str]:
    """End the recorded processes that still run, rank by rank: their signal, their time of grace, then SIGKILL.

    Returns the names of those that were running.
    """
    ended: list[str] = []
    for _, same_rank in groupby(sorted(records, key=_last_first), key=lambda record: record.rank):
        running = [(record, process) for record in same_rank if (process := record.process()) is not None]
        for record, process in running:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(record.stop_signal)
            for member in _family(record.pid):  # a process that SIGSTOP holds would not notice otherwise
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.send_signal(signal.SIGCONT)
        asked = time.monotonic()
        for record, process in running:
            if not _gone([process], asked + record.grace_s):
                kill_tree(record.pid)
            ended.append(record.name)
    return ended


def _last_first(record: ProcessRecord) -> tuple[int, str]:
    return (-record.rank, record.name)


def read_records(records: Path) -> list[ProcessRecord]:
    """All records in the folder, those that must end first at the front."""
    found = []
    for path in records.glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError):  # half-written by a run that was killed
            found.append(ProcessRecord(**json.loads(path.read_bytes())))
    return sorted(found, key=_last_first)


def end_recorded(records: Path) -> list[str]:
    """End every process that the folder's records name, and remove the records; returns the names of those that ran."""
    ended = end_processes(read_records(records))
    for path in records.glob("*.json"):
        path.unlink(missing_ok=True)
    return ended
