"""Retention (保存期限): records of exchanges end with the day until which they are kept, and the answers with them.

Invariant: the log keeps its chain. An event says that a record has expired and makes the row that is left of it true;
the sealed answer is erased with its salt, in the same transaction.
"""

import asyncio
from datetime import date

import structlog
from kumiai_common import log
from kumiai_common.clock import day_in_japan, now, timestamp
from kumiai_common.database import TRANSIENT
from kumiai_common.log import StreamEnded
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.exchange import ExchangeRecordRow, RecordsExpired
from kumiai_contracts.linkage import STREAM

from kumiai_national_id_linkage.domain.records import expired
from kumiai_national_id_linkage.store_exchange import QUERIES

_LOG = structlog.get_logger()
PAGE = 500
"""Records in one event."""


async def run(ground: Ground) -> None:
    """Look for what has expired, for ever."""
    while True:
        for municipality in ground.relay.municipalities:
            try:
                while await expire(ground, municipality, day_in_japan(now())):
                    pass
            except StreamEnded:
                continue  # whoever leaves takes the records along as they are
            except TRANSIENT as error:
                _LOG.warning("expired records wait", municipality=municipality, error=type(error).__name__)
        await asyncio.sleep(ground.settings.retention_look_seconds)


async def expire(ground: Ground, municipality: str, today: date) -> int:
    """End a page of the records whose last day is over; how many those were."""
    async with ground.database.transaction([municipality]) as connection:
        if not await QUERIES.expired_records(connection, municipality=municipality, today=today, limit=1):
            return 0  # most often; and nothing is locked for it
        await log.lock_heads(connection, [(municipality, STREAM)])
        found = await QUERIES.expired_records(connection, municipality=municipality, today=today, limit=PAGE)
        records = [from_record(ExchangeRecordRow, record) for record in found]
        if not records:
            return 0
        event = RecordsExpired(records=tuple(map(expired, records)))
        await log.append(connection, municipality, STREAM, [event], time=timestamp(now()))
        answers = [record.answer for record in records if record.answer is not None]
        await QUERIES.erase_answers(connection, municipality=municipality, commitments=answers)
    ground.relay.wake()
    _LOG.info("records expired", municipality=municipality, count=len(records))
    return len(records)
