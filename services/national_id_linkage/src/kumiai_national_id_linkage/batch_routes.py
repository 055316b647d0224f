"""Batch inquiry files over HTTP: a file in, a file back with what became of each record, and later its answers.

The records go through the same intake as any notice. A file that is sent again, whole or corrected, asks nothing twice:
the rules know an inquiry by its number. What was refused is asked anew.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from hashlib import sha256
from secrets import token_hex

import orjson
from kumiai_common.clock import day_in_japan, now, timestamp
from kumiai_common.http import problems
from kumiai_common.http.problems import Problem
from kumiai_common.http.reading import Reading
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.exchange import AnswerFetched, ExchangeRecordRow
from kumiai_contracts.exchange_notices import InquiryNotice
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.membership import Purpose
from kumiai_contracts.model import canonical_json
from kumiai_contracts.receipts import ReceiptIssued
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.domain.batch_file import FAULTS, NotABatchFile, Record, Wanted, read
from kumiai_national_id_linkage.domain.legal_table import Asked, Lawful, LegalTables
from kumiai_national_id_linkage.exchange_routes import allowed, append, deciding
from kumiai_national_id_linkage.store_exchange import QUERIES

SOURCE = "urn:kumiai:inquiry-file"
AT_ONCE = 500
"""Inquiries in one transaction."""
RESULT_COLUMNS = ("行", "レコード識別番号", "照会番号", "結果", "理由コード", "該当項目", "理由", "reason")
_COLUMN_OF = {
    "/request_number": "レコード識別番号",
    "/addressee_number": "宛名番号",
    "/provider": "情報提供者機関コード",
    "/affair": "事務コード",
    "/procedure": "事務手続コード",
    "/fact_kind": "特定個人情報名コード",
    "/items": "項目",
    "/scope": "照会年度区分",
}
"""Which column of the file a field of the notice came from."""
ANSWER_COLUMNS = ("行", "レコード識別番号", "照会番号", "結果", "理由コード", "項目", "値")


def batch_routes(ground: Ground, tables: LegalTables) -> list[BaseRoute]:
    """The addresses, below `/v1/{municipality}/inquiry-files`."""
    desk = BatchDesk(ground, tables)
    at = "/v1/{municipality}/inquiry-files"
    return [Route(at, desk.ask, methods=["POST"]), Route(at + "/answers", desk.answers, methods=["POST"])]


class BatchDesk:
    """The handlers."""

    def __init__(self, ground: Ground, tables: LegalTables) -> None:
        self._ground = ground
        self._tables = tables

    async def ask(self, request: Request) -> Response:
        """Take a file in; the answer is a file with a line for each inquiry and for each broken record."""
        municipality, _ = await allowed(request, Purpose.LINKAGE)
        records = await _records(request)
        days = await self._days(municipality, records)
        notices = [
            _notice(municipality, wanted, self._tables, days.get(wanted.request_number))
            for record in records
            for wanted in record.wanted
        ]
        receipts: list[ReceiptIssued] = []
        for start in range(0, len(notices), AT_ONCE):
            receipts += await self._ground.intake(municipality, notices[start : start + AT_ONCE], own=True)
        in_order = iter(receipts)
        lines = [line for record in records for line in _results(record, in_order)]
        return _file(RESULT_COLUMNS, lines)

    async def _days(self, municipality: str, records: Sequence[Record]) -> dict[str, date]:
        """On which day an inquiry was first asked: the law of that day says what "everything" means in its record."""
        numbers = [wanted.request_number for record in records for wanted in record.wanted]
        async with self._ground.database.transaction([municipality]) as connection:
            found = await QUERIES.exchange_records_of(
                connection,
                a=[municipality] * len(numbers),
                b=["inquirer"] * len(numbers),
                c=[institution_of(municipality)] * len(numbers),
                d=numbers,
            )
        return {row["request_number"]: day_in_japan(datetime.fromisoformat(row["requested_at"])) for row in found}

    async def answers(self, request: Request) -> Response:
        """The answers to a file that was taken in: a line for each item, or for an inquiry without one."""
        municipality, caller = await allowed(request, Purpose.LINKAGE)
        records = await _records(request)
        numbers = [wanted.request_number for record in records for wanted in record.wanted]
        async with deciding(self._ground, municipality) as connection:
            found = await QUERIES.answers_to(
                connection, municipality=municipality, inquirer=institution_of(municipality), numbers=numbers
            )
            rows = {row["request_number"]: (from_record(ExchangeRecordRow, row), row["part"]) for row in found}
            time = timestamp(now())
            fetched = [
                AnswerFetched(record=record.model_copy(update={"fetched_at": time}))
                for record, _ in rows.values()
                if record.fetched_at is None and record.outcome not in ("requested", "expired")
            ]
            if fetched:
                await append(connection, municipality, *fetched)
            about = Reading(connection, municipality, caller, "inquiry-file-answers")
            await about.record(record.addressee_number for record, _ in rows.values())
        lines = [line for record in records for line in _answers(record, rows)]
        return _file(ANSWER_COLUMNS, lines)


async def _records(request: Request) -> list[Record]:
    try:
        return read(await request.body())
    except NotABatchFile as error:
        raise Problem(problems.BODY_INVALID, str(error)) from None


def _notice(
    municipality: str, wanted: Wanted, tables: LegalTables, asked_on: date | None
) -> tuple[NoticeEnvelope, bytes]:
    """The notice of an inquiry; where a record names no items, with all that the law allows.

    `asked_on` is the day on which it was asked, None while it never was. What was only ever refused is a new notice
    each time: it may be allowed by now, and the receipt of a notice that comes again is that of before.
    """
    inquirer = institution_of(municipality)
    day = asked_on or day_in_japan(now())
    lawful = tables.lookup(day, Asked(inquirer, wanted.affair, wanted.procedure, wanted.provider, wanted.fact_kind))
    everything = sorted(lawful.items) if isinstance(lawful, Lawful) else ["everything"]
    content = {
        "request_number": wanted.request_number,
        "inquirer": inquirer,
        "provider": wanted.provider,
        "affair": wanted.affair,
        "procedure": wanted.procedure,
        "fact_kind": wanted.fact_kind,
        "scope": wanted.scope,
        "items": list(wanted.items) or everything,
        "addressee_number": wanted.addressee_number,
    }
    body = canonical_json(content)
    # A corrected record under the same number is another notice; whether it may be asked, the rules say.
    source = f"{SOURCE}/{sha256(body).hexdigest()[:32] if asked_on else token_hex(16)}"
    return NoticeEnvelope(wanted.request_number, source, InquiryNotice.type, municipality), body


def _results(record: Record, receipts: Iterator[ReceiptIssued]) -> Iterable[Sequence[object]]:
    if record.fault:
        yield (record.line, record.number, "", "拒否", record.fault, "", *FAULTS[record.fault])
    for wanted in record.wanted:
        receipt = next(receipts)
        if receipt.outcome == "accepted":
            yield (record.line, record.number, wanted.request_number, "受付", "", "", "", "")
        else:
            why = receipt.reasons[0]
            column = _COLUMN_OF.get("/".join(why.pointer.split("/", 2)[:2]), "")
            yield (record.line, record.number, wanted.request_number, "拒否", why.code, column, why.ja, why.en)


_ERASED = "消去済み"
"""What was provided, and has been erased since."""
_OUTCOMES = {"requested": "照会中", "answered": "提供", "withheld": "不開示", "refused": "拒否"}


def _answers(record: Record, rows: dict[str, tuple[ExchangeRecordRow, bytes | None]]) -> Iterable[Sequence[object]]:
    for wanted in record.wanted:
        known = rows.get(wanted.request_number)
        if known is None:
            yield (record.line, record.number, wanted.request_number, "照会なし", "inquiry-unknown", "", "")
            continue
        row, part = known
        if row.outcome == "expired" or (row.answer is not None and part is None):
            yield (record.line, record.number, row.request_number, _ERASED, problems.ERASED.code, "", "")
            continue
        values = orjson.loads(part) if part else {"": ""}
        for item, value in values.items():
            yield (record.line, record.number, row.request_number, _OUTCOMES[row.outcome], row.reason, item, value)


def _file(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> Response:
    """A CSV file in UTF-8, lines ending as RFC 4180 says."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(lines)
    return Response(text.getvalue(), headers={"cache-control": "no-store"}, media_type="text/csv; charset=utf-8")
