"""The registry of types: which class reads the body of which `ce_type`, and which tables an event fills."""

from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from kumiai_contracts import (
    addressees,
    exchange,
    exchange_notices,
    leaving,
    linkage,
    linkage_numbers,
    membership,
    merging,
    my_number,
    operations,
    own_system,
    parameters,
    recall,
    receipts,
    resident,
    resident_affairs,
    resident_amendments,
    resident_between,
    resident_carry_over,
    resident_codes,
    resident_extensions,
    resident_feed,
    resident_households,
    resident_marks,
    taxation,
    taxation_carry_over,
)
from kumiai_contracts.model import Event, Frozen, Notice, Row
from kumiai_contracts.strict_json import json_pointer, parse_strictly

F = TypeVar("F", bound=Frozen)
Location = tuple[int | str, ...]

MAX_FAULTS = 20
"""The most faults of one body that are named."""

MODULES = (
    membership,
    leaving,
    merging,
    own_system,
    parameters,
    resident,
    resident_affairs,
    resident_amendments,
    resident_between,
    resident_carry_over,
    resident_codes,
    resident_extensions,
    resident_households,
    resident_marks,
    resident_feed,
    taxation,
    taxation_carry_over,
    linkage,
    linkage_numbers,
    exchange,
    exchange_notices,
    my_number,
    addressees,
    recall,
    operations,
    receipts,
)


class BodyError(ValueError):
    """A body that its model refuses: every fault with a stable code and a JSON pointer."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__(", ".join(f"{code} at {pointer}" for code, pointer in faults))
        self.faults = faults


def _typed(base: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = list(base.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "type" in vars(kind):
            if kind.type in found:
                raise ValueError(f"two classes are named {kind.type}")
            found[kind.type] = kind
    return dict(sorted(found.items()))


EVENTS: dict[str, type[Event]] = _typed(Event)
"""Every event class by its type."""

NOTICES: dict[str, type[Notice]] = _typed(Notice)
"""Every notice class by its type."""

TYPES: dict[str, type[Event] | type[Notice]] = dict(sorted([*EVENTS.items(), *NOTICES.items()]))
"""Every class that travels, by its type."""


@cache
def tables_of(event_type: str) -> tuple[tuple[str, type[Row]], ...]:
    """The fields of an event's body that hold rows, with the kind of row. Raises KeyError for an unknown type."""
    return tuple(EVENTS[event_type].row_fields.items())


@cache
def tables_of_stream(stream: str) -> tuple[type[Row], ...]:
    """Every table that the events of a stream fill, those about the service's own working included."""
    rows = {row for event in EVENTS.values() if event.stream in (stream, "*") for row in event.row_fields.values()}
    return tuple(sorted(rows, key=lambda row: row.table))


def parse_event(type_: str, body: bytes) -> Event:
    """Read the body of an event. Raises KeyError for an unknown type and pydantic's ValidationError for a bad body."""
    return EVENTS[type_].model_validate_json(body)


def parse_body(kind: type[F], body: bytes) -> F:
    """Read what a stranger sent, strictly. Raises StrictJsonError or BodyError with codes and pointers."""
    parse_strictly(body)
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = [
            (f["type"], f["loc"]) for f in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise BodyError(
            tuple((_CODES.get(fault, "field-invalid"), _pointer(at)) for fault, at in _own_faults(found)[:MAX_FAULTS])
        ) from None


def parse_notice(kind: type[Notice], body: bytes) -> Notice:
    """Read a stranger's notice strictly. Raises StrictJsonError or BodyError with codes and pointers."""
    return parse_body(kind, body)


_CODES = {"missing": "field-missing", "extra_forbidden": "field-unknown"}


def _own_faults(found: list[tuple[str, Location]]) -> list[tuple[str, Location]]:
    """The faults without those that only follow: pydantic calls a list too short when it has left out bad items."""
    above = {at[:n] for _, at in found for n in range(len(at))}
    return [(fault, at) for fault, at in found if fault != "too_short" or at not in above]


def _pointer(location: Location) -> str:
    if len(location) > 1 and location[-1] == "[key]":  # pydantic's mark for a key that doesn't fit
        location = location[:-1]
    return json_pointer(*location)
