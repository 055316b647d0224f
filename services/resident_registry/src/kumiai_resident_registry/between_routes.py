"""Moves between municipalities (団体間の異動) over HTTP: who is announced, who was told of, and what became of it."""

from typing import Any

from kumiai_common.http.problems import PARAMETER_INVALID, PURPOSE_MISSING, Problem
from kumiai_common.http.requests import answer, count_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose
from kumiai_contracts.resident_between import MoveBetweenRow, MoveContent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_resident_registry.desk import MOST
from kumiai_resident_registry.named_queries import QUERIES
from kumiai_resident_registry.reading import reading

LISTS = {"announced": ("announced", "received"), "sent": ("moved-in", "sent"), "told": ("moved-in", "received")}
"""What may be asked for: 転出予定 announced to here, 転入通知 sent from here, 転入通知 that came here."""
STATES = ("open", "met", "withdrawn")


def between_routes(ground: Ground) -> list[BaseRoute]:
    """`GET /v1/{municipality}/moves-between/{list}`, for the resident desk alone."""

    async def listed(request: Request) -> Response:
        """`announced`, `sent` or `told`, with what was said; `?state=` open (if none is named), met or withdrawn."""
        kind, direction = LISTS.get(str(request.path_params["list"]), ("", ""))
        state = request.query_params.get("state", "open")
        if not kind or state not in STATES:
            raise Problem(PARAMETER_INVALID, f"{', '.join(LISTS)}; state: {', '.join(STATES)}")
        after = request.query_params.get("after", "").replace("\x00", "")
        limit = count_of(request, "limit", 100, MOST)
        async with reading(ground, request, "moves-between") as about:
            if about.purpose is not Purpose.RESIDENT_SERVICES:
                raise Problem(PURPOSE_MISSING)
            records = await QUERIES.moves_listed(
                about.connection,
                municipality=about.municipality,
                kind=kind,
                direction=direction,
                state=state,
                after=after,
                limit=limit,
            )
            rows = [from_record(MoveBetweenRow, record) for record in records]
            await about.record([row.addressee_number for row in rows if row.addressee_number is not None])
        moves = [_shown(row, record["part"]) for row, record in zip(rows, records, strict=True)]
        return answer({"moves": moves, "after": rows[-1].reference if len(rows) == limit and rows else None})

    return [Route("/v1/{municipality}/moves-between/{list}", listed)]


def _shown(row: MoveBetweenRow, part: bytes | None) -> dict[str, Any]:
    said = MoveContent.model_validate_json(part).model_dump(mode="json") if part is not None else {}
    return {"reference": row.reference, "addressee_number": row.addressee_number, "state": row.state, **said}
