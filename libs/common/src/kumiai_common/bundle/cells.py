"""A value as a cell of a CSV file (RFC 4180): the same text everywhere, and every text means one value.

A value that is missing is an empty cell. So in a column that may be empty, a text of nothing but quotation marks (the
empty text among them) gets two more.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kumiai_common.bundle.described import Column
from kumiai_common.tables import canonical_row


def cell(value: Any, column: Column) -> str:
    """The cell of a value as JSON has it."""
    convert = _converter(column)
    return "" if value is None else str(convert(value) if convert else value)


def table(rows: Iterable[Sequence[Any]], columns: Sequence[Column]) -> bytes:
    """Rows of values as lines of CSV. What the csv module writes right by itself, numbers and gaps, is left to it."""
    converted = [(n, convert) for n, column in enumerate(columns) if (convert := _converter(column)) is not None]
    written = []
    for row in rows:
        cells = list(row)
        for n, convert in converted:
            if cells[n] is not None:
                cells[n] = convert(cells[n])
        written.append(cells)
    return lines(written)


def _converter(column: Column) -> Callable[[Any], str] | None:
    if column.type == "text":
        return _quoted if column.nullable else None
    return {"boolean": _boolean, "jsonb": _json}.get(column.type)


def _quoted(text: str) -> str:
    return text if text.strip('"') else text + '""'


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _json(value: Any) -> str:
    return canonical_row(value).decode()


def value(text: str, column: Column) -> Any:
    """The value of a cell, as JSON has it. Raises ValueError for a text that is no cell of the column."""
    if column.type == "text":
        return (text if text.strip('"') else text[2:] if text else None) if column.nullable else text
    if column.nullable and not text:
        return None
    if column.type == "boolean":
        return {"true": True, "false": False}[text]
    return int(text) if column.type == "bigint" else json.loads(text) if column.type == "jsonb" else text


def lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows of cells as lines of CSV, UTF-8, each ending in CR LF."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
