"""Comparing records over HTTP: what the two sides have differently, and telling providers now what is on record."""

from collections.abc import Awaitable, Callable

from kumiai_common.clock import now, timestamp
from kumiai_common.http.reading import reading
from kumiai_common.http.requests import answer, count_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose
from kumiai_contracts.recall import RecordDifferenceRow
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.exchange_routes import allowed
from kumiai_national_id_linkage.store_exchange import QUERIES
from kumiai_national_id_linkage.summarising import summarise


def comparing_routes(ground: Ground) -> list[BaseRoute]:
    """The addresses, below `/v1/{municipality}`."""

    async def differences(request: Request) -> Response:
        """記録の相違: every exchange that the two sides have differently, until they agree."""
        limit = count_of(request, "limit", 100, 1000)
        async with reading(request, "record-differences", Purpose.LINKAGE) as about:
            found = await QUERIES.differences(about.connection, municipality=about.municipality, limit=limit)
            await about.record()
        rows = [from_record(RecordDifferenceRow, record).model_dump(mode="json") for record in found]
        return answer({"differences": rows})

    async def summaries(request: Request) -> Response:
        """Tell every provider what has been decided since the last summary, without waiting for the day's end."""
        municipality, _ = await allowed(request, Purpose.LINKAGE)
        async with ground.database.transaction([municipality]) as connection:
            rows = await summarise(connection, municipality, timestamp(now()))
        ground.relay.wake()
        return answer({"summaries": [row.model_dump(mode="json") for row in rows]}, 202)

    at = "/v1/{municipality}"
    found: list[tuple[str, Callable[[Request], Awaitable[Response]], str]] = [
        (at + "/record-differences", differences, "GET"),
        (at + "/record-summaries", summaries, "POST"),
    ]
    return [Route(path, handler, methods=[method]) for path, handler, method in found]
