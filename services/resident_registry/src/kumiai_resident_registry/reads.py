"""Reads of the registry, each for a purpose and recorded: people, histories, households, addresses, what changed.

`?as_of=` (a day) and `?known=` (a day or an instant) ask how it stood on a day, as it was known by the other.
"""

import orjson
from kumiai_common.clock import day_in_japan, now
from kumiai_common.http.problems import NOT_FOUND, PARAMETER_INVALID, PURPOSE_MISSING, Problem
from kumiai_common.http.requests import answer, count_of, number_of, text_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.municipalities import municipality
from kumiai_contracts.registry import EVENTS
from kumiai_contracts.resident import STREAM, HouseholdRow, ResidentEvent, ResidentRow
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_resident_registry.between_routes import between_routes
from kumiai_resident_registry.desk import desk_routes
from kumiai_resident_registry.domain.address_key import beginning_of_key
from kumiai_resident_registry.domain.characters.search_key import search_key
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.visible import FIELDS
from kumiai_resident_registry.looking_back import Moment, address_at, history_of, household_at, person_at
from kumiai_resident_registry.named_queries import QUERIES
from kumiai_resident_registry.own_system_routes import own_system_routes
from kumiai_resident_registry.reading import Reading, day_of, reading, rows_of, time_of
from kumiai_resident_registry.work_list_routes import work_list_routes

PAGE = 50
MOST = 500


def routes(ground: Ground) -> list[BaseRoute]:
    """The service's own routes."""
    reads, people = Reads(ground), "/v1/{municipality}/residents"
    return [
        Route(people, reads.search),
        Route(people + "/changes", reads.changes),
        Route(people + "/{addressee_number}", reads.resident),
        Route(people + "/{addressee_number}/history", reads.history),
        Route("/v1/{municipality}/households/{household_number}", reads.household),
        Route("/v1/{municipality}/addresses", reads.address),
        *desk_routes(ground),
        *work_list_routes(ground),
        *own_system_routes(),
        *between_routes(ground),
    ]


class Reads:
    """The handlers about people, households and addresses."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def resident(self, request: Request) -> Response:
        """A person's row: the current one, or the one that held on a day."""
        async with reading(self._ground, request, "resident") as about:
            history = await _history(about, number_of(request, "addressee_number"))
            row = history[-1] if history else None
            if history and _asks_back(request):
                row = await person_at(about.connection, about.municipality, history, _moment(request))
            if row is None:
                raise Problem(NOT_FOUND)
            return answer((await about.shown([row]))[0])

    async def history(self, request: Request) -> Response:
        """Every row of a person (異動履歴), the last one being the current one."""
        async with reading(self._ground, request, "history") as about:
            found = await _history(about, number_of(request, "addressee_number"))
            if not found:
                raise Problem(NOT_FOUND)
            return answer({"history": await about.shown(found)})

    async def household(self, request: Request) -> Response:
        """A household's head and members, now or on a day."""
        async with reading(self._ground, request, "household") as about:
            number = number_of(request, "household_number")
            if _asks_back(request):
                return answer(await _household_as_of(about, number, _moment(request)))
            record = await QUERIES.household(about.connection, municipality=about.municipality, household_number=number)
            if record is None:
                raise Problem(NOT_FOUND)
            row = from_record(HouseholdRow, record)
            await about.record(row.members)
            return answer(row.model_dump(mode="json"))

    async def search(self, request: Request) -> Response:
        """People whose name begins so, in kanji or kana, however it is written; the next page by `after`."""
        async with reading(self._ground, request, "search") as about:
            key = search_key(text_of(request, "name"))
            if not key:
                raise Problem(PARAMETER_INVALID, "name: something that can be searched for")
            return answer(await _found(about, key, request))

    async def address(self, request: Request) -> Response:
        """Who lives at an address, or lived there on a day; the next page by `after`."""
        async with reading(self._ground, request, "address") as about:
            if "address" not in FIELDS[about.purpose]:
                raise Problem(PURPOSE_MISSING)
            here = municipality(about.municipality)
            key = beginning_of_key(text_of(request, "address"), here.prefecture, here.name)
            if not key:
                raise Problem(PARAMETER_INVALID, "address: something that can be searched for")
            return answer(await _living_at(about, key, request))

    async def changes(self, request: Request) -> Response:
        """Rows that events after a position added, in their order."""
        async with reading(self._ground, request, "changes") as about:
            after = count_of(request, "after", 0, 10**15)
            return answer(await _changes(about, after, count_of(request, "limit", PAGE, MOST)))


def _asks_back(request: Request) -> bool:
    return "as_of" in request.query_params or "known" in request.query_params


def _moment(request: Request) -> Moment:
    today = day_in_japan(now())
    return Moment(day_of(request, "as_of") or today, time_of(request, "known") or today)


async def _history(about: Reading, addressee_number: str) -> list[ResidentRow]:
    return await history_of(about.connection, about.municipality, addressee_number)


async def _household_as_of(about: Reading, number: str, moment: Moment) -> dict[str, object]:
    members = await household_at(about.connection, about.municipality, number, moment)
    if members is None:
        raise Problem(NOT_FOUND)
    await about.record([row.addressee_number for row in members])
    return {
        "household_number": number,
        "head": next((row.addressee_number for row in members if row.relationship == HEAD), None),
        "members": [row.addressee_number for row in members],
    }


async def _living_at(about: Reading, key: str, request: Request) -> dict[str, object]:
    after = request.query_params.get("after", "").replace("\x00", "")
    limit = count_of(request, "limit", PAGE, MOST)
    page = await address_at(about.connection, about.municipality, key, _moment(request), after=after, limit=limit)
    return {"residents": await about.shown(page.residents, found_by_address=True), "after": page.after}


async def _found(about: Reading, key: str, request: Request) -> dict[str, object]:
    limit = count_of(request, "limit", PAGE, MOST)
    after = request.query_params.get("after", "").replace("\x00", "")
    stated, _, number = after.rpartition("/")
    after_key, after_number = max((stated, number), (key, ""))
    records = await QUERIES.found_by_name(
        about.connection,
        municipality=about.municipality,
        end=key + "\U0010ffff",
        after_key=after_key,
        after_number=after_number,
        limit=limit,
    )
    # Somebody whose given name begins like the family name has two keys.
    once = {record["addressee_number"]: record for record in records}
    last = f"{records[-1]['key']}/{records[-1]['addressee_number']}" if len(records) == limit and records else None
    return {"residents": await about.shown(rows_of(list(once.values()))), "after": last}


async def _changes(about: Reading, after: int, limit: int) -> dict[str, object]:
    types = [kind.type for kind in EVENTS.values() if issubclass(kind, ResidentEvent)]
    records = await QUERIES.changed_since(
        about.connection, municipality=about.municipality, stream=STREAM, after=after, types=types, limit=limit
    )
    rows: list[ResidentRow] = []
    positions: list[int] = []
    for record in records:
        for row in orjson.loads(record["body"])["residents"]:
            rows.append(ResidentRow.model_validate_json(orjson.dumps(row)))
            positions.append(record["position"])
    shown = await about.shown(rows)
    return {
        "changes": [{"position": position, **row} for position, row in zip(positions, shown, strict=True)],
        "after": records[-1]["position"] if records else after,
    }
