"""送達: carries messages from one municipality to another, within one service.

Invariant: a message is an event of its sender's log, and the recipient's receipt names it. Delivered first and noted
afterwards: what a crash leaves unnoted is delivered again, and the recipient's inbox answers with the same receipt.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from kumiai_contracts.decision import Letter
from kumiai_contracts.envelope import NoticeEnvelope, StoredEvent
from kumiai_contracts.messages import reason
from kumiai_contracts.receipts import Reason, ReceiptIssued
from kumiai_contracts.registry import parse_event
from kumiai_contracts.topics import STREAM_OF

from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.database import TRANSIENT, Connection, Database
from kumiai_common.log import StreamEnded
from kumiai_common.poll import Processor
from kumiai_common.protocol import Correspondent
from kumiai_common.queries import QUERIES
from kumiai_common.waiting import IntakeHeld, MustWait

_LOG = structlog.get_logger()
SECONDS = 1.0
"""Between two looks for messages."""
MESSAGES_A_LOOK = 100
"""The most that are taken from one log at a time."""
_COMMITMENT = re.compile(rb'"([0-9a-f]{64})"')
Intake = Callable[[str, Sequence[tuple[NoticeEnvelope, bytes]]], Awaitable[list[ReceiptIssued]]]
"""Gives notices of the federation's own to a municipality's intake."""


class Courier:
    """Delivers what the municipalities in charge have to tell others."""

    def __init__(
        self,
        service: Correspondent,
        database: Database,
        processor: Processor,
        intake: Intake,
        in_charge: Callable[[], Sequence[str]],
    ) -> None:
        self._service = service
        self._database = database
        self._processor = processor
        self._intake = intake
        self._in_charge = in_charge
        self._stream = processor.stream
        self._types = [kind.type for kind in service.sends]
        self._waiting: set[str] = set()

    async def under_way(self, connection: Connection, municipality: str) -> bool:
        """Whether a municipality's log holds messages that have not been delivered."""
        found = await QUERIES.has_messages(
            connection, municipality=municipality, stream=self._stream, types=self._types
        )
        return bool(found)

    async def run(self) -> None:
        """Look for messages until cancelled."""
        while True:
            try:
                await self.deliver()
            except TRANSIENT as error:
                _LOG.warning("messages wait", error=type(error).__name__)
            await asyncio.sleep(SECONDS)

    async def deliver(self) -> None:
        """Deliver everything that the logs hold by now. Raises one of TRANSIENT."""
        codes = self._in_charge()
        if not codes:
            return
        async with self._database.transaction(codes) as connection:
            behind = await QUERIES.undelivered(connection, municipalities=codes, stream=self._stream)
            messages = {record["municipality"]: await self._messages(connection, record) for record in behind}
            quiet = {each["municipality"]: each["position"] for each in behind if not messages[each["municipality"]]}
            await QUERIES.advance_courier(
                connection, stream=self._stream, municipalities=list(quiet), positions=list(quiet.values())
            )
        for code, events in messages.items():
            try:
                for event in events:
                    await self._carry(event)
            except (IntakeHeld, MustWait, StreamEnded) as why:
                # The recipient's replicas are not complete yet, or one of both is leaving.
                if code not in self._waiting:
                    _LOG.info("a message waits", municipality=code, why=type(why).__name__)
                    self._waiting.add(code)
            else:
                self._waiting.discard(code)

    async def _messages(self, connection: Connection, behind: Mapping[str, Any]) -> list[StoredEvent]:
        records = await QUERIES.messages(
            connection,
            municipality=behind["municipality"],
            stream=self._stream,
            after=behind["delivered"],
            until=behind["position"],
            types=self._types,
            limit=MESSAGES_A_LOOK,
        )
        return [StoredEvent(*record) for record in records]

    async def _carry(self, stored: StoredEvent) -> None:
        """Deliver one message, and then move the sender's position, with what follows if it came back."""
        event = parse_event(stored.type, stored.body)
        letter = self._service.letter(event, await self._parts(stored))
        refused = await self._refusal(stored, letter) if letter else ()
        cause = str(stored.as_cause)
        instant = now()
        async with self._database.transaction([stored.municipality]) as connection:
            if refused:
                await log.lock_heads(connection, [(stored.municipality, self._stream)])
                delivered = await QUERIES.delivered(connection, municipality=stored.municipality, stream=self._stream)
                if delivered >= stored.position:
                    return  # another worker was faster
                context = self._processor.context(stored.municipality, cause, instant)
                following = self._service.returned(event, refused, context)
                await log.append(
                    connection, stored.municipality, self._stream, following, time=timestamp(instant), cause=cause
                )
            await QUERIES.advance_courier(
                connection, stream=self._stream, municipalities=[stored.municipality], positions=[stored.position]
            )

    async def _parts(self, stored: StoredEvent) -> dict[str, bytes]:
        """The sealed parts that an event names: what looks like a commitment in its body, and is one."""
        named = [found.decode() for found in _COMMITMENT.findall(stored.body)]
        if not named:
            return {}
        async with self._database.transaction([stored.municipality]) as connection:
            return await log.open_parts(connection, stored.municipality, named)

    async def _refusal(self, stored: StoredEvent, letter: Letter) -> tuple[Reason, ...]:
        """Why the recipient does not take a message; empty if it did."""
        async with self._database.transaction([letter.recipient]) as connection:
            records = await QUERIES.subscribers(connection, municipalities=[letter.recipient])
        if not any(STREAM_OF[record["service"]] == self._stream for record in records):
            return (reason("recipient-not-subscribed"),)
        envelope = NoticeEnvelope(
            stored.id,
            stored.source,
            letter.notice.type,
            letter.recipient,
            dataschema=letter.notice.dataschema(),
            traceparent=stored.traceparent,
        )
        (receipt,) = await self._intake(letter.recipient, [(envelope, letter.notice.body())])
        return receipt.reasons
