"""What taxation stores comes back as it was, on the real PostgreSQL with row-level security."""

from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest
from kumiai_common.tables import folded, state_hash
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.resident import Reason, ResidentRow, Sex, Status
from kumiai_contracts.taxation import AssessmentRow, Dependant, IncomeReportRow, Spouse
from kumiai_local.layout import Layout
from kumiai_local.secret_files import password
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import SERVICES
from kumiai_local.stack import Stack
from kumiai_taxation import store
from kumiai_taxation.assessing import assess_reports
from kumiai_taxation.domain.roll import TaxationState, cancelled, lived_here, next_version

HERE, ELSEWHERE, PERSON = "151009", "141003", "0000000019"


@pytest.fixture
async def connection(stack: Stack, test_layout: Layout) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A transaction as the service's own role that sees one municipality and is rolled back."""
    service = next(service for service in SERVICES if service.name == "taxation")
    ServiceProcesses(stack.addresses, test_layout, services=[service]).migrate()
    opened = await asyncpg.connect(
        stack.addresses.postgres_url_of(service.app_role, service.database),
        password=password(service.role_password(test_layout, service.app_role)),
    )
    transaction = opened.transaction()
    await transaction.start()
    await opened.execute("select set_config('app.municipalities', $1, true)", f"{{{HERE}}}")
    yield opened
    await transaction.rollback()
    await opened.close()


def resident(**changes: object) -> ResidentRow:
    day = date(2020, 4, 1)
    row = ResidentRow(
        addressee_number=PERSON,
        history_number=1,
        status=Status.RESIDENT,
        household_number=PERSON,
        relationship="世帯主",
        name="新潟 太郎",
        name_kana="ニイガタ タロウ",
        birth_date="1980-01-01",
        sex=Sex.MALE,
        resident_since="2020-04-01",
        address_since="2020-04-01",
        address="0" * 64,
        reason=Reason.CARRIED_OVER,
        effective_date=day,
        notified_date=day,
        processed_date=day,
        ex_officio=False,
        place="",
        operator="",
        movement="resident-registry-receipts:1:1",
    )
    return row.model_copy(update=changes)


def report(employer: str, spouse: Spouse | None, dependants: tuple[Dependant, ...] = ()) -> IncomeReportRow:
    return IncomeReportRow(
        fiscal_year=2026,
        addressee_number=PERSON,
        employer=employer,
        salary=5_000_000,
        social_insurance=500_000,
        life_insurance_new=0,
        earthquake_insurance=0,
        spouse=spouse,
        dependants=dependants,
    )


def assessed(state: TaxationState, reports: list[IncomeReportRow]) -> StoredEvent:
    row = assess_reports(HERE, PERSON, "1980-01-01", reports)
    assert isinstance(row, AssessmentRow)
    event = next_version(state, row, reports[0])
    state.apply(event)
    return StoredEvent(HERE, "taxation", 1, 1, b"", event.type, PERSON, "", "", "", "", event.body())


FAMILY = report(
    "e1",
    Spouse(birth_date="1982-01-01", income=0),
    (Dependant(birth_date="2007-05-01"), Dependant(birth_date="2011-05-01")),
)


@pytest.mark.stack
async def test_reports_with_and_without_a_spouse_come_back_as_they_were(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    state = TaxationState()
    alone = report("e2", None)
    await folded([assessed(state, [FAMILY]), assessed(state, [alone, FAMILY])], own=True).write(connection)
    loaded = (await store.load_people(connection, [HERE], [(HERE, PERSON)]))[HERE]
    assert loaded.reports(2026, PERSON) == [FAMILY, alone]
    assert loaded.latest(2026, PERSON) == state.latest(2026, PERSON)
    assert loaded.fiscal_years(PERSON) == [2026]


@pytest.mark.stack
async def test_another_municipality_is_not_seen(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    state = TaxationState()
    stray = assessed(state, [FAMILY])._replace(municipality=ELSEWHERE)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await folded([stray], own=True).write(connection)


@pytest.mark.stack
async def test_the_state_hash_sees_every_change(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    state = TaxationState()
    empty = await state_hash(connection, HERE, "taxation")
    await folded([assessed(state, [FAMILY])], own=True).write(connection)
    once = await state_hash(connection, HERE, "taxation")
    await connection.execute("update income_report set spouse = null")
    assert len({empty, once, await state_hash(connection, HERE, "taxation")}) == 3


@pytest.mark.stack
async def test_mending_writes_only_rows_that_differ(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    fold = folded([assessed(TaxationState(), [FAMILY])], own=True)
    rows = sum(len(rows) for _, rows in fold.statements())
    assert await fold.mend(connection) == rows
    before = await state_hash(connection, HERE, "taxation")
    assert await fold.mend(connection) == 0
    await connection.execute("update income_report set spouse = null")
    assert await fold.mend(connection) == 1
    assert await state_hash(connection, HERE, "taxation") == before


def test_niigatas_published_example_is_met_to_the_yen() -> None:
    row = assess_reports(HERE, PERSON, "1980-01-01", [FAMILY])
    assert isinstance(row, AssessmentRow)
    assert (row.income_levy_municipal, row.income_levy_prefectural, row.total) == (151_600, 37_900, 194_500)
    assert row.special_collection == (16_300, *(16_200,) * 11)
    assert row.ordinary_collection == (50_500, 48_000, 48_000, 48_000)


def test_whoever_moved_away_before_january_did_not_live_here() -> None:
    gone = resident(history_number=2, status=Status.REMOVED, effective_date=date(2025, 12, 31))
    assert not lived_here([resident(), gone], date(2026, 1, 1))
    assert lived_here([resident(), gone], date(2025, 12, 30))
    back = resident(history_number=3, cancels=2, effective_date=date(2026, 2, 1))
    assert lived_here([resident(), gone, back], date(2026, 1, 1))


def test_a_cancelled_assessment_is_a_version_with_nothing_in_it() -> None:
    row = assess_reports(HERE, PERSON, "1980-01-01", [FAMILY])
    assert isinstance(row, AssessmentRow)
    event = cancelled(row)
    assert (event.assessment.version, event.assessment.total, event.difference) == (2, 0, -194_500)
    assert sum(event.assessment.special_collection) == 0
    assert event.assessment.addressee_number == PERSON


def test_a_date_of_birth_that_no_calendar_has_is_refused_and_not_repaired() -> None:
    result = assess_reports(HERE, PERSON, "1980-02-30", [FAMILY])
    assert isinstance(result, tuple)
    assert [reason.code for reason in result] == ["birth-date-not-a-day"]
