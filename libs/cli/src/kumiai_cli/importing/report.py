"""The report of refused rows (取込不可一覧): for clerks a CSV file that a spreadsheet opens as it is meant.

Invariant: nothing in it is a formula. What begins like one gets an apostrophe before it.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from kumiai_cli.importing.messages import Fault

HEADER = ("line", "column", "code", "ja", "en")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_refusals(path: Path, refusals: Iterable[Fault]) -> int:
    """Write every refusal, whole or not at all; how many there were. UTF-8 with a byte order mark."""
    draft, count = path.with_name(f".{path.name}.part"), 0
    with draft.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for refusal in refusals:
            writer.writerow([refusal.line, *map(harmless, refusal[1:])])
            count += 1
    draft.replace(path)
    return count


def write_numbers(path: Path, given: Iterable[tuple[str, str]]) -> None:
    """Write which number stands for which of before."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("person_number", "addressee_number"))
        writer.writerows((harmless(old), harmless(number)) for old, number in given)


def harmless(text: str) -> str:
    """A cell that no spreadsheet calculates."""
    return f"'{text}" if text.startswith(_FORMULA) else text
