"""What the service's own events mean for the network: which messages follow from them.

Everything in a message follows from the record, so a message that is made again is the same one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from kumiai_common.clock import timestamp
from kumiai_common.database import Connection
from kumiai_common.tables import from_record
from kumiai_contracts.exchange import (
    CodeAcquisitionRow,
    CodeRequested,
    ExchangeRecordRow,
    FactItem,
    FactsProvided,
    FactVersionRow,
    InquiryRequested,
    ProvisionRefused,
)
from kumiai_contracts.exchange_notices import NetworkNotice, ProvisionRequestNotice
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.model import Event
from kumiai_contracts.recall import RecallNotified, RecallReceived, RecordsCompared, RecordsSummarised

from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.domain.providing import facts_of
from kumiai_national_id_linkage.network.messages import Message
from kumiai_national_id_linkage.network.outbox_records import messages_about_records, receipts_again
from kumiai_national_id_linkage.store_exchange import QUERIES

INQUIRY_VALID = timedelta(days=1)
"""有効期間 of an inquiry: our own choice."""
ANSWER_VALID = timedelta(days=7)
"""有効期間 of an answer and of a code's registration: our own choice."""
SENDING: tuple[type[Event], ...] = (
    CodeRequested,
    InquiryRequested,
    FactsProvided,
    ProvisionRefused,
    RecallNotified,
    RecallReceived,
    RecordsSummarised,
    RecordsCompared,
)
"""The types of events from which messages follow."""
FactKey = tuple[str, str, str, str, int]
"""Municipality, kind, person, scope, version."""


async def messages_of(
    connection: Connection, events: Sequence[tuple[str, Event]], codes: CodeBook, instant: datetime
) -> list[Message]:
    """The messages that follow from municipalities' events, in their order."""
    provided = [(municipality, event.record) for municipality, event in events if isinstance(event, FactsProvided)]
    facts = await facts_given(connection, provided)
    messages = []
    for municipality, event in events:
        match event:
            case CodeRequested():
                messages += [registration(municipality, row, codes, instant) for row in event.acquisitions]
            case InquiryRequested():
                messages.append(inquiry(municipality, event.record, codes, instant))
            case FactsProvided() | ProvisionRefused():
                messages.append(answer(municipality, event.record, facts, instant))
            case _:
                messages += await messages_about_records(connection, municipality, event, instant)
    return messages


async def facts_given(
    connection: Connection, records: Iterable[tuple[str, ExchangeRecordRow]]
) -> dict[FactKey, FactVersionRow]:
    """The versions that these records name."""
    keys = {key for municipality, record in records if (key := _key(municipality, record)) is not None}
    if not keys:
        return {}
    municipalities, kinds, people, scopes, versions = zip(*keys, strict=True)
    rows = await QUERIES.fact_versions(
        connection, municipalities=municipalities, kinds=kinds, people=people, scopes=scopes, versions=versions
    )
    found = [(row["municipality"], from_record(FactVersionRow, row)) for row in rows]
    return {(m, row.fact_kind, row.addressee_number, row.scope, row.version): row for m, row in found}


async def answers_again(
    connection: Connection, municipality: str, notices: Sequence[NetworkNotice], instant: datetime
) -> list[Message]:
    """The answers to requests that came again: what was decided, and receipts of what is on record."""
    requests = [notice for notice in notices if isinstance(notice, ProvisionRequestNotice)]
    rows = await QUERIES.exchange_records_of(
        connection,
        a=[municipality] * len(requests),
        b=["provider"] * len(requests),
        c=[notice.sender for notice in requests],
        d=[notice.request_number for notice in requests],
    )
    records = [from_record(ExchangeRecordRow, row) for row in rows]
    decided = [record for record in records if record.decided_at is not None]
    facts = await facts_given(connection, [(municipality, record) for record in decided])
    messages = [answer(municipality, record, facts, instant) for record in decided]
    return messages + await receipts_again(connection, municipality, notices, instant)


def registration(municipality: str, row: CodeAcquisitionRow, codes: CodeBook, instant: datetime) -> Message:
    """Tells the network which code goes with a 取得番号."""
    institution = institution_of(municipality)
    return Message(
        id=f"code/{row.acquisition_number}",
        kind="code-registration",
        sender=institution,
        receiver=institution,
        sent_at=timestamp(instant),
        expires_at=timestamp(instant + ANSWER_VALID),
        content={
            "acquisition_number": row.acquisition_number,
            "code": codes.code(institution, municipality, row.addressee_number),
        },
    )


def inquiry(municipality: str, record: ExchangeRecordRow, codes: CodeBook, instant: datetime) -> Message:
    """Asks; the person goes by the inquirer's own code, which the network turns into the provider's."""
    assert record.addressee_number is not None
    asked = datetime.fromisoformat(record.requested_at)
    return Message(
        id=f"inquiry/{record.request_number}",
        kind="inquiry",
        sender=record.inquirer,
        receiver=record.provider,
        sent_at=timestamp(instant),
        expires_at=timestamp(asked + INQUIRY_VALID),
        content={
            "request_number": record.request_number,
            "affair": record.affair,
            "procedure": record.procedure,
            "fact_kind": record.fact_kind,
            "scope": record.scope,
            "items": list(record.requested_items),
            "code": codes.code(record.inquirer, municipality, record.addressee_number),
        },
    )


def answer(
    municipality: str, record: ExchangeRecordRow, facts: Mapping[FactKey, FactVersionRow], instant: datetime
) -> Message:
    """Answers: the items that were provided, and nothing from which the inquirer could learn whose they are here."""
    key = _key(municipality, record)
    given: tuple[FactItem, ...] = facts_of(facts[key], record.items) if key is not None else ()
    return Message(
        id=f"answer/{record.inquirer}/{record.request_number}",
        kind="answer",
        sender=record.provider,
        receiver=record.inquirer,
        sent_at=timestamp(instant),
        expires_at=timestamp(instant + ANSWER_VALID),
        content={
            "request_number": record.request_number,
            "outcome": record.outcome,
            "decided_at": record.decided_at,
            "reason": record.reason,
            "facts": [{"item": fact.item, "value": fact.value} for fact in given],
        },
    )


def _key(municipality: str, record: ExchangeRecordRow) -> FactKey | None:
    if record.outcome != "answered" or record.addressee_number is None:
        return None
    return municipality, record.fact_kind, record.addressee_number, record.scope, record.version
