"""A batch of notices as CloudEvents JSON, taken apart so that one notice's fault is only that notice's.

A lenient parser finds where each notice's `data` begins and ends, and the strict one judges it alone: a batch in which
one notice gives a field twice still gets a receipt for each, as on Kafka.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from kumiai_contracts.envelope import EnvelopeError, NoticeEnvelope
from kumiai_contracts.model import canonical_json
from kumiai_contracts.strict_json import StrictJsonError, parse_strictly

MEDIA_TYPE = "application/cloudevents-batch+json"
MAX_NOTICES = 1000
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


class BatchError(ValueError):
    """A batch that can't be answered notice by notice; nothing of it was taken in."""

    def __init__(self, code: str, pointer: str = "") -> None:
        super().__init__(f"{code} at {pointer or '/'}")
        self.code = code
        self.pointer = pointer


def parse_batch(body: bytes) -> list[tuple[NoticeEnvelope, bytes]]:
    """Each notice's envelope and body. The body is the canonical JSON of `data`; where that is not strict JSON, it is
    the text as it came, so that the intake refuses it for the same reason as on Kafka.

    Raises BatchError if the batch is no JSON array of objects, or a notice has no id, source or type to answer to.
    """
    try:
        text = body.decode()
        elements = list(_elements(text))
        if len(elements) > MAX_NOTICES:
            raise BatchError("batch-too-many")
        return [_notice(text, start, n) for n, start in enumerate(elements)]
    except UnicodeDecodeError:
        raise BatchError("body-not-utf8") from None
    except RecursionError:
        raise BatchError("body-too-deep") from None
    except BatchError:
        raise
    except ValueError:
        raise BatchError("body-not-json") from None


def _notice(text: str, start: int, n: int) -> tuple[NoticeEnvelope, bytes]:
    headers: list[tuple[str, bytes]] = []
    data: bytes | None = None
    seen: set[str] = set()
    for name, begin, end, value in _members(text, start, n):
        if name in seen:
            raise BatchError("body-duplicate-key", f"/{n}")
        seen.add(name)
        if name == "data":
            data = text[begin:end].encode()
        elif isinstance(value, str):
            attribute = name if name == "traceparent" else f"ce_{name}"
            headers.append((attribute, value.encode("utf-8", "surrogatepass")))
    if data is None:
        raise BatchError("data-missing", f"/{n}/data")
    try:
        envelope = NoticeEnvelope.from_headers(headers)
    except EnvelopeError as error:
        raise BatchError(error.code, f"/{n}/{error.pointer.removeprefix('/').removeprefix('ce_')}") from None
    try:
        return envelope, canonical_json(parse_strictly(data))
    except StrictJsonError:
        return envelope, data


def _elements(text: str) -> Iterator[int]:
    """Where each element of the array begins."""
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise BatchError("batch-not-array")
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        at += 1
    else:
        while True:
            yield at
            _, at = _DECODER.raw_decode(text, at)
            at = _skip(text, at)
            at, last = _separator(text, at, "]")
            if last:
                break
    if _skip(text, at) != len(text):
        raise BatchError("body-not-json")


def _members(text: str, at: int, n: int) -> Iterator[tuple[str, int, int, Any]]:
    """The members of the object at this place: name, where the value begins and ends, the value."""
    if text[at : at + 1] != "{":
        raise BatchError("notice-not-object", f"/{n}")
    at = _skip(text, at + 1)
    if text[at : at + 1] == "}":
        return
    while True:
        name, at = _DECODER.raw_decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)  # past the colon, which the first pass has seen
        value, at = _DECODER.raw_decode(text, begin)
        yield name, begin, at, value
        at, last = _separator(text, _skip(text, at), "}")
        if last:
            return


def _separator(text: str, at: int, closing: str) -> tuple[int, bool]:
    found = text[at : at + 1]
    if found == closing:
        return at + 1, True
    if found != ",":
        raise BatchError("body-not-json")
    return _skip(text, at + 1), False


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
