"""Reads of taxation, for a purpose."""

from kumiai_common.http.access import authorise, requested_purpose
from kumiai_common.http.problems import NOT_FOUND, PURPOSE_MISSING, Problem
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.taxation import AssessmentRow
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from kumiai_taxation.store import QUERIES


def routes(ground: Ground) -> list[BaseRoute]:
    """The service's own routes."""

    async def assessments(request: Request) -> JSONResponse:
        """Every version of a person's assessment of a fiscal year, the last one being the one that counts."""
        municipality = request.path_params["municipality"]
        purpose = requested_purpose(request)
        await authorise(request, municipality, purpose=purpose, roles={Role.CLERK, Role.SYSTEM})
        if purpose is not Purpose.TAXATION:
            raise Problem(PURPOSE_MISSING)
        async with ground.database.transaction([municipality]) as connection:
            records = await QUERIES.versions(
                connection,
                municipality=municipality,
                fiscal_year=request.path_params["fiscal_year"],
                addressee_number=request.path_params["addressee_number"],
            )
        if not records:
            raise Problem(NOT_FOUND)
        versions = [from_record(AssessmentRow, record).model_dump(mode="json") for record in records]
        return JSONResponse({"versions": versions})

    return [Route("/v1/{municipality}/assessments/{fiscal_year:int}/{addressee_number}", assessments)]
