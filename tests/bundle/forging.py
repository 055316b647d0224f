"""A forger who holds every service's key: what is changed is chained, folded, counted and signed anew."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.bundle import cells, described, layout
from kumiai_common.bundle.layout import End, File, Part, part_of
from kumiai_common.bundle.part import CHECKPOINTS, INBOX
from kumiai_common.checkpoints import Checkpoint
from kumiai_common.http.tokens import load_private_key, public_key_text
from kumiai_common.peers import event_of_line
from kumiai_common.tables import StateHash
from kumiai_contracts.chain import digest, origin
from kumiai_contracts.model import canonical_json
from kumiai_contracts.operations import ParkedRow
from kumiai_contracts.registry import tables_of, tables_of_stream
from kumiai_contracts.topics import STREAM_OF, receipts_stream

Line = dict[str, Any]
Place = tuple[str, int]
"""(stream, position)"""


class Bundle:
    """A copy of a bundle that can be changed."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder = folder
        self.key_folder = keys
        self.keys: dict[str, Ed25519PrivateKey] = {}
        """Keys to sign with instead of the services' own."""
        self.parts = {part["service"]: part_of(part) for part in self.manifest()["parts"]}

    def manifest(self) -> dict[str, Any]:
        """The manifest as it stands."""
        found: dict[str, Any] = json.loads((self.folder / layout.MANIFEST).read_text())
        return found

    # Reading and writing single files.

    def lines(self, path: str) -> list[Line]:
        """The objects of a file of JSON lines."""
        return [json.loads(line) for line in (self.folder / path).read_text().split("\n") if line]

    def save(self, path: str, lines: list[Line]) -> None:
        """Write them back, the way the services write them."""
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        (self.folder / path).write_text(text)

    def rows(self, path: str) -> list[list[str]]:
        """The cells of a CSV file, its header included."""
        with (self.folder / path).open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    def save_rows(self, path: str, rows: list[list[str]]) -> None:
        """Write them back."""
        (self.folder / path).write_bytes(cells.lines(rows))

    def edit(self, path: str, change: Callable[[list[Any]], object]) -> None:
        """Change the lines or rows of a file."""
        if path.endswith(".csv"):
            rows = self.rows(path)
            change(rows)
            self.save_rows(path, rows)
        else:
            lines = self.lines(path)
            change(lines)
            self.save(path, lines)

    # Forging: from the streams, as they now are, to a bundle in which everything fits together again.

    def forge(self) -> None:
        """Chain, fold, note and sign everything anew."""
        self.rechain()
        for service in self.parts:
            self.refold(service)
        self.resign()

    def save_manifest(self) -> None:
        """Write the statements as they are now, unsigned."""
        parts = [self.parts[service].statement() for service in sorted(self.parts)]
        manifest = canonical_json({**self.manifest(), "parts": parts})
        (self.folder / layout.MANIFEST).write_bytes(manifest + b"\n")

    def rechain(self) -> None:
        """Give every stream new positions and hashes, and have causes and receipts name them."""
        places: dict[Place, int] = {}
        logs: dict[str, list[Line]] = {}
        for service, stream in self._streams():
            logs[stream] = self.lines(layout.stream_path(service, stream))
            for number, line in enumerate(logs[stream], 1):
                places[stream, line["position"]] = number
        hashes: dict[Place, str] = {}
        for service, stream in self._streams():
            incarnation, previous = 1, origin(self._municipality, stream, 1)
            for number, line in enumerate(logs[stream], 1):
                line["position"] = number
                line["cause"] = _moved_cause(line["cause"], places)
                if line["type"] == "receipt.issued.v1":
                    line["body"] = _moved_receipt(line["body"], places, hashes)
                event = event_of_line(self._municipality, stream, json.dumps(line).encode())
                previous = event.expected_hash(incarnation, previous)
                incarnation = event.incarnation
                line["hash"] = hashes[stream, number] = previous.hex()
            self.save(layout.stream_path(service, stream), logs[stream])
        self._hashes, self._places = hashes, places

    def refold(self, service: str) -> None:
        """Make a part's tables, inbox, checkpoints and heads anew from its streams."""
        part = self.parts[service]
        own = [stream for of, stream in self._streams() if of == service]
        logs = {stream: self.lines(layout.stream_path(service, stream)) for stream in own}
        total = StateHash()
        for kind in tables_of_stream(STREAM_OF[service]):
            rows: dict[Any, list[Any]] = {}
            columns = described.columns(kind)
            for line in (line for lines in logs.values() for line in lines):
                content = json.loads(line["body"])
                for field, row_kind in tables_of(line["type"]):
                    if row_kind is kind and content.get(field) is not None:
                        for row in [content[field]] if isinstance(content[field], dict) else content[field]:
                            key = tuple(str(row[column]).encode() for column in kind.key)
                            rows[key] = [row[column.name] for column in columns]
            ordered = [rows[key] for key in sorted(rows)]
            if kind is not ParkedRow:
                total.table(kind.table)
                for values in ordered:
                    total.row(values)
            table = [[column.name for column in columns]]
            table += [[cells.cell(v, c) for v, c in zip(values, columns, strict=True)] for values in ordered]
            self.save_rows(layout.table_path(service, kind.table), table)
        receipts = logs.get(receipts_stream(service), [])
        self._inbox(service, receipts)
        said = "".join(line["body"] for line in logs.get(STREAM_OF[service], []))
        parts = f"{service}/parts.jsonl"
        self.save(
            parts,
            [
                {**sealed, "position": self._places.get((sealed["stream"], sealed["position"]), sealed["position"])}
                for sealed in self.lines(parts)
                if sealed["commitment"] in said
            ],
        )
        answered = {json.loads(line["body"])["notice_digest"] for line in receipts if "notice_digest" in line["body"]}
        types = {json.loads(line["body"]).get("notice_type") for line in receipts}
        kept = f"{service}/kept-notices.jsonl"
        refused = [n for n in self.lines(kept) if answered & {digest(t, bytes.fromhex(n["body"])).hex() for t in types}]
        self.save(kept, refused)
        heads = tuple(
            End(stream, lines[-1]["incarnation"], len(lines), lines[-1]["hash"])
            for stream, lines in logs.items()
            if lines
        )
        self._checkpoints(service, heads)
        readers = tuple(
            End(r.stream, r.incarnation, self._last(r), self._hashes[r.stream, self._last(r)]) for r in part.readers
        )
        self.parts[service] = Part(
            part.municipality, service, part.contract_version, heads, readers, total.digest().hex(),
            (public_key_text(self.key(service).public_key()),), part.files,
        )  # fmt: skip

    def resign(self) -> None:
        """Count and sum every file, and sign."""
        signatures = []
        for service, part in self.parts.items():
            files = []
            for file in part.files:
                target = self.folder / file.path
                if target.is_file():
                    content = target.read_bytes()
                    records = _records(file.path, content) if file.records or _is_table(file.path) else 0
                    total = sha256(content).hexdigest()
                    files.append(File(file.path, len(content), total, records, file.identity))
            self.parts[service] = replace(part, files=tuple(files))
            signatures.append(self._signed(service))
        manifest = self.manifest()
        parts = [self.parts[service] for service in sorted(self.parts)]
        manifest |= {"identity": layout.identity(parts), "parts": [part.statement() for part in parts]}
        (self.folder / layout.MANIFEST).write_bytes(canonical_json(manifest) + b"\n")
        (self.folder / layout.SIGNATURES).write_text(json.dumps(signatures))

    def _signed(self, service: str) -> dict[str, str]:
        key, part = self.key(service), self.parts[service]
        return {"service": service, "public_key": public_key_text(key.public_key()), "signature": part.signature(key)}

    def key(self, service: str) -> Ed25519PrivateKey:
        """The service's own key."""
        return self.keys.get(service) or load_private_key(self.key_folder / f"{service}.pem")

    @property
    def _municipality(self) -> str:
        return next(iter(self.parts.values())).municipality

    def _streams(self) -> list[tuple[str, str]]:
        """Every stream that is there, receipts after what they name."""
        found = [(service, STREAM_OF[service]) for service in self.parts]
        found += [(service, receipts_stream(service)) for service in self.parts]
        return [each for each in found if (self.folder / layout.stream_path(*each)).is_file()]

    def _last(self, reader: End) -> int:
        """Where a reader stands after some positions are gone."""
        there = [
            new for (stream, old), new in self._places.items() if stream == reader.stream and old <= reader.position
        ]
        return max(there)

    def _inbox(self, service: str, receipts: list[Line]) -> None:
        found: dict[tuple[str, str], list[str]] = {}
        for line in receipts:
            body = json.loads(line["body"])
            place = (body["notice_source"], body["notice_id"])
            found.setdefault(place, [*place, body["notice_digest"], str(line["position"])])
        ordered = sorted(found.values(), key=lambda row: (row[0].encode(), row[1].encode()))
        self.save_rows(f"{service}/inbox.csv", [[column.name for column in INBOX], *ordered])

    def _checkpoints(self, service: str, heads: tuple[End, ...]) -> None:
        rows = [[column.name for column in CHECKPOINTS]]
        for head in heads:
            said = Checkpoint(
                self._municipality, head.stream, head.incarnation, head.position, bytes.fromhex(head.hash),
                "2026-01-01T00:00:00.000000Z",
            )  # fmt: skip
            signature = self.key(service).sign(said.statement()).hex()
            rows.append([head.stream, str(head.incarnation), str(head.position), head.hash, said.time, signature])
        self.save_rows(f"{service}/checkpoints.csv", rows)


def _moved_cause(cause: str, places: dict[Place, int]) -> str:
    if not cause:
        return ""
    stream, incarnation, position = cause.split(":")
    return f"{stream}:{incarnation}:{places.get((stream, int(position)), position)}"


def _moved_receipt(body: str, places: dict[Place, int], hashes: dict[Place, str]) -> str:
    receipt = json.loads(body)
    moved = []
    for caused in receipt["caused"]:
        position = places.get((caused["stream"], caused["position"]))
        if position is not None:
            moved.append({**caused, "position": position, "hash": hashes[caused["stream"], position]})
    receipt["caused"] = moved
    return json.dumps(receipt, ensure_ascii=False, separators=(",", ":"))


def _is_table(path: str) -> bool:
    return path.endswith((".csv", ".jsonl")) and "/parameters/" not in path


def _records(path: str, content: bytes) -> int:
    if path.endswith(".csv"):
        return len(list(csv.reader(io.StringIO(content.decode(), newline="")))) - 1
    return content.count(b"\n")
