"""How far a check is: bars for a person, and a small file for the program that started the checker."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

ASKING = "asking.json"
WRITE_EVERY_S = 0.25

Report = Callable[[int, int], None]
"""Told how many questions are answered, of how many."""


def unreported(answered: int, asked: int) -> None:
    """Nobody watches."""


def bars(console: Console) -> Progress:
    """Bars that vanish when all is asked; nothing where there is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("questions"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def reported(out: Path, name: str) -> Iterator[Report]:
    """A report to the terminal, if there is one, and to a file in `out`, several times a second."""
    file = out / ASKING
    file.unlink(missing_ok=True)
    next_write = 0.0
    with bars(Console(stderr=True)) as shown:
        task = shown.add_task(name, total=None)

        def report(answered: int, asked: int) -> None:
            nonlocal next_write
            shown.update(task, completed=answered, total=asked)
            if answered < asked and time.monotonic() < next_write:
                return
            next_write = time.monotonic() + WRITE_EVERY_S
            fresh = file.with_suffix(".new")
            fresh.write_text(json.dumps({"answered": answered, "asked": asked}))
            fresh.replace(file)

        yield report


def how_far(out: Path) -> tuple[int, int]:
    """How many questions the checker of this folder has answers to, and how many it has; zeros before it begins."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((out / ASKING).read_text())
        return found["answered"], found["asked"]
    return 0, 0
