"""Starts a service that kills itself with SIGKILL at a named point (`python -m tests.support.faulty`).

The points are laid around the product's own functions from outside, so the product has no switch for them.
"""

import argparse
import os
import runpy
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from kumiai_common import log, relay
from kumiai_common.database import Connection, Database
from kumiai_common.queries import QUERIES

POINTS = ("before-commit", "after-commit", "before-send", "after-send", "before-advance", "after-advance")
"""`commit`: of a transaction that appends. `send`: of one stream's events by the relay. `advance`: of the relay."""

_APPENDED: ContextVar[bool] = ContextVar("appended")


@dataclass(slots=True)
class Fuse:
    """Kills the process when its point is passed for the n-th time."""

    point: str
    left: int

    def passes(self, point: str) -> None:
        """The process is at a point."""
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def lay(fuse: Fuse) -> None:
    """Lay the points around commit, send and advance."""
    _around_commit(fuse)
    relay.Relay._send = _around(fuse, "send", relay.Relay._send)  # type: ignore[method-assign,assignment]
    QUERIES.advance_relay = _around(fuse, "advance", QUERIES.advance_relay)


def _around(fuse: Fuse, what: str, original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def wrapped(*args: Any, **named: Any) -> Any:
        fuse.passes(f"before-{what}")
        found = await original(*args, **named)
        fuse.passes(f"after-{what}")
        return found

    return wrapped


def _around_commit(fuse: Fuse) -> None:
    write, transaction = log.write, Database.transaction

    async def writing(connection: Connection, events: Any, heads: Any) -> None:
        await write(connection, events, heads)
        if events:
            _APPENDED.set(True)

    @asynccontextmanager
    async def committing(self: Database, municipalities: Iterable[str], **named: Any) -> AsyncIterator[Connection]:
        _APPENDED.set(False)
        async with transaction(self, municipalities, **named) as connection:
            yield connection
            if _APPENDED.get():
                fuse.passes("before-commit")
        if _APPENDED.get():
            fuse.passes("after-commit")

    log.write = writing
    Database.transaction = committing  # type: ignore[method-assign]


def main() -> None:
    """Parse the command line, lay the fuse, run the service."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.faulty", description=__doc__)
    parser.add_argument("module", help="the service's module")
    parser.add_argument("point", choices=POINTS)
    parser.add_argument("count", type=int, help="at which passing of the point")
    given = parser.parse_args()
    lay(Fuse(given.point, given.count))
    runpy.run_module(given.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
