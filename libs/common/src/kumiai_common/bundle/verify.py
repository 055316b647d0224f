#!/usr/bin/env python3
# ruff: noqa: E501
"""Verify a bundle (持出しデータの検証): is this everything, unchanged, and does it agree with what we kept ourselves?

Needs Python 3.11 and the package `cryptography`; nothing else, and no network. Take this file from a source that you
trust rather than from the bundle: whoever changes a bundle can change the copy in it, too.

    python verify.py BUNDLE [--evidence DIR]... [--identity HASH] [--went-on STREAM] [--json]

Without evidence it finds what contradicts itself. With evidence (the receipts and checkpoints that the municipality's
own systems kept) it also finds a log that was rewritten as a whole, by whoever holds the services' keys.
Exit codes: 0 proven; 1 falls short, and it says where; 2 unusable: this is no bundle, or no evidence, that can be read.
"""

import argparse
import base64
import csv
import json
import re
import struct
import sys
import tempfile
from abc import ABC, abstractmethod
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CONTRACT: dict[str, Any] = {}  # filled in when this file is handed out

MESSAGES = {
    "file-missing": ("the manifest lists this file, and it is not there", "目録にあるファイルがありません"),
    "file-unlisted": ("the manifest does not list this file", "目録にないファイルがあります"),
    "file-changed": ("its SHA-256 or size is not the manifest's", "SHA-256または大きさが目録と一致しません"),
    "count-differs": ("it holds {found} records, the manifest says {stated}", "件数が目録({stated})と違います({found})"),
    "identity-differs": ("the identity does not follow from the files and heads", "同一性ハッシュが内容と一致しません"),
    "not-the-identity": ("this is another bundle than the one named", "指定された持出しデータではありません"),
    "signature-invalid": ("the signature is not this key's over this part", "署名がこの鍵のものではありません"),
    "key-unknown": ("it is signed with a key that your evidence does not name", "証拠にない鍵で署名されています"),
    "municipality-differs": ("it is another municipality's: {found}", "別の団体({found})のものです"),
    "line-malformed": ("line {line} can't be read: {why}", "{line}行目を読み取れません({why})"),
    "position-broken": ("line {line} has position {found}", "{line}行目の位置が{found}です"),
    "chain-broken": ("the hash of position {position} does not follow", "位置{position}のハッシュが連鎖しません"),
    "incarnation-broken": ("position {position} begins no incarnation", "位置{position}の世代が正しくありません"),
    "type-misplaced": ("position {position}: {type} does not belong here", "位置{position}: {type}は別のストリームの種類です"),
    "head-differs": ("it ends at {found}, its head is {stated}", "末尾({found})が先頭情報({stated})と違います"),
    "stream-missing": ("there is no stream for a head of the manifest", "目録の先頭に対応するストリームがありません"),
    "row-malformed": ("position {position}: a row of {table} lacks columns", "位置{position}: {table}の行の列が違います"),
    "table-missing": ("events fill this table, and it is not there", "イベントが埋める表がありません"),
    "row-differs": ("row {line} (key {key}) is not what its last event says", "{line}行目(キー {key})がイベントと違います"),
    "row-unfounded": ("no event makes row {line} (key {key}) true", "{line}行目(キー {key})の根拠となるイベントがありません"),
    "row-lacking": ("it lacks the row that position {position} of the log makes true", "位置{position}のイベントの行がありません"),
    "row-repeated": ("{count} rows have the key of another row", "キーの重複した行が{count}件あります"),
    "columns-differ": ("its columns are not the table's", "列が表の定義と違います"),
    "state-differs": ("the state hash does not follow from the tables", "状態ハッシュが表と一致しません"),
    "receipt-unfulfilled": ("receipt {receipt} names position {position}, which holds another event",
                            "受領書{receipt}が示す位置{position}に別のイベントがあります"),
    "cause-unfounded": ("position {position} names a cause that does not name it: {cause}",
                        "位置{position}の原因({cause})がこのイベントを示していません"),
    "cause-missing": ("position {position} has a cause that is not in the bundle: {cause}",
                      "位置{position}の原因({cause})がありません"),
    "commitment-broken": ("part {line} is not what its commitment was made of", "{line}行目の封緘部分がコミットメントと違います"),
    "part-missing": ("position {position} holds the commitment of a part that is not there",
                     "位置{position}のコミットメントに対応する封緘部分がありません"),
    "part-unfounded": ("no event holds the commitment of part {line}", "{line}行目の封緘部分の根拠がありません"),
    "part-misplaced": ("part {line} belongs to another position or field", "{line}行目の封緘部分の位置または項目が違います"),
    "checkpoint-invalid": ("checkpoint {line} is signed by none of the keys", "{line}行目の検査点の署名が無効です"),
    "checkpoint-contradicts": ("checkpoint {line} says otherwise of position {position}",
                               "{line}行目の検査点が位置{position}と矛盾します"),
    "kept-differs": ("line {line} is not the notice that its receipt refused", "{line}行目が不受理の通知と一致しません"),
    "reader-contradicts": ("it says that {stream} had another hash at position {position}",
                           "{stream}の位置{position}のハッシュが違います"),
    "service-missing": ("the municipality subscribed to it, and its part is not there", "利用したサービスの部分がありません"),
    "evidence-contradicts": ("your evidence ({source}) says otherwise of position {position}",
                             "手元の証拠({source})が位置{position}と矛盾します"),
    "evidence-beyond": ("you hold position {position} ({source}); the bundle ends at {head}",
                        "手元の証拠({source})には位置{position}がありますが、{head}で終わっています"),
    "evidence-not-signed": ("checkpoint in {source} is signed by none of the keys", "{source}の検査点の署名が鍵と合いません"),
    "evidence-short": ("your evidence reaches position {reached} of {head}: keep a checkpoint of its end",
                       "手元の証拠は位置{reached}までです(末尾は{head})。末尾の検査点を取得してください"),
}  # fmt: skip
MOST_OF_A_KIND = 20


def _plain_encoder(*_: Any) -> Any:
    """What encodes where Python was built without its C encoder: the same text, slowly."""
    encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    return lambda value, _: (encode(value),)


READ_BYTES = 1024 * 1024
SMALL_BYTES = 4 * 1024 * 1024
"""A bundle smaller than this is checked in one process."""
SERVICE_FILES = ("inbox.csv", "checkpoints.csv", "parts.jsonl", "kept-notices.jsonl")
TABLES = {table: number for number, table in enumerate(["inbox", *CONTRACT.get("tables", ())])}
INBOX = [["source", "text", False], ["id", "text", False], ["digest", "text", False],
         ["receipt_position", "bigint", False]]  # fmt: skip
LINE = {"incarnation", "position", "hash", "type", "subject", "time", "dataschema", "cause", "traceparent", "body"}
PATH = re.compile(r"[a-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}")
ENCODE: Any = (getattr(json.encoder, "c_make_encoder", None) or _plain_encoder)(
    None, None, json.encoder.encode_basestring, None, ":", ",", True, False, False
)
csv.field_size_limit(64 * 1024 * 1024)


class Unusable(Exception):
    """What was given can't be verified at all."""


class ColumnsDiffer(Exception):
    """A file has other columns than its table."""


class Finding(NamedTuple):
    """Where the bundle falls short, and how."""

    code: str
    where: str
    en: str
    ja: str


class Findings(list[Finding]):
    """What was found so far; of each kind in each place, some."""

    def note(self, code: str, where: str, **values: Any) -> None:
        if sum(1 for found in self if (found.code, found.where) == (code, where)) < MOST_OF_A_KIND:
            english, japanese = MESSAGES[code]
            self.append(Finding(code, where, english.format(**values), japanese.format(**values)))


def prefixed(*parts: bytes) -> bytes:
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


@lru_cache(10_000)
def repeated(text: str) -> bytes:
    """`prefixed` of a text that many events have in common."""
    return prefixed(text.encode())


_DECODER: Any = json.JSONDecoder()
SCAN = _DECODER.scan_once


def parsed(text: str) -> Any:
    """What json.loads gives, for a text without spaces around it, in less time. Raises ValueError."""
    try:
        value, end = SCAN(text, 0)
    except StopIteration:
        raise ValueError("JSON") from None
    if text[end:].strip():
        raise ValueError("JSON")
    return value


def canonical(value: Any) -> bytes:
    """The one JSON text of a value."""
    return "".join(ENCODE(value, 0)).encode()


def short(data: bytes) -> bytes:
    return sha256(data).digest()[:16]


def key_of(table: str, key: tuple[Any, ...]) -> bytes:
    """The digest of a row's key: another one for every other key."""
    return sha256(repr((table, key)).encode()).digest()[:16]


def sealed_as(name: str, position: int) -> bytes:
    """What there is to compare of a sealed part: the column that holds its commitment, and a position."""
    return named(name) + position.to_bytes(8)


@lru_cache(1000)
def named(name: str) -> bytes:
    return short(name.encode())


def commitment_of(text: str) -> bytes:
    """A commitment from its text. Raises ValueError."""
    if len(text) != 64:
        raise ValueError("commitment")
    return bytes.fromhex(text)


RECORD, SAYING = struct.Struct("<16s24sqH"), struct.Struct("<16s24s10x")
"""Of a row or a sealed part: the digest of its key, what it says, where it stands, in which table; and the first two."""
MOST_PILES, PILE_BYTES = 64, 32 * 1024 * 1024
"""One pile for so many bytes of a part, so that its digests fit into memory."""
SPILL_BYTES = 64 * 1024


class Scratch:
    """Digests of everything that has to fit together, on disk, in piles by key: what fits together lies in the piles of
    one number, so memory stays small whatever there is.
    """

    def __init__(self, place: Path, piles: int) -> None:
        self.place = place
        self.waiting = [bytearray() for _ in range(piles)]

    def put(self, key: bytes, says: bytes, at: int, table: int = 0) -> None:
        number = int.from_bytes(key[:2]) % len(self.waiting)
        pile = self.waiting[number]
        pile += RECORD.pack(key, says, at, table)
        if len(pile) > SPILL_BYTES:
            self._spill(number)

    def pile(self, number: int) -> bytes:
        """A whole pile, in the order in which it came."""
        file = self._file(number)
        return file.read_bytes() if file.exists() else b""

    def close(self) -> None:
        """Leave what was put here to whoever reads its piles."""
        for number, pile in enumerate(self.waiting):
            if pile:
                self._spill(number)

    def _spill(self, number: int) -> None:
        with self._file(number).open("ab") as file:
            file.write(self.waiting[number])
        self.waiting[number].clear()

    def _file(self, number: int) -> Path:
        return self.place.with_name(f"{self.place.name}.{number}")


def last_of(pile: bytes) -> dict[bytes, bytes]:
    """What the last record of each key says."""
    return dict(SAYING.iter_unpack(pile))


def first_of(pile: bytes) -> dict[bytes, bytes]:
    """What the first record of each key says."""
    return dict([*SAYING.iter_unpack(pile)][::-1])


Pile = Callable[[bytes], dict[bytes, bytes]]


class Wrong(NamedTuple):
    """What is there, where, and what was said of it, if anything."""

    table: int
    at: int
    says: bytes
    said: bytes | None


class Disagreeing(NamedTuple):
    """Where what is there is not what was said."""

    wrong: list[Wrong]
    """Of what is there."""
    lacking: list[int]
    """Where it was said what is not there."""
    repeated: Counter[int]
    """How often each table holds a key again."""


def compared(said: Scratch, there: Scratch, counts: Pile) -> Disagreeing:
    """What is there against what was said; `counts` tells whether the first or the last of a key does."""
    found = Disagreeing([], [], Counter())
    for number in range(len(said.waiting)):
        told, holds = said.pile(number), there.pile(number)
        says, is_there = counts(told), first_of(holds)
        repeated = len(holds) // RECORD.size != len(is_there)
        if says == is_there and not repeated:
            continue
        seen: set[bytes] = set()
        for key, what, at, table in RECORD.iter_unpack(holds):
            if key in seen:
                found.repeated[table] += 1
            elif says.get(key) != what:
                found.wrong.append(Wrong(table, at, what, says.get(key)))
            seen.add(key)
        places = {key: at for key, what, at, _ in RECORD.iter_unpack(told) if says[key] == what}
        found.lacking.extend(places[key] for key in says.keys() - seen)
    found.lacking.sort()
    return found


class Result(NamedTuple):
    """What is left of one side of a part when it has been checked by itself."""

    findings: Findings
    causes: "array[int]"
    """Of each event, the position of the service's own receipt that it names as its cause, or 0."""
    stated: list[tuple[int, str, int, str]]
    """What checkpoints say: (line, stream, position, hash)."""
    subscribed: list[str]


HASHES, RECEIPTS = ".hashes", ".receipts"
"""Ends of the files in which a side leaves the hash of each position, and what receipts name, by CAUSED."""
CAUSED = struct.Struct("<qq32s")
"""Position of the receipt, position and hash of what it names."""


class Side(ABC):
    """What the sides of a part have in common: files, of which a stream says what stands in them."""

    def __init__(self, folder: Path, part: dict[str, Any], heads: dict[str, int], place: Path) -> None:
        self.folder, self.part, self.heads, self.place = folder, part, heads, place
        self.service, self.municipality = part["service"], part["municipality"]
        self.findings = Findings()
        self.causes, self.start, self.reached = array("q"), b"", 0
        self.hashes = place.with_suffix(HASHES).open("wb")
        self.caused = place.with_suffix(RECEIPTS).open("wb")
        self.stated: list[tuple[int, str, int, str]] = []
        self.subscribed: list[str] = []
        self.listed = {file["path"]: file for file in part["files"]}

    def run(self) -> Result:
        with self.hashes, self.caused:
            self.check()
        return Result(self.findings, self.causes, self.stated, self.subscribed)

    @abstractmethod
    def check(self) -> None:
        """Look at everything of this side, in its order."""

    def scratch(self, what: str, side: str = "") -> Scratch:
        """Where this side, or another one, puts what has to fit together."""
        piles = 1 + sum(file.stat().st_size for file in (self.folder / self.service).rglob("*")) // PILE_BYTES
        place = self.place.with_name(f"{self.service}-{side}") if side else self.place
        return Scratch(place.with_suffix(f".{what}"), min(piles, MOST_PILES))

    def csv(self, path: str, table: str, shape: dict[str, Any], total: Any, rows: Scratch) -> None:
        """What a file holds; `total` is the state hash as it grows."""
        if path not in self.listed or not (self.folder / path).is_file():
            return
        note, count = self.findings.note, 0
        try:
            for count, key, written in self.rows_of(path, shape):
                if count == 1:
                    total.update(prefixed(table.encode()))
                total.update(len(written).to_bytes(4, "big") + written)
                rows.put(key_of(table, key), sha256(written).digest(), count + 1, TABLES[table])
        except ColumnsDiffer:
            note("columns-differ", path)
            return
        except (ValueError, KeyError, csv.Error) as error:
            note("line-malformed", path, line=count + 2, why=type(error).__name__)
        if count != self.listed[path]["records"]:
            note("count-differs", path, found=count, stated=self.listed[path]["records"])

    def rows_of(self, path: str, shape: dict[str, Any]) -> Any:
        """The rows of a file: their numbers, keys and canonical texts. Raises for a row that can't be read."""
        columns = shape["columns"]
        names = [column[0] for column in columns]
        keys = [names.index(column) for column in shape["key"]]
        readers = [(n, read) for n, column in enumerate(columns) if (read := reader(*column[1:3])) is not str]
        with (self.folder / path).open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, strict=True)
            if next(rows, None) != names:
                raise ColumnsDiffer
            for number, row in enumerate(rows, 1):
                if len(row) != len(names):
                    raise ValueError("columns")
                values: list[Any] = [*row]
                for n, read in readers:
                    values[n] = read(row[n])
                yield number, tuple([values[n] for n in keys]), canonical(values)

    def agree(self, path: str, table: str, shape: dict[str, Any], found: Disagreeing) -> None:
        """Name the rows of a file that are not what was said."""
        number = TABLES[table]
        if found.repeated[number]:
            self.findings.note("row-repeated", path, count=found.repeated[number])
        wrong: dict[int, str] = {}
        for code, alone in (("row-unfounded", True), ("row-differs", False)):
            lines = sorted(each.at for each in found.wrong if each.table == number and (each.said is None) is alone)
            wrong |= dict.fromkeys(lines[:MOST_OF_A_KIND], code)
        rows = self.rows_of(path, shape)
        while wrong:
            row, key, _ = next(rows)
            if code := wrong.pop(row + 1, ""):
                self.findings.note(code, path, line=row + 1, key="/".join(map(str, key)))

    def lacking(self, where: str, found: Disagreeing) -> None:
        """Name what was said and is not there."""
        for at in found.lacking[:MOST_OF_A_KIND]:
            self.findings.note("row-lacking", where, position=at)

    def lines(self, path: str) -> Any:
        if path in self.listed and (self.folder / path).is_file():
            with (self.folder / path).open("rb", READ_BYTES) as lines:
                yield from enumerate(lines, 1)


class StreamSide(Side):
    """A side that reads a stream: its chain, and what each event says."""

    @abstractmethod
    def event(self, path: str, stream: str, event: dict[str, Any], content: dict[str, Any]) -> None:
        """What an event says, its place in the chain being right."""

    @abstractmethod
    def fold(self, path: str, line: int, event: dict[str, Any], content: dict[str, Any]) -> None:
        """What an event makes true, wherever the chain is broken."""

    def stream(self, stream: str) -> None:
        note, path = self.findings.note, f"{self.service}/streams/{stream}.jsonl"
        head = next((head for head in self.part["heads"] if head["stream"] == stream), None)
        if (head is None) != (path not in self.listed) or (head and not (self.folder / path).is_file()):
            note("stream-missing", path)
        if head is None:
            return
        self.start = prefixed(self.municipality.encode(), stream.encode())
        self.incarnation, self.previous = 1, self.origin(stream, 1)
        number, broken = 0, False
        for number, line in self.lines(path):
            try:
                event = parsed(line.decode())
                content = parsed(event["body"])
                if event.keys() != LINE or not isinstance(content, dict):
                    raise ValueError("attributes")
                if not broken:
                    broken = not self.follows(path, number, event)
                if not broken:
                    self.hashes.write(self.previous)
                    self.reached = number
                    self.event(path, stream, event, content)
                self.fold(path, number, event, content)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                note("line-malformed", path, line=number, why=type(error).__name__)
                break
        end = self.previous.hex()
        if (self.incarnation, self.reached, end) != (head["incarnation"], head["position"], head["hash"]):
            stated = f"{head['position']} ({head['hash'][:12]}…)"
            note("head-differs", path, found=f"{self.reached} ({end[:12]}…)", stated=stated)
        if path in self.listed and number != self.listed[path]["records"]:
            note("count-differs", path, found=number, stated=self.listed[path]["records"])

    def follows(self, path: str, number: int, event: dict[str, Any]) -> bool:
        """Whether an event stands at the next position, and its hash follows from the one before."""
        if event["incarnation"] != self.incarnation:
            self.previous = self.begin(path, event, self.incarnation, self.previous)
            self.incarnation = event["incarnation"]
        self.previous = self.link(event, self.previous)
        if event["position"] != number:
            self.findings.note("position-broken", path, line=number, found=event["position"])
            return False
        if self.previous.hex() != event["hash"]:
            self.findings.note("chain-broken", path, position=number)
            return False
        return True

    def begin(self, path: str, event: dict[str, Any], before: int, previous: bytes) -> bytes:
        """The hash before the first event of another incarnation."""
        if event["incarnation"] < before or event["type"] != "operation.incarnation-begun.v1":
            self.findings.note("incarnation-broken", path, position=event["position"])
        return self.origin(path.rpartition("/")[2].removesuffix(".jsonl"), event["incarnation"], previous)

    def link(self, event: dict[str, Any], previous: bytes) -> bytes:
        said = [event["subject"].encode(), event["time"].encode(), event["cause"].encode()]
        subject, time, cause = [len(each).to_bytes(4, "big") + each for each in said]
        covered = b"".join([
            self.start, prefixed(b"%d" % event["incarnation"], b"%d" % event["position"]), repeated(event["type"]),
            subject, time, repeated(event["dataschema"]), cause,
        ])  # fmt: skip
        return sha256(prefixed(previous, covered, event["body"].encode())).digest()

    def kind(self, path: str, stream: str, event: dict[str, Any]) -> dict[str, Any]:
        """What the contract says of an event's type, which must belong to the stream."""
        kind: dict[str, Any] | None = CONTRACT["types"].get(event["type"])
        if kind is None:
            raise Unusable(f"{path} line {event['position']}: this verifier is older than the type {event['type']}")
        if kind["stream"] not in ("*", "receipts" if stream.endswith("-receipts") else stream):
            self.findings.note("type-misplaced", path, position=event["position"], type=event["type"])
        return kind

    def origin(self, stream: str, incarnation: int, continued: bytes = b"") -> bytes:
        names = (b"kumiai-stream-v1", self.municipality.encode(), stream.encode(), b"%d" % incarnation, continued)
        return sha256(prefixed(*names)).digest()

    def cause(self, path: str, position: int, cause: str) -> int:
        """The position of a cause among the service's own receipts, or 0. What lies elsewhere must be there."""
        stream, _, place = cause.partition(":")
        place = place.partition(":")[2]
        if not place.isdigit() or not 0 < int(place) <= self.heads.get(stream, int(place)):
            self.findings.note("cause-missing", path, position=position, cause=cause)
            return 0
        return int(place) if stream == self.service + "-receipts" else 0


class EventsSide(StreamSide):
    """A service's own events: their chain, what they name as their cause, the rows that they make true, and the
    commitments in these.
    """

    def check(self) -> None:
        self.made_true, self.sealed = self.scratch("rows"), self.scratch("parts")
        self.used: set[str] = set()
        self.shapes = {table: (picked([c[0] for c in t["columns"]]), picked(t["key"]),
                               [c[0] for c in t["columns"] if c[3]]) for table, t in CONTRACT["tables"].items()}  # fmt: skip
        self.stream(CONTRACT["streams"][self.service])
        for table in sorted(self.used):
            if (path := f"{self.service}/tables/{table}.csv") not in self.listed:
                self.findings.note("table-missing", path)
        self.made_true.close()
        self.sealed.close()

    def event(self, path: str, stream: str, event: dict[str, Any], content: dict[str, Any]) -> None:
        position, cause = event["position"], event["cause"]
        kind = self.kind(path, stream, event)
        self.causes.append(self.cause(path, position, cause) if cause else 0)
        if self.service == "membership":
            for field, table in kind["rows"]:
                if table == "subscription" and content.get(field) is not None:
                    self.subscribed += [row["service"] for row in many(content[field])]

    def fold(self, path: str, line: int, event: dict[str, Any], content: dict[str, Any]) -> None:
        for field, table in CONTRACT["types"].get(event["type"], {"rows": ()})["rows"]:
            if content.get(field) is not None:
                self.rows(path, line, table, content[field])

    def rows(self, path: str, position: int, table: str, value: Any) -> None:
        values, key, sealed = self.shapes[table]
        self.used.add(table)
        for row in many(value):
            try:
                written = canonical(values(row))
            except (KeyError, TypeError):
                self.findings.note("row-malformed", path, position=position, table=table)
                continue
            self.made_true.put(key_of(table, key(row)), sha256(written).digest(), position, TABLES[table])
            for name in sealed:
                if row[name] is not None:
                    self.sealed.put(commitment_of(row[name])[:16], sealed_as(name, position), position)


class FilesSide(Side):
    """The rows in the tables' files with the state hash that follows from them, and the sealed parts."""

    def check(self) -> None:
        rows, self.sealed, total = self.scratch("rows"), self.scratch("parts"), sha256()
        for path, table in tables_of(self.service, self.listed):
            # What is parked is no part of the state.
            self.csv(path, table, CONTRACT["tables"][table], sha256() if table == "parked_event" else total, rows)
        if total.hexdigest() != self.part["state_hash"]:
            self.findings.note("state-differs", self.service)
        self.parts(f"{self.service}/parts.jsonl")
        rows.close()
        self.sealed.close()

    def parts(self, path: str) -> None:
        for number, line in self.lines(path):
            try:
                part = parsed(line.decode())
                commitment = commitment_of(part["commitment"])
                erased = part["part"] is None and part["erased_at"] is not None
                whole = erased or sha256(bytes.fromhex(part["salt"]) + part["part"].encode()).digest() == commitment
                says = sealed_as(part["name"].rpartition("-")[2], part["position"])
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                self.findings.note("line-malformed", path, line=number, why=type(error).__name__)
                continue
            if not whole:
                self.findings.note("commitment-broken", path, line=number)
            self.sealed.put(commitment[:16], says, number)


class AgreedSide(Side):
    """What the files hold against what the events say, when both have been read."""

    def check(self) -> None:
        found = compared(self.scratch("rows", "events"), self.scratch("rows", "files"), last_of)
        for path, table in tables_of(self.service, self.listed):
            self.agree(path, table, CONTRACT["tables"][table], found)
        self.lacking(f"{self.service}/tables", found)
        path, note = f"{self.service}/parts.jsonl", self.findings.note
        found = compared(self.scratch("parts", "events"), self.scratch("parts", "files"), first_of)
        for _, line, says, said in sorted(found.wrong, key=itemgetter(1)):
            if said is None:
                note("part-unfounded", path, line=line)
            elif says[:16] != said[:16] or says[16:] > said[16:]:
                note("part-misplaced", path, line=line)
        for at in found.lacking[:MOST_OF_A_KIND]:
            note("part-missing", path, position=at)


class ReceiptsSide(StreamSide):
    """A service's receipts: the inbox, what they refused, and the checkpoints."""

    def check(self) -> None:
        self.refused: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.answered, taken = self.scratch("answered"), self.scratch("inbox")
        self.kept_notices(look=False)
        self.stream(f"{self.service}-receipts")
        inbox, shape = f"{self.service}/inbox.csv", {"columns": INBOX, "key": ["source", "id"]}
        self.csv(inbox, "inbox", shape, sha256(), taken)
        self.answered.close()
        taken.close()
        found = compared(self.answered, taken, first_of)
        self.agree(inbox, "inbox", shape, found)
        self.lacking(inbox, found)
        self.kept_notices(look=True)
        self.checkpoints()

    def event(self, path: str, stream: str, event: dict[str, Any], content: dict[str, Any]) -> None:
        position = event["position"]
        if self.kind(path, stream, event)["rows"]:
            self.findings.note("type-misplaced", path, position=position, type=event["type"])
        if event["type"] == "receipt.issued.v1":
            self.receipt(path, position, content)

    def fold(self, path: str, line: int, event: dict[str, Any], content: dict[str, Any]) -> None:
        """Receipts make no rows true."""

    def receipt(self, path: str, position: int, receipt: dict[str, Any]) -> None:
        place = (receipt["notice_source"], receipt["notice_id"])
        written = canonical([*place, receipt["notice_digest"], position])
        self.answered.put(key_of("inbox", place), sha256(written).digest(), position, TABLES["inbox"])
        if place in self.refused and receipt["outcome"] == "refused":
            self.refused[place].append((receipt["notice_type"], receipt["notice_digest"]))
        for caused in receipt["caused"]:
            if caused["stream"] != CONTRACT["streams"][self.service]:
                self.findings.note("receipt-unfulfilled", path, receipt=position, position=caused["position"])
            self.caused.write(CAUSED.pack(position, caused["position"], bytes.fromhex(caused["hash"])))

    def kept_notices(self, *, look: bool) -> None:
        path = f"{self.service}/kept-notices.jsonl"
        for number, line in self.lines(path):
            try:
                kept = json.loads(line)
                place, body = (kept["source"], kept["id"]), bytes.fromhex(kept["body"])
            except (ValueError, KeyError, TypeError) as error:
                if look:
                    self.findings.note("line-malformed", path, line=number, why=type(error).__name__)
                continue
            receipts = self.refused.setdefault(place, [])
            if look and place != ("", "") and not any(
                sha256(prefixed(type_.encode(), body)).hexdigest() == digest for type_, digest in receipts
            ):  # fmt: skip
                self.findings.note("kept-differs", path, line=number)

    def checkpoints(self) -> None:
        path, note = f"{self.service}/checkpoints.csv", self.findings.note
        if not (self.folder / path).is_file():
            return
        keys = [public_key(text) for text in self.part["checkpoint_signers"]]
        with (self.folder / path).open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file, strict=True), 2):
                try:
                    said = Said(row["stream"], int(row["incarnation"]), int(row["position"]), row["hash"], row["time"])
                    signed = is_signed(self.municipality, said, row["signature"], keys)
                except (ValueError, KeyError, TypeError) as error:
                    note("line-malformed", path, line=number, why=type(error).__name__)
                    continue
                if not signed:
                    note("checkpoint-invalid", path, line=number)
                self.stated.append((number, said.stream, said.position, said.hash))


def tables_of(service: str, paths: Iterable[str]) -> list[tuple[str, str]]:
    """The files that hold tables of a stream, in their order, and which."""
    named = [(path, path.removeprefix(f"{service}/tables/").removesuffix(".csv")) for path in sorted(paths)]
    return [each for each in named if each[1] in CONTRACT["tables"] and each[0] == f"{service}/tables/{each[1]}.csv"]


def picked(names: list[str]) -> Any:
    """What takes these values out of a row."""
    return itemgetter(*names) if len(names) > 1 else lambda row: tuple(row[name] for name in names)


def many(value: Any) -> Any:
    """The rows of a field that holds one, or several."""
    return (value,) if isinstance(value, dict) else value


def reader(type_: str, nullable: bool) -> Any:
    """What reads a cell of a column."""

    def number(text: str) -> int:
        if str(int(text)) != text:
            raise ValueError("number")
        return int(text)

    plain = {"bigint": number, "boolean": {"true": True, "false": False}.__getitem__, "jsonb": json.loads}.get(
        type_, str
    )
    if not nullable:
        return plain
    if type_ == "text":
        return lambda text: None if not text else text if text.strip('"') else text[2:]
    return lambda text: plain(text) if text else None


# Signatures and checkpoints.


class Said(NamedTuple):
    """What a checkpoint says."""

    stream: str
    incarnation: int
    position: int
    hash: str
    time: str


def public_key(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def verified(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def is_signed(municipality: str, said: Said, signature: str, keys: list[Ed25519PublicKey]) -> bool:
    message = prefixed(
        b"kumiai-checkpoint-v1", municipality.encode(), said.stream.encode(), b"%d" % said.incarnation,
        b"%d" % said.position, bytes.fromhex(said.hash), said.time.encode()
    )  # fmt: skip
    return any(verified(key, bytes.fromhex(signature), message) for key in keys)


def hash_at(hashes: Any, stream: str, position: int) -> str:
    found: bytes = hashes.get(stream, b"")[32 * position - 32 : 32 * position] if position > 0 else b""
    return found.hex()


# The whole bundle.


def load(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} can't be read: {type(error).__name__}") from None


class BundleCheck:
    """Checks a bundle: files, signatures, each part by itself, and the parts against each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.findings = Findings()
        self.manifest = load(folder / "manifest.json")
        try:
            assert self.manifest["format"] == "kumiai-bundle-v1"
            self.parts = {part["service"]: part for part in self.manifest["parts"]}
            self.municipality, self.identity = self.manifest["municipality"], self.manifest["identity"]
            assert self.parts and self.parts.keys() <= CONTRACT["streams"].keys()
            self.heads = {s: 0 for name in self.parts for s in (CONTRACT["streams"][name], f"{name}-receipts")}
            self.heads |= {head["stream"]: head["position"] for part in self.parts.values() for head in part["heads"]}
            self.files = {f["path"]: f for p in self.parts.values() for f in p["files"]}
            self.files |= {file["path"]: file for file in self.manifest["documents"]}
            assert all(PATH.fullmatch(path) or path == "README.md" for path in self.files)
        except (KeyError, TypeError, AssertionError):
            raise Unusable("manifest.json is not that of a bundle of this version") from None
        self.signatures = {said.get("service"): said for said in load(folder / "signatures.json")}
        self.results: dict[tuple[str, str], Result] = {}
        self.hashes: dict[str, bytes] = {}
        self.caused: dict[str, bytes] = {}

    def run(self, evidence: "EvidenceCheck | None" = None) -> None:
        """Check everything, over as many processes as there is work for."""
        with tempfile.TemporaryDirectory(prefix="kumiai-verify-") as scratch:
            if sum(file["bytes"] for file in self.files.values()) < SMALL_BYTES:
                self.work(evidence, map, scratch)
            else:
                with ProcessPoolExecutor() as pool:
                    self.work(evidence, pool.map, scratch)
            for name, part in self.parts.items():
                events, receipts = [scratch_of(scratch, part, side) for side in ("events", "receipts")]
                self.hashes[CONTRACT["streams"][name]] = events.with_suffix(HASHES).read_bytes()
                self.hashes[f"{name}-receipts"] = receipts.with_suffix(HASHES).read_bytes()
                self.caused[name] = receipts.with_suffix(RECEIPTS).read_bytes()
        for _, result in sorted(self.results.items()):
            self.findings += result.findings
        self.events = sum(len(hashes) // 32 for hashes in self.hashes.values())
        self.across()

    def work(self, evidence: "EvidenceCheck | None", each: Any, scratch: str) -> None:
        """What can be done side by side, the longest first; `each` is map or a pool's."""
        size = {name: sum(file["bytes"] for file in part["files"]) for name, part in self.parts.items()}
        services = sorted(self.parts, key=lambda name: -size[name])
        given = {name: (str(self.folder), self.parts[name], self.heads) for name in services}
        sides = [(name, side) for name in services for side in SIDES]
        there = {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if not path.is_dir()}
        listed = sorted(there & self.files.keys())
        checked = each(check_side, [(*given[name], side, scratch) for name, side in sides])
        sums = each(summed, [str(self.folder / path) for path in listed])
        kept = each(places_of, [(str(path), self.municipality) for path in evidence.files]) if evidence else ()
        self.results = dict(zip(sides, checked, strict=True))
        agreed = each(check_side, [(*given[name], "agreed", scratch) for name in services])
        self.sums(there, dict(zip(listed, sums, strict=True)))
        if evidence:
            evidence.kept = list(kept)
        self.results |= {(name, "agreed"): result for name, result in zip(services, agreed, strict=True)}
        self.statements()

    def sums(self, there: set[str], found: dict[str, tuple[str, int]]) -> None:
        for path in sorted(there - self.files.keys() - {"manifest.json", "signatures.json"}):
            self.findings.note("file-unlisted", path)
        for path, stated in sorted(self.files.items()):
            if path not in found:
                self.findings.note("file-missing", path)
            elif found[path] != (stated["sha256"], stated["bytes"]):
                self.findings.note("file-changed", path)

    def statements(self) -> None:
        for service, part in sorted(self.parts.items()):
            if part["municipality"] != self.municipality:
                self.findings.note("municipality-differs", service, found=part["municipality"])
            said = {name: part[name] for name in ("municipality", "service", "heads", "state_hash")}
            # Membership's log goes on while the municipality leaves, and how far it was read with it.
            said["readers"] = [r for r in part["readers"] if r["stream"] != CONTRACT["streams"]["membership"]]
            said["files"] = [{name: file[name] for name in ("path", "records", "sha256")}
                             for file in part["files"] if file["identity"] and file["records"]]  # fmt: skip
            if sha256(canonical(said)).hexdigest() != part["identity"]:
                self.findings.note("identity-differs", service)
            signed = self.signatures.get(service, {})
            message = prefixed(b"kumiai-bundle-part-v1", canonical(part))
            try:
                valid = verified(public_key(signed["public_key"]), bytes.fromhex(signed["signature"]), message)
            except (KeyError, ValueError, TypeError):
                valid = False
            if not valid:
                self.findings.note("signature-invalid", service)
            for name in SERVICE_FILES:
                if f"{service}/{name}" not in self.files:
                    self.findings.note("file-missing", f"{service}/{name}")
        named = sorted((p["municipality"], p["service"], p["identity"]) for p in self.parts.values())
        whole = prefixed(b"kumiai-bundle-v1", *[text.encode() for each in named for text in each])
        if sha256(whole).hexdigest() != self.identity:
            self.findings.note("identity-differs", "manifest.json")

    def across(self) -> None:
        """What the sides and the parts say of each other."""
        note = self.findings.note
        for service, part in sorted(self.parts.items()):
            self.receipts_and_events(service)
            for line, stream, position, hash_ in self.results[service, "receipts"].stated:
                if hash_at(self.hashes, stream, position) != hash_:
                    note("checkpoint-contradicts", f"{service}/checkpoints.csv", line=line, position=position)
            for reader_ in part["readers"]:
                stream, position = reader_["stream"], reader_["position"]
                if stream in self.hashes and position and hash_at(self.hashes, stream, position) != reader_["hash"]:
                    note("reader-contradicts", service, stream=stream, position=position)
        subscribed = self.results["membership", "events"].subscribed if "membership" in self.parts else []
        for service in sorted(set(subscribed) - self.parts.keys()):
            note("service-missing", service)

    def receipts_and_events(self, service: str) -> None:
        """Every receipt names what stands there, and every event's receipt is the first that names it."""
        own, note = CONTRACT["streams"][service], self.findings.note
        hashes, causes = self.hashes[own], self.results[service, "events"].causes
        named = array("q", bytes(8 * (len(hashes) // 32)))
        for receipt, position, hash_ in CAUSED.iter_unpack(self.caused[service]):
            if position < 1 or hashes[32 * position - 32 : 32 * position] != hash_:
                note("receipt-unfulfilled", f"{service}/streams/{own}.jsonl", receipt=receipt, position=position)
            elif not named[position - 1]:
                named[position - 1] = receipt
        for position, (first, receipt) in enumerate(zip(named, causes, strict=False), 1):
            if receipt and first != receipt:
                cause = f"{service}-receipts {receipt}"
                note("cause-unfounded", f"{service}/streams/{own}.jsonl", position=position, cause=cause)


SIDES: dict[str, type[Side]] = {"events": EventsSide, "files": FilesSide, "receipts": ReceiptsSide}


def check_side(given: tuple[str, dict[str, Any], dict[str, int], str, str]) -> Result:
    """One side of a service's part, or what two of them have left, in a process of its own."""
    folder, part, heads, side, scratch = given
    return SIDES.get(side, AgreedSide)(Path(folder), part, heads, scratch_of(scratch, part, side)).run()


def scratch_of(folder: str, part: dict[str, Any], side: str) -> Path:
    return Path(folder) / f"{part['service']}-{side}"


def summed(path: str) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    total, size = sha256(), 0
    with Path(path).open("rb") as file:
        while data := file.read(1024 * 1024):
            total.update(data)
            size += len(data)
    return total.hexdigest(), size


PLACE = struct.Struct("<qq32s")


def said_in(line: bytes) -> dict[str, Any]:
    """A line of evidence; a Kafka record as if it were a line of a log."""
    said: dict[str, Any] = json.loads(line)
    if "headers" not in said:
        return said
    headers = said["headers"]
    return {name.removeprefix("ce_"): headers[name] for name in headers if name.startswith("ce_")} | {
        "stream": headers["ce_source"].rpartition(":")[2], "body": said["value"]}  # fmt: skip


def places_of(given: tuple[str, str]) -> tuple[dict[str, bytes], "array[int]"]:
    """What a file of evidence says of hashes, by stream: (line, position, hash) by PLACE; and its other lines."""
    path, municipality = given
    places: dict[str, bytearray] = {}
    others = array("q")
    with Path(path).open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                said = said_in(line)
                if said.get("municipality", municipality) != municipality:
                    continue
                if "hash" in said and not said.keys() & {"receipt", "signature"}:
                    packed = PLACE.pack(number, int(said["position"]), bytes.fromhex(said["hash"]))
                    places.setdefault(said["stream"], bytearray()).extend(packed)
                else:
                    others.append(number)
            except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
                raise Unusable(f"{path} line {number} can't be read: {type(error).__name__}") from None
    return {stream: bytes(packed) for stream, packed in places.items()}, others


class EvidenceCheck:
    """Holds a bundle against what the municipality kept itself."""

    def __init__(self, bundle: BundleCheck, folders: list[Path], went_on: set[str]) -> None:
        self.bundle, self.folders, self.went_on = bundle, folders, went_on
        for folder in folders:
            if not folder.is_dir():
                raise Unusable(f"{folder} is no folder")
        self.files = [path for folder in folders for path in sorted(folder.rglob("*.jsonl"))]
        self.kept: list[tuple[dict[str, bytes], array[int]]] = []
        self.reached = dict.fromkeys(bundle.heads, 0)
        self.keys: dict[str, list[str]] = {}
        self.contents: dict[str, list[bytes]] = {}
        self.seen = 0

    def run(self) -> None:
        for path in [path for folder in self.folders for path in sorted(folder.rglob("keys.json"))]:
            for service, keys in load(path).items():
                self.keys.setdefault(service, []).extend(keys)
        for service, signed in sorted(self.bundle.signatures.items()):
            if service in self.keys and signed.get("public_key") not in self.keys[service]:
                self.bundle.findings.note("key-unknown", service)
        for path, (places, others) in zip(self.files, self.kept, strict=True):
            self.file(path, {*others, *self.differing(places)})

    def differing(self, places: dict[str, bytes]) -> Any:
        """The lines of which there is more to say than that the bundle agrees."""
        for stream, packed in places.items():
            hashes, head = self.bundle.hashes.get(stream, b""), self.bundle.heads.get(stream, 0)
            for line, position, hash_ in PLACE.iter_unpack(packed):
                if 0 < position <= head and hashes[32 * position - 32 : 32 * position] == hash_:
                    self.compare("", stream, position, same=True)
                else:
                    yield line

    def file(self, path: Path, wanted: set[int]) -> None:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1) if wanted else ():
                if number in wanted:
                    try:
                        self.line(f"{path.name} line {number}", said_in(line))
                    except (ValueError, KeyError, TypeError, AttributeError) as error:
                        raise Unusable(f"{path} line {number} can't be read: {type(error).__name__}") from None

    def line(self, source: str, said: dict[str, Any]) -> None:
        """A line of evidence: of a log, a checkpoint, or a receipt without its hash."""
        if "receipt" in said:
            stream = said["service"] + "-receipts"
            self.receipt(source, stream, int(said["position"]), said["receipt"], None)
        elif "signature" in said:
            checkpoint = Said(
                said["stream"], int(said["incarnation"]), int(said["position"]), said["hash"], said["time"]
            )
            self.checkpoint(source, checkpoint, said["signature"])
        elif "hash" in said:
            stream, position = said["stream"], int(said["position"])
            if stream.endswith("-receipts") and said["type"] == "receipt.issued.v1":
                self.receipt(source, stream, position, said["body"], said["hash"])
            else:
                self.hash(source, stream, position, said["hash"])

    def receipt(self, source: str, stream: str, position: int, said: Any, hash_: str | None) -> None:
        """A receipt that is the bundle's proves what it names, too; of another one, that is held against the bundle."""
        service = stream.removesuffix("-receipts")
        if service not in self.bundle.parts or self.beyond(source, stream, position):
            return
        if hash_ is not None:
            same = hash_at(self.bundle.hashes, stream, position) == hash_
        else:
            same = self.digests(stream, service)[position - 1 : position] == [short(canonical(said))]
        self.compare(source, stream, position, same)
        if not same:
            for caused in (json.loads(said) if isinstance(said, str) else said)["caused"]:
                self.hash(source, caused["stream"], caused["position"], caused["hash"])

    def digests(self, stream: str, service: str) -> list[bytes]:
        """The digest of each receipt's content, for evidence that holds no hash."""
        if stream not in self.contents:
            digests = self.contents[stream] = []
            with (self.bundle.folder / f"{service}/streams/{stream}.jsonl").open("rb") as lines:
                for line in lines:
                    try:
                        digests.append(short(canonical(json.loads(json.loads(line)["body"]))))
                    except (ValueError, KeyError, TypeError):
                        break  # the receipts' own side has said so
        return self.contents[stream]

    def checkpoint(self, source: str, said: Said, signature: str) -> None:
        owner = next((name for name, own in CONTRACT["streams"].items() if own == said.stream),
                     said.stream.removesuffix("-receipts"))  # fmt: skip
        if owner not in self.bundle.parts:
            return
        signed_with = self.keys.get(owner) or self.bundle.parts[owner]["checkpoint_signers"]
        if is_signed(self.bundle.municipality, said, signature, [public_key(text) for text in signed_with]):
            self.hash(source, said.stream, said.position, said.hash)
        else:
            self.bundle.findings.note("evidence-not-signed", said.stream, source=source)

    def hash(self, source: str, stream: str, position: int, hash_: str) -> None:
        owner = next((n for n, own in CONTRACT["streams"].items() if own == stream), stream.removesuffix("-receipts"))
        if owner in self.bundle.parts and not self.beyond(source, stream, position):
            known = hash_at(self.bundle.hashes, stream, position)
            self.compare(source, stream, position, known == hash_)

    def beyond(self, source: str, stream: str, position: int) -> bool:
        head = self.bundle.heads.get(stream, 0)
        if position > head:
            self.seen += 1
            if stream not in self.went_on:
                self.bundle.findings.note("evidence-beyond", stream, source=source, position=position, head=head)
        return position > head

    def compare(self, source: str, stream: str, position: int, same: bool) -> None:
        self.seen += 1
        if same:
            self.reached[stream] = max(self.reached.get(stream, 0), position)
        else:
            self.bundle.findings.note("evidence-contradicts", stream, source=source, position=position)

    def close(self) -> None:
        """What reaches a position proves everything up to it, and nothing beyond."""
        if not self.seen:
            raise Unusable("the evidence says nothing about this municipality's streams")
        for service in self.bundle.parts:
            own, receipts = CONTRACT["streams"][service], self.reached[f"{service}-receipts"]
            for receipt, position, _ in CAUSED.iter_unpack(self.bundle.caused[service]):
                if receipt <= receipts:
                    self.reached[own] = max(self.reached[own], position)
        for stream, head in sorted(self.bundle.heads.items()):
            if self.reached[stream] < head:
                self.bundle.findings.note("evidence-short", stream, reached=self.reached[stream], head=head)


def main(arguments: list[str] | None = None) -> int:
    """Verify, say what was found, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="the bundle's folder")
    parser.add_argument(
        "--evidence", type=Path, action="append", default=[], help="receipts and checkpoints of your own"
    )
    parser.add_argument("--identity", default="", help="the identity that the bundle must have")
    parser.add_argument("--went-on", action="append", default=[], metavar="STREAM",
                        help="a stream that rightly went on after the export, such as membership while you leave")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args(arguments)
    evidence = None
    try:
        bundle = BundleCheck(asked.bundle)
        if asked.evidence:
            evidence = EvidenceCheck(bundle, asked.evidence, set(asked.went_on))
        bundle.run(evidence)
        if asked.identity and asked.identity != bundle.identity:
            bundle.findings.note("not-the-identity", "manifest.json")
        if evidence:
            evidence.run()
            evidence.close()
    except (Unusable, OSError, UnicodeDecodeError) as error:
        if asked.json:
            print(json.dumps({"proven": False, "unusable": str(error)}))
        else:
            print(f"unusable / 検証不能: {error}", file=sys.stderr)
        return 2
    if asked.json:
        print(json.dumps({
            "proven": not bundle.findings, "municipality": bundle.municipality, "identity": bundle.identity,
            "events": bundle.events, "heads": bundle.heads, "evidence_reached": evidence.reached if evidence else None,
            "findings": [found._asdict() for found in bundle.findings],
        }, ensure_ascii=False))  # fmt: skip
        return int(bool(bundle.findings))
    for found in bundle.findings:
        print(f"{found.where}: {found.en} / {found.ja} [{found.code}]")
    print(f"{bundle.municipality}: {bundle.events} events, identity {bundle.identity}")
    if bundle.findings:
        print(f"FALLS SHORT in {len(bundle.findings)} places / 証明できません({len(bundle.findings)}件)")
        return 1
    print("PROVEN against your own evidence / 証拠と照合して証明されました" if evidence else
          "PROVEN to be whole in itself; use --evidence to hold it against your own receipts and checkpoints / "
          "内容の整合性が証明されました(手元の証拠とは未照合)")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
