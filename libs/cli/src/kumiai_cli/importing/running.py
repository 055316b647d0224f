"""One import from its beginning, or from where it was, to its end.

Invariant: rows in the file = accepted + refused, or the import has not ended.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import typer
from kumiai_common.clock import day_in_japan, now
from kumiai_contracts.envelope import Cause
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from kumiai_cli.federation import find_federation, local_folder, read_credentials
from kumiai_cli.importing.plan import Kind, Options, Unprepared
from kumiai_cli.importing.reading import ENCODINGS, Source, examine
from kumiai_cli.importing.report import write_numbers, write_refusals
from kumiai_cli.importing.sending import Numbered, Sender, batched
from kumiai_cli.importing.taking import take
from kumiai_cli.importing.workbook import Workbook
from kumiai_cli.outcome import REFUSED, UNREACHABLE, USAGE, Failure, err, failure_of, say, show_json

GAIJI_LISTED = 20
"""The most private-use characters that are named on a terminal."""


@dataclass(frozen=True)
class Asked:
    """What a command was asked to do."""

    kind: Kind
    municipality: str
    path: Path
    options: Options
    dry_run: bool
    offline: bool
    report: Path
    encoding: str
    anew: bool
    numbers: Path | None
    as_json: bool


def run(asked: Asked) -> None:
    """Import a file, or go on with it. Raises Failure, also where rows were refused: after everything was done."""
    begun = time.monotonic()
    if asked.offline and not asked.dry_run:
        raise Failure("--offline goes with --dry-run: nothing can be recorded without the federation.", USAGE)
    if asked.encoding and asked.encoding not in ENCODINGS:
        raise Failure(f"--encoding is one of {', '.join(ENCODINGS)}.", USAGE)
    asked.path.stat()  # a file that is not there is the first thing to say
    for name, path in (("--report", asked.report), ("--numbers", asked.numbers)):
        if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK)):
            raise Failure(f"{path} can't be written: name a file in a folder that is there with {name}.", USAGE)
    source = examine(asked.path, asked.encoding)
    workbook = _workbook(asked, source)
    try:
        with _progress(asked.as_json) as shown:
            options = _options(asked, workbook)
            _read(asked, source, workbook, shown)
            if not sum(workbook.counts().values()):
                raise Failure(f"{asked.path} has no rows, only a header.", USAGE)
            if not asked.offline:
                _send(asked, options, source, workbook, shown)
        _end(asked, source, workbook, time.monotonic() - begun)
    finally:
        workbook.close()


def workbook_path(asked: Asked) -> Path:
    """Where is put down how far this file's import into this municipality is."""
    at = sha256(str(asked.path.resolve()).encode()).hexdigest()[:12]
    return local_folder() / "imports" / f"{asked.municipality}-{asked.kind.name}-{at}.sqlite"


def _workbook(asked: Asked, source: Source) -> Workbook:
    """The workbook of this file as it is; a file that has changed since is no continuation. Raises Failure."""
    if asked.dry_run:
        return Workbook(None)
    path = workbook_path(asked)
    workbook = Workbook(path)
    begun_with = workbook.told("hash")
    if begun_with == source.hash and not asked.anew:
        return workbook
    if workbook.told("sent") and not asked.anew and not workbook.told("finished"):
        counts = workbook.counts()
        workbook.close()
        raise Failure(
            f"{asked.path} has changed since its import began ({counts['accepted'] + counts['refused']:,} of "
            f"{sum(counts.values()):,} rows are answered). Put the file of then back to go on; or give --anew to "
            "import this one: who was carried over already is then refused and stays as is. "
            "取込みの途中でファイルが変わりました。元のファイルに戻すか、--anew を指定してください。",
            REFUSED,
        )
    attempt = int(workbook.told("attempt") or 0) + asked.anew
    if begun_with:
        workbook.discard()
        workbook = Workbook(path)
    workbook.tell(hash=source.hash, attempt=str(attempt))
    return workbook


def _options(asked: Asked, workbook: Workbook) -> Options:
    """What the import began with: a notice that is sent again has to be the same. Raises Failure."""
    told = workbook.told("options")
    if not told:
        options = replace(asked.options, on=asked.options.on or day_in_japan(now()))
        workbook.tell(options=orjson.dumps(asdict(options)).decode())
        return options
    found = orjson.loads(told)
    options = Options(**{**found, "on": date.fromisoformat(found["on"])})
    if replace(asked.options, on=asked.options.on or options.on) != options:
        given = ", ".join(f"{name} {value}" for name, value in found.items())
        raise Failure(f"This import began with other options ({given}); give the same, or --anew.", USAGE)
    return options


def _read(asked: Asked, source: Source, workbook: Workbook, shown: Progress) -> None:
    if workbook.told("read"):
        return
    task = shown.add_task("reading", total=asked.path.stat().st_size)
    gaiji = take(asked.path, source, asked.kind, workbook, lambda done: shown.update(task, completed=done))
    workbook.tell(gaiji=orjson.dumps(gaiji).decode())
    shown.remove_task(task)


def _send(asked: Asked, options: Options, source: Source, workbook: Workbook, shown: Progress) -> None:
    counts = workbook.counts()
    if not counts["waiting"]:
        return
    owner = read_credentials(asked.municipality)
    federation = find_federation(owner)
    attempt = workbook.told("attempt") or "0"
    name = sha256(source.hash.encode() + orjson.dumps([asdict(options), attempt])).hexdigest()[:24]
    prefix = f"{asked.kind.name}-{name}"
    task = shown.add_task("trying out" if asked.dry_run else "sending", total=sum(counts.values()))
    try:
        with federation.system(asked.kind.service, owner) as client:
            source_name = f"urn:kumiai-import:{asked.municipality}:{options.system}"
            sender = Sender(client, asked.municipality, source_name, trial=asked.dry_run)
            if asked.kind.after_residents:
                with federation.system("resident-registry", owner) as registry:
                    sender.cause = _head(registry, asked.municipality)
            shown.update(task, completed=counts["accepted"] + counts["refused"])
            workbook.tell(sent="yes")
            batches = _when_ready(batched(_numbered(asked.kind, options, prefix, workbook)), sender, shown, task)
            for answers in sender.send(batches):
                workbook.answer(
                    [line for each in answers for line in each.accepted],
                    [line for each in answers for line in each.refused],
                    [fault for each in answers for fault in each.faults],
                    [pair for each in answers for pair in each.given],
                )
                shown.advance(task, sum(len(each.accepted) + len(each.refused) for each in answers))
    except (httpx.TransportError, ConnectionError) as error:
        raise _broken_off(asked, workbook, f"Nothing answers any more ({type(error).__name__}).", UNREACHABLE) from None
    except httpx.HTTPStatusError as error:
        failure = failure_of(error.response)
        raise _broken_off(asked, workbook, str(failure), failure.exit_code) from None
    except KeyboardInterrupt:
        raise _broken_off(asked, workbook, "Interrupted.", REFUSED) from None


def _numbered(kind: Kind, options: Options, prefix: str, workbook: Workbook) -> Iterator[list[Numbered]]:
    for rows in workbook.units():
        unit = []
        for made in kind.notices(rows, options):
            if not workbook.waiting(made.lines):
                continue
            if isinstance(made, Unprepared):
                workbook.answer((), made.lines, made.faults)
            else:
                unit.append(Numbered(f"{prefix}-{min(made.lines)}", made))
        if unit:
            yield unit


def _when_ready(
    batches: Iterator[list[Numbered]], sender: Sender, shown: Progress, task: TaskID
) -> Iterator[Sequence[Numbered]]:
    """The batches, once the service takes the member's notices and has read about the residents: until then it would
    refuse all of them, and for good. Raises Failure where it takes none.
    """
    first = next(batches, None)
    if first is None:
        return
    cause, sender.cause = sender.cause, ""  # a service that nobody subscribed to never reads what the cause names
    if "not-subscribed" in sender.tried(first[0]):
        raise Failure("The municipality does not subscribe to this service: kumiai subscribe CODE SERVICE.", REFUSED)
    sender.cause = cause
    while "cause-not-found" in sender.tried(first[0]):
        shown.update(task, description="the service reads about the residents")
    yield first
    yield from batches


def _head(registry: httpx.Client, municipality: str) -> str:
    """The registry's last event, as a cause; empty before the first one."""
    heads = registry.get(f"/v1/{municipality}/heads").raise_for_status().json()["heads"]
    head = next((each for each in heads if each["stream"] == "resident"), None)
    return str(Cause("resident", head["incarnation"], head["position"])) if head and head["position"] else ""


def _broken_off(asked: Asked, workbook: Workbook, why: str, code: int) -> Failure:
    counts = workbook.counts()
    answered, rows = counts["accepted"] + counts["refused"], sum(counts.values())
    on = "" if asked.dry_run else " The same command goes on there, and nothing is recorded twice."
    return Failure(f"{why} {answered:,} of {rows:,} rows are answered.{on}", code, rows=rows, **counts)


def _end(asked: Asked, source: Source, workbook: Workbook, seconds: float) -> None:
    counts = workbook.counts()
    rows, gaiji = sum(counts.values()), orjson.loads(workbook.told("gaiji") or b"{}")
    if asked.offline:
        counts["accepted"] += counts.pop("waiting")
    adds_up = rows == counts["accepted"] + counts["refused"]
    refusals = list(workbook.refusals())
    reported = str(asked.report) if counts["refused"] and write_refusals(asked.report, refusals) else None
    if asked.numbers is not None and not asked.dry_run:
        write_numbers(asked.numbers, workbook.given())
    found: dict[str, Any] = {
        "municipality": asked.municipality,
        "kind": asked.kind.name,
        "file": str(asked.path),
        "sha256": source.hash,
        "encoding": source.encoding,
        "dry_run": asked.dry_run,
        "rows": rows,
        "accepted": counts["accepted"],
        "refused": counts["refused"],
        "adds_up": adds_up,
        "report": reported,
        "gaiji": {f"U+{ord(character):04X}": count for character, count in sorted(gaiji.items())},
        "seconds": round(seconds, 1),
    }
    if adds_up and not asked.dry_run:
        workbook.finish()
    if asked.as_json:
        show_json({**found, "refusals": [each._asdict() for each in refusals]})
    else:
        _show(asked, found)
    if counts["refused"] or not adds_up:
        raise typer.Exit(REFUSED)


def _show(asked: Asked, found: dict[str, Any]) -> None:
    would = "would be " if asked.dry_run else ""
    end = "which adds up" if found["adds_up"] else "which does NOT add up: run the same command again"
    say(
        f"{found['rows']:,} rows = {found['accepted']:,} {would}accepted + {found['refused']:,} {would}refused, {end} "
        f"({found['encoding']}, {found['seconds']} s)."
    )
    if found["report"]:
        say(f"Every refused row with its reason: {found['report']}")
    if found["gaiji"]:
        names = list(found["gaiji"])
        more = f" and {len(names) - GAIJI_LISTED} more" if len(names) > GAIJI_LISTED else ""
        say(
            f"外字: {', '.join(names[:GAIJI_LISTED])}{more} are kept as they are, of {asked.options.system}; those "
            f"that nobody has identified yet are on the work list (kumiai worklist list {asked.municipality})."
        )


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Nothing while it is not known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def _progress(as_json: bool) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err, transient=True, disable=as_json or not err.is_terminal)
