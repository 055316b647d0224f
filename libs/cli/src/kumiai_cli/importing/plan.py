"""What a kind of file is: how its rows become notices, and which cell a refusal's pointer means."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
from kumiai_contracts.model import Notice
from pydantic import ValidationError

from kumiai_cli.importing.messages import Fault, code_of, fault
from kumiai_cli.importing.rows import ImportRow
from kumiai_cli.importing.workbook import Stored

Place = tuple[int, str]
"""(line, column)"""


@dataclass(frozen=True)
class Options:
    """What holds for a whole file; the same when an import goes on."""

    system: str
    """旧システム: whose numbers these are."""
    on: date | None
    """移行日: stands in every notice; None until an import begins on some day."""
    place: str
    operator: str


@dataclass(frozen=True)
class Prepared:
    """A notice with the rows it is made of."""

    type: str
    body: bytes
    lines: tuple[int, ...]
    place: Callable[[str], Place]
    """Which line and column a JSON pointer into the body means."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Which old number gets which pointer's new one."""


@dataclass(frozen=True)
class Unprepared:
    """Rows that can be no notice, and why."""

    lines: tuple[int, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Kind:
    """One of the three files."""

    name: str
    title: str
    service: str
    row: type[ImportRow]
    key: Callable[[Mapping[str, str]], tuple[str, str, int]]
    """The unit, the person and the order of a row, as far as its cells tell."""
    notices: Callable[[Sequence[Stored], Options], Iterator[Prepared | Unprepared]]
    """The notices of a unit's rows."""
    checks: Callable[[int, ImportRow], Sequence[Fault]] = lambda line, row: ()
    """What a row's cells say together."""
    twice: str = "row-twice"
    after_residents: bool = True
    """Whether the service has to know the residents first."""


def prepared(
    kind: type[Notice], content: Any, lines: tuple[int, ...], place: Callable[[str], Place], numbers: Mapping[str, str]
) -> Prepared | Unprepared:
    """The notice of this content, if the contract takes it; what the content leaves out stays out."""
    body = orjson.dumps(content)
    try:
        kind.model_validate_json(body)
    except ValidationError as error:
        found = []
        for wrong in error.errors(include_url=False, include_input=False, include_context=False):
            line, column = place("/" + "/".join(map(str, wrong["loc"])))
            found.append(fault(line, column, code_of(wrong["type"], column_is_day=False)))
        return Unprepared(lines, tuple(dict.fromkeys(found)))
    return Prepared(kind.type, body, lines, place, numbers)
