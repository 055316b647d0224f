"""Inquiry and provision over HTTP: fetch an answer, read the records, decide about what is held."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import orjson
from kumiai_common import log
from kumiai_common.clock import day_in_japan, now, timestamp
from kumiai_common.database import Connection
from kumiai_common.http import problems
from kumiai_common.http.access import Caller, authorise, requested_purpose
from kumiai_common.http.access_records import READERS
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.reading import Reading, reading
from kumiai_common.http.requests import answer, count_of, municipality_of, number_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.exchange import (
    AnswerFetched,
    CodeAcquisitionRow,
    DisasterExceptionRow,
    ExchangeRecordRow,
    FactVersionRow,
)
from kumiai_contracts.fields import ADDRESSEE_DIGITS
from kumiai_contracts.identifiers import addressee_check_digit, has_check_digit
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.linkage import STREAM
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.model import Event, Frozen, Row
from kumiai_contracts.registry import BodyError, parse_body
from kumiai_contracts.strict_json import StrictJsonError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.legal_table import Asked, Lawful, LegalTables
from kumiai_national_id_linkage.domain.providing import decide_held
from kumiai_national_id_linkage.domain.purpose import lawfully
from kumiai_national_id_linkage.domain.records import as_the_resident_sees_it
from kumiai_national_id_linkage.store_exchange import QUERIES

F = TypeVar("F", bound=Frozen)
A_PAGE, MOST = 100, 1000
"""Rows in an answer, unless another limit is asked for; and the highest limit."""
SIDES = ("inquirer", "provider")
OUTCOMES = ("requested", "held", "answered", "withheld", "refused")
NOT_ANSWERED = Kind(
    "inquiry-not-answered",
    409,
    "この照会にはまだ回答がありません。しばらくしてから取得してください。",
    "This inquiry has not been answered yet. Fetch it later.",
)
DECIDED = Kind(
    "already-decided",
    409,
    "この照会への回答はすでに決定されています。",
    "This request has been decided about already.",
)


def exchange_routes(ground: Ground, tables: LegalTables) -> list[BaseRoute]:
    """The addresses, below `/v1/{municipality}`."""
    at = "/v1/{municipality}"
    desk = ExchangeDesk(ground, tables)
    found: list[tuple[str, Callable[[Request], Awaitable[Response]], str]] = [
        (at + "/exchange-records", desk.records, "GET"),
        (at + "/addressees/{addressee_number}/disclosures", desk.disclosures, "GET"),
        (at + "/code-acquisitions", desk.acquisitions, "GET"),
        (at + "/inquiries/{request_number}", desk.inquiry, "GET"),
        (at + "/inquiries/{request_number}/fetch", desk.fetch, "POST"),
        (at + "/held-requests/{inquirer}/{request_number}/{decision}", desk.decide, "POST"),
    ]
    return [Route(path, handler, methods=[method]) for path, handler, method in found]


class ExchangeDesk:
    """The handlers."""

    def __init__(self, ground: Ground, tables: LegalTables) -> None:
        self._ground = ground
        self._tables = tables

    async def records(self, request: Request) -> Response:
        """情報提供等記録, page by page; `?outcome=held` is the work list, `?addressee_number=` is about one person."""
        wanted = {
            "side": _one_of(request, "side", SIDES),
            "outcome": _one_of(request, "outcome", OUTCOMES),
            "addressee_number": _person(request),
        }
        async with reading(request, "exchange-records", Purpose.LINKAGE, Purpose.PROTECTION) as about:
            rows, after = await _page(about, request, **wanted)
        return answer({"records": [row.model_dump(mode="json") for row in rows], "after": after})

    async def acquisitions(self, request: Request) -> Response:
        """符号取得: every 取得番号 with its state, by 宛名番号; for the system that hands them to 住基ネット."""
        limit = count_of(request, "limit", MOST, MOST)
        async with reading(request, "code-acquisitions", Purpose.LINKAGE) as about:
            found = await QUERIES.code_acquisitions(
                about.connection, municipality=about.municipality, after=_text(request, "after"), limit=limit
            )
            await about.record(record["addressee_number"] for record in found)
        rows = [from_record(CodeAcquisitionRow, record).model_dump(mode="json") for record in found]
        return answer({"acquisitions": rows, "after": rows[-1]["addressee_number"] if len(rows) == limit else None})

    async def disclosures(self, request: Request) -> Response:
        """What the resident may see of the records about them, page by page: a view with rules of its own."""
        person = number_of(request, "addressee_number")
        async with reading(request, "disclosures", Purpose.LINKAGE) as about:
            rows, after = await _page(about, request, addressee_number=person)
        views = [view for row in rows if (view := as_the_resident_sees_it(row)) is not None]
        return answer({"disclosures": [dict(view) for view in views], "after": after})

    async def inquiry(self, request: Request) -> Response:
        """How an inquiry stands, without the values."""
        async with reading(request, "inquiry", Purpose.LINKAGE) as about:
            record = await _own_inquiry(about.connection, about.municipality, request)
            await about.record([record.addressee_number])
        return answer(record.model_dump(mode="json"))

    async def fetch(self, request: Request) -> Response:
        """The answer's values. The first time is recorded; later ones are the same again."""
        municipality, caller = await allowed(request, Purpose.LINKAGE)
        async with deciding(self._ground, municipality) as connection:
            record = await _own_inquiry(connection, municipality, request)
            if record.outcome == "requested":
                raise Problem(NOT_ANSWERED)
            if record.outcome == "expired":
                raise Problem(problems.ERASED)
            values: dict[str, Any] = {}
            if record.answer is not None:
                part = await QUERIES.answer_part(connection, municipality=municipality, commitment=record.answer)
                if part is None or part["part"] is None:
                    raise Problem(problems.ERASED)
                values = orjson.loads(part["part"])
            if record.fetched_at is None:
                record = record.model_copy(update={"fetched_at": timestamp(now())})
                await append(connection, municipality, AnswerFetched(record=record))
            await Reading(connection, municipality, caller, "answer").record([record.addressee_number])
        return answer({"record": record.model_dump(mode="json"), "facts": values})

    async def decide(self, request: Request) -> Response:
        """A person provides or withholds what could not be answered automatically."""
        municipality, caller = await allowed(request, Purpose.PROTECTION, roles=(Role.CLERK,))
        decision = request.path_params["decision"]
        if decision not in ("provide", "withhold"):
            raise Problem(problems.NOT_FOUND)
        async with deciding(self._ground, municipality) as connection:
            key = _text_of_path(request, "inquirer"), _text_of_path(request, "request_number")
            record = await _record(connection, municipality, "provider", *key)
            if record.outcome != "held":
                raise Problem(DECIDED, record.outcome)
            state = await _state_for(connection, municipality, record)
            time = timestamp(now())
            event = decide_held(
                state,
                record,
                provide=decision == "provide",
                allowed=self._items(state, record, time),
                now=time,
                party=caller.party,
            )
            await append(connection, municipality, event)
            await Reading(connection, municipality, caller, decision).record([record.addressee_number])
        return answer(event.record.model_dump(mode="json"))

    def _items(self, state: ExchangeState, record: ExchangeRecordRow, time: str) -> frozenset[str]:
        asked = Asked(record.inquirer, record.affair, record.procedure, record.provider, record.fact_kind)
        lawful = lawfully(state, asked, day_in_japan(now()), time, self._tables)
        return lawful.items if isinstance(lawful, Lawful) else frozenset()


async def allowed(request: Request, *purposes: Purpose, roles: tuple[Role, ...] = READERS) -> tuple[str, Caller]:
    """The municipality and who asks, for one of these purposes. Raises Problem."""
    municipality, purpose = municipality_of(request), requested_purpose(request)
    caller = await authorise(request, municipality, purpose=purpose, roles=roles)
    if purpose not in purposes:
        raise Problem(problems.PURPOSE_MISSING)
    return municipality, caller


async def body_of(request: Request, kind: type[F]) -> F:
    """The request's body as a model. Raises Problem with each fault's code and place."""
    try:
        return parse_body(kind, await request.body())
    except StrictJsonError as error:
        raise Problem(problems.BODY_INVALID, f"{error.code} at {error.pointer}") from None
    except BodyError as error:
        raise Problem(problems.BODY_INVALID, str(error)) from None


@asynccontextmanager
async def deciding(ground: Ground, municipality: str) -> AsyncIterator[Connection]:
    """A transaction that holds the head, so that what it reads stays so until what it appends is committed.

    The relay is woken afterwards: what is not committed yet it would not see, and then sleep over.
    """
    async with ground.database.transaction([municipality]) as connection:
        await log.lock_heads(connection, [(municipality, STREAM)])
        yield connection
    ground.relay.wake()


async def append(connection: Connection, municipality: str, *events: Event) -> None:
    """Append events that no notice led to; within `deciding`."""
    await log.append(connection, municipality, STREAM, events, time=timestamp(now()))


async def _page(
    about: Reading, request: Request, *, addressee_number: str = "", side: str = "", outcome: str = ""
) -> tuple[list[ExchangeRecordRow], str | None]:
    """A page of records, recorded as read, and what the next one comes after; None if there is none."""
    limit = count_of(request, "limit", A_PAGE, MOST)
    after_side, after_inquirer, after_number, *_ = *_text(request, "after").split("/", 2), "", "", ""
    found = await QUERIES.exchange_records(
        about.connection,
        municipality=about.municipality,
        addressee_number=addressee_number,
        side=side,
        outcome=outcome,
        after_side=after_side,
        after_inquirer=after_inquirer,
        after_number=after_number,
        limit=limit,
    )
    rows = [from_record(ExchangeRecordRow, record) for record in found]
    await about.record(row.addressee_number for row in rows)
    return rows, "/".join(rows[-1].key_values()) if rows and len(rows) == limit else None


async def _own_inquiry(connection: Connection, municipality: str, request: Request) -> ExchangeRecordRow:
    number = _text_of_path(request, "request_number")
    return await _record(connection, municipality, "inquirer", institution_of(municipality), number)


async def _record(
    connection: Connection, municipality: str, side: str, inquirer: str, number: str
) -> ExchangeRecordRow:
    found = await QUERIES.exchange_records_of(connection, a=[municipality], b=[side], c=[inquirer], d=[number])
    if not found:
        raise Problem(problems.NOT_FOUND)
    return from_record(ExchangeRecordRow, found[0])


async def _state_for(connection: Connection, municipality: str, record: ExchangeRecordRow) -> ExchangeState:
    person = record.addressee_number or ""
    rows: list[Row] = [
        from_record(CodeAcquisitionRow, found)
        for found in await QUERIES.acquisitions_of_people(connection, a=[municipality], b=[person])
    ]
    rows += [
        from_record(FactVersionRow, found)
        for found in await QUERIES.latest_facts(
            connection, a=[municipality], b=[record.fact_kind], c=[person], d=[record.scope]
        )
    ]
    rows += [
        from_record(DisasterExceptionRow, found)
        for found in await QUERIES.exceptions_of(connection, municipalities=[municipality])
    ]
    return ExchangeState(rows)


def _text(request: Request, name: str) -> str:
    return request.query_params.get(name, "").replace("\x00", "")


def _one_of(request: Request, name: str, choices: Collection[str]) -> str:
    """A choice from the query, or empty. A misspelt one would look as if nothing were there: Problem, 400."""
    found = _text(request, name)
    if found and found not in choices:
        raise Problem(problems.PARAMETER_INVALID, f"{name}: one of {', '.join(choices)}")
    return found


def _person(request: Request) -> str:
    """宛名番号 from the query, or empty. Raises Problem, 400, for one that nobody can have."""
    found = _text(request, "addressee_number")
    if found and not has_check_digit(found, ADDRESSEE_DIGITS, addressee_check_digit):
        raise Problem(problems.PARAMETER_INVALID, f"addressee_number: {ADDRESSEE_DIGITS} digits with their check digit")
    return found


def _text_of_path(request: Request, name: str) -> str:
    return str(request.path_params[name]).replace("\x00", "")
