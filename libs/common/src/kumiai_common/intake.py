"""Intake (受付): from a record that anybody may have written to a notice, or to the reason why it is none.

Invariant: nothing that a sender can put into a record raises here, and nothing is dropped: what can't be answered is
kept for an operator.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kumiai_contracts.chain import digest
from kumiai_contracts.envelope import Cause, EnvelopeError, NoticeEnvelope
from kumiai_contracts.messages import reason
from kumiai_contracts.model import Notice
from kumiai_contracts.receipts import Reason
from kumiai_contracts.registry import NOTICES, BodyError, parse_notice
from kumiai_contracts.strict_json import StrictJsonError

from kumiai_common.unreadable import Unreadable

OWN_SOURCES = "urn:kumiai:"
"""Sources of what the federation itself puts into an intake, such as a message from another municipality's stream."""


@dataclass(frozen=True, slots=True)
class Received:
    """A record of a notices topic, or a notice that came by HTTP, as far as it could be understood."""

    municipality: str
    """Whose it is: from the topic or the path, never from the sender's words."""
    envelope: NoticeEnvelope | None
    """None where there is no id to answer to."""
    body: bytes
    digest: bytes
    notice: Notice | None
    """None where it is refused already."""
    reasons: tuple[Reason, ...]
    kept_as: str
    """Where it came from: the key under which it is kept if it has to be."""

    @property
    def cause(self) -> Cause | None:
        """The event that the sender had seen, if it named one that can be read."""
        if self.notice is None or self.envelope is None or not self.envelope.cause:
            return None
        return Cause.parse(self.envelope.cause)


def receive(
    service: str, municipality: str, headers: Iterable[tuple[str, bytes]], body: bytes | None, kept_as: str
) -> Received:
    """Understand a record of a notices topic as far as it goes."""
    body = body or b""
    if isinstance(body, Unreadable):
        faults = (reason("record-unreadable"),)
        return Received(municipality, None, bytes(body), digest("", body), None, faults, kept_as)
    try:
        envelope = NoticeEnvelope.from_headers(headers)
    except EnvelopeError as error:
        answerable = _answerable(headers)
        type_ = answerable.type if answerable else ""
        return Received(
            municipality, answerable, body, digest(type_, body), None, (reason(error.code, error.pointer),), kept_as
        )
    return understand(service, municipality, envelope, body, kept_as)


def understand(
    service: str, municipality: str, envelope: NoticeEnvelope, body: bytes, kept_as: str, *, own: bool = False
) -> Received:
    """Read a notice whose envelope is known. `own` tells that the federation itself made it, so that nobody else can
    pretend to speak for a stream.
    """
    fingerprint = digest(envelope.type, body)

    def refused(*reasons: Reason) -> Received:
        return Received(municipality, envelope, body, fingerprint, None, reasons, kept_as)

    if fault := _not_for_us(service, municipality, envelope, own):
        return refused(fault)
    kind = NOTICES[envelope.type]
    try:
        if envelope.cause:
            Cause.parse(envelope.cause)
        notice = parse_notice(kind, body)
    except EnvelopeError as error:
        return refused(reason(error.code, error.pointer))
    except StrictJsonError as error:
        return refused(reason(error.code, error.pointer))
    except BodyError as error:
        return refused(*[reason(code, pointer) for code, pointer in error.faults])
    return Received(municipality, envelope, body, fingerprint, notice, (), kept_as)


def _not_for_us(service: str, municipality: str, envelope: NoticeEnvelope, own: bool) -> Reason | None:
    if envelope.municipality != municipality:
        return reason("municipality-mismatch", "/ce_municipality")
    if not own and envelope.source.startswith(OWN_SOURCES):
        return reason("source-reserved", "/ce_source")
    kind = NOTICES.get(envelope.type)
    if kind is None or kind.service != service:
        return reason("type-unknown", "/ce_type")
    return None


def _answerable(headers: Iterable[tuple[str, bytes]]) -> NoticeEnvelope | None:
    """What is needed to answer a sender whose envelope has a fault elsewhere: an id and a source."""
    found: dict[str, str] = {}
    for name, value in headers:
        try:
            found[name] = (value or b"").decode()
        except UnicodeDecodeError:
            continue
    id_, source = found.get("ce_id", ""), found.get("ce_source", "")
    if not (0 < len(id_) <= 200 and 0 < len(source) <= 200) or "\x00" in id_ + source:
        return None
    return NoticeEnvelope(id_, source, found.get("ce_type", "")[:200].replace("\x00", ""), "")
