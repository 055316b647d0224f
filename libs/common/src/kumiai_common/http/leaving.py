"""`GET /v1/{municipality}/leaving`: what a service has closed and erased, and what it still has. Never a record."""

from typing import Protocol

from kumiai_contracts.membership import Role
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kumiai_common.closing import Closing
from kumiai_common.http.access import authorise
from kumiai_common.http.requests import answer, municipality_of


class Parts(Protocol):
    """What the route needs of a running service."""

    @property
    def closing(self) -> Closing: ...


def leaving_routes(parts: Parts) -> list[Route]:
    """The one address."""

    async def leaving(request: Request) -> Response:
        """What waits, where the streams ended, and the rows of every table: those there were, and those there are.

        `?altogether=false` leaves out what a member keeps that leaves only this service. With `?count=false` rows are
        counted only once all should be gone, since counting takes as long as there are many.
        """
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=None, roles=(Role.SERVICE, Role.OPERATOR, Role.SYSTEM))
        altogether, count = (request.query_params.get(name) != "false" for name in ("altogether", "count"))
        return answer(await parts.closing.shown(municipality, altogether=altogether, count=count))

    return [Route("/v1/{municipality}/leaving", leaving)]
