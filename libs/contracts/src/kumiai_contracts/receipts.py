"""Receipts (受領書): the answer to every notice, itself an event of the stream `<service>-receipts`."""

from typing import ClassVar, Literal

from kumiai_contracts.fields import Digest, ShortText
from kumiai_contracts.model import Event, Frozen


class Reason(Frozen):
    """理由: one reason why a notice was refused."""

    code: ShortText
    """Stable, for programs, such as `effective-date-in-future`."""
    pointer: ShortText
    """JSON pointer (RFC 6901) into the notice's body; empty for the whole; `/ce_…` for an envelope attribute."""
    ja: str
    """The reason for a clerk, in Japanese."""
    en: str
    """The reason in English."""


class Caused(Frozen):
    """An event that a notice caused: where it stands and by which hash it is known."""

    stream: ShortText
    """ストリーム."""
    incarnation: int
    """世代: 1, 2, 3, …"""
    position: int
    """位置: 1, 2, 3, … without a gap."""
    hash: Digest
    """The event's hash in its chain."""
    type: ShortText
    """`ce_type` of the event."""
    subject: ShortText
    """`ce_subject` of the event."""


class Assigned(Frozen):
    """採番: an identifier that the service gave to something in the notice."""

    pointer: ShortText
    """JSON pointer to the part of the notice that got it."""
    kind: Literal["addressee-number", "household-number"]
    """宛名番号 or 世帯番号."""
    number: ShortText
    """The number that was given."""


class ReceiptIssued(Event):
    """受領書: what became of a notice. A repeated notice gets the same receipt again."""

    type: ClassVar[str] = "receipt.issued.v1"
    stream: ClassVar[str] = "receipts"

    notice_source: ShortText
    """`ce_source` of the notice: the system that sent it."""
    notice_id: ShortText
    """`ce_id` of the notice: unique within its source."""
    notice_type: ShortText
    """`ce_type` of the notice."""
    notice_digest: Digest
    """SHA-256 over the length-prefixed type and the body's bytes."""
    outcome: Literal["accepted", "refused"]
    """Whether the notice was accepted (受理) or refused (不受理)."""
    caused: tuple[Caused, ...] = ()
    """The events that followed from it; none if it was refused."""
    assigned: tuple[Assigned, ...] = ()
    """採番: the identifiers that were given."""
    reasons: tuple[Reason, ...] = ()
    """不受理の理由; none if it was accepted."""

    def subject(self) -> str:
        """The notice's identifier."""
        return self.notice_id
