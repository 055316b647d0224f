"""`up` in the foreground: the stack and the services until a signal, or the death of whoever started us."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from kumiai_local.choose import new_stack
from kumiai_local.layout import Layout
from kumiai_local.progress import console
from kumiai_local.service_processes import LOOK_EVERY_S, ServiceProcesses

STARTED_MARK = "up"
"""File in `run/` that says that everything serves."""


class Stopped(BaseException):
    """A signal asked us to stop; like KeyboardInterrupt it passes through every `except Exception`."""


def run(layout: Layout, *, only_stack: bool, workers: int, stay_with_parent: bool) -> None:
    """Start everything, keep crashed services coming back, return after a signal when all has been stopped in order."""
    started = layout.run / STARTED_MARK
    try:
        with _signals_stop(), new_stack(layout, prepared=True) as stack:
            try:
                if only_stack:
                    _serve(started, None, stay_with_parent)
                else:
                    with ServiceProcesses(stack.addresses, layout, workers=workers, prepared=True) as services:
                        _serve(started, services, stay_with_parent)
            finally:
                _ignore_signals()  # a second Ctrl-C must not interrupt the shutdown
                started.unlink(missing_ok=True)
                console.print("Stopping …")
    except Stopped:
        console.print("Stopped.")


def _serve(started: Path, services: ServiceProcesses | None, stay_with_parent: bool) -> None:
    parent = os.getppid() if stay_with_parent else None
    started.write_text(str(os.getpid()))
    console.print("Running; Ctrl-C or `make down` stops it." if stay_with_parent else "Running.")
    while parent is None or os.getppid() == parent:
        for name in services.watch_once() if services else ():
            console.print(f"[yellow]{name} had ended and was started again[/]")
        signal.sigtimedwait([], LOOK_EVERY_S)
    raise Stopped


@contextmanager
def _signals_stop() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    yield


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
