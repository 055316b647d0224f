"""The one interface of the local stack, whatever it runs on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Literal, Protocol, Self

from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.ownership import Ownership

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


class Stack(ABC):
    """A Kafka and a PostgreSQL, in one folder that nobody else uses meanwhile.

    Use it as a context manager, or pair `start` with `stop`.
    """

    def __init__(self, layout: Layout, *, prepared: bool = False) -> None:
        """With `prepared`, it has all that the services need of it when `start` returns."""
        self.layout = layout
        self._prepared = prepared
        self._ownership: Ownership | None = None

    @property
    @abstractmethod
    def addresses(self) -> StackAddresses:
        """Where it is reached. Raises StackError before `start`."""

    @property
    @abstractmethod
    def control(self) -> StackControl:
        """Faults on demand. Raises CannotDisturb for a stack that is not ours."""

    @abstractmethod
    def start(self) -> StackAddresses:
        """Start it, wait until both parts serve, write the stack file."""

    def stop(self) -> None:
        """Stop what runs in the folder: services first if any are left, then broker and database if they are ours.

        Data stays. May be called again.
        """
        if self._ownership is not None:
            self._ownership.release()
            self._ownership = None
        self.layout.stack_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
