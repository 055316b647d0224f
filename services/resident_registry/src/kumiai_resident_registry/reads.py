"""Reads of the registry, for a purpose. An address is shown to residents' services only."""

from collections.abc import Mapping
from typing import Any

import orjson
from kumiai_common.http.access import authorise, requested_purpose
from kumiai_common.http.problems import NOT_FOUND, Problem
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.resident import HouseholdRow, ResidentRow
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from kumiai_resident_registry.store import QUERIES

_READERS = (Role.CLERK, Role.SYSTEM)


def routes(ground: Ground) -> list[BaseRoute]:
    """The service's own routes."""

    async def resident(request: Request) -> JSONResponse:
        """A person's current row."""
        municipality, purpose = await _authorised(request)
        async with ground.database.transaction([municipality]) as connection:
            record = await QUERIES.resident_with_address(
                connection, municipality=municipality, addressee_number=request.path_params["addressee_number"]
            )
        if record is None:
            raise Problem(NOT_FOUND)
        return JSONResponse(_shown(record, purpose))

    async def history(request: Request) -> JSONResponse:
        """Every row of a person (異動履歴), the last one being the current one."""
        municipality, purpose = await _authorised(request)
        async with ground.database.transaction([municipality]) as connection:
            records = await QUERIES.history(
                connection, municipality=municipality, addressee_number=request.path_params["addressee_number"]
            )
        if not records:
            raise Problem(NOT_FOUND)
        return JSONResponse({"history": [_shown(record, purpose) for record in records]})

    async def household(request: Request) -> JSONResponse:
        """A household's head and members."""
        municipality, _ = await _authorised(request)
        async with ground.database.transaction([municipality]) as connection:
            record = await QUERIES.household(
                connection, municipality=municipality, household_number=request.path_params["household_number"]
            )
        if record is None:
            raise Problem(NOT_FOUND)
        return JSONResponse(from_record(HouseholdRow, record).model_dump(mode="json"))

    return [
        Route("/v1/{municipality}/residents/{addressee_number}", resident),
        Route("/v1/{municipality}/residents/{addressee_number}/history", history),
        Route("/v1/{municipality}/households/{household_number}", household),
    ]


async def _authorised(request: Request) -> tuple[str, Purpose]:
    municipality: str = request.path_params["municipality"]
    purpose = requested_purpose(request)
    await authorise(request, municipality, purpose=purpose, roles=_READERS)
    return municipality, purpose


def _shown(record: Mapping[str, Any], purpose: Purpose) -> dict[str, Any]:
    row = from_record(ResidentRow, record).model_dump(
        mode="json", exclude={"address", "previous_address", "destination_address"}
    )
    if purpose is Purpose.RESIDENT_SERVICES and record["address_part"] is not None:
        row["address"] = orjson.loads(record["address_part"])
    return row
