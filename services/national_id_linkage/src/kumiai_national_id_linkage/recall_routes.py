"""Recall over HTTP: what was wrong comes in, who was told comes out, and who has acknowledged it.

The list follows from the records by one query. Opening a recall records what was wrong and notifies; repeating the
notification reaches whoever was told in the meantime, and nobody twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Annotated, Any

import orjson
from kumiai_common.clock import now, timestamp
from kumiai_common.database import Connection
from kumiai_common.http import problems
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.reading import reading
from kumiai_common.http.requests import answer, count_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.exchange import FactKind
from kumiai_contracts.membership import Purpose
from kumiai_contracts.model import Event, Frozen
from kumiai_contracts.recall import RecallNotificationRow, RecallOpened, RecallRow, ReceivedRecallRow, WrongItems
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.domain.recall_file import BadRecallFile, Wrong, read
from kumiai_national_id_linkage.domain.recalling import Told, notified, targets_listed
from kumiai_national_id_linkage.domain.records import digest_of
from kumiai_national_id_linkage.exchange_routes import allowed, append, deciding
from kumiai_national_id_linkage.legal_tables import legal_tables
from kumiai_national_id_linkage.store_exchange import QUERIES

REQUEST_REUSED = Kind(
    "request-id-reused",
    409,
    "この要求IDは、内容の異なる訂正通知にすでに使われています。別のIDを付けてください。",
    "This request id was given to a recall with other content. Give another request an id of its own.",
)
PAGE = 5000
"""Lines that are written at once."""
SHORTEST_REASON = 5
"""Characters."""


class WhatWasWrong(Frozen):
    """訂正通知の申出, from the query; whose facts they were stands in the body, a line each."""

    fact_kind: FactKind
    """特定個人情報名."""
    items: WrongItems
    """項目 that were wrong."""
    reason: Annotated[str, Field(max_length=200)] = ""
    """Why, for whoever is notified."""
    request: Annotated[str, Field(max_length=100)] = ""
    """The caller's name for this request, given once and for all; without it the content is its name."""


def recall_routes(ground: Ground) -> list[BaseRoute]:
    """The addresses, below `/v1/{municipality}`."""
    at = "/v1/{municipality}/recalls"
    desk = RecallDesk(ground)
    found: list[tuple[str, Callable[[Request], Awaitable[Response]], str]] = [
        (at, desk.listed, "GET"),
        (at, desk.open, "POST"),
        (at + "/preview", desk.preview, "POST"),
        (at + "/received", desk.received, "GET"),
        (at + "/{recall}", desk.status, "GET"),
        (at + "/{recall}/told", desk.told, "GET"),
        (at + "/{recall}/notify", desk.notify, "POST"),
    ]
    return [Route(path, handler, methods=[method]) for path, handler, method in found]


class RecallDesk:
    """The handlers."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def preview(self, request: Request) -> Response:
        """Who was told, line by line, before anything is opened: JSON Lines."""
        request.state.only_reads = True  # what was wrong comes in a body
        async with reading(request, "recall-preview", Purpose.LINKAGE) as about:
            wrong, targets = _wrong(request), await _targets(request)
            found = await _told(about.connection, about.municipality, wrong, targets)
            await about.record(record["addressee_number"] for record in found)
        return _as_lines(found)

    async def open(self, request: Request) -> Response:
        """Open a recall: record what was wrong, and notify everybody who was told.

        The same request again opens nothing, and is answered with how its recall stands.
        """
        municipality, caller = await allowed(request, Purpose.LINKAGE)
        wrong, targets = _wrong(request), await _targets(request)
        if len(wrong.reason) < SHORTEST_REASON:
            raise Problem(problems.PARAMETER_INVALID, f"reason: {SHORTEST_REASON} to 200 characters")
        recall = name_of(municipality, wrong, targets)
        row = RecallRow(
            recall=recall,
            fact_kind=wrong.fact_kind,
            items=wrong.items,
            reason=wrong.reason,
            opened_by=caller.party,
            opened_at=timestamp(now()),
            people=len({target.addressee_number for target in targets}),
        )
        async with deciding(self._ground, municipality) as connection:
            if await QUERIES.recall(connection, municipality=municipality, recall=recall) is not None:
                if await _recorded(connection, municipality, recall) != (_said(wrong), sorted(targets)):
                    raise Problem(REQUEST_REUSED)
                return answer(await _status(connection, municipality, recall))
            events: list[Event] = [RecallOpened(recall=row)]
            events += targets_listed(recall, targets)
            await append(connection, municipality, *events)
            await self._notify(connection, municipality, recall, wrong, targets)
            return answer(await _status(connection, municipality, recall), 201)

    async def notify(self, request: Request) -> Response:
        """Notify whoever was told since the last notification; nobody a second time."""
        municipality, _ = await allowed(request, Purpose.LINKAGE)
        recall = _name(request)
        async with deciding(self._ground, municipality) as connection:
            wrong, targets = await _recorded(connection, municipality, recall)
            await self._notify(connection, municipality, recall, wrong, targets)
            return answer(await _status(connection, municipality, recall))

    async def status(self, request: Request) -> Response:
        """How a recall stands: each body with its requests, and whether it has acknowledged."""
        async with reading(request, "recall", Purpose.LINKAGE) as about:
            await about.record()
            return answer(await _status(about.connection, about.municipality, _name(request)))

    async def told(self, request: Request) -> Response:
        """The recall's list, now: who was told which version of whose fact, when. JSON Lines."""
        async with reading(request, "recall-told", Purpose.LINKAGE) as about:
            wrong, targets = await _recorded(about.connection, about.municipality, _name(request))
            found = await _told(about.connection, about.municipality, wrong, targets)
            await about.record(record["addressee_number"] for record in found)
        return _as_lines(found)

    async def listed(self, request: Request) -> Response:
        """Every recall that this municipality opened, the last one first."""
        limit = count_of(request, "limit", 100, 1000)
        async with reading(request, "recalls", Purpose.LINKAGE) as about:
            found = await QUERIES.recalls(about.connection, municipality=about.municipality, limit=limit)
            await about.record()
        return answer({"recalls": [from_record(RecallRow, record).model_dump(mode="json") for record in found]})

    async def received(self, request: Request) -> Response:
        """What other bodies told this municipality and took back."""
        limit = count_of(request, "limit", 100, 1000)
        async with reading(request, "received-recalls", Purpose.LINKAGE) as about:
            found = await QUERIES.received_recalls(about.connection, municipality=about.municipality, limit=limit)
            await about.record()
        rows = [from_record(ReceivedRecallRow, record).model_dump(mode="json") for record in found]
        return answer({"received": rows})

    async def _notify(
        self, connection: Connection, municipality: str, recall: str, wrong: WhatWasWrong, targets: Sequence[Wrong]
    ) -> None:
        found = await _told(connection, municipality, wrong, targets)
        told = [Told(record["inquirer"], record["request_number"]) for record in found]
        records = await QUERIES.notifications(connection, municipality=municipality, recall=recall)
        before = [from_record(RecallNotificationRow, record) for record in records]
        events = list(notified(recall, told, before, timestamp(now())))
        if events:
            await append(connection, municipality, *events)


def name_of(municipality: str, wrong: WhatWasWrong, targets: Sequence[Wrong]) -> str:
    """A recall's name follows from the request that opens it, so whoever asks twice opens it once."""
    content = {**wrong.model_dump(mode="json"), "targets": sorted(targets)}
    return digest_of(municipality=municipality, asked=wrong.request or content)[:32]


async def _told(connection: Connection, municipality: str, wrong: WhatWasWrong, targets: Sequence[Wrong]) -> list[Any]:
    """Exactly the answers that held a wrong item of a wrong version, by body and request."""
    found: list[Any] = await QUERIES.told(
        connection,
        municipality=municipality,
        fact_kind=wrong.fact_kind,
        items=list(wrong.items),
        people=[target.addressee_number for target in targets],
        scopes=[target.scope for target in targets],
        versions=[target.until_version for target in targets],
    )
    return found


async def _recorded(connection: Connection, municipality: str, recall: str) -> tuple[WhatWasWrong, list[Wrong]]:
    """What was wrong, as the recall has it on record. Raises Problem."""
    row = await _recall(connection, municipality, recall)
    found = await QUERIES.recall_targets(connection, municipality=municipality, recall=recall)
    wrong = WhatWasWrong.trusted(fact_kind=row.fact_kind, items=row.items, reason=row.reason, request="")
    return wrong, sorted(Wrong(**dict(target)) for target in found)


def _said(wrong: WhatWasWrong) -> WhatWasWrong:
    """What a recall has on record of the request that opened it."""
    return WhatWasWrong.trusted(fact_kind=wrong.fact_kind, items=wrong.items, reason=wrong.reason, request="")


async def _recall(connection: Connection, municipality: str, recall: str) -> RecallRow:
    record = await QUERIES.recall(connection, municipality=municipality, recall=recall)
    if record is None:
        raise Problem(problems.NOT_FOUND)
    return from_record(RecallRow, record)


async def _status(connection: Connection, municipality: str, recall: str) -> dict[str, Any]:
    row = await _recall(connection, municipality, recall)
    found = await QUERIES.notifications(connection, municipality=municipality, recall=recall)
    notifications = [from_record(RecallNotificationRow, record) for record in found]
    return {
        "recall": row.model_dump(mode="json"),
        "bodies": len({each.inquirer for each in notifications}),
        "requests": sum(len(each.request_numbers) for each in notifications),
        "open": len({each.inquirer for each in notifications if each.acknowledged_at is None}),
        "notifications": [
            {
                "inquirer": each.inquirer,
                "part": each.part,
                "requests": len(each.request_numbers),
                "notified_at": each.notified_at,
                "acknowledged_at": each.acknowledged_at,
            }
            for each in notifications
        ],
    }


def _as_lines(records: Sequence[Any]) -> Response:
    """A JSON object a line, a page at a time."""

    async def pages() -> AsyncIterator[bytes]:
        for start in range(0, len(records), PAGE):
            yield b"".join(orjson.dumps(_line(record)) + b"\n" for record in records[start : start + PAGE])

    return StreamingResponse(pages(), headers={"cache-control": "no-store"}, media_type="application/x-ndjson")


def _line(record: Any) -> dict[str, Any]:
    return {**dict(record), "items": orjson.loads(record["items"])}


def _name(request: Request) -> str:
    return str(request.path_params["recall"]).replace("\x00", "")


def _wrong(request: Request) -> WhatWasWrong:
    query = request.query_params
    items = tuple(sorted({item.strip() for item in query.get("items", "").split(",") if item.strip()}))
    try:
        wrong = WhatWasWrong(
            fact_kind=query.get("kind", ""),
            items=items,
            reason=query.get("reason", ""),
            request=query.get("request", ""),
        )
    except ValidationError as error:
        names = {
            "fact_kind": "kind: TM and 14 digits",
            "items": "items: their names, separated by commas",
            "request": "request: at most 100 characters",
        }
        first = str(error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"][0])
        raise Problem(problems.PARAMETER_INVALID, names.get(first, "reason: at most 200 characters")) from None
    known = legal_tables().items_of(wrong.fact_kind)
    if unknown := sorted(set(items) - known):
        # A misspelt item was told to nobody: that would look as if nobody had to be notified.
        choices = ", ".join(sorted(known)) or "none: the kind is not in the legal table"
        raise Problem(problems.PARAMETER_INVALID, f"items: {', '.join(unknown)} is unknown; choose from {choices}")
    return wrong


async def _targets(request: Request) -> list[Wrong]:
    try:
        return read(await request.body())
    except BadRecallFile as error:
        raise Problem(problems.BODY_INVALID, str(error)) from None
