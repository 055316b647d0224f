"""Progress of set-up steps for a person: a spinner on a terminal, plain lines elsewhere, silence for quick steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(stderr=True, highlight=False)

QUICK_S = 2.0
"""A step that ends within this time (seconds) is not mentioned where there is no terminal."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show that `title` is going on; on a terminal at once, elsewhere only when it takes over two seconds."""
    began = time.monotonic()
    if console.is_terminal:
        with console.status(f"{title} …"):
            yield
        console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")
        return
    announce = threading.Timer(QUICK_S, lambda: console.print(f"{title} …"))
    announce.daemon = True
    announce.start()
    try:
        yield
    finally:
        announce.cancel()
    took = time.monotonic() - began
    if took > QUICK_S:
        console.print(f"{title}: done in {took:.1f} s")
