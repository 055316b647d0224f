"""The bundle (持出しデータ): everything of a member as files, verified without the federation."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import typer
from kumiai_common.bundle.envelope import NotForThisKey, decrypt, encrypt
from kumiai_common.bundle.folder import BundleFolder, NotEmpty
from kumiai_common.bundle.frames import CutShort, Unframed
from kumiai_common.bundle.layout import MANIFEST
from kumiai_common.bundle.verifier import verifier
from kumiai_contracts.topics import SERVICES, receipts_stream
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from kumiai_cli.federation import Credentials, Federation, find_federation, read_acting, read_credentials
from kumiai_cli.members import Code, Json, parse_code, progress
from kumiai_cli.outcome import USAGE, Failure, err, reporting, say, show_json

app = typer.Typer(help="The bundle (持出しデータ): everything of a member, to take along.", no_args_is_help=True)
EXPORT_SECONDS = 3600.0
READ_BYTES = 1024 * 1024
PAGE = 1000
RECEIPTS = 4000
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The bundle's folder.")]
Party = Annotated[
    str, typer.Option("--as", metavar="PARTY", help="Who acts; its key is .local/credentials/CODE-PARTY.pem.")
]


@app.command()
def export(
    code: Code,
    folder: Folder,
    party: Party = "",
    services: Annotated[str, typer.Option(metavar="A,B", help="Only these services' parts; all if empty.")] = "",
    as_json: Json = False,
) -> None:
    """Export everything of a member into a folder. The one who acts needs the purpose `export`.

    Repeat it after an interruption: as long as nothing was recorded since, the identity is the same.

      kumiai party add 131016 hanako --role clerk --purpose export

      kumiai bundle export 131016 ./131016 --as hanako
    """
    with reporting(as_json):
        federation, owner = find_federation(), read_acting(parse_code(code), party)
        # Readers before what they read: whatever a part names as a cause is then in the bundle, too.
        chosen = [name for name in reversed(SERVICES) if not services or name in services.split(",")]
        if not chosen or (services and set(services.split(",")) - set(SERVICES)):
            raise Failure(f"Choose services from {', '.join(SERVICES)}.", USAGE)
        target = BundleFolder(folder)
        try:
            target.begin()
        except (NotEmpty, OSError) as error:
            raise Failure(f"{error}; name a folder that is new or empty.", USAGE) from None
        heads: dict[str, int] = {}
        with _bytes_progress(as_json) as shown:
            for service in chosen:
                heads |= _take(federation, service, owner, target, shown)
        identity = target.finish()
        if as_json:
            show_json({"municipality": code, "folder": str(folder), "identity": identity, "heads": heads})
        else:
            say(f"{sum(heads.values()):,} events of {code} are in {folder}.")
            say(f"Identity: {identity}")
            say(f"Verify it: kumiai bundle verify {folder} --evidence DIR")


@app.command()
def verify(
    folder: Folder,
    evidence: Annotated[list[Path] | None, typer.Option(help="Receipts and checkpoints that you kept.")] = None,
    identity: Annotated[str, typer.Option(help="The identity that it must have.")] = "",
    went_on: Annotated[list[str] | None, typer.Option(metavar="STREAM", help="A stream that rightly went on.")] = None,
    as_json: Json = False,
) -> None:
    """Verify a bundle with the one-file verifier, in a process of its own. Needs no federation.

    Exit codes: 0 proven; 1 falls short, and it says where; 2 unusable.

      kumiai bundle verify ./131016 --evidence ./evidence
    """
    arguments = [str(folder), *(["--json"] if as_json else []), *(["--identity", identity] if identity else [])]
    for each in evidence or ():
        arguments += ["--evidence", str(each)]
    for stream in went_on or ():
        arguments += ["--went-on", stream]
    raise typer.Exit(run_verifier(*arguments).returncode)


def run_verifier(*arguments: str, quiet: bool = False) -> "subprocess.CompletedProcess[str]":
    """The verifier in a process of its own; `quiet` takes what it says instead of showing it."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "verify.py"
        file.write_bytes(verifier())
        command = [sys.executable, "-I", str(file), *arguments]
        return subprocess.run(command, check=False, text=True, capture_output=quiet)  # noqa: S603


@app.command("encrypt")
def encrypt_(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it, such as 131016.tar.age.")],
    to: Annotated[list[str], typer.Option("--to", metavar="age1…", help="Whose age key opens it; may be repeated.")],
    as_json: Json = False,
) -> None:
    """Put a bundle into one file that only the municipality's own key opens (age-encryption.org, a tar inside).

    kumiai bundle encrypt ./131016 131016.tar.age --to age1…
    age -d -i key.txt 131016.tar.age | tar x          # any age and tar open it
    """
    with reporting(as_json):
        if not (folder / MANIFEST).is_file():
            raise Failure(f"{folder} is no bundle.", USAGE)
        try:
            encrypt(folder, file, to)
        except (ValueError, OSError) as error:
            raise Failure(f"{error}", USAGE) from None
        if as_json:
            show_json({"file": str(file), "bytes": file.stat().st_size})
        else:
            say(f"Written: {file}")


@app.command("decrypt")
def decrypt_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An encrypted bundle.")],
    folder: Folder,
    key: Annotated[Path, typer.Option(metavar="FILE", help="The file with the secret key, as age-keygen writes it.")],
    as_json: Json = False,
) -> None:
    """Unpack an encrypted bundle into a new folder.

    kumiai bundle decrypt 131016.tar.age ./131016 --key key.txt
    """
    with reporting(as_json):
        try:
            keys = [line.strip() for line in key.read_text().splitlines() if line.strip() and not line.startswith("#")]
            decrypt(file, folder, keys)
        except FileExistsError:
            raise Failure(f"{folder} is there already; name a new folder.", USAGE) from None
        except NotForThisKey as error:
            raise Failure(f"{file} can't be opened with this key, or it was changed: {error}") from None
        except (ValueError, OSError) as error:
            raise Failure(f"{error}", USAGE) from None
        if as_json:
            show_json({"folder": str(folder)})
        else:
            say(f"Unpacked: {folder}")


@app.command("verifier")
def write_verifier(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it, such as verify.py.")],
) -> None:
    """Write the verifier: one file that needs Python, `cryptography`, and nothing of this program.

    Get it when you join, and keep it: then you need not trust the copy in a bundle.

      kumiai bundle verifier verify.py
    """
    with reporting(False):
        file.write_bytes(verifier())
    say(f"Written: {file}")


@app.command()
def evidence(code: Code, folder: Folder, as_json: Json = False) -> None:
    """Fetch the receipts and checkpoints that are new, and keep them. Run it every day, from the day you join.

    Only what you keep yourself shows later that nobody rewrote the logs. What is there already is never changed.

      kumiai bundle evidence 131016 ./evidence
    """
    with reporting(as_json):
        federation, owner = find_federation(), read_credentials(parse_code(code))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        added = {}
        with progress(as_json) as shown:
            for service in SERVICES:
                shown.add_task(service)
                with federation.system(service, owner) as client:
                    heads = client.get(f"/v1/{code}/heads").raise_for_status().json()["heads"]
                    for stream in (head["stream"] for head in heads):
                        added[f"{stream} checkpoints"] = _checkpoints(client, code, stream, folder)
                        if stream == receipts_stream(service):
                            added[stream] = _receipts(client, code, stream, folder)
        if as_json:
            show_json({"municipality": code, "added": added})
        else:
            say(f"{sum(added.values()):,} new lines in {folder}.")


def _take(
    federation: Federation, service: str, owner: Credentials, target: BundleFolder, shown: Progress
) -> dict[str, int]:
    task = shown.add_task(service, total=None)
    incoming = Unframed(target)
    with (
        federation.system(service, owner) as client,
        client.stream(
            "GET", f"/v1/{owner.municipality}/bundle", params={"purpose": "export"}, timeout=EXPORT_SECONDS
        ) as answer,
    ):
        answer.raise_for_status()
        try:
            for data in answer.iter_bytes(READ_BYTES):
                incoming.take(data)
                shown.advance(task, len(data))
            part = target.close_part(incoming.ended())
        except (CutShort, httpx.RemoteProtocolError):
            raise Failure(f"The part of {service} was cut off. Export again.") from None
    shown.update(task, total=shown.tasks[task].completed)
    return {head.stream: head.position for head in part.heads}


def _checkpoints(client: httpx.Client, code: str, stream: str, folder: Path) -> int:
    path = folder / f"{stream}.checkpoints.jsonl"
    added, after = 0, _last_position(path)
    with path.open("a", encoding="utf-8") as file:
        while True:
            query = {"after": after, "limit": PAGE}
            found = client.get(f"/v1/{code}/streams/{stream}/checkpoints", params=query).raise_for_status().json()
            for checkpoint in found["checkpoints"]:
                file.write(json.dumps({"municipality": code, "stream": stream, **checkpoint}) + "\n")
                after = max(after, checkpoint["position"])
            added += len(found["checkpoints"])
            if len(found["checkpoints"]) < PAGE:
                return added


def _receipts(client: httpx.Client, code: str, stream: str, folder: Path) -> int:
    path = folder / f"{stream}.jsonl"
    added, after = 0, _last_position(path)
    with path.open("ab") as file:
        while True:
            query = {"after": after, "limit": RECEIPTS}
            text = client.get(f"/v1/{code}/streams/{stream}", params=query).raise_for_status().content
            lines: list[dict[str, Any]] = [orjson.loads(line) for line in text.splitlines()]
            for line in lines:
                said = {"municipality": code, "stream": stream, **line}
                file.write(orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE))
            if not lines:
                return added
            added, after = added + len(lines), lines[-1]["position"]


def _last_position(path: Path) -> int:
    """The last position in a file of evidence. A line that a crash cut off is taken away first."""
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        tail, start = b"", size
        while start and tail.count(b"\n") < 2:
            start = max(0, start - READ_BYTES)
            file.seek(start)
            tail = file.read(size - start)
        whole = tail[: tail.rfind(b"\n") + 1]
        file.truncate(start + len(whole))
    last = whole.rstrip(b"\n").rpartition(b"\n")[2]
    return int(orjson.loads(last)["position"]) if last else 0


def _bytes_progress(as_json: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn(), console=err,
        disable=as_json,
    )  # fmt: skip
