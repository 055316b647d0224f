"""A CSV file as rows, each with the line on which it begins, whatever stands in it (RFC 4180).

Invariant: every row comes out exactly once, as fields or with the reason why it can't be read, and no row spoils
another: a line that can't be decoded, or a quotation mark that nobody closes, costs the row it stands in.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from kumiai_cli.importing.messages import Fault, fault
from kumiai_cli.outcome import USAGE, Failure

ENCODINGS = ("utf-8", "cp932")
"""Shift_JIS files of Japanese systems are CP932: it has the vendors' characters, and gaiji in the private-use area."""
LONGEST_LINE = 1024 * 1024
"""Bytes of one line."""
LONGEST_FIELD = 128 * 1024
LINES_OF_A_ROW = 50
"""The most lines that a quoted field can make of one row; beyond, its quotation mark counts as not closed."""
_LOST = "\udcff"


class Record(NamedTuple):
    """A row of the file: its fields, or why there are none."""

    line: int
    fields: list[str]
    fault: Fault | None


class Source(NamedTuple):
    """What a file is: its hash, and how its texts are written."""

    hash: str
    encoding: str


def examine(path: Path, encoding: str = "") -> Source:
    """Read a file once: its SHA-256, and the encoding in which more of its lines can be read. Raises Failure."""
    digest, broken = sha256(), dict.fromkeys(ENCODINGS, 0)
    with path.open("rb") as file:
        if (start := file.read(4)).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Failure(f"{path} is UTF-16; write it as UTF-8 or CP932 (Shift_JIS).", USAGE)
        file.seek(0)
        for line in file:
            digest.update(line)
            if not encoding and not line.isascii():
                for name in ENCODINGS:
                    broken[name] += not _is(name, line)
    marked = start.startswith(codecs.BOM_UTF8)
    found = encoding or ("utf-8" if marked else min(ENCODINGS, key=broken.__getitem__))
    return Source(digest.hexdigest(), found)


def records(file: BinaryIO, encoding: str) -> Iterator[Record]:
    """The rows of a file, the header among them; empty lines are none."""
    lines = _lines(file, encoding)
    ahead: deque[tuple[int, str]] = deque()

    def following() -> tuple[int, str] | None:
        return ahead.popleft() if ahead else next(lines, None)

    while (first := following()) is not None:
        taken = [first]
        while _is_open(taken) and len(taken) < LINES_OF_A_ROW and (more := following()) is not None:
            taken.append(more)
        if len(taken) > 1 and _is_open(taken):
            ahead.extendleft(reversed(taken[1:]))
            del taken[1:]
        text = "".join(line for _, line in taken)
        if text.strip("\r\n"):
            yield _record(first[0], text)


def _record(line: int, text: str) -> Record:
    if code := _unreadable(text):
        return Record(line, [], fault(line, "", code))
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        return Record(line, [], fault(line, "", "too-long" if "limit" in str(error) else "row-malformed"))
    if len(rows) != 1:
        return Record(line, [], fault(line, "", "row-malformed"))
    return Record(line, rows[0], None)


def _unreadable(text: str) -> str | None:
    if len(text) >= LONGEST_LINE:
        return "too-long"
    if _LOST in text:
        return "not-decodable"
    if "\0" in text:
        return "nul"
    return "quotes-unbalanced" if text.count('"') % 2 else None


def _is_open(taken: list[tuple[int, str]]) -> bool:
    return bool(sum(line.count('"') for _, line in taken) % 2)


def _lines(file: BinaryIO, encoding: str) -> Iterator[tuple[int, str]]:
    """Lines as text; what can't be decoded is marked. In neither encoding is a line's end part of a character."""
    csv.field_size_limit(LONGEST_FIELD)
    number = 0
    while raw := file.readline(LONGEST_LINE):
        number += 1
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if len(raw) == LONGEST_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(LONGEST_LINE)
            yield number, " " * LONGEST_LINE
            continue
        try:
            yield number, raw.decode(encoding)
        except UnicodeDecodeError:
            yield number, _LOST + "\n"


def _is(encoding: str, line: bytes) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
