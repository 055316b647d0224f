"""Reads of taxation, for a purpose and recorded: assessments with their workings, a tax payer, the work list, the run.

Only 税務事務 sees anything here; other bodies' facts go through linkage, which reads the stream.
"""

from typing import Any

from kumiai_common.http.access_records import access_records_route
from kumiai_common.http.problems import NOT_FOUND, Problem
from kumiai_common.http.reading import reading
from kumiai_common.http.requests import answer, count_of, number_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose
from kumiai_contracts.taxation import AssessmentRow, WorkItemRow
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_taxation import store
from kumiai_taxation.domain.roll import TaxationState
from kumiai_taxation.run_routes import run_routes
from kumiai_taxation.store import QUERIES
from kumiai_taxation.stored_working import Disagrees, working_of

WORK_ITEMS_A_PAGE = 1000


def routes(ground: Ground) -> list[BaseRoute]:
    """The service's own routes."""

    async def assessments(request: Request) -> Response:
        """Every version of a person's assessment of a fiscal year, the last one being the one that counts."""
        number = number_of(request, "addressee_number")
        async with reading(request, "assessments", Purpose.TAXATION) as about:
            records = await QUERIES.versions(
                about.connection,
                municipality=about.municipality,
                fiscal_year=request.path_params["fiscal_year"],
                addressee_number=number,
            )
            await about.record([number])
        if not records:
            raise Problem(NOT_FOUND)
        versions = [from_record(AssessmentRow, record).model_dump(mode="json") for record in records]
        return answer({"versions": versions})

    async def working(request: Request) -> Response:
        """The working of one version, made again from the reports that it names."""
        municipality, number, state = await _state(request, "working")
        year, version = request.path_params["fiscal_year"], request.path_params["version"]
        row = next((row for row in state.versions(year, number) if row.version == version), None)
        if row is None:
            raise Problem(NOT_FOUND)
        try:
            return answer(
                {"version": version, "rule_version": row.rule_version, "working": working_of(municipality, state, row)}
            )
        except Disagrees as why:
            return answer({"version": version, "rule_version": row.rule_version, "working": None, "why": str(why)})

    async def taxpayer(request: Request) -> Response:
        """納税義務者: years with reports, the assessment that counts, and what is open."""
        _, number, state = await _state(request, "taxpayer")
        if not state.knows(number):
            raise Problem(NOT_FOUND)
        return answer(
            {"addressee_number": number, "years": [_year(state, year, number) for year in state.fiscal_years(number)]}
        )

    async def work_list(request: Request) -> Response:
        """要確認一覧: the open work items, in the order of their names."""
        year = count_of(request, "fiscal_year", 0, 2100)
        async with reading(request, "work-items", Purpose.TAXATION) as about:
            records = await QUERIES.open_work_items(
                about.connection,
                municipality=about.municipality,
                fiscal_year=year or None,
                after=request.query_params.get("after", ""),
                limit=count_of(request, "limit", 100, WORK_ITEMS_A_PAGE),
            )
            rows = [from_record(WorkItemRow, record) for record in records]
            await about.record(row.addressee_number for row in rows)
        return answer({"work_items": [row.model_dump(mode="json") for row in rows]})

    path = "/v1/{municipality}/assessments/{fiscal_year:int}/{addressee_number}"
    return [
        Route(path, assessments),
        Route(path + "/{version:int}/working", working),
        Route("/v1/{municipality}/taxpayers/{addressee_number}", taxpayer),
        Route("/v1/{municipality}/work-items", work_list),
        access_records_route(Purpose.TAXATION),
        *run_routes(ground),
    ]


async def _state(request: Request, action: str) -> tuple[str, str, TaxationState]:
    """Municipality and number from the path, and all that taxation knows of the person."""
    number = number_of(request, "addressee_number")
    async with reading(request, action, Purpose.TAXATION) as about:
        states = await store.load_people(about.connection, [about.municipality], [(about.municipality, number)])
        await about.record([number])
        return about.municipality, number, states[about.municipality]


def _year(state: TaxationState, year: int, number: str) -> dict[str, Any]:
    latest = state.latest(year, number)
    return {
        "fiscal_year": year,
        "taxable_here": state.taxable_here(number, year),
        "reports": [row.model_dump(mode="json") for row in state.reports(year, number)],
        "assessment": latest.model_dump(mode="json") if latest else None,
    }
