"""What the desk needs beside people's rows: protection, gaiji, statistics, the record of who read what."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from secrets import token_hex
from typing import Annotated, Any

import orjson
from kumiai_common.clock import day_in_japan, now
from kumiai_common.http import problems
from kumiai_common.http.access import authorise, requested_purpose
from kumiai_common.http.access_records import READERS, access_records_route
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.requests import answer, count_of, municipality_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.model import Frozen
from kumiai_contracts.resident import ResidentRow
from kumiai_contracts.resident_affairs import ProtectionRow
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_resident_registry.domain.moves import PART
from kumiai_resident_registry.domain.rows import CARD, CODE
from kumiai_resident_registry.domain.statistics import Moved, Population, Standing, bounds, month, population
from kumiai_resident_registry.domain.visible import sees_address
from kumiai_resident_registry.named_queries import QUERIES
from kumiai_resident_registry.reading import reading

EMERGENCY_MINUTES = 8 * 60
"""How long an emergency access may hold at most: a working day, our own choice."""
RELEASE_MINUTES = 60
"""How long a temporary release may hold at most: our own choice."""
MOST = 500
NEVER_ALONE = (CODE, CARD, "extension", PART)
"""Sealed parts that open with what they belong to, or not at all."""
SAME_PERSON = Kind(
    "second-person-needed",
    409,
    "申請した本人は承認できません。別の職員が承認してください。",
    "Whoever asked can't approve. Another person has to.",
)
DECIDED = Kind("already-decided", 409, "この申請はすでに承認されています。", "This request has been approved already.")


class EmergencyRequest(Frozen):
    """災害時の閲覧の申請."""

    reason: Annotated[str, Field(min_length=5, max_length=200)]


class Minutes(Frozen):
    """For how long something holds."""

    minutes: Annotated[int, Field(ge=1, le=EMERGENCY_MINUTES)]


class Release(Frozen):
    """支援措置の一時解除."""

    addressee_number: Annotated[str, Field(pattern="^[0-9]{10}$")]
    minutes: Annotated[int, Field(ge=1, le=RELEASE_MINUTES)]


def desk_routes(ground: Ground) -> list[BaseRoute]:
    """The addresses, below `/v1/{municipality}`."""
    at = "/v1/{municipality}"
    desk = Desk(ground)
    found: list[tuple[str, Callable[[Request], Awaitable[Response]], str]] = [
        (at + "/protections", desk.protections, "GET"),
        (at + "/protections/releases", desk.release, "POST"),
        (at + "/gaiji", desk.gaiji, "GET"),
        (at + "/statistics/{month}", desk.statistics, "GET"),
        (at + "/emergency-accesses", desk.emergencies, "GET"),
        (at + "/emergency-accesses", desk.ask_emergency, "POST"),
        (at + "/emergency-accesses/{id}/approval", desk.approve_emergency, "POST"),
        (at + "/parts/{commitment}", desk.part, "GET"),
    ]
    own = [Route(path, handler, methods=[method]) for path, handler, method in found]
    return [*own, access_records_route(Purpose.RESIDENT_SERVICES)]


class Desk:
    """The handlers."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def protections(self, request: Request) -> Response:
        """支援措置対象者一覧: who is protected, with the terms that have run out, too."""
        limit = count_of(request, "limit", 100, MOST)
        after = request.query_params.get("after", "").replace("\x00", "")
        async with reading(self._ground, request, "protections") as about:
            records = await QUERIES.protections_listed(
                about.connection, municipality=about.municipality, after=after, limit=limit
            )
            rows = [from_record(ProtectionRow, record) for record in records]
            await about.record([row.addressee_number for row in rows])
        return answer(
            {
                "protections": [row.model_dump(mode="json") for row in rows],
                "after": rows[-1].addressee_number if len(rows) == limit and rows else None,
            }
        )

    async def release(self, request: Request) -> Response:
        """支援措置の一時解除: the resident desk sees the address for some minutes; it reverts by itself."""
        wanted = await body_of(request, Release)
        async with reading(self._ground, request, "release") as about:
            if about.purpose is not Purpose.PROTECTION:
                raise Problem(problems.PURPOSE_MISSING)
            await QUERIES.release(
                about.connection,
                municipality=about.municipality,
                id=token_hex(8),
                addressee_number=wanted.addressee_number,
                party=about.caller.party,
                minutes=wanted.minutes,
            )
            await about.record([wanted.addressee_number])
        return answer({"addressee_number": wanted.addressee_number, "minutes": wanted.minutes}, 201)

    async def gaiji(self, request: Request) -> Response:
        """外字の一覧: what every source system's code points mean, and how many names hold those unidentified."""
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=Purpose.RESIDENT_SERVICES, roles=READERS)
        async with self._ground.database.transaction([municipality]) as connection:
            found = [dict(record) for record in await QUERIES.gaiji_report(connection, municipality=municipality)]
        unidentified = [each for each in found if each["character"] is None]
        return answer({"gaiji": found, "identified": len(found) - len(unidentified), "unidentified": unidentified})

    async def statistics(self, request: Request) -> Response:
        """人口統計 of a month, with the check that it adds up; numbers only, so nobody is recorded as read about."""
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=Purpose.RESIDENT_SERVICES, roles=READERS)
        try:
            opening_day, closing_day = bounds(str(request.path_params["month"]))
        except ValueError:
            raise Problem(problems.NOT_FOUND) from None
        known = day_in_japan(now())
        async with self._ground.database.transaction([municipality], isolation="repeatable_read") as connection:
            days = []
            for day in (opening_day, closing_day):
                records = await QUERIES.standing_until(connection, municipality=municipality, day=day, known=known)
                days.append(_population(records, day))
            moved = await QUERIES.movements_of_month(
                connection, municipality=municipality, opening=opening_day, closing=closing_day, known=known
            )
        table = month(days[0], days[1], [Moved(*record) for record in moved])
        return answer({**table, "population": _jsonable(days[1])})

    async def emergencies(self, request: Request) -> Response:
        """災害時の閲覧の一覧: every one that was asked for, whether it was approved, and until when it held."""
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=None, roles=READERS)
        async with self._ground.database.transaction([municipality]) as connection:
            limit = count_of(request, "limit", 100, MOST)
            found = await QUERIES.emergencies(connection, municipality=municipality, limit=limit)
        return answer({"emergency_accesses": [dict(record) for record in found]})

    async def ask_emergency(self, request: Request) -> Response:
        """Ask for emergency access (災害時の閲覧), with the reason for it."""
        municipality = municipality_of(request)
        caller = await authorise(request, municipality, purpose=None, roles=(Role.CLERK,))
        wanted = await body_of(request, EmergencyRequest)
        id_ = token_hex(8)
        async with self._ground.database.transaction([municipality]) as connection:
            await QUERIES.request_emergency(
                connection, municipality=municipality, id=id_, party=caller.party, reason=wanted.reason
            )
        return answer({"id": id_}, 201)

    async def approve_emergency(self, request: Request) -> Response:
        """Approve somebody else's request, for some minutes; afterwards it ends by itself."""
        municipality = municipality_of(request)
        caller = await authorise(request, municipality, purpose=None, roles=(Role.CLERK,))
        wanted = await body_of(request, Minutes)
        id_ = str(request.path_params["id"]).replace("\x00", "")
        async with self._ground.database.transaction([municipality]) as connection:
            found = await QUERIES.emergency(connection, municipality=municipality, id=id_)
            if found is None:
                raise Problem(problems.NOT_FOUND)
            if found["party"] == caller.party:
                raise Problem(SAME_PERSON)
            if found["approved_by"] is not None:
                raise Problem(DECIDED)
            await QUERIES.approve_emergency(
                connection, municipality=municipality, id=id_, approver=caller.party, minutes=wanted.minutes
            )
        return answer({"id": id_, "approved_by": caller.party, "minutes": wanted.minutes})

    async def part(self, request: Request) -> Response:
        """A sealed part: as the ground serves it, except that a protected person's address needs its own purpose.

        A 住民票コード opens with the row of the person who has it, extra attributes with the rows of their movement, a
        move between municipalities in the list of them: nowhere else. A 在留カード番号 is compared, and never shown.
        """
        municipality, purpose = municipality_of(request), requested_purpose(request)
        await authorise(request, municipality, purpose=purpose, roles=READERS)
        async with reading(self._ground, request, "part") as about:
            commitment = str(request.path_params["commitment"]).replace("\x00", "")
            found = await QUERIES.sealed_with_event(about.connection, municipality=municipality, commitment=commitment)
            if found is None:
                raise Problem(problems.NOT_FOUND)
            rows = [
                ResidentRow.model_validate_json(orjson.dumps(row))
                for row in orjson.loads(found["body"]).get("residents", ())
                if commitment in row.values()
            ]
            is_protected = any(await about.protected(rows))
            if found["name"] in NEVER_ALONE or not sees_address(purpose, is_protected=is_protected, is_released=False):
                raise Problem(problems.PURPOSE_MISSING)
            if found["part"] is None:
                raise Problem(problems.ERASED)
            await about.record([row.addressee_number for row in rows])
            return answer(
                {
                    "stream": found["stream"],
                    "position": found["position"],
                    "name": found["name"],
                    "salt": found["salt"].hex(),
                    "part": found["part"].decode(),
                }
            )


async def body_of(request: Request, kind: type[Any]) -> Any:
    """What a request's body says. Raises Problem if it is none of this kind."""
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        fields = ", ".join(kind.model_fields)
        # What is wrong and where, never the value.
        faults = [f"{'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False)]
        raise Problem(problems.PARAMETER_INVALID, f"a JSON object with {fields}; {'; '.join(faults)}") from None


def _population(records: list[Any], day: Any) -> Population:
    return population((Standing(r["status"], r["household_number"], r["birth_date"], r["sex"]) for r in records), day)


def _jsonable(counted: Population) -> dict[str, Any]:
    found = asdict(counted)
    found["by_household_size"] = {str(size): count for size, count in counted.by_household_size.items()}
    return found
