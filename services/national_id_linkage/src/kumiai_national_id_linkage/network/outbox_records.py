"""Messages about records: recalls, their receipts, and what this municipality has on record with a provider."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from kumiai_common.clock import timestamp
from kumiai_common.database import Connection
from kumiai_common.tables import from_record
from kumiai_contracts.exchange_notices import NetworkNotice
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.model import Event
from kumiai_contracts.recall import (
    RecallNotice,
    RecallNotificationRow,
    RecallNotified,
    RecallReceived,
    RecallRow,
    ReceivedRecallRow,
    RecordDigestsNotice,
    RecordsCompared,
    RecordsSummarised,
    RecordSummaryRow,
)

from kumiai_national_id_linkage.network.messages import Kind, Message
from kumiai_national_id_linkage.store_exchange import QUERIES

VALID = timedelta(days=365)
"""How long such a message counts: it has to arrive, however late."""


async def messages_about_records(
    connection: Connection, municipality: str, event: Event, instant: datetime
) -> list[Message]:
    """The messages that follow from one event."""
    match event:
        case RecallNotified():
            return await recalls(connection, municipality, event.notifications, instant)
        case RecallReceived():
            return [recall_receipt(municipality, event.received.provider, event.received, instant)]
        case RecordsSummarised():
            return [await digests(connection, municipality, event.summary, instant)]
        case RecordsCompared():
            return [digests_receipt(municipality, event.inquirer, event, instant)]
    return []


async def recalls(
    connection: Connection, municipality: str, rows: Iterable[RecallNotificationRow], instant: datetime
) -> list[Message]:
    """Tells bodies which of their requests were answered with something wrong."""
    found: dict[str, RecallRow] = {}
    messages = []
    for row in rows:
        if row.recall not in found:
            record = await QUERIES.recall(connection, municipality=municipality, recall=row.recall)
            found[row.recall] = from_record(RecallRow, record)
        recall = found[row.recall]
        content = {
            "recall": row.recall,
            "part": row.part,
            "fact_kind": recall.fact_kind,
            "items": list(recall.items),
            "reason": recall.reason,
            "request_numbers": list(row.request_numbers),
        }
        id_ = f"recall/{row.recall}/{row.inquirer}/{row.part}"
        messages.append(_message(id_, "recall", municipality, row.inquirer, instant, content))
    return messages


def recall_receipt(
    municipality: str, provider: str, received: ReceivedRecallRow | RecallNotice, instant: datetime
) -> Message:
    """Acknowledges a part of a recall: it is on record here."""
    content = {"recall": received.recall, "part": received.part}
    id_ = f"recall-receipt/{received.recall}/{received.part}"
    return _message(id_, "recall-receipt", municipality, provider, instant, content)


def digests_receipt(
    municipality: str, inquirer: str, period: RecordsCompared | RecordDigestsNotice, instant: datetime
) -> Message:
    """Acknowledges that an inquirer's records of a period were compared."""
    content = {"since": period.since, "until": period.until}
    id_ = f"record-digests-receipt/{inquirer}/{period.since}-{period.until}".replace(":", "")
    return _message(id_, "record-digests-receipt", municipality, inquirer, instant, content)


async def receipts_again(
    connection: Connection, municipality: str, notices: Iterable[NetworkNotice], instant: datetime
) -> list[Message]:
    """Receipts of recalls that are on record, and of records that were compared: their sender didn't get them."""
    messages = []
    for notice in notices:
        match notice:
            case RecallNotice():
                found = await QUERIES.received_recalls_of(
                    connection, a=[municipality], b=[notice.sender], c=[notice.recall]
                )
                if any(row["part"] == notice.part for row in found):
                    messages.append(recall_receipt(municipality, notice.sender, notice, instant))
            case RecordDigestsNotice():
                messages.append(digests_receipt(municipality, notice.sender, notice, instant))
    return messages


async def digests(connection: Connection, municipality: str, row: RecordSummaryRow, instant: datetime) -> Message:
    """Tells a provider what is on record here of a period."""
    records = await QUERIES.digests_in(
        connection, municipality=municipality, provider=row.provider, since=row.since, until=row.until
    )
    content = {
        "since": row.since,
        "until": row.until,
        "records": [
            {"request_number": record["request_number"], "digest": record["exchange_digest"]} for record in records
        ],
    }
    id_ = f"record-digests/{row.provider}/{row.since}-{row.until}".replace(":", "")
    return _message(id_, "record-digests", municipality, row.provider, instant, content)


def _message(
    id_: str, kind: Kind, municipality: str, receiver: str, instant: datetime, content: dict[str, Any]
) -> Message:
    return Message(
        id=id_,
        kind=kind,
        sender=institution_of(municipality),
        receiver=receiver,
        sent_at=timestamp(instant),
        expires_at=timestamp(instant + VALID),
        content=content,
    )
