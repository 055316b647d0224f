"""What is sent again: whatever another body or the network should have answered by now.

Invariant: nothing is given up within a year, and all of it is looked at, so nothing that waits long keeps what came
later from being sent again. What has waited for more than a day is sent again every hour. An inquiry that counts no
more by then is refused by its provider, with a record: so it ends on both sides.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kumiai_common.clock import now, timestamp
from kumiai_common.database import Connection
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.exchange import CodeAcquisitionRow, ExchangeRecordRow
from kumiai_contracts.model import Row
from kumiai_contracts.recall import RecallNotificationRow, RecordSummaryRow

from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.network import outbox
from kumiai_national_id_linkage.network.messages import Message
from kumiai_national_id_linkage.network.outbox_records import VALID, digests, recalls
from kumiai_national_id_linkage.settings import LinkageSettings
from kumiai_national_id_linkage.store_exchange import QUERIES

Send = Callable[[Sequence[Message]], Awaitable[None]]
Page = Callable[["Look", Connection, Any], Awaitable[tuple[Sequence[Row], list[Message]]]]
"""The rows beyond the last one that was seen, and the messages that they are sent again in."""
OFTEN = timedelta(days=1)
SELDOM_SECONDS = 3600.0
MESSAGES, RECALLS, SUMMARIES = 500, 20, 5
"""Rows in a page: what one request to the network carries, since a recall and a summary name thousands of requests."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one municipality."""

    municipality: str
    codes: CodeBook
    instant: datetime
    wait: timedelta
    """How long something has waited at least."""
    since: timedelta
    """How long it has waited at most."""

    def among(self, limit: int) -> dict[str, Any]:
        """What the queries have in common: what has waited long enough, and not too long."""
        return {
            "municipality": self.municipality,
            "after": timestamp(self.instant - self.since),
            "before": timestamp(self.instant - self.wait),
            "limit": limit,
        }


class Resending:
    """Looks now and then for what has to be sent again."""

    def __init__(self, ground: Ground, codes: CodeBook, settings: LinkageSettings, send: Send) -> None:
        self._ground, self._codes, self._send = ground, codes, send
        self._wait = timedelta(seconds=settings.network_resend_seconds)
        self._all_at: dict[str, float] = {}
        """By municipality: when all that it waits for is looked at again. Whoever was just taken over is not in it."""

    async def once(self) -> bool:
        """Send again what has waited since the last look. False: there is time until the next one."""
        clock = asyncio.get_running_loop().time()
        for municipality in self._ground.relay.municipalities:
            everything = clock >= self._all_at.get(municipality, 0.0)
            look = Look(municipality, self._codes, now(), self._wait, VALID if everything else OFTEN)
            for page, limit in PAGES:
                await self._pages(look, page, limit)
            if everything:
                self._all_at[municipality] = clock + SELDOM_SECONDS
        return False

    async def _pages(self, look: Look, page: Page, limit: int) -> None:
        last: Row | None = None
        while True:
            async with self._ground.database.transaction([look.municipality]) as connection:
                rows, messages = await page(look, connection, last)
            await self._send(messages)
            if len(rows) < limit:
                return
            last = rows[-1]


async def _inquiries(
    look: Look, connection: Connection, last: ExchangeRecordRow | None
) -> tuple[list[ExchangeRecordRow], list[Message]]:
    found = await QUERIES.inquiries_waiting(
        connection,
        **look.among(MESSAGES),
        last_time=last.requested_at if last else "",
        last_number=last.request_number if last else "",
    )
    rows = [from_record(ExchangeRecordRow, record) for record in found]
    return rows, [outbox.inquiry(look.municipality, row, look.codes, look.instant) for row in rows]


async def _registrations(
    look: Look, connection: Connection, last: CodeAcquisitionRow | None
) -> tuple[list[CodeAcquisitionRow], list[Message]]:
    found = await QUERIES.codes_waiting(
        connection, **look.among(MESSAGES), last_person=last.addressee_number if last else ""
    )
    rows = [from_record(CodeAcquisitionRow, record) for record in found]
    return rows, [outbox.registration(look.municipality, row, look.codes, look.instant) for row in rows]


async def _recalls(
    look: Look, connection: Connection, last: RecallNotificationRow | None
) -> tuple[list[RecallNotificationRow], list[Message]]:
    found = await QUERIES.recalls_unacknowledged(
        connection,
        **look.among(RECALLS),
        last_recall=last.recall if last else "",
        last_inquirer=last.inquirer if last else "",
        last_part=last.part if last else 0,
    )
    rows = [from_record(RecallNotificationRow, record) for record in found]
    return rows, await recalls(connection, look.municipality, rows, look.instant)


async def _summaries(
    look: Look, connection: Connection, last: RecordSummaryRow | None
) -> tuple[list[RecordSummaryRow], list[Message]]:
    found = await QUERIES.summaries_unacknowledged(
        connection,
        **look.among(SUMMARIES),
        last_provider=last.provider if last else "",
        last_since=last.since if last else "",
    )
    rows = [from_record(RecordSummaryRow, record) for record in found]
    return rows, [await digests(connection, look.municipality, row, look.instant) for row in rows]


PAGES: tuple[tuple[Page, int], ...] = (
    (_inquiries, MESSAGES),
    (_registrations, MESSAGES),
    (_recalls, RECALLS),
    (_summaries, SUMMARIES),
)
