"""The run (当初賦課): passes over a frozen roll, each in chunks, each chunk one transaction.

Invariant: a pass's cursor moves in the transaction that does the chunk's work, under the lock of the stream's head. So
a pass that was killed goes on where it stood, and nobody is assessed twice. The frozen roll is a copy: what comes later
is marked for a correction and leaves the run as it was reviewed.
"""

import asyncio
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson
import structlog
from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.database import TRANSIENT, Connection
from kumiai_common.log import Head
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.decision import Context
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.model import Event
from kumiai_contracts.receipts import Reason
from kumiai_contracts.taxation import (
    STREAM,
    AssessmentRow,
    ResidentTaxAssessed,
    TaxRunAdvanced,
    TaxRunRow,
    WorkItemSettled,
)

from kumiai_taxation import deciding, store
from kumiai_taxation.assessing import assess_columns
from kumiai_taxation.domain import work
from kumiai_taxation.domain.outliers import outlier
from kumiai_taxation.domain.roll import RETURNS
from kumiai_taxation.own_parameters import STANDARD, OwnParameters
from kumiai_taxation.store import QUERIES

_LOG = structlog.get_logger()
ROLL_CHUNK = 5_000
CHUNK = 500
"""People in one transaction: some 100 ms, after which the service's other work has its turn."""
CORRECTIONS_CHUNK = 200
IDLE_SECONDS = 0.5
BY = "taxation"


class Irreconcilable(RuntimeError):
    """The issue did not come to what was reviewed: nothing of its last chunk is kept, and an operator looks into it."""


@dataclass(frozen=True, slots=True)
class Totals:
    """合計: what a pass has come to so far."""

    done: int = 0
    payers: int = 0
    assessed: int = 0
    exempt: int = 0
    refused: int = 0
    amount: int = 0
    last_year_amount: int = 0
    outliers: int = 0

    @classmethod
    def of(cls, record: Any) -> "Totals":
        """The totals of a record that has columns of these names."""
        return cls(**{name: record[name] for name in cls.__slots__})

    def reconcile(self) -> bool:
        """Whether everybody on the roll is accounted for."""
        return self.payers == self.assessed + self.exempt + self.refused


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass that waits for its next chunk."""

    municipality: str
    fiscal_year: int
    dry: bool

    def key(self) -> dict[str, Any]:
        """Its place in the tables, by column."""
        return asdict(self)


async def work_on_runs(ground: Ground) -> None:
    """Do what waits of the runs of this worker's municipalities, until cancelled."""
    while True:
        try:
            busy = await _round(ground)
        except TRANSIENT as error:
            _LOG.warning("run interrupted", error=type(error).__name__)
            busy = False
        except Exception as error:
            # Ending the process would end the service's other work, too: what failed is tried again, and seen.
            _LOG.error("run failed", error=type(error).__name__)
            await asyncio.sleep(10)
            busy = False
        await asyncio.sleep(0 if busy else IDLE_SECONDS)


async def is_under_way(connection: Connection, municipality: str) -> bool:
    """Whether a pass has begun: a stream is not closed in the middle of an issue."""
    return bool(await QUERIES.waiting_passes(connection, municipalities=[municipality]))


async def _round(ground: Ground) -> bool:
    municipalities = ground.relay.municipalities
    if not municipalities:
        return False
    async with ground.database.transaction(municipalities) as connection:
        waiting = await QUERIES.waiting_passes(connection, municipalities=municipalities)
    for record in waiting:
        await advance(ground, Pass(record["municipality"], record["fiscal_year"], record["dry"]))
    return bool(waiting)


async def advance(ground: Ground, each: Pass) -> None:
    """Do the next chunk of a pass, whatever it is, in one transaction."""
    async with ground.database.transaction([each.municipality]) as connection:
        progress = await QUERIES.locked_progress(connection, **each.key())
        step = _STEPS.get(progress["step"]) if progress else None
        if step is None:  # another worker has done the last chunk meanwhile
            return
        appended = await step(connection, each, progress)
    if appended:
        ground.relay.wake()


async def _roll(connection: Connection, each: Pass, progress: Any) -> int:
    """固定: copy the next people onto the roll; after the last the trial begins."""
    copied = await QUERIES.freeze_chunk(connection, **each.key(), after=progress["cursor"], limit=ROLL_CHUNK)
    totals = Totals.of(progress)
    payers = totals.payers + copied["copied"]
    if copied["seen"]:
        await _move(connection, each, "roll", copied["last"], replace(totals, payers=payers, done=payers))
        return 0
    await QUERIES.without_report(connection, **each.key())
    await _move(connection, each, "trial", "", Totals(payers=payers))
    if each.dry:
        return 0
    return await _advanced(connection, each, {"state": "frozen", "payers": payers})


async def _trial(connection: Connection, each: Pass, progress: Any) -> int:
    """計算: assess the next people, keep nothing but totals and outliers."""
    entries = await QUERIES.roll_chunk(connection, **each.key(), after=progress["cursor"], limit=CHUNK)
    totals = Totals.of(progress)
    own = await _known_then(connection, each, progress)
    found: list[tuple[str, str, int, int | None]] = []
    for entry in entries:
        result = assess_entry(each, entry, own)
        totals = _counted(totals, entry, result)
        if isinstance(result, AssessmentRow):
            code = outlier(result.total, entry["last_year_total"])
            if code:
                found.append((entry["addressee_number"], code, result.total, entry["last_year_total"]))
    if found:
        numbers, codes, amounts, before = zip(*found, strict=True)
        await QUERIES.note_outliers(
            connection, **each.key(), numbers=numbers, codes=codes, totals=amounts, last_year_totals=before
        )
    if entries:
        await _move(connection, each, "trial", entries[-1]["addressee_number"], totals)
        return 0
    if not totals.reconcile():
        raise Irreconcilable(each.municipality)
    totals = replace(totals, outliers=await QUERIES.count_outliers(connection, **each.key()))
    await _move(connection, each, "reviewable", "", totals)
    if each.dry:
        await QUERIES.clear_roll(connection, **each.key())
        return 0
    changes = {**asdict(totals), "state": "assessed", "rule_version": progress["rule_version"]}
    return await _advanced(connection, each, changes)


async def _issue(connection: Connection, each: Pass, progress: Any) -> int:
    """決定: the next people's assessments become events; after the last the totals must be those that were reviewed."""
    head = await _head(connection, each.municipality)
    entries = await QUERIES.roll_chunk(connection, **each.key(), after=progress["cursor"], limit=CHUNK)
    totals = Totals.of(progress)
    own = await _known_then(connection, each, progress)
    stored: list[StoredEvent] = []
    time = timestamp(now())
    for entry in entries:
        result = assess_entry(each, entry, own)
        totals = _counted(totals, entry, result)
        event = _issued(each, entry, result)
        if event is not None:
            stored.append(head.append(event, time=time))
    if entries:
        await log.write(connection, stored, [head])
        await _move(connection, each, "issue", entries[-1]["addressee_number"], totals)
        return len(stored)
    run = await _run(connection, each)
    reviewed = (run.payers, run.assessed, run.exempt, run.refused, run.amount)
    if (totals.payers, totals.assessed, totals.exempt, totals.refused, totals.amount) != reviewed:
        raise Irreconcilable(each.municipality)
    await _move(connection, each, "corrections", "", replace(totals, outliers=run.outliers))
    return await _advanced(connection, each, {"state": "issued"})


async def _corrections(connection: Connection, each: Pass, progress: Any) -> int:
    """更正: what changed after the freeze is assessed again, now that there is something to correct."""
    head = await _head(connection, each.municipality)
    items = await QUERIES.corrections(
        connection, municipality=each.municipality, fiscal_year=each.fiscal_year, limit=CORRECTIONS_CHUNK
    )
    if not items:
        await _move(connection, each, "clearing", "", Totals.of(progress))
        return 0
    people = [(each.municipality, item["addressee_number"]) for item in items]
    names = [(each.municipality, item["work_item"]) for item in items]
    state = (await store.load_people(connection, [each.municipality], set(people), names))[each.municipality]
    stored: list[StoredEvent] = []
    instant = now()
    for record in items:
        item, number = state.work_item(record["work_item"]), record["addressee_number"]
        assert item is not None
        context = Context(each.municipality, instant.date(), timestamp(instant), str(head.next_cause()), lambda _: b"")
        latest = state.latest(each.fiscal_year, number)
        events: list[Event] = [WorkItemSettled(work_item=work.settled(item, "done"))]
        for following in deciding.reassessed(state, each.fiscal_year, number, context):
            if isinstance(following, Reason):
                events.append(deciding.raised(f"{item.work_item}/again"[-200:], each.fiscal_year, number, following))
            elif not (isinstance(following, ResidentTaxAssessed) and _same(latest, following.assessment)):
                events.append(following)
        for event in events:
            stored.append(head.append(event, time=timestamp(instant)))
            state.apply(event)
    await log.write(connection, stored, [head])
    return len(stored)


async def _clearing(connection: Connection, each: Pass, progress: Any) -> int:
    """後始末: the roll goes, some at a time: a city's in one statement would keep everything else waiting."""
    if not await QUERIES.clear_some_of_the_roll(connection, **each.key(), limit=ROLL_CHUNK):
        await _move(connection, each, "done", "", Totals.of(progress))
    return 0


_STEPS = {"roll": _roll, "trial": _trial, "issue": _issue, "corrections": _corrections, "clearing": _clearing}


def assess_entry(each: Pass, entry: Any, own: OwnParameters = STANDARD) -> AssessmentRow | tuple[Reason, ...]:
    """The assessment of somebody on the roll, or why there is none."""
    if entry["birth_date"] is None:
        return (work.not_taxable_here(),)
    reports = _counting(orjson.loads(entry["reports"]))
    if not reports:
        return (work.not_taxable_here(),)
    return assess_columns(
        each.municipality, each.fiscal_year, entry["addressee_number"], entry["birth_date"], reports, own
    )


async def _known_then(connection: Connection, each: Pass, progress: Any) -> OwnParameters:
    """The parameters as they were when the pass began: one pass assesses everybody alike."""
    own = await store.own_parameters(connection, each.municipality)
    return own.known_by(progress["rule_version"])


def _counting(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    standing = [report for report in reports if not report["withdrawn"]]
    for kind in RETURNS:
        returns = [report for report in standing if report["kind"] == kind]
        if returns:
            return returns[-1:]
    return standing


def _counted(totals: Totals, entry: Any, result: AssessmentRow | tuple[Reason, ...]) -> Totals:
    refused = isinstance(result, tuple)
    total = 0 if isinstance(result, tuple) else result.total
    return Totals(
        totals.done + 1,
        totals.payers,
        totals.assessed + (total > 0),
        totals.exempt + (not refused and not total),
        totals.refused + refused,
        totals.amount + total,
        totals.last_year_amount + (entry["last_year_total"] or 0),
        totals.outliers,
    )


def _issued(each: Pass, entry: Any, result: AssessmentRow | tuple[Reason, ...]) -> Event | None:
    number, version = entry["addressee_number"], entry["version"]
    if isinstance(result, tuple):
        return deciding.raised(f"run/{each.fiscal_year}/{number}", each.fiscal_year, number, result[0])
    row = result if not version else result.model_copy(update={"version": version + 1})
    return ResidentTaxAssessed.trusted(assessment=row, difference=row.total - entry["total"], income_report=None)


def _same(latest: AssessmentRow | None, again: AssessmentRow) -> bool:
    """Whether a correction would say what holds already."""
    return latest is not None and latest.model_copy(update={"version": again.version}) == again


async def _head(connection: Connection, municipality: str) -> Head:
    return (await log.lock_heads(connection, [(municipality, STREAM)]))[municipality, STREAM]


async def _run(connection: Connection, each: Pass) -> TaxRunRow:
    record = await QUERIES.run(connection, municipality=each.municipality, fiscal_year=each.fiscal_year)
    return from_record(TaxRunRow, record)


async def _advanced(connection: Connection, each: Pass, changes: dict[str, Any]) -> int:
    run = await _run(connection, each)
    time = timestamp(now())
    known = {name: value for name, value in changes.items() if name in TaxRunRow.model_fields}
    row = run.model_copy(update={**known, "changed_at": time, "changed_by": BY})
    return len(await log.append(connection, each.municipality, STREAM, [TaxRunAdvanced(run=row)], time=time))


async def _move(connection: Connection, each: Pass, step: str, cursor: str, totals: Totals) -> None:
    await QUERIES.move_pass(connection, **each.key(), step=step, cursor=cursor, **asdict(totals))


async def begin(connection: Connection, each: Pass, step: str, rule_version: str) -> None:
    """Let a pass begin with its first chunk."""
    await QUERIES.begin_pass(connection, **each.key(), step=step, rule_version=rule_version)


async def clear(connection: Connection, each: Pass) -> None:
    """Forget a pass's roll and outliers."""
    await QUERIES.clear_roll(connection, **each.key())
    await QUERIES.clear_outliers(connection, **each.key())
