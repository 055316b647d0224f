"""Invalid examples: each is a valid one with a single fault, which the mutation that made it knows by code and pointer.

A body is kept as its JSON text, because some faults (a repeated key, NaN) are in the text alone.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kumiai_contracts.model import Event, Notice
from kumiai_contracts.strict_json import json_pointer

Path = tuple[int | str, ...]
Body = dict[str, Any]


class InvalidExample(NamedTuple):
    """A body that has to be refused, and how."""

    name: str
    """What was done to it, such as `missing-place`."""
    body: bytes
    code: str
    """The code of the refusal."""
    pointer: str
    """JSON pointer to the fault."""


def invalid_examples(valid: Event | Notice) -> list[InvalidExample]:
    """The invalid examples made from a valid one, by name."""
    body = json.loads(valid.body())
    found = [example for mutation in _MUTATIONS if (example := mutation(body, type(valid))) is not None]
    return sorted(found)


def _missing(body: Body, kind: type[Event] | type[Notice]) -> InvalidExample:
    name = next(name for name, field in kind.model_fields.items() if field.is_required())
    rest = {key: value for key, value in body.items() if key != name}
    return InvalidExample(f"missing-{_dashed(name)}", _text(rest), "field-missing", json_pointer(name))


def _missing_inside(body: Body, _: object) -> InvalidExample | None:
    path = next((path for path, value in _walk(body) if len(path) > 1 and not _is_optional(path, value)), None)
    if path is None:
        return None
    return InvalidExample("missing-inside", _text(_without(body, path)), "field-missing", json_pointer(*path))


def _unknown(body: Body, _: object) -> InvalidExample:
    return InvalidExample("unknown-field", _text(body | {"remarks": "急ぎ"}), "field-unknown", "/remarks")


def _unknown_inside(body: Body, _: object) -> InvalidExample | None:
    path = next((path for path, value in _walk(body) if isinstance(value, dict) and not _is_by_number(path)), None)
    if path is None:
        return None
    made = _with(body, (*path, "my_number"), "")
    return InvalidExample("unknown-field-inside", _text(made), "field-unknown", json_pointer(*path, "my_number"))


def _wrong_type(body: Body, _: object) -> InvalidExample:
    name, value = next((name, value) for name, value in body.items() if value is not None)
    other = 1 if isinstance(value, str) else "1"
    made = _text(body | {name: other})
    return InvalidExample(f"{_dashed(name)}-of-another-type", made, "field-invalid", json_pointer(name))


def _leaf(
    name: str, fits: Callable[[Path, Any], bool], change: Callable[[Any], Any]
) -> Callable[..., InvalidExample | None]:
    """A mutation of the first value that fits."""

    def mutate(body: Body, _: object) -> InvalidExample | None:
        path, value = next(((path, value) for path, value in _walk(body) if fits(path, value)), ((), None))
        if not path:
            return None
        return InvalidExample(name, _text(_with(body, path, change(value))), "field-invalid", json_pointer(*path))

    return mutate


def _is_text(pattern: str) -> Callable[[Path, Any], bool]:
    return lambda _, value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_named(*names: str) -> Callable[[Path, Any], bool]:
    return lambda path, value: isinstance(value, str) and any(name in names for name in path[-2:])


def _is_integer(_: Path, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _other_last_digit(value: str) -> str:
    return value[:-1] + str((int(value[-1]) + 1) % 10)


def _wide(value: str) -> str:
    return value.translate({ord("0") + n: "０１２３４５６７８９"[n] for n in range(10)})


def _repeated_key(body: Body, _: object) -> InvalidExample:
    name = next(iter(body))
    again = json.dumps(body[name], ensure_ascii=False)
    text = f'{{"{name}":{again},'.encode() + _text(body)[1:]
    return InvalidExample("repeated-key", text, "body-duplicate-key", json_pointer(name))


def _in_text(
    name: str, fits: Callable[[Path, Any], bool], text: str, code: str
) -> Callable[..., InvalidExample | None]:
    """A mutation that writes a text, which no JSON value gives, in place of the first value that fits."""

    def mutate(body: Body, _: object) -> InvalidExample | None:
        path = next((path for path, value in _walk(body) if fits(path, value)), None)
        if path is None:
            return None
        marked = _text(_with(body, path, _MARK))
        return InvalidExample(name, marked.replace(f'"{_MARK}"'.encode(), text.encode()), code, json_pointer(*path))

    return mutate


_MARK = "HERE"
_is_checked = _is_named(
    "addressee_number", "addressee_numbers", "household_number", "head", "members", "destination_municipality"
)
_is_of_a_list = _is_named("sex", "origin", "destination", "service", "outcome", "line_of_business", "state", "kind")
_MUTATIONS: tuple[Callable[[Body, Any], InvalidExample | None], ...] = (
    _missing,
    _missing_inside,
    _unknown,
    _unknown_inside,
    _wrong_type,
    _leaf("wrong-check-digit", _is_checked, _other_last_digit),
    _leaf("full-width-digits", _is_checked, _wide),
    _leaf("no-date", _is_text(r"\d{4}-\d\d-\d\d"), lambda value: f"{value[:4]}-13-01"),
    _leaf("local-time", _is_text(r".*T.*Z"), lambda value: value.replace("Z", "+09:00")),
    _leaf("integer-as-text", _is_integer, str),
    _leaf("integer-with-fraction", _is_integer, lambda value: value + 0.5),
    _leaf("value-not-listed", _is_of_a_list, lambda _: "other"),
    _repeated_key,
    _in_text("not-a-number", _is_integer, "NaN", "body-number-not-finite"),
    _in_text("huge-integer", _is_integer, "9007199254740993", "body-number-too-large"),
    _in_text("nul", _is_text(r".+"), r'"\u0000"', "body-nul"),
    _in_text("lone-surrogate", _is_text(r".+"), r'"\ud867"', "body-lone-surrogate"),
)


def _walk(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Everything below a value with the path to it, in the order of the text."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inside:
        yield (*at, step), item
        yield from _walk(item, (*at, step))


def _with(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    step, *rest = path
    if isinstance(value, list):
        return [_with(item, tuple(rest), new) if n == step else item for n, item in enumerate(value)]
    return value | {step: _with(value.get(step), tuple(rest), new)}


def _without(value: Any, path: Path) -> Any:
    step, *rest = path
    if isinstance(value, list):
        return [_without(item, tuple(rest)) if n == step else item for n, item in enumerate(value)]
    if not rest:
        return {key: item for key, item in value.items() if key != step}
    return value | {step: _without(value[step], tuple(rest))}


def _is_optional(path: Path, _: Any) -> bool:
    return isinstance(path[-1], int) or _is_by_number(path)


def _is_by_number(path: Path) -> bool:
    """Whether it is, or is in, an object whose keys are numbers of people and no fields."""
    return str(path[0]).endswith("relationships")


def _text(body: Body) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _dashed(name: str) -> str:
    return name.replace("_", "-")
