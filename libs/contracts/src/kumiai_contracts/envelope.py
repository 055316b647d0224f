"""The envelope: CloudEvents 1.0 in Kafka's binary mode, with our extension attributes.

An event's envelope is derived from what is stored, so that the headers of a repetition are the same bytes. A notice's
envelope is the sender's own.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from kumiai_contracts.chain import length_prefixed, link, origin
from kumiai_contracts.strict_json import json_pointer

Headers = Sequence[tuple[str, bytes]]
CONTENT_TYPE = ("content-type", b"application/json")
SPEC_VERSION = ("ce_specversion", b"1.0")
MAX_ATTRIBUTE = 200
"""The longest attribute that a sender may set, in characters."""

_CAUSE = re.compile("([^:]+):([0-9]{1,18}):([0-9]{1,18})")


class EnvelopeError(ValueError):
    """A record whose headers are not an envelope; `code` is stable, `pointer` names the header."""

    def __init__(self, code: str, pointer: str) -> None:
        super().__init__(f"{code} at {pointer}")
        self.code = code
        self.pointer = pointer


class Cause(NamedTuple):
    """原因: the event that led to another, by stream, incarnation and position (within one municipality)."""

    stream: str
    incarnation: int
    position: int

    def __str__(self) -> str:
        return f"{self.stream}:{self.incarnation}:{self.position}"

    @classmethod
    def parse(cls, text: str) -> "Cause":
        """Read `stream:incarnation:position`. Raises EnvelopeError for anything else."""
        found = _CAUSE.fullmatch(text)
        if found is None:
            raise EnvelopeError("cause-malformed", "/ce_cause")
        return cls(found[1], int(found[2]), int(found[3]))


class StoredEvent(NamedTuple):
    """An event exactly as it is stored, hashed and sent."""

    municipality: str
    stream: str
    incarnation: int
    position: int
    hash: bytes
    type: str
    subject: str
    time: str
    dataschema: str
    cause: str
    """`stream:incarnation:position`, or empty."""
    traceparent: str
    """W3C trace context of the poll that appended it, or empty; not covered by the hash."""
    body: bytes

    @property
    def as_cause(self) -> Cause:
        """This event as the cause of what follows from it."""
        return Cause(self.stream, self.incarnation, self.position)

    @property
    def source(self) -> str:
        """CloudEvents `source`: the stream."""
        return stream_source(self.municipality, self.stream)

    @property
    def id(self) -> str:
        """CloudEvents `id`: unique within the stream, the same for every repetition."""
        return f"{self.incarnation}-{self.position}"

    def covered(self) -> bytes:
        """The envelope's bytes that the hash covers."""
        return b"".join(
            (
                _stream_prefixed(self.municipality, self.stream, self.incarnation),
                length_prefixed(b"%d" % self.position),
                _prefixed(self.type),
                length_prefixed(self.subject.encode()),
                _prefixed(self.time, self.dataschema),
                length_prefixed(self.cause.encode()),
            )
        )

    def expected_hash(self, incarnation: int, previous: bytes) -> bytes:
        """The hash this event must have after a head of that incarnation and hash."""
        if incarnation != self.incarnation:
            previous = origin(self.municipality, self.stream, self.incarnation, previous)
        return link(previous, self.covered(), self.body)

    def headers(self) -> list[tuple[str, bytes]]:
        """The event's Kafka headers."""
        found = [
            *_headers_of_stream(self.municipality, self.stream, self.incarnation),
            *_headers_of_type(self.type, self.dataschema),
            ("ce_id", self.id.encode()),
            ("ce_time", self.time.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_position", b"%d" % self.position),
            ("ce_hash", self.hash.hex().encode()),
        ]
        if self.cause:
            found.append(("ce_cause", self.cause.encode()))
        if self.traceparent:
            found.append(("traceparent", self.traceparent.encode()))
        return found

    @classmethod
    def from_record(cls, stream: str, headers: Iterable[tuple[str, bytes]], body: bytes) -> "StoredEvent":
        """Read an event from a Kafka record. Raises EnvelopeError where an attribute is missing or malformed."""
        found = _decoded(headers)
        cause = found.get("ce_cause", "")
        if cause and not _CAUSE.fullmatch(cause):
            raise EnvelopeError("cause-malformed", "/ce_cause")
        try:
            return cls(
                found["ce_municipality"],
                stream,
                _count(found, "ce_incarnation"),
                _count(found, "ce_position"),
                _sha256(found, "ce_hash"),
                found["ce_type"],
                found["ce_subject"],
                found["ce_time"],
                found["ce_dataschema"],
                cause,
                found.get("traceparent", ""),
                body,
            )
        except KeyError as missing:
            raise EnvelopeError("envelope-attribute-missing", f"/{missing.args[0]}") from None


class NoticeEnvelope(NamedTuple):
    """What a sender says about a notice (通知)."""

    id: str
    source: str
    type: str
    municipality: str
    subject: str = ""
    time: str = ""
    dataschema: str = ""
    cause: str = ""
    """The event that the sender had seen (`stream:incarnation:position`): the service waits until it has, too."""
    traceparent: str = ""

    def headers(self) -> list[tuple[str, bytes]]:
        """The notice's Kafka headers, for whoever publishes one."""
        found = [SPEC_VERSION, CONTENT_TYPE]
        found += [(f"ce_{name}", value.encode()) for name, value in self._asdict().items() if value]
        if self.traceparent:
            found = [("traceparent", value) if name == "ce_traceparent" else (name, value) for name, value in found]
        return found

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> "NoticeEnvelope":
        """Read a sender's envelope. Raises EnvelopeError where an attribute is missing, repeated or malformed."""
        found = _decoded(headers)
        found.setdefault("traceparent", found.get("ce_traceparent", ""))  # where the official packages put it
        for name in _REQUIRED:
            if not found.get(name):
                raise EnvelopeError("envelope-attribute-missing", f"/{name}")
        values = [found.get(name, "") for name in _READ]
        for name, value in zip(_READ, values, strict=True):
            if len(value) > MAX_ATTRIBUTE or "\x00" in value:
                raise EnvelopeError("envelope-attribute-malformed", f"/{name}")
        if found.get("ce_specversion") != "1.0":
            raise EnvelopeError("envelope-attribute-malformed", "/ce_specversion")
        return cls(*values)


_REQUIRED = ("ce_id", "ce_source", "ce_type", "ce_municipality")
_READ = (*_REQUIRED, "ce_subject", "ce_time", "ce_dataschema", "ce_cause", "traceparent")


@lru_cache(maxsize=4096)
def _prefixed(*texts: str) -> bytes:
    """What stays the same over many events, as the chain covers it."""
    return length_prefixed(*map(str.encode, texts))


@lru_cache(maxsize=4096)
def _stream_prefixed(municipality: str, stream: str, incarnation: int) -> bytes:
    return length_prefixed(municipality.encode(), stream.encode(), b"%d" % incarnation)


@lru_cache(maxsize=4096)
def _headers_of_stream(municipality: str, stream: str, incarnation: int) -> Headers:
    return (
        SPEC_VERSION,
        CONTENT_TYPE,
        ("ce_source", stream_source(municipality, stream).encode()),
        ("ce_municipality", municipality.encode()),
        ("ce_incarnation", b"%d" % incarnation),
    )


@lru_cache(maxsize=4096)
def _headers_of_type(type_: str, dataschema: str) -> Headers:
    return (("ce_type", type_.encode()), ("ce_dataschema", dataschema.encode()))


@lru_cache(maxsize=4096)
def stream_source(municipality: str, stream: str) -> str:
    """CloudEvents `source` of a stream's events."""
    return f"urn:kumiai:{municipality}:{stream}"


def _decoded(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    given = tuple(headers)
    found: dict[str, str] = {}
    for name, value in given:
        try:
            found[name] = (value or b"").decode()
        except UnicodeDecodeError:
            if _is_attribute(name):
                raise EnvelopeError("envelope-not-utf8", json_pointer(name)) from None
    if len(found) != len(given):
        for name, count in Counter(name for name, _ in given if _is_attribute(name)).items():
            if count > 1:
                raise EnvelopeError("envelope-attribute-repeated", json_pointer(name))
    return found


def _is_attribute(name: str) -> bool:
    return name.startswith("ce_") or name == "traceparent"


def _count(found: dict[str, str], name: str) -> int:
    text = found[name]
    if not _is_count(text):
        raise EnvelopeError("envelope-attribute-malformed", f"/{name}")
    return int(text)


def _sha256(found: dict[str, str], name: str) -> bytes:
    try:
        value = bytes.fromhex(found[name])
    except ValueError:
        value = b""
    if len(value) != 32:
        raise EnvelopeError("envelope-attribute-malformed", f"/{name}")
    return value


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
