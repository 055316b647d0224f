"""The disaster exception (災害時の特例): asked for by one person, approved by another, listed, and over by itself."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from secrets import token_hex
from typing import Annotated

from kumiai_common.clock import now, timestamp
from kumiai_common.http import problems
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.reading import reading
from kumiai_common.http.requests import answer, count_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.exchange import (
    DisasterExceptionApproved,
    DisasterExceptionAsked,
    DisasterExceptionRow,
    FactKind,
)
from kumiai_contracts.exchange_notices import AskedItems
from kumiai_contracts.institutions import InstitutionCode
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.model import Frozen
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.exchange_routes import allowed, append, body_of, deciding
from kumiai_national_id_linkage.store_exchange import QUERIES

MOST_MINUTES = 72 * 60
"""How long an exception may hold at most: three days, our own choice."""
SAME_PERSON = Kind(
    "second-person-needed",
    409,
    "申請した本人は承認できません。別の職員が承認してください。",
    "Whoever asked can't approve. Another person has to.",
)
APPROVED = Kind(
    "already-approved", 409, "この申請はすでに承認されています。", "This request has been approved already."
)


class ExceptionRequest(Frozen):
    """災害時の特例の申請."""

    inquirer: InstitutionCode
    """情報照会者 whom it lets ask."""
    fact_kind: FactKind
    """特定個人情報名."""
    items: AskedItems
    """項目."""
    reason: Annotated[str, Field(min_length=5, max_length=200)]
    """Why."""


class Minutes(Frozen):
    """For how long it holds."""

    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)]


def exception_routes(ground: Ground) -> list[BaseRoute]:
    """The addresses, below `/v1/{municipality}/disaster-exceptions`."""

    async def listed(request: Request) -> Response:
        """Every one that was asked for, the last one first, with who approved it and until when it held."""
        limit = count_of(request, "limit", 100, 1000)
        async with reading(request, "disaster-exceptions", Purpose.LINKAGE) as about:
            found = await QUERIES.exceptions(about.connection, municipality=about.municipality, limit=limit)
            await about.record()
        rows = [from_record(DisasterExceptionRow, record).model_dump(mode="json") for record in found]
        return answer({"disaster_exceptions": rows})

    async def ask(request: Request) -> Response:
        """Ask for one; it does not hold before somebody else has approved it."""
        municipality, caller = await allowed(request, Purpose.LINKAGE, roles=(Role.CLERK,))
        wanted = await body_of(request, ExceptionRequest)
        row = DisasterExceptionRow(
            exception=token_hex(16),
            inquirer=wanted.inquirer,
            fact_kind=wanted.fact_kind,
            items=tuple(sorted(set(wanted.items))),
            reason=wanted.reason,
            asked_by=caller.party,
            asked_at=timestamp(now()),
            approved_by=None,
            approved_at=None,
            until=None,
        )
        async with deciding(ground, municipality) as connection:
            await append(connection, municipality, DisasterExceptionAsked(exception=row))
        return answer(row.model_dump(mode="json"), 201)

    async def approve(request: Request) -> Response:
        """Approve somebody else's request, for some minutes."""
        municipality, caller = await allowed(request, Purpose.LINKAGE, roles=(Role.CLERK,))
        wanted = await body_of(request, Minutes)
        name = str(request.path_params["exception"]).replace("\x00", "")
        async with deciding(ground, municipality) as connection:
            record = await QUERIES.exception(connection, municipality=municipality, exception=name)
            if record is None:
                raise Problem(problems.NOT_FOUND)
            asked = from_record(DisasterExceptionRow, record)
            if asked.asked_by == caller.party:
                raise Problem(SAME_PERSON)
            if asked.approved_by is not None:
                raise Problem(APPROVED)
            instant = now()
            values = {
                "approved_by": caller.party,
                "approved_at": timestamp(instant),
                "until": timestamp(instant + timedelta(minutes=wanted.minutes)),
            }
            row = asked.model_copy(update=values)
            await append(connection, municipality, DisasterExceptionApproved(exception=row))
        return answer(row.model_dump(mode="json"))

    at = "/v1/{municipality}/disaster-exceptions"
    found: list[tuple[str, Callable[[Request], Awaitable[Response]], str]] = [
        (at, listed, "GET"),
        (at, ask, "POST"),
        (at + "/{exception}/approval", approve, "POST"),
    ]
    return [Route(path, handler, methods=[method]) for path, handler, method in found]
