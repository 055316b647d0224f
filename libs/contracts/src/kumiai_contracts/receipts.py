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
    incarnation: int
    position: int
    hash: Digest
    type: ShortText
    subject: ShortText


class Assigned(Frozen):
    """採番: an identifier that the service gave to something in the notice."""

    pointer: ShortText
    """JSON pointer to the part of the notice that got it."""
    kind: Literal["addressee-number", "household-number"]
    number: ShortText


class ReceiptIssued(Event):
    """受領書: what became of a notice. A repeated notice gets the same receipt again."""

    type: ClassVar[str] = "receipt.issued.v1"
    stream: ClassVar[str] = "receipts"

    notice_source: ShortText
    notice_id: ShortText
    notice_type: ShortText
    notice_digest: Digest
    """SHA-256 over the length-prefixed type and the body's bytes."""
    outcome: Literal["accepted", "refused"]
    caused: tuple[Caused, ...] = ()
    assigned: tuple[Assigned, ...] = ()
    reasons: tuple[Reason, ...] = ()

    def subject(self) -> str:
        """The notice's identifier."""
        return self.notice_id
