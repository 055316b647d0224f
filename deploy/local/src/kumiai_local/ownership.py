"""One owner per stack, and a warden that tidies up when the owner dies without having done so.

The owner holds a lock on `run/lock`. The warden, a small process of its own, shares that lock, watches the owner and,
when it is gone, ends every recorded process in order. So the lock is free only when nobody is left who could still end
processes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

from kumiai_local.errors import AlreadyRunning
from kumiai_local.layout import Layout
from kumiai_local.processes import end_recorded, lives

WATCH_EVERY_S = 0.2
WARDEN_NEEDS_S = 45.0
"""How long a start waits for the warden of a killed owner to finish."""


class Ownership:
    """The right to start and stop processes in one stack's folder, held from construction to `release`."""

    def __init__(self, layout: Layout, patience_s: float = WARDEN_NEEDS_S) -> None:
        """Take the lock, end what a killed run left, and set the warden to watch.

        Raises:
            AlreadyRunning: when another living owner holds the stack.
        """
        layout.prepare()
        self._layout = layout
        self._lock = _locked(layout.run / "lock", patience_s)
        self.left_over = end_everything(layout)
        """Names of processes that a killed run had left."""
        # Its output goes to a file: it would otherwise hold the owner's pipe open when the owner is dead.
        with (layout.logs / "warden.log").open("ab") as log:
            self._warden = subprocess.Popen(
                [sys.executable, "-m", "kumiai_local.warden", str(layout.root), str(os.getpid())],
                pass_fds=[self._lock],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def release(self) -> None:
        """End whatever still runs, dismiss the warden, free the lock. May be called again."""
        if self._lock < 0:
            return
        end_everything(self._layout)
        self._warden.kill()
        self._warden.wait()
        os.ftruncate(self._lock, 0)
        os.close(self._lock)
        self._lock = -1


def end_everything(layout: Layout) -> list[str]:
    """End all processes and containers of the stack in this folder, in order; returns the names of those that ran."""
    ended = end_recorded(layout.processes)
    if (layout.run / "containers").exists():  # only then is a Docker daemon asked for
        from kumiai_local.container_ending import end_containers

        ended += end_containers(layout)
    return ended


def owner(layout: Layout) -> int | None:
    """The process id of the living owner of the stack in this folder."""
    lock = layout.run / "lock"
    if not lock.exists():
        return None
    descriptor = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written_owner(lock)
    finally:
        os.close(descriptor)
    return None


def _locked(path: Path, patience_s: float) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _written_owner(path)
            if holder is not None or time.monotonic() > deadline:
                os.close(descriptor)
                raise AlreadyRunning(
                    f"the stack in {path.parent.parent} already runs (process {holder}): "
                    "use it, or stop it with `make down`"
                ) from None
            time.sleep(WATCH_EVERY_S)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return descriptor


def _written_owner(path: Path) -> int | None:
    """Who wrote its process id into the lock file, if it lives; None while only its warden is left."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(path.read_text())
        return pid if lives(pid) else None
    return None
