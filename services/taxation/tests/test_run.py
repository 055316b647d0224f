"""The run on the real PostgreSQL: frozen, assessed, issued; killed in the middle; nobody assessed twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from kumiai_common import log
from kumiai_common.database import Database
from kumiai_common.service import Ground
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.taxation import STREAM, AssessmentRow, TaxRunAdvanced, TaxRunRow
from kumiai_local.layout import Layout
from kumiai_local.secret_files import password
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import SERVICES
from kumiai_local.stack import Stack
from kumiai_taxation import run
from kumiai_taxation.own_parameters import STANDARD
from kumiai_taxation.run import Pass
from kumiai_taxation.store import load_people

HERE, YEAR = "152021", 2026
PAYERS, UNTAXED, UNKNOWN_BIRTH = 1_200, 7, 5
TIME = "2026-05-01T00:00:00.000000Z"


@dataclass
class Office:
    """A municipality's taxation: its database as the service sees it, and as the superuser sees it."""

    ground: Ground
    all_seeing: "asyncpg.Connection[asyncpg.Record]"
    url: str
    password: str

    async def set_state(self, state: Any) -> None:
        """What the clerk's actions do."""
        async with self.ground.database.transaction([HERE]) as connection:
            record = await self.all_seeing.fetchrow("select * from tax_run where municipality = $1", HERE)
            known = {k: v for k, v in dict(record).items() if k != "municipality"} if record else {"fiscal_year": YEAR}
            row = TaxRunRow(**known | {"state": state, "changed_at": TIME, "changed_by": "clerk"})
            await log.append(connection, HERE, STREAM, [TaxRunAdvanced(run=row)], time=TIME)

    async def begin(self, step: str, *, dry: bool = False, payers: int = 0) -> Pass:
        each = Pass(HERE, YEAR, dry)
        async with self.ground.database.transaction([HERE]) as connection:
            await run.begin(connection, each, step, STANDARD.rules_of(YEAR))
            await run.QUERIES.expect_payers(connection, **each.key(), payers=payers)
        return each

    async def work(self, each: Pass, until: str) -> None:
        while await self.step(each) != until:
            await run.advance(self.ground, each)

    async def step(self, each: Pass) -> str:
        return str(await self.one("select step from run_progress where dry = $1", each.dry))

    async def one(self, query: str, *arguments: Any) -> Any:
        return await self.all_seeing.fetchval(query, *arguments)


def number(n: int) -> str:
    return with_check_digit(f"{n:09d}", addressee_check_digit)


@pytest.fixture
async def office(stack: Stack, test_layout: Layout) -> AsyncIterator[Office]:
    """A municipality with people, reports and last year's tax, written straight into the tables."""
    service = next(service for service in SERVICES if service.name == "taxation")
    ServiceProcesses(stack.addresses, test_layout, services=[service]).migrate()
    secret = password(service.role_password(test_layout, service.app_role))
    url = stack.addresses.postgres_url_of(service.app_role, service.database)
    superuser = await asyncpg.connect(
        stack.addresses.postgres_url.rpartition("/")[0] + f"/{service.database}",
        password=stack.addresses.postgres_password,
    )
    for table in ("tax_run", "run_progress", "roll_entry", "run_outlier", "tax_work_item", "assessment",
                  "income_report", "resident_history", "stream_event", "stream_head"):  # fmt: skip
        await superuser.execute(f"delete from {table} where municipality = $1", HERE)
    await fill(superuser)
    pool = await asyncpg.create_pool(url, password=secret, min_size=1, max_size=3)
    relay = SimpleNamespace(wake=lambda: None, municipalities=[HERE])
    ground = cast(Ground, SimpleNamespace(database=Database(pool), relay=relay))
    yield Office(ground, superuser, url, secret)
    await pool.close()
    await superuser.close()


async def fill(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    numbers = [number(n + 1) for n in range(PAYERS)]
    births = ["XXXX-XX-XX" if n < UNKNOWN_BIRTH else f"19{50 + n % 50}-04-01" for n in range(PAYERS)]
    since = ["2026-01-02" if PAYERS - n <= UNTAXED else "2020-04-01" for n in range(PAYERS)]
    await connection.execute(
        "insert into resident_history (municipality, addressee_number, history_number, status, household_number,"
        " relationship, name, name_kana, birth_date, sex, resident_since, address_since, address, reason,"
        " effective_date, notified_date, processed_date, ex_officio, place, operator, movement)"
        " select $1, n, 1, 'resident', n, '世帯主', '長岡 太郎', 'ナガオカ タロウ', b, 'male', s, s, repeat('0', 64),"
        " 'carried-over', s::date, s::date, s::date, false, '', '', '' from unnest($2::text[], $3::text[], $4::text[])"
        " as given(n, b, s)",
        HERE,
        numbers,
        births,
        since,
    )
    await connection.execute(
        "insert into income_report (municipality, fiscal_year, addressee_number, employer, revision, kind, withdrawn,"
        " salary, social_insurance, life_insurance_new, earthquake_insurance, dependants)"
        " select $1, $2, n, 'e1', 1, 'employment', false, (1000000 + 7001 * i)::bigint, 300000, 0, 0, '[]'"
        " from unnest($3::text[]) with ordinality as given(n, i)",
        HERE,
        YEAR,
        numbers,
    )


async def reviewed(office: Office) -> Pass:
    await office.set_state("frozen")
    each = await office.begin("roll")
    await office.work(each, "reviewable")
    return each


async def begin_issue(office: Office) -> None:
    payers = await office.one("select payers from tax_run where municipality = $1", HERE)
    await office.set_state("issuing")
    await office.begin("issue", payers=payers)


async def issued(office: Office) -> Pass:
    each = await reviewed(office)
    await begin_issue(office)
    await office.work(each, "done")
    return each


async def all_is_reconciled(office: Office) -> None:
    row = await office.all_seeing.fetchrow("select * from tax_run where municipality = $1", HERE)
    assert row is not None
    assert row["state"] == "issued"
    assert row["payers"] == PAYERS == row["assessed"] + row["exempt"] + row["refused"]
    assert row["refused"] == UNTAXED + UNKNOWN_BIRTH
    counts = await office.all_seeing.fetchrow(
        "select count(*), count(distinct addressee_number) as people, max(version), sum(total), count(*) filter"
        " (where total = 0) as exempt, bool_and((select sum(x::bigint) from jsonb_array_elements_text("
        "special_collection) x) = total and (select sum(x::bigint) from jsonb_array_elements_text("
        "ordinary_collection) x) = total) as instalments from assessment where municipality = $1",
        HERE,
    )
    assert counts is not None
    assert counts["count"] == counts["people"] == row["assessed"] + row["exempt"]
    assert (counts["max"], counts["sum"], counts["exempt"]) == (1, row["amount"], row["exempt"])
    assert counts["instalments"]
    assert await office.one("select count(*) from tax_work_item where municipality = $1", HERE) == row["refused"]
    events = await office.one(
        "select count(*) from stream_event where municipality = $1 and type = 'taxation.resident-tax-assessed.v1'",
        HERE,
    )
    assert events == counts["count"]
    assert await office.one("select count(*) from roll_entry where municipality = $1", HERE) == 0


@pytest.mark.stack
async def test_a_run_reconciles(office: Office) -> None:
    await issued(office)
    await all_is_reconciled(office)


@pytest.mark.stack
async def test_of_several_returns_a_run_takes_the_one_that_a_report_s_own_decision_takes(office: Office) -> None:
    person = number(600)
    for reporter in ("a", "B"):
        await office.all_seeing.execute(
            "insert into income_report select municipality, fiscal_year, addressee_number, $2, 1, 'tax-return', false,"
            " 9000000, 0, 0, 0, spouse, dependants, further from income_report"
            " where municipality = $1 and addressee_number = $3 and employer = 'e1'",
            HERE,
            reporter,
            person,
        )
    each = await office.begin("roll", dry=True)
    await run.advance(office.ground, each)
    entry = await office.all_seeing.fetchrow(
        "select birth_date, reports, addressee_number from roll_entry"
        " where municipality = $1 and addressee_number = $2",
        HERE,
        person,
    )
    state = (await load_people(office.all_seeing, [HERE], [(HERE, person)]))[HERE]
    taken = run.assess_entry(each, entry)
    assert isinstance(taken, AssessmentRow)
    assert taken.reports == ("a/1",) == tuple(f"{row.employer}/1" for row in state.reports(YEAR, person))


@pytest.mark.stack
async def test_whose_reports_are_all_withdrawn_is_on_no_roll_and_looked_at_if_taxed_before(office: Office) -> None:
    gone = number(700)
    await office.all_seeing.execute("update income_report set withdrawn = true where addressee_number = $1", gone)
    await office.all_seeing.execute(
        "insert into assessment (municipality, fiscal_year, addressee_number, version, cancelled, rule_version,"
        " employment_income, total_income, deductions_total, taxable_income, income_levy_municipal,"
        " income_levy_prefectural, per_capita_municipal, per_capita_prefectural, forest_environment_tax, total,"
        " special_collection, ordinary_collection, reports)"
        " values ($1, $2, $3, 1, false, 'R7/2', 0, 0, 0, 0, 0, 0, 3000, 1000, 1000, 5000, '[]', '[]', '[]')",
        HERE,
        YEAR - 1,
        gone,
    )
    each = await office.begin("roll", dry=True)
    await office.work(each, "reviewable")
    assert await office.one("select payers from run_progress where dry") == PAYERS - 1
    assert await office.one("select code from run_outlier where dry and addressee_number = $1", gone) == "no-report"


@pytest.mark.stack
async def test_a_dry_run_changes_nothing_and_says_the_same(office: Office) -> None:
    each = await office.begin("roll", dry=True)
    await office.work(each, "reviewable")
    assert await office.one("select count(*) from stream_event where municipality = $1", HERE) == 0
    assert await office.one("select count(*) from assessment where municipality = $1", HERE) == 0
    amount = await office.one("select amount from run_progress where dry")
    await issued(office)
    assert await office.one("select amount from tax_run where municipality = $1", HERE) == amount > 0


@pytest.mark.stack
async def test_what_comes_after_the_freeze_is_corrected_after_the_issue(office: Office) -> None:
    each = await reviewed(office)
    late = number(500)
    await office.all_seeing.execute(
        "insert into income_report select municipality, fiscal_year, addressee_number, employer, 2, kind, false,"
        " 9000000, 0, 0, 0, spouse, dependants, further from income_report where municipality = $1 and"
        " addressee_number = $2",
        HERE,
        late,
    )
    await office.all_seeing.execute(
        "insert into tax_work_item values ($1, 'taxation-receipts:1:1', 2026, $2, 'changed-after-freeze', '', '', '',"
        " 'open', null)",
        HERE,
        late,
    )
    await begin_issue(office)
    await office.work(each, "done")
    rows = await office.all_seeing.fetch(
        "select version, total, reports from assessment where addressee_number = $1 and municipality = $2 order by 1",
        late,
        HERE,
    )
    assert [row["reports"] for row in rows] == ['["e1/1"]', '["e1/2"]']
    assert rows[1]["total"] > rows[0]["total"]
    assert await office.one("select state from tax_work_item where work_item = 'taxation-receipts:1:1'") == "done"


@pytest.mark.stack
async def test_a_run_that_is_killed_goes_on_without_a_double_issue(office: Office) -> None:
    each = await reviewed(office)
    await begin_issue(office)
    await run.advance(office.ground, each)
    done = await office.one("select done from run_progress where not dry")
    # The next chunk is written and not yet committed when its process is killed.
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__)),
        office.url,
        env={**os.environ, "KUMIAI_TEST_PASSWORD": office.password},
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    assert (await child.stdout.readline()).strip() == b"written"
    child.send_signal(signal.SIGKILL)
    await child.wait()
    assert await office.one("select done from run_progress where not dry") == done
    while (await office.step(each)) == "issue":
        await run.advance(office.ground, each)
    await office.work(each, "done")
    await all_is_reconciled(office)


@pytest.mark.stack
async def test_what_the_benchmark_writes_fits_the_tables_and_is_assessed(office: Office) -> None:
    """So that an hour's measurement doesn't begin with an error."""
    from benchmarks import tax_run  # the script below, which runs in a process of its own, has no such package

    for table in ("income_report", "resident_history"):
        await office.all_seeing.execute(f"delete from {table} where municipality = $1", HERE)
    await tax_run.fill(office.all_seeing, HERE, 25)
    await office.set_state("collecting")
    await office.set_state("frozen")
    await office.work(await office.begin("roll"), "reviewable")
    totals = await office.all_seeing.fetchrow("select payers, refused from run_progress where municipality = $1", HERE)
    assert tuple(totals) == (25, 0)


async def _write_and_wait(url: str) -> None:
    """What the killed process does: a chunk of the issue, written, and then nothing."""
    pool = await asyncpg.create_pool(url, password=os.environ["KUMIAI_TEST_PASSWORD"], min_size=1, max_size=1)
    each = Pass(HERE, YEAR, False)
    async with Database(pool).transaction([HERE]) as connection:
        progress = await run.QUERIES.locked_progress(connection, **each.key())
        await run._issue(connection, each, progress)
        print("written", flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(_write_and_wait(sys.argv[1]))
