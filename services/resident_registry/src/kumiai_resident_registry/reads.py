"""Reads of the registry, for a purpose: a person, the person's history, a household.

住民記録事務 sees everything; 税務事務 and 番号連携事務 see no address; for any other purpose there is nothing to see.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from kumiai_common.database import Connection
from kumiai_common.http.access import authorise, requested_purpose
from kumiai_common.http.problems import NOT_FOUND, PURPOSE_MISSING, Problem
from kumiai_common.http.requests import municipality_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.resident import HouseholdRow, ResidentRow
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from kumiai_resident_registry.store import QUERIES

_READERS = (Role.CLERK, Role.SYSTEM)
_SEES_ADDRESSES = frozenset((Purpose.RESIDENT_SERVICES,))
_SEES_RECORDS = _SEES_ADDRESSES | {Purpose.TAXATION, Purpose.LINKAGE}
_ADDRESSES = ("address", "previous_address", "destination_address")
"""Columns that hold a commitment; an answer holds the address itself, or nothing."""


def routes(ground: Ground) -> list[BaseRoute]:
    """The service's own routes."""

    async def resident(request: Request) -> JSONResponse:
        """A person's current row."""
        municipality, purpose = await _authorised(request)
        async with ground.database.transaction([municipality]) as connection:
            record = await QUERIES.resident(
                connection, municipality=municipality, addressee_number=_number(request, "addressee_number")
            )
            if record is None:
                raise Problem(NOT_FOUND)
            return JSONResponse((await _shown(connection, municipality, purpose, [record]))[0])

    async def history(request: Request) -> JSONResponse:
        """Every row of a person (異動履歴), the last one being the current one."""
        municipality, purpose = await _authorised(request)
        async with ground.database.transaction([municipality]) as connection:
            records = await QUERIES.history(
                connection, municipality=municipality, addressee_number=_number(request, "addressee_number")
            )
            if not records:
                raise Problem(NOT_FOUND)
            return JSONResponse({"history": await _shown(connection, municipality, purpose, records)})

    async def household(request: Request) -> JSONResponse:
        """A household's head and members."""
        municipality, _ = await _authorised(request)
        async with ground.database.transaction([municipality]) as connection:
            record = await QUERIES.household(
                connection, municipality=municipality, household_number=_number(request, "household_number")
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
    municipality, purpose = municipality_of(request), requested_purpose(request)
    await authorise(request, municipality, purpose=purpose, roles=_READERS)
    if purpose not in _SEES_RECORDS:
        raise Problem(PURPOSE_MISSING)
    return municipality, purpose


def _number(request: Request, name: str) -> str:
    """A number from the path; what is none is not found, and a NUL never reaches the database."""
    number = str(request.path_params[name])
    if not (number.isascii() and number.isdigit()):
        raise Problem(NOT_FOUND)
    return number


async def _shown(
    connection: Connection, municipality: str, purpose: Purpose, records: Sequence[Any]
) -> list[dict[str, Any]]:
    """Rows as this purpose may see them: with the addresses that are there and not erased, or without any."""
    rows = [from_record(ResidentRow, record).model_dump(mode="json") for record in records]
    commitments = [{name: row.pop(name) for name in _ADDRESSES} for row in rows]
    if purpose not in _SEES_ADDRESSES:
        return rows
    wanted = {commitment for row in commitments for commitment in row.values() if commitment is not None}
    found = await QUERIES.addresses(connection, municipality=municipality, commitments=list(wanted))
    addresses = {record["commitment"]: orjson.loads(record["part"]) for record in found}
    return [
        {**row, **{name: addresses[sealed] for name, sealed in names.items() if sealed in addresses}}
        for row, names in zip(rows, commitments, strict=True)
    ]
