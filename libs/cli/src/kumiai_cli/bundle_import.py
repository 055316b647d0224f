"""Importing a bundle into a federation that lacks the municipality."""

import csv
import json
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from kumiai_common.bundle import layout
from kumiai_common.bundle.layout import End, Part, part_of
from kumiai_contracts.topics import SERVICE_OF, SERVICES, STREAM_OF
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from kumiai_cli.bundle import Folder, run_verifier
from kumiai_cli.federation import Federation, find_federation
from kumiai_cli.members import Json, wait_until_applied
from kumiai_cli.outcome import REFUSED, USAGE, Failure, err, reporting, say, show_json

MEMBERSHIP = "membership"
PIECE_BYTES = 4 * 1024 * 1024
PIECE_LINES = 4000
PIECE_LINES_BESIDE = 1000
SECONDS = 300.0


def import_(folder: Folder, as_json: Json = False) -> None:
    """Import a bundle into this federation, which must not have the municipality as a member.

    The bundle is verified first, and must hold membership's part. Nothing is decided again: logs are taken in as
    they are, and readers are put where they had been. Repeat it after an interruption; it goes on where it was.
    Afterwards give the municipality's systems new credentials (kumiai credentials CODE): a bundle holds none.
    CSV files of systems used before are something else and decided row by row: kumiai import.

      kumiai bundle import ./131016
    """
    with reporting(as_json):
        parts = _verified(folder)
        begun = time.monotonic()
        federation, code = find_federation(), next(iter(parts.values())).municipality
        with _progress(as_json) as shown:
            bringing = _Bringing(federation, folder, parts, shown)
            if not bringing.everything():
                _is_this_bundle(federation, parts)
            task = shown.add_task("the services take over", total=None)
            wait_until_applied(federation, code, [name for name in parts if name != MEMBERSHIP], shown, task)
        seconds = round(time.monotonic() - begun, 3)
        compared = [_compared(federation, part) for part in parts.values()]
        if as_json:
            show_json({"municipality": code, "services": compared, "seconds": seconds})
        else:
            for each in compared:
                say(f"{each['service']}: {each['events']:,} events, state hash {each['state_hash'][:16]}… the same.")
            say(f"{code} lives here now. New credentials for its systems: kumiai credentials {code}")


class _Bringing:
    """Sends a bundle's parts, membership's last."""

    def __init__(self, federation: Federation, folder: Path, parts: dict[str, Part], shown: Progress) -> None:
        self._federation = federation
        self._folder = folder
        self._parts = parts
        self._shown = shown
        self._code = next(iter(parts.values())).municipality

    def everything(self) -> bool:
        """Send all of it; False where the municipality is a member already, so that nothing may be sent."""
        topics = f"/v1/members/{self._code}/topics"
        with self._federation.operator(MEMBERSHIP) as client:
            known = client.post(topics).raise_for_status().json()["recorded"]
        if not known:
            # Nobody follows what is brought in until membership's part is there, so the others need no order.
            others = [service for service in SERVICES if service in self._parts and service != MEMBERSHIP]
            with ThreadPoolExecutor(len(SERVICES)) as pool:
                list(pool.map(self._part, others))
            self._part(MEMBERSHIP)
        with self._federation.operator(MEMBERSHIP) as client:
            client.post(topics).raise_for_status()
        return not known

    def _part(self, service: str) -> None:
        with self._federation.operator(service) as client:
            self._bring(client, self._parts[service])

    def _bring(self, client: httpx.Client, part: Part) -> None:
        readers = [reader for reader in part.readers if reader.stream != STREAM_OF[MEMBERSHIP]]
        total = sum(end.position for end in (*readers, *part.heads))
        task = self._shown.add_task(part.service, total=total)
        for reader in readers:
            owner = SERVICE_OF[reader.stream]
            if owner not in self._parts:
                raise Failure(f"{part.service} had read {reader.stream}, which the bundle lacks.", USAGE)
            self._log(client, layout.stream_path(owner, reader.stream), reader, task)
        logs = [(layout.stream_path(part.service, head.stream), head) for head in reversed(part.heads)]
        if part.service == MEMBERSHIP:
            # Its own log comes last: with it the municipality is a member, and then nothing more is taken in.
            self._beside(client, part)
            for path, head in logs:
                self._log(client, path, head, task)
            return
        # Side by side: while PostgreSQL writes a piece of one, the service reads a piece of another.
        with ThreadPoolExecutor(1 + len(logs)) as pool:
            sent = [pool.submit(self._beside, client, part)]
            sent += [pool.submit(self._log, client, path, head, task) for path, head in logs]
            for each in sent:
                each.result()

    def _log(self, client: httpx.Client, path: str, end: End, task: TaskID) -> None:
        address = f"/v1/{self._code}/import/streams/{end.stream}"
        # An empty piece is a question: how far have you come?
        at = int(self._send(client, address, b"")["position"])
        self._shown.advance(task, min(at, end.position))
        with (self._folder / path).open("rb") as file:
            lines = (line for number, line in enumerate(file, 1) if at < number <= end.position)
            whole = end.stream == STREAM_OF[MEMBERSHIP]
            for piece, count in _pieces(
                lines, 2 * PIECE_BYTES if whole else PIECE_BYTES, 10**9 if whole else PIECE_LINES
            ):
                self._send(client, address, piece)
                self._shown.advance(task, count)

    def _beside(self, client: httpx.Client, part: Part) -> None:
        for name in ("parts", "kept-notices"):
            with (self._folder / part.service / f"{name}.jsonl").open("rb") as file:
                for piece, _ in _pieces(file, PIECE_BYTES, PIECE_LINES_BESIDE):
                    self._send(client, f"/v1/{self._code}/import/{name}", piece)
        said = (
            {**row, "incarnation": int(row["incarnation"]), "position": int(row["position"])}
            for row in _rows(self._folder / part.service / "checkpoints.csv")
        )
        signers = ({"public_key": key} for key in part.checkpoint_signers)
        for name, rows in (("checkpoints", said), ("signers", signers)):
            for piece, _ in _pieces(map(_line, rows), PIECE_BYTES, PIECE_LINES_BESIDE):
                self._send(client, f"/v1/{self._code}/import/{name}", piece)
        for file_ in part.files:
            folder, _, name = file_.path.rpartition("/")
            if folder == f"{part.service}/records" and file_.records:
                self._records(client, file_.path, name.removesuffix(".csv"))

    def _records(self, client: httpx.Client, path: str, table: str) -> None:
        first = 0
        for piece, count in _pieces(map(_line, _rows(self._folder / path)), PIECE_BYTES, PIECE_LINES_BESIDE):
            self._send(client, f"/v1/{self._code}/import/records/{table}?first={first}", piece)
            first += count

    def _send(self, client: httpx.Client, address: str, piece: bytes) -> dict[str, Any]:
        answer = client.post(address, content=piece, timeout=SECONDS).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _verified(folder: Path) -> dict[str, Part]:
    checked = run_verifier(str(folder), "--json", quiet=True)
    said = json.loads(checked.stdout or "{}")
    if checked.returncode != 0:
        why = said.get("unusable") or f"{len(said.get('findings', ()))} findings; see kumiai bundle verify {folder}"
        raise Failure(f"The bundle is not proven: {why}", USAGE if "unusable" in said else REFUSED, **said)
    statements = json.loads((folder / layout.MANIFEST).read_text("utf-8"))["parts"]
    parts = {statement["service"]: part_of(statement) for statement in statements}
    if MEMBERSHIP not in parts:
        raise Failure(
            "The bundle lacks membership's part, which makes the municipality a member; only a bundle with it can be"
            " imported. Export it again without --services, or with membership among them. Nothing was imported.",
            USAGE,
            code="membership-missing",
            services=sorted(parts),
        )
    return parts


def _is_this_bundle(federation: Federation, parts: dict[str, Part]) -> None:
    """Whoever repeats an import that came to its end finds the bundle's heads. Raises Failure for another member."""
    code = parts[MEMBERSHIP].municipality
    for service, part in parts.items():
        with federation.operator(service) as client:
            heads = client.get(f"/v1/{code}/heads").raise_for_status().json()["heads"]
        here = {
            head["stream"]: End(head["stream"], head["incarnation"], head["position"], head["hash"]) for head in heads
        }
        for head in part.heads:
            if (there := here.get(head.stream)) != head:
                at = "has nothing" if there is None else f"is at position {there.position:,}"
                raise Failure(
                    f"{code} is a member here already, and its records are not this bundle's: {head.stream} {at}, and"
                    f" ends at {head.position:,} in the bundle. Nothing was imported. A bundle goes into a federation"
                    f" in which the municipality is no member and has never been one.",
                    code="already-member",
                    stream=head.stream,
                    position=None if there is None else there.position,
                    bundle_position=head.position,
                )


def _compared(federation: Federation, part: Part) -> dict[str, Any]:
    """What the service says after the import. Raises Failure if it is not what the bundle says."""
    code, stream = part.municipality, STREAM_OF[part.service]
    with federation.operator(part.service) as client:
        heads = client.get(f"/v1/{code}/heads").raise_for_status().json()["heads"]
        if not set(part.heads) <= _ends(heads):
            raise Failure(f"{part.service} does not end where the bundle does.")
        state = client.get(f"/v1/{code}/tables/{stream}/hash")
        found = state.raise_for_status().json()["state_hash"] if part.heads else part.state_hash
    if found != part.state_hash:
        raise Failure(f"The tables of {part.service} have another state hash than the bundle's.")
    return {"service": part.service, "events": sum(head.position for head in part.heads), "state_hash": found}


def _ends(heads: Iterable[dict[str, Any]]) -> set[End]:
    return {End(head["stream"], head["incarnation"], head["position"], head["hash"]) for head in heads}


def _pieces(lines: Iterable[bytes], most_bytes: int, most_lines: int) -> Iterator[tuple[bytes, int]]:
    """Lines put together, with how many they are."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if piece and (size + len(line) > most_bytes or len(piece) == most_lines):
            yield b"".join(piece), len(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield b"".join(piece), len(piece)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _progress(as_json: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, disable=as_json)
