"""Batch inquiry files (一括照会ファイル): one record a line, each good or broken by itself.

The fields are those of one vendor's interface that is publicly known; it is an example, not a standard. A record with
several fiscal years is one inquiry for each.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

COLUMNS = (
    "レコード識別番号",
    "宛名番号",
    "情報提供者機関コード",
    "事務コード",
    "事務手続コード",
    "特定個人情報名コード",
    "項目",
    "照会条件区分",
    "照会年度区分",
    "from",
    "to",
)
"""項目 are separated by semicolons; none means everything that the law allows."""
NOW, BY_FISCAL_YEAR = "1", "2"
"""照会条件区分: the fact as it is, or by fiscal year; 照会年度区分 is then 1 (年度), and empty otherwise."""
MOST_YEARS = 10
"""Fiscal years in one record."""
MOST_RECORDS = 10_000
"""Records in one file."""
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,34}", re.ASCII)
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
FAULTS: dict[str, tuple[str, str]] = {
    "record-not-utf8": ("レコードの文字コードがUTF-8ではありません。", "The record is not UTF-8."),
    "record-not-csv": ("レコードの引用符が正しくありません。", "The record's quotation marks don't fit."),
    "record-fields": (
        f"項目数が{len(COLUMNS)}ではありません。",
        f"The record does not have {len(COLUMNS)} fields.",
    ),
    "record-number": (
        "レコード識別番号は英数字とハイフンの35文字以内です。",
        "The record's number has up to 35 letters, digits and hyphens.",
    ),
    "record-number-twice": (
        "「レコード識別番号」が既に存在しています。",
        "The record's number stands in the file already.",
    ),
    "record-years": (
        "照会条件区分、照会年度区分、from、toの組合せが正しくありません。",
        "照会条件区分, 照会年度区分, from and to don't fit together.",
    ),
}
"""Why a record is no inquiry, in Japanese and English."""


class NotABatchFile(ValueError):
    """The file as a whole is something else; the message says what its first line must be."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One inquiry of a record."""

    request_number: str
    addressee_number: str
    provider: str
    affair: str
    procedure: str
    fact_kind: str
    items: tuple[str, ...]
    scope: str


@dataclass(frozen=True, slots=True)
class Record:
    """A line: what it asks, or what is wrong with it."""

    line: int
    number: str
    """レコード識別番号, as far as there is one."""
    wanted: tuple[Wanted, ...]
    fault: str
    """A code of `FAULTS`; empty for a good record."""


def read(content: bytes) -> list[Record]:
    """Every record of a file, in order. Raises NotABatchFile."""
    lines = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")
    if _fields(lines[0]) != list(COLUMNS):
        raise NotABatchFile(f"the first line must be {','.join(COLUMNS)}")
    if len(lines) > MOST_RECORDS + 2:
        raise NotABatchFile(f"a file holds at most {MOST_RECORDS} records")
    seen: set[str] = set()
    records = []
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            record = _record(number, line, seen)
            seen.add(record.number)
            records.append(record)
    return records


def _record(line: int, content: bytes, seen: set[str]) -> Record:
    fields = _fields(content)
    if isinstance(fields, str):
        return Record(line, "", (), fields)
    number = fields[0]
    if len(fields) != len(COLUMNS):
        return Record(line, number[:35], (), "record-fields")
    if not _NUMBER.fullmatch(number):
        return Record(line, number[:35], (), "record-number")
    if number in seen:
        return Record(line, number, (), "record-number-twice")
    scopes = list(_scopes(*fields[7:]))
    if not scopes:
        return Record(line, number, (), "record-years")
    _, person, provider, affair, procedure, fact_kind, named, *_ = fields
    items = tuple(item.strip() for item in named.split(";") if item.strip())
    wanted = tuple(
        Wanted(
            f"{number}-{scope}" if len(scopes) > 1 else number,
            person,
            provider,
            affair,
            procedure,
            fact_kind,
            items,
            scope,
        )
        for scope in scopes
    )
    return Record(line, number, wanted, "")


def _fields(content: bytes) -> list[str] | str:
    """The fields of a line, or a code of `FAULTS`. A quotation mark that is left open harms no other line."""
    try:
        return next(csv.reader([content.decode()], strict=True), [])
    except UnicodeDecodeError:
        return "record-not-utf8"
    except csv.Error:
        return "record-not-csv"


def _scopes(condition: str, kind: str, since: str, until: str) -> Iterator[str]:
    """The fiscal years that are asked about; none where the four don't fit."""
    if condition == NOW and not (kind or since or until):
        yield ""
    if condition == BY_FISCAL_YEAR and kind == "1" and _YEAR.fullmatch(since) and _YEAR.fullmatch(until):
        first, last = int(since), int(until)
        if first <= last < first + MOST_YEARS:
            yield from (str(year) for year in range(first, last + 1))
