"""Events that every service writes into its own stream about its own working: parking, incarnations, closing."""

from typing import ClassVar, Literal

from kumiai_contracts.fields import Digest, ShortText
from kumiai_contracts.model import Event, Row


class ParkedRow(Row):
    """保留: a foreign event whose effect waits, because the domain failed on it again and again or its key waits."""

    table: ClassVar[str] = "parked_event"
    key: ClassVar[tuple[str, ...]] = ("read_stream", "position")

    read_stream: ShortText
    """The foreign stream."""
    position: int
    """位置 of the event in that stream."""
    keys: tuple[str, ...]
    """The keys that the event touches; whatever touches one of them waits behind it."""
    state: Literal["parked", "retried", "skipped"]
    """Whether it waits (`parked`), was applied after all (`retried`) or left out for good (`skipped`)."""
    error: ShortText
    """The kind of failure, never a payload."""


class EventParked(Event):
    """保留: the effect of a foreign event was put aside."""

    type: ClassVar[str] = "operation.event-parked.v1"
    stream: ClassVar[str] = "*"

    parked: ParkedRow
    """保留: the event that waits."""


class ParkedEventSettled(Event):
    """保留解除: an operator had the effect applied (`retried`) or left it out for good (`skipped`)."""

    type: ClassVar[str] = "operation.parked-event-settled.v1"
    stream: ClassVar[str] = "*"

    parked: ParkedRow
    """保留: the event, with what was decided."""


class IncarnationBegun(Event):
    """再開: the log was restored without events that had been published; it goes on as another incarnation."""

    type: ClassVar[str] = "operation.incarnation-begun.v1"
    stream: ClassVar[str] = "*"

    published_up_to: int
    """The last position that the incarnation before is known to have published."""

    def subject(self) -> str:
        """The last position that had been published."""
        return str(self.published_up_to)


class StreamClosed(Event):
    """締切り: the last event of a stream; the intake is empty, and what closed before it has been applied."""

    type: ClassVar[str] = "operation.stream-closed.v1"
    stream: ClassVar[str] = "*"

    leave: int
    """脱退番号: which leave of the municipality's closes it."""
    receipts_incarnation: int
    """世代 of the last receipt of the service."""
    receipts_position: int
    """位置 of the last receipt; 0 where there is none."""
    receipts_hash: Digest
    """The hash of the last receipt: the stream of receipts ends there, too."""
    parked: int
    """保留: how many foreign events' effects are still parked."""

    def subject(self) -> str:
        """The leave."""
        return str(self.leave)


class StreamReopened(Event):
    """再開: the leave was cancelled, and the stream goes on."""

    type: ClassVar[str] = "operation.stream-reopened.v1"
    stream: ClassVar[str] = "*"

    leave: int
    """脱退番号: which leave was cancelled."""

    def subject(self) -> str:
        """The leave."""
        return str(self.leave)
