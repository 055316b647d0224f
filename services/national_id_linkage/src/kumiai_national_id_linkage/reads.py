"""Reads of the linkage service, for a purpose."""

from kumiai_common.http.access import authorised, requested_purpose
from kumiai_common.http.problems import NOT_FOUND, PURPOSE_MISSING, Problem
from kumiai_common.service import Ground
from kumiai_contracts.membership import Purpose, Role
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.store import QUERIES

READERS = (Role.CLERK, Role.SYSTEM)


def routes(ground: Ground) -> list[BaseRoute]:
    """The service's own routes."""

    async def addressee(request: Request) -> JSONResponse:
        """One person's integrated addressee number, the lines of business' own, and the versions of the tax facts."""
        municipality = request.path_params["municipality"]
        number = request.path_params["addressee_number"]
        purpose = requested_purpose(request)
        async with authorised(request, municipality, purpose=purpose, roles=READERS) as (_, connection):
            if purpose is not Purpose.LINKAGE:
                raise Problem(PURPOSE_MISSING)
            link = await QUERIES.addressee(connection, municipality=municipality, addressee_number=number)
            if link is None:
                raise Problem(NOT_FOUND)
            numbers = await QUERIES.business_numbers_of(
                connection,
                municipality=municipality,
                integrated_addressee_number=link["integrated_addressee_number"],
            )
            facts = await QUERIES.tax_facts(connection, municipality=municipality, addressee_number=number)
        return JSONResponse(
            {
                **dict(link),
                "business_numbers": [dict(number) for number in numbers],
                "tax_facts": [dict(fact) for fact in facts],
            }
        )

    return [Route("/v1/{municipality}/addressees/{addressee_number}", addressee)]
