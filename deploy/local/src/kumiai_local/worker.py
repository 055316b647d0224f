"""One service process: start, readiness, faults, and its restart after a crash."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx

from kumiai_local.errors import StackError
from kumiai_local.layout import Layout
from kumiai_local.ports import LOOPBACK, pause_until
from kumiai_local.processes import Child
from kumiai_local.services import Service

RANK = 20
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
STEADY_S = 60.0
"""Having run this long, a worker's next crash counts as its first."""


@dataclass(frozen=True)
class WorkerSettings:
    """What stays the same over every restart of a worker."""

    service: Service
    number: int
    """1, 2, …: workers of one service share its municipalities by leases in its database."""
    port: int
    env: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.service.name if self.number == 1 else f"{self.service.name}-{self.number}"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


class Worker:
    """A process of one service. A worker that was killed or stopped through here stays down until `start`."""

    def __init__(self, layout: Layout, settings: WorkerSettings) -> None:
        self.settings = settings
        self.log = layout.logs / f"{settings.name}.log"
        self._records = layout.processes
        self._child: Child | None = None
        self._wanted = False
        self._change = threading.RLock()  # the watcher restarts from a thread of its own
        self._pause_s = FIRST_PAUSE_S
        self._began = 0.0
        self._fell_at: float | None = None

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def url(self) -> str:
        return self.settings.url

    @property
    def pid(self) -> int:
        """Raises StackError when it has not been started."""
        return self._running.pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def started(self) -> bool:
        """Whether it was ever started, whatever has become of it."""
        return self._child is not None

    @property
    def exit_code(self) -> int | None:
        return self._running.exit_code

    def start(self, extra_env: Mapping[str, str] | None = None) -> None:
        """Start it without waiting; `extra_env` is for this start only."""
        with self._change:
            if self.alive:
                raise StackError(f"{self.name} already runs")
            module = self.settings.service.module
            self._child = Child.start(
                self.name,
                [sys.executable, "-m", module],
                records=self._records,
                log=self.log,
                marker=module,
                rank=RANK,
                env={**self.settings.env, **(extra_env or {})},
            )
            self._wanted, self._began, self._fell_at = True, time.monotonic(), None

    def stop(self) -> None:
        """SIGTERM and a time of grace: what was read is finished and committed."""
        with self._change:
            self._wanted = False
            self._running.stop()

    def kill(self) -> None:
        """SIGKILL at whatever it is doing."""
        with self._change:
            self._wanted = False
            self._running.kill()

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and leases and does nothing."""
        self._running.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running.signal(signal.SIGCONT)

    def restart(self) -> None:
        """`stop`, `start`, and wait until it is ready."""
        self.stop()
        self.start()
        self.wait_ready()

    def ready(self) -> bool:
        """Whether it says that it serves."""
        try:
            return _client().get(f"{self.url}/health/ready").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def wait_ready(self, within_s: float = 60.0) -> None:
        """Raises StackError with the end of its log when it dies or does not become ready in time."""
        deadline = time.monotonic() + within_s
        while not self.ready():
            if not self.alive:
                raise StackError(
                    f"{self.name} ended with code {self.exit_code}; {self.log} ends with\n{self.log_end()}"
                )
            if not pause_until(deadline, every_s=0.1):
                raise StackError(f"{self.name} was not ready within {within_s:.0f} s; see {self.log}")

    def log_end(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def restart_if_crashed(self) -> bool:
        """Start it again when it ended by itself, after a pause that doubles with every crash; true when it did."""
        with self._change:
            if not self._wanted or self.alive:
                return False
            now = time.monotonic()
            if self._fell_at is None:
                self._fell_at = now
                steady = now - self._began > STEADY_S
                self._pause_s = FIRST_PAUSE_S if steady else min(self._pause_s * 2, LONGEST_PAUSE_S)
            if now - self._fell_at < self._pause_s:
                return False
            self.start()
            return True

    @property
    def _running(self) -> Child:
        if self._child is None:
            raise StackError(f"{self.name} has not been started")
        return self._child


@cache
def _client() -> httpx.Client:
    """One for all: making a client costs 25 ms, and services that start are asked ten times a second."""
    return httpx.Client(timeout=2.0, limits=httpx.Limits(max_keepalive_connections=0))
