"""Record summaries (突合の依頼): day by day each provider is told what this municipality has on record with it."""

from datetime import datetime, time, timedelta
from typing import Any

from kumiai_common import log
from kumiai_common.clock import JAPAN, day_in_japan, now, timestamp
from kumiai_common.database import Connection
from kumiai_contracts.linkage import STREAM
from kumiai_contracts.recall import RecordsSummarised, RecordSummaryRow

from kumiai_national_id_linkage.store_exchange import QUERIES

MOST_RECORDS = 5000
"""Records in one summary; a longer period is told in parts."""


GRACE = timedelta(hours=1)
"""How long answers to a day's last inquiries may be on their way; later ones are told each by itself."""


def end_of_last_day() -> str:
    """Midnight in Japan, UTC, that is an hour ago or longer."""
    return timestamp(datetime.combine(day_in_japan(now() - GRACE), time(), JAPAN))


async def summarise(connection: Connection, municipality: str, until: str) -> list[RecordSummaryRow]:
    """Append a summary for every provider with records since the last one. Locks the head; never commits."""
    if not await QUERIES.unsummarised(connection, municipality=municipality, until=until):
        return []  # most often; and nothing is locked, or begun, for it
    await log.lock_heads(connection, [(municipality, STREAM)])
    rows: list[RecordSummaryRow] = []
    for provider in await QUERIES.unsummarised(connection, municipality=municipality, until=until):
        rows += await _periods(connection, municipality, provider, until)
    if rows:
        events = [RecordsSummarised(summary=row) for row in rows]
        await log.append(connection, municipality, STREAM, events, time=timestamp(now()))
    return rows


async def _periods(connection: Connection, municipality: str, provider: Any, until: str) -> list[RecordSummaryRow]:
    """The periods of a provider: each begins where the one before it ended, and holds as many records as fit."""
    rows: list[RecordSummaryRow] = []
    since = provider["since"]
    while True:
        beyond = await QUERIES.decided_at_of_nth(
            connection,
            municipality=municipality,
            provider=provider["provider"],
            since=since,
            until=until,
            nth=MOST_RECORDS,
        )
        end = beyond or until
        if end <= since:  # more than a summary holds at one instant: they go into the next one
            return rows
        rows.append(RecordSummaryRow(provider=provider["provider"], since=since, until=end, acknowledged_at=None))
        if beyond is None:
            return rows
        since = end
