"""The yearly tax run: the rules alone, and a whole run from the frozen roll to events that Kafka has acknowledged.

People and reports are written straight into the tables, since their way there is measured elsewhere; the run itself is
the service's own, in its own process, beside everything else that a federation runs.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

import orjson
from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.taxation import STREAM, AssessmentRow, TaxRunAdvanced, TaxRunRow
from kumiai_taxation import run
from kumiai_taxation.assessing import assess_columns
from kumiai_taxation.own_parameters import STANDARD
from kumiai_taxation.run import Pass

from benchmarks.federation import Federation
from benchmarks.observer import Database, connect, until
from benchmarks.usage import cpu_by_name, peak_memory, processes

YEAR = 2026
BATCH = 20_000
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class TaxRun:
    """One run."""

    payers: int
    trial_seconds: float
    """From the freeze to the reviewable result: copying the roll and assessing everybody once."""
    seconds: float
    """From the order to issue until Kafka has acknowledged the last event: read, compute, store, publish."""
    cpu_seconds: dict[str, float]
    rss_mb: float

    @property
    def per_s(self) -> float:
        """Assessments per second, issued."""
        return self.payers / self.seconds

    @property
    def cpu_us_per_payer(self) -> float:
        """Processor microseconds of all processes for each issued assessment."""
        return sum(self.cpu_seconds.values()) / self.payers * 1e6


def pure(count: int) -> float:
    """Assessments per second of the rules alone: from a report's columns to the assessment's row, one core."""
    reports = [report for _, report in people(count)]
    began = time.perf_counter()
    for report in reports:
        if not isinstance(assess_columns("152021", YEAR, "0000000019", "1980-04-01", [report]), AssessmentRow):
            raise AssertionError("a case of the benchmark is refused")
    return count / (time.perf_counter() - began)


def people(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Numbers and reports: every second with spouse and child, every third with insurance."""
    random = Random(1)
    family = [{"birth_date": "2008-05-05", "income": 0, "living_together_ascendant": False, "disability": "none",
               "living_together": False}]  # fmt: skip
    spouse = {"birth_date": "1984-02-02", "income": 0, "disability": "none", "living_together": True}
    for n in range(1, count + 1):
        salary = random.randint(900_000, 11_000_000)
        yield (
            with_check_digit(f"{n:09d}", addressee_check_digit),
            {
                "employer": "e1",
                "revision": 1,
                "kind": "employment",
                "withdrawn": False,
                "salary": salary,
                "social_insurance": salary * 15 // 100,
                "life_insurance_new": 90_000 if n % 3 == 0 else 0,
                "earthquake_insurance": 20_000 if n % 3 == 0 else 0,
                "spouse": spouse if n % 2 == 0 else None,
                "dependants": family if n % 2 == 0 else [],
                "further": None,
            },
        )


def measure(federation: Federation, municipality: str, payers: int) -> TaxRun:
    """Fill a municipality, run it, and wait for the last acknowledgement."""
    return asyncio.run(_measure(federation, municipality, payers))


async def _measure(federation: Federation, municipality: str, payers: int) -> TaxRun:
    database = await connect(federation.addresses, "kumiai_taxation")
    try:
        await fill(database, municipality, payers)
        each = Pass(municipality, YEAR, False)
        running = processes(federation.layout)
        began = time.perf_counter()
        await _order(database, each, "frozen", "roll")
        await _until(database, each, "reviewable")
        trial = time.perf_counter() - began
        before = cpu_by_name(running)
        with peak_memory(running) as peaks:
            began = time.perf_counter()
            await _order(database, each, "issuing", "issue")
            await _until(database, each, "done")
            await _until_published(database, municipality)
            seconds = time.perf_counter() - began
        after = cpu_by_name(running)
        issued = await database.fetchval("select count(*) from assessment where municipality = $1", municipality)
        if issued != payers:
            raise AssertionError(f"{issued} of {payers} were issued")
    finally:
        await database.close()
    used = {name: after[name] - before[name] for name in before}
    rss = max(mb for name, mb in peaks.items() if name.startswith("taxation"))
    return TaxRun(payers, trial, seconds, used, rss)


async def fill(database: Database, municipality: str, payers: int) -> None:
    """Write people and their reports straight into the tables, some at a time, so that a million needs no memory."""
    found = people(payers)
    while part := list(islice(found, BATCH)):
        numbers = [number for number, _ in part]
        await database.execute(_RESIDENTS, municipality, numbers)
        reports = [orjson.dumps(report).decode() for _, report in part]
        await database.execute(_REPORTS, municipality, YEAR, numbers, reports)
    await database.execute("vacuum analyze resident_history, income_report, assessment, stream_event")


_RESIDENTS = """
insert into resident_history (municipality, addressee_number, history_number, status, household_number, relationship,
    name, name_kana, birth_date, sex, resident_since, address_since, address, reason, effective_date, notified_date,
    processed_date, ex_officio, place, operator, movement)
select $1, n, 1, 'resident', n, '世帯主', '佐藤 蓮', 'サトウ レン', '1980-04-01', 'male', '2020-04-01', '2020-04-01',
    repeat('0', 64), 'carried-over', '2020-04-01', '2020-04-01', '2020-04-01', false, '', '', ''
from unnest($2::text[]) as given(n)
"""
_REPORTS = """
insert into income_report (municipality, fiscal_year, addressee_number, employer, revision, kind, withdrawn, salary,
    social_insurance, life_insurance_new, earthquake_insurance, spouse, dependants, further)
select $1, $2, n, r->>'employer', (r->>'revision')::bigint, r->>'kind', false, (r->>'salary')::bigint,
    (r->>'social_insurance')::bigint, (r->>'life_insurance_new')::bigint, (r->>'earthquake_insurance')::bigint,
    nullif(r->'spouse', 'null'), r->'dependants', null
from unnest($3::text[], $4::text[]) as given(n, t) cross join lateral (select t::jsonb r) j
"""


async def _order(database: Database, each: Pass, state: Any, step: str) -> None:
    """What a clerk's order does: the run's new state, and the pass that begins."""
    async with database.transaction():
        time_ = timestamp(now())
        record = await database.fetchrow("select * from tax_run where municipality = $1", each.municipality)
        known = {k: v for k, v in dict(record).items() if k != "municipality"} if record else {"fiscal_year": YEAR}
        row = TaxRunRow(**known | {"state": state, "changed_at": time_, "changed_by": "benchmark"})
        await log.append(database, each.municipality, STREAM, [TaxRunAdvanced(run=row)], time=time_)
        await run.begin(database, each, step, STANDARD.rules_of(YEAR))
        await run.QUERIES.expect_payers(database, **each.key(), payers=row.payers)


async def _until(database: Database, each: Pass, step: str) -> None:
    query = "select step from run_progress where municipality = $1 and not dry"

    async def there() -> bool:
        return bool(await database.fetchval(query, each.municipality) == step)

    await until(there, PATIENCE_SECONDS, every=0.05)


async def _until_published(database: Database, municipality: str) -> None:
    query = (
        "select h.position = coalesce(r.position, 0) from stream_head h left join relay_position r"
        " using (municipality, stream) where h.municipality = $1 and h.stream = 'taxation'"
    )

    async def published() -> bool:
        return bool(await database.fetchval(query, municipality))

    await until(published, PATIENCE_SECONDS)
