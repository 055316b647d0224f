"""JSON as strangers send it: what a lenient parser would repair or drop is refused here, with a code and a pointer.

Invariant: a body that passes means the same to every parser: one value per key, numbers that every parser holds, text
that every store can hold, and a depth that no stack fears.
"""

import json
import math
from collections.abc import Callable
from typing import Any

MAX_BYTES = 1024 * 1024
"""The largest body in bytes."""

MAX_DEPTH = 32
"""The deepest nesting."""

MAX_INTEGER = 2**53 - 1
"""The largest integer, either way: beyond it parsers that read numbers as doubles see another one (RFC 7493)."""


class StrictJsonError(ValueError):
    """A body that is not strict JSON; `code` is stable, `pointer` a JSON pointer (RFC 6901)."""

    def __init__(self, code: str, pointer: str = "") -> None:
        super().__init__(f"{code} at {pointer or '/'}")
        self.code = code
        self.pointer = pointer


def json_pointer(*parts: int | str) -> str:
    """The pointer (RFC 6901) to a value by the keys and indexes that lead to it.

    A key that no field has becomes `?`: it is a stranger's text, and may say where somebody lives, or their number.
    """
    named = (str(part) if isinstance(part, int) or _is_like_a_name(part) else "?" for part in parts)
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in named)


def _is_like_a_name(key: str) -> bool:
    """ASCII with no more digits than a 宛名番号 has, by which some mappings name people."""
    return key.isascii() and key.isprintable() and sum(character.isdigit() for character in key) <= 10


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
        value = _FAST.decode(text)
    except _Fault:
        _find_fault(_decode(text), ())
        raise AssertionError("a fault was seen and then not found") from None
    except (ValueError, RecursionError):
        raise StrictJsonError("body-not-json") from None
    if b"\\u" in body:  # only an escape can bring such text in: raw, it is neither UTF-8 nor JSON
        _check_text(value, ())
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


# The fast decoder only says that there is a fault; the slow one keeps enough to say where.


class _Fault(Exception):
    """Something in the text is ambiguous."""


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, repeated keys included."""


class _BadNumber(str):
    """The code for a number that not every parser holds."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Fault
    return found


def _fault(_: str) -> Any:
    raise _Fault


def _decoder(make_object: Callable[[list[tuple[str, Any]]], Any], bad: Callable[[str], Any]) -> json.JSONDecoder:
    """A decoder that gives objects to `make_object`, and the code of a number that not every parser holds to `bad`."""

    def integer(text: str) -> Any:
        if len(text) < len(str(MAX_INTEGER)):
            return int(text)
        if len(text) > len(str(-MAX_INTEGER)) or abs(number := int(text)) > MAX_INTEGER:
            return bad("body-number-too-large")
        return number

    def decimal(text: str) -> Any:
        number = float(text)
        return number if math.isfinite(number) else bad("body-number-not-finite")

    def constant(_: str) -> Any:
        return bad("body-number-not-finite")

    return json.JSONDecoder(
        object_pairs_hook=make_object, parse_int=integer, parse_float=decimal, parse_constant=constant
    )


_FAST = _decoder(_object, _fault)
_SLOW = _decoder(_Pairs, _BadNumber)


def _decode(text: str) -> Any:
    try:
        return _SLOW.decode(text)
    except (ValueError, RecursionError):
        raise StrictJsonError("body-not-json") from None


def _find_fault(value: Any, at: tuple[int | str, ...]) -> None:
    if isinstance(value, _BadNumber):
        raise StrictJsonError(str(value), json_pointer(*at))
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            if key in seen:
                raise StrictJsonError("body-duplicate-key", json_pointer(*at, key))
            seen.add(key)
            _find_fault(item, (*at, key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            _find_fault(item, (*at, n))


def _check_text(value: Any, at: tuple[int | str, ...]) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise StrictJsonError("body-nul", json_pointer(*at))
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise StrictJsonError("body-lone-surrogate", json_pointer(*at))
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, at)
            _check_text(item, (*at, key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            _check_text(item, (*at, n))
