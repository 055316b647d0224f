"""Where an own system's feed stands (連番の位置): for whoever sends it, for clerks, for operators, for the metrics."""

import asyncio

import structlog
from kumiai_common.database import TRANSIENT
from kumiai_common.http.access import authorised
from kumiai_common.http.requests import answer, count_of, municipality_of
from kumiai_common.service import Ground
from kumiai_contracts.membership import Role
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_resident_registry.named_queries import QUERIES
from kumiai_resident_registry.own_system import standings

_LOG = structlog.get_logger()
LOOK_SECONDS = 2.0
MOST = 1000


def own_system_routes() -> list[BaseRoute]:
    """`GET /v1/{municipality}/feed`."""

    async def feed(request: Request) -> Response:
        """The next number, what is missing, and who differs: the people are shown to the municipality alone."""
        municipality = municipality_of(request)
        roles = (Role.SYSTEM, Role.CLERK, Role.OPERATOR)
        after = request.query_params.get("after", "").replace("\x00", "")
        limit = count_of(request, "limit", 100, MOST)
        async with authorised(request, municipality, purpose=None, roles=roles) as (caller, connection):
            place = await QUERIES.own_feed(connection, municipality=municipality)
            counts = await QUERIES.divergence_counts(connection, municipalities=[municipality])
            people = await QUERIES.divergences(connection, municipality=municipality, after=after, limit=limit)
        found = {
            "municipality": municipality,
            "own": place["own"],
            "next": place["sequence"] + 1,
            "seen": place["seen"],
            "missing": place["seen"] - place["sequence"],
            "differing": counts[0]["people"] if counts else 0,
        }
        if caller.municipality == municipality:
            last = people[-1]["addressee_number"] if len(people) == limit and people else None
            found |= {"people": [dict(record) for record in people], "after": last}
        return answer(found)

    return [Route("/v1/{municipality}/feed", feed)]


async def watch(ground: Ground) -> None:
    """Keep the metrics of all feeds up to date, for ever."""
    while True:
        try:
            tenants = await ground.database.tenants()
            async with ground.database.transaction(tenants) as connection:
                found = await standings(connection, tenants)
            ground.telemetry.feeds({feed.municipality: feed.missing + feed.diverged_keys for feed in found})
        except TRANSIENT as error:
            _LOG.warning("feeds not known", error=type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)
