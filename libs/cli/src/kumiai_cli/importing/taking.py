"""A file's rows into the workbook: what can be said of each without asking anybody."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from kumiai_cli.importing.kinds import KINDS
from kumiai_cli.importing.messages import Fault, code_of, fault
from kumiai_cli.importing.plan import Kind
from kumiai_cli.importing.reading import Record, Source, records
from kumiai_cli.importing.residents import NAMES, PRIVATE_USE
from kumiai_cli.importing.rows import Day, ImportRow
from kumiai_cli.importing.workbook import Entry, Workbook
from kumiai_cli.outcome import USAGE, Failure

_DAY = get_args(Day)[1]


def take(path: Path, source: Source, kind: Kind, workbook: Workbook, read: Callable[[int], object]) -> Counter[str]:
    """Read the file into the workbook; the private-use characters (外字) in its names, with how often each occurs.

    `read` is told how many bytes have been read. Raises Failure if the header is not the file's.
    """
    gaiji: Counter[str] = Counter()
    with path.open("rb") as file:
        rows = records(file, source.encoding)
        header = _header(path, next(rows, None), kind)
        days = frozenset(name for name, field in kind.row.model_fields.items() if _DAY in _marks(field))
        taker = _Taker(kind, header, days, gaiji)

        def entries() -> Iterator[Entry | Fault]:
            for record in rows:
                yield from taker.entries(record)
                if not record.line % 1000:
                    read(file.tell())

        workbook.read(entries())
        workbook.settle_reading(kind.twice)
    return gaiji


def _marks(field: Any) -> list[Any]:
    """What a field's annotation carries, also inside of an optional one."""
    return [*field.metadata, *(mark for part in get_args(field.annotation) for mark in get_args(part)[1:])]


class _Taker:
    """Checks row by row."""

    def __init__(self, kind: Kind, header: Sequence[str], days: frozenset[str], gaiji: Counter[str]) -> None:
        self._kind = kind
        self._header = header
        self._days = days
        self._gaiji = gaiji

    def entries(self, record: Record) -> Iterator[Entry | Fault]:
        """The row, with a fault for each reason why it can't be taken."""
        line, cells = record.line, record.fields
        if record.fault is not None or len(cells) != len(self._header):
            code = "too-many-columns" if len(cells) > len(self._header) else "too-few-columns"
            yield record.fault or fault(line, "", code)
            yield Entry(line, "", "", 0, b"")
            return
        filled = {name: cell for name, cell in zip(self._header, cells, strict=True) if cell}
        unit, person, ordinal = self._kind.key(filled)
        try:
            row = self._kind.row.model_validate(filled)
        except ValidationError as error:
            faults: Sequence[Fault] = self._faults(line, error)
        else:
            faults = self._kind.checks(line, row)
        yield from faults
        if faults:
            yield Entry(line, unit, person, ordinal, b"")
            return
        self._look_for_gaiji(filled)
        yield Entry(line, unit, person, ordinal, row.model_dump_json(exclude_unset=True).encode())

    def _faults(self, line: int, error: ValidationError) -> list[Fault]:
        found = []
        for wrong in error.errors(include_url=False, include_input=False, include_context=False):
            column = str(wrong["loc"][0])
            found.append(fault(line, column, code_of(wrong["type"], column_is_day=column in self._days)))
        return list(dict.fromkeys(found))

    def _look_for_gaiji(self, filled: dict[str, str]) -> None:
        for name in NAMES:
            if (text := filled.get(name)) and not text.isascii():
                self._gaiji.update(PRIVATE_USE.findall(text))


def _header(path: Path, record: Record | None, kind: Kind) -> list[str]:
    """The columns of the file, all known and each once. Raises Failure."""
    if record is None:
        raise Failure(f"{path} is empty; its first row names the columns.", USAGE)
    if record.fault is not None:
        raise Failure(f"{path}: the header can't be read. {record.fault.en} {record.fault.ja}", USAGE)
    header = [name.strip() for name in record.fields]
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    unknown = [name for name in header if name not in kind.row.model_fields]
    missing = [name for name, field in _required(kind.row) if name not in header]
    for what, names in (("is there twice", twice), ("is unknown", unknown), ("is missing", missing)):
        if names:
            listed = ", ".join(f"{name[:60]!r}" for name in names[:10])
            hint = (
                _hint(header, kind) or f"The columns of {kind.name} ({kind.title}): kumiai import columns {kind.name}"
            )
            raise Failure(f"{path}: in the header {listed} {what}. {hint}", USAGE)
    return header


def _hint(header: Sequence[str], kind: Kind) -> str:
    """What is probably wrong with a header that is not the file's: what separates its columns, or the kind of file."""
    for separator, said in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
        parts = [part.strip() for name in header for part in name.split(separator)]
        if len(parts) > len(header) and set(parts) & set(kind.row.model_fields):
            return f"Its columns are separated by {said}: write it with commas."
    for other in KINDS.values():
        if other is not kind and _is_header_of(header, other):
            return f"These are the columns of {other.name} ({other.title}): kumiai import {other.name}"
    return ""


def _is_header_of(header: Sequence[str], kind: Kind) -> bool:
    return set(header) <= set(kind.row.model_fields) and all(name in header for name, _ in _required(kind.row))


def _required(row: type[ImportRow]) -> Iterator[tuple[str, Any]]:
    return ((name, field) for name, field in row.model_fields.items() if field.is_required())
