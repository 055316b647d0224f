"""The warden of one stack: `python -m kumiai_local.warden FOLDER OWNER_PID` outlives the owner and tidies up."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path

import psutil

from kumiai_local.layout import Layout
from kumiai_local.ownership import WATCH_EVERY_S, end_everything


def watch(root: Path, owner_pid: int) -> None:
    """Return when the owner is dead and what it had started has been ended in order."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(psutil.NoSuchProcess):
        owner = psutil.Process(owner_pid)
        while owner.is_running() and owner.status() != psutil.STATUS_ZOMBIE:
            time.sleep(WATCH_EVERY_S)
    end_everything(Layout(root))


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]))
