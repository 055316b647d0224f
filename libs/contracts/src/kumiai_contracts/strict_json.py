"""JSON as strangers send it: what a lenient parser would repair or drop is refused here, with a code and a pointer.

Invariant: a body that passes means the same to every parser: one value per key, finite numbers, text that every store
can hold, and a depth that no stack fears.
"""

import json
import math
from typing import Any, NoReturn

MAX_BYTES = 1024 * 1024
"""The largest body in bytes."""

MAX_DEPTH = 32
"""The deepest nesting."""


class StrictJsonError(ValueError):
    """A body that is not strict JSON; `code` is stable, `pointer` a JSON pointer (RFC 6901)."""

    def __init__(self, code: str, pointer: str = "") -> None:
        super().__init__(f"{code} at {pointer or '/'}")
        self.code = code
        self.pointer = pointer


def parse_strictly(body: bytes) -> Any:
    """Parse a body, or raise StrictJsonError with the reason."""
    if len(body) > MAX_BYTES:
        raise StrictJsonError("body-too-large")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise StrictJsonError("body-not-utf8") from None
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise StrictJsonError("body-too-deep")
    try:
        value = _DECODER.decode(text)
    except StrictJsonError:
        raise
    except (ValueError, RecursionError):
        raise StrictJsonError("body-not-json") from None
    if b"\\u" in body or "\x00" in text:
        _check_text(value, "")
    return value


def _depth(text: str) -> int:
    depth = deepest = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise StrictJsonError("body-duplicate-key", f"/{_escape(twice)}")
    return found


def _constant(_: str) -> NoReturn:
    raise StrictJsonError("body-number-not-finite")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise StrictJsonError("body-number-not-finite")
    return number


def _check_text(value: Any, pointer: str) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise StrictJsonError("body-nul", pointer)
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise StrictJsonError("body-lone-surrogate", pointer)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, pointer)
            _check_text(item, f"{pointer}/{_escape(key)}")
    elif isinstance(value, list):
        for n, item in enumerate(value):
            _check_text(item, f"{pointer}/{n}")


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1").encode("utf-8", "replace").decode()


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
