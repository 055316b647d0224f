"""Reads of the linkage service, for a purpose."""

from kumiai_common.http.access_records import access_records_route
from kumiai_common.http.problems import NOT_FOUND, Problem
from kumiai_common.http.reading import reading
from kumiai_common.http.requests import answer, number_of
from kumiai_contracts.membership import Purpose
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.store import QUERIES


def routes() -> list[BaseRoute]:
    """The service's own routes."""

    async def addressee(request: Request) -> Response:
        """One person's integrated addressee number, the lines of business' own, and the versions of the tax facts."""
        number = number_of(request, "addressee_number")
        async with reading(request, "addressee", Purpose.LINKAGE) as about:
            named = {"municipality": about.municipality, "addressee_number": number}
            link = await QUERIES.addressee(about.connection, **named)
            numbers = link and await QUERIES.business_numbers_of(
                about.connection,
                municipality=about.municipality,
                integrated_addressee_number=link["integrated_addressee_number"],
            )
            facts = await QUERIES.tax_facts(about.connection, **named)
            await about.record([number] if link else ())
        if link is None:
            raise Problem(NOT_FOUND)  # after the record is committed: an attempt is an access
        return answer(
            {
                **dict(link),
                "business_numbers": [dict(number) for number in numbers],
                "tax_facts": [dict(fact) for fact in facts],
            }
        )

    return [
        Route("/v1/{municipality}/addressees/{addressee_number}", addressee),
        access_records_route(Purpose.LINKAGE),
    ]
