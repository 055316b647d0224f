"""Files to import, for tests: rows as dictionaries, and what a program that writes them may do wrong."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kumiai_cli.importing.rows import ResidentLine

RESIDENT_COLUMNS = tuple(ResidentLine.model_fields)
TOWN = {"address_prefecture": "沖縄県", "address_municipality": "那覇市", "address_town": "泉崎一丁目"}


def history_row(person: str = "P1", household: str = "H1", number: int = 1, **changes: Any) -> dict[str, str]:
    """A history row of somebody who moved in in 2010 and is head of the household."""
    given = {
        "person_number": person,
        "household_number": household,
        "history_number": str(number),
        "status": "resident",
        "relationship": "世帯主",
        "name": "比嘉 太郎",
        "name_kana": "ヒガ タロウ",
        "birth_date": "1980-04-01",
        "sex": "male",
        "resident_since": "2010-04-01",
        "address_since": "2010-04-01",
        **TOWN,
        "reason": "domestic-move-in",
        **dict.fromkeys(("effective_date", "notified_date", "processed_date"), "2010-04-01"),
    }
    return {**given, **changes}


def payer_row(person: str = "P1", year: int = 2025, **changes: Any) -> dict[str, str]:
    """An assessment of which something is open."""
    given = {
        "person_number": person,
        "fiscal_year": str(year),
        "total_income": "3000000",
        "deductions_total": "1000000",
        "taxable_income": "2000000",
        "income_levy_municipal": "120000",
        "income_levy_prefectural": "80000",
        "per_capita_municipal": "3000",
        "per_capita_prefectural": "1000",
        "forest_environment_tax": "1000",
        "total": "205000",
        "open_balance": "51000",
        "balance_on": "2026-03-31",
    }
    return {**given, **changes}


def text_of(rows: Sequence[dict[str, str]], *, end: str = "\r\n", columns: Sequence[str] = ()) -> str:
    """The rows as CSV, with the columns that any of them has."""
    written = io.StringIO()
    names = columns or list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(written, names, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def write(path: Path, *rows: dict[str, str], encoding: str = "utf-8", end: str = "\n") -> Path:
    """Write the rows to a file."""
    path.write_bytes(text_of(rows, end=end).encode(encoding))
    return path
