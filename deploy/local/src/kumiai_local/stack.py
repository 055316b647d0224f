"""The one interface of the local stack, whatever it runs on."""

from __future__ import annotations

from types import TracebackType
from typing import Literal, Protocol, Self

from kumiai_local.addresses import StackAddresses

Part = Literal["kafka", "postgres"]


class StackControl(Protocol):
    """What a test of faults does to a running stack. Ports and data stay the same throughout."""

    def kill(self, part: Part) -> None:
        """SIGKILL it: nothing is flushed."""

    def start(self, part: Part) -> None:
        """Start it again after `kill` or `stop` and wait until it accepts connections."""

    def stop(self, part: Part) -> None:
        """A shutdown in order."""

    def restart(self, part: Part) -> None:
        """`stop` and `start`."""

    def pause(self, part: Part) -> None:
        """SIGSTOP: connections stay open and nothing answers."""

    def resume(self, part: Part) -> None:
        """SIGCONT after `pause`."""


class Stack(Protocol):
    """A Kafka and a PostgreSQL. Use it as a context manager, or pair `start` with `stop`."""

    @property
    def addresses(self) -> StackAddresses:
        """Where it is reached. Raises StackError before `start`."""

    @property
    def control(self) -> StackControl:
        """Faults on demand. Raises CannotDisturb for a stack that is not ours."""

    def start(self) -> StackAddresses:
        """Start it, wait until both parts serve, write `run/stack.json`."""

    def stop(self) -> None:
        """Stop it in order; data stays. May be called again."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
