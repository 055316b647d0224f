"""The work list (要処理一覧) over HTTP: what waits, and what a clerk does about it.

A clerk's deed becomes a notice of the clerk's own, so that it is decided, appended and answered with a receipt like any
other. It may bring its own `id`: the same one again is answered with the same receipt and done once.
"""

from datetime import date, datetime
from secrets import token_hex
from typing import Annotated, Any

from kumiai_common.clock import day_in_japan, now
from kumiai_common.http import problems
from kumiai_common.http.access import authorise
from kumiai_common.http.access_records import READERS
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.queries import QUERIES as RECEIPTS
from kumiai_common.http.requests import answer, count_of, json_text, municipality_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.fields import AddresseeNumber, ShortText
from kumiai_contracts.membership import Purpose
from kumiai_contracts.model import Frozen, Notice
from kumiai_contracts.resident import ChangeOfHeadNotice, Relationships
from kumiai_contracts.resident_affairs import DecisionCode, WorkItemNotice, WorkItemRow
from kumiai_contracts.topics import receipts_stream
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_resident_registry.desk import MOST, body_of
from kumiai_resident_registry.domain.work_list import household_of, person_of
from kumiai_resident_registry.named_queries import QUERIES
from kumiai_resident_registry.reading import reading

REFUSED = Kind(
    "notice-refused",
    422,
    "この処理は受理されませんでした。理由を確認してください。",
    "This was not accepted. See the reasons.",
)


class Deed(Frozen):
    """What is done about a work item: exactly one of `assignee`, `decision` and `head`."""

    item: ShortText
    id: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    place: ShortText = ""
    assignee: ShortText | None = None
    decision: DecisionCode | None = None
    head: AddresseeNumber | None = None
    relationships: Relationships = Field(default_factory=dict)


def work_list_routes(ground: Ground) -> list[BaseRoute]:
    """The addresses, below `/v1/{municipality}`."""

    async def listed(request: Request) -> Response:
        """What waits for a person; `?state=` for those open, assigned or settled. `waiting` counts all that waits."""
        limit = count_of(request, "limit", 100, MOST)
        asked = {name: request.query_params.get(name, "").replace("\x00", "") for name in ("after", "state")}
        async with reading(ground, request, "work-items") as about:
            named: dict[str, Any] = {"municipality": about.municipality}
            records = await QUERIES.work_items_listed(about.connection, **named, **asked, limit=limit)
            waiting = [dict(record) for record in await QUERIES.work_items_waiting(about.connection, **named)]
            rows = [from_record(WorkItemRow, record) for record in records]
            await about.record([number for row in rows if (number := person_of(row.item)) is not None])
        items = [row.model_dump(mode="json") for row in rows]
        after = rows[-1].item if len(rows) == limit and rows else None
        return answer({"work_items": items, "waiting": waiting, "after": after})

    async def done(request: Request) -> Response:
        """Take an item, settle it, or name the head whom it waits for; answers with the receipt."""
        municipality = municipality_of(request)
        caller = await authorise(request, municipality, purpose=Purpose.RESIDENT_SERVICES, roles=READERS)
        deed: Deed = await body_of(request, Deed)
        id_, source = deed.id or token_hex(16), f"work-list/{caller.party}"
        notice = _notice(deed, caller.party, await _day(ground, municipality, source, id_))
        envelope = NoticeEnvelope(id_, source, notice.type, municipality)
        (receipt,) = await ground.intake(municipality, [(envelope, notice.body())])
        if receipt.outcome == "refused":
            raise Problem(REFUSED, reasons=receipt.reasons)
        return json_text(receipt.body())

    path = "/v1/{municipality}/work-items"
    return [Route(path, listed), Route(path, done, methods=["POST"])]


async def _day(ground: Ground, municipality: str, source: str, id_: str) -> date:
    """Today, or the day on which the same was done first: whoever asks again after midnight means the same deed."""
    async with ground.database.transaction([municipality]) as connection:
        earlier = await RECEIPTS.receipt(
            connection, municipality=municipality, source=source, id=id_, stream=receipts_stream(ground.name)
        )
    return day_in_japan(datetime.fromisoformat(earlier["time"]) if earlier else now())


def _notice(deed: Deed, party: str, day: date) -> Notice:
    if deed.head is None:
        if deed.relationships:
            raise Problem(problems.PARAMETER_INVALID, "relationships: only together with head")
        return WorkItemNotice(
            place=deed.place, operator=party, item=deed.item, assignee=deed.assignee, decision=deed.decision
        )
    household = household_of(deed.item)
    if household is None or deed.assignee is not None or deed.decision is not None:
        raise Problem(problems.PARAMETER_INVALID, "head: for an item head/<household>, without assignee and decision")
    return ChangeOfHeadNotice(
        place=deed.place,
        operator=party,
        effective_date=day,
        notified_date=day,
        ex_officio=True,
        household_number=household,
        head=deed.head,
        relationships=deed.relationships,
    )
