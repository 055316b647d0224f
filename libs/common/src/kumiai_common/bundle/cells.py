"""A value as a cell of a CSV file (RFC 4180): the same text everywhere, and every text means one value.

A value that is missing is an empty cell. So in a column that may be empty, a text of nothing but quotation marks (the
empty text among them) gets two more.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from kumiai_contracts.model import canonical_json

from kumiai_common.bundle.described import Column


def cell(value: Any, column: Column) -> str:
    """The cell of a value as JSON has it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value + '""' if column.nullable and column.type == "text" and not value.strip('"') else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return canonical_json(value).decode() if isinstance(value, list | dict) else str(value)


def value(text: str, column: Column) -> Any:
    """The value of a cell, as JSON has it. Raises ValueError for a text that is no cell of the column."""
    if column.type == "text":
        return (text if text.strip('"') else text[2:] if text else None) if column.nullable else text
    if column.nullable and not text:
        return None
    if column.type == "boolean":
        return {"true": True, "false": False}[text]
    return int(text) if column.type == "bigint" else json.loads(text) if column.type == "jsonb" else text


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of cells as lines of CSV, UTF-8, each ending in CR LF."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
