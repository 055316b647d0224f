"""Taking a bundle in: logs are appended exactly as they are, and tables follow from them by the same code as always.

Invariant: nothing is decided again. Readers are put where they had been before anything can wake them: a municipality
whose membership is unknown here is followed by nobody, so its membership comes last, and with it everything begins at
once. Every call may be repeated; what is there already is compared and skipped.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from kumiai_contracts.chain import commitment
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.operations import IncarnationBegun, StreamClosed, StreamReopened
from kumiai_contracts.receipts import ReceiptIssued
from kumiai_contracts.registry import EVENTS
from kumiai_contracts.topics import FEDERATION, READS, STREAM_OF, receipts_stream

from kumiai_common import log
from kumiai_common.bundle import cells
from kumiai_common.bundle.part import ACCESS_RECORD, record_columns
from kumiai_common.continuity import ReaderPosition, continue_from
from kumiai_common.database import Connection, Database
from kumiai_common.keys import ServiceKeys
from kumiai_common.peers import event_of_line
from kumiai_common.queries import QUERIES
from kumiai_common.tables import Fold, Statement, write

MEMBERSHIP = STREAM_OF["membership"]
EVENTS_A_RUN = 1000
EVENTS_AT_ONCE = 50
"""So few that nobody else's work in the same loop waits for long."""
_CLOSED = {StreamClosed.type: True, StreamReopened.type: False, IncarnationBegun.type: False}
"""What closes a log, and what opens it again."""


class NotImportable(Exception):
    """What was sent does not go on from what is here; nothing of it was taken in."""


class TypeUnknown(Exception):
    """An event is of a type that this version does not know."""


class AlreadyLives(Exception):
    """The municipality is a member here: its logs grow by its own notices alone."""


class Importer:
    """Takes one service's part of one municipality in."""

    def __init__(self, database: Database, service: str, keys: ServiceKeys, records: Sequence[str] = ()) -> None:
        self._database = database
        self._service = service
        self._keys = keys
        self._tables = frozenset((ACCESS_RECORD, *records))

    async def own_log(self, municipality: str, stream: str, lines: Sequence[bytes]) -> int:
        """Append events of one of the service's own streams, given as lines; gives the position reached.

        Raises NotImportable where the chain does not go on, TypeUnknown, and whatever a line raises that is none.
        """
        async with self._database.transaction([municipality]) as connection:
            await self._refuse_a_member(connection, municipality, stream)
            head = (await log.lock_heads(connection, [(municipality, stream)]))[municipality, stream]
            at = ReaderPosition(municipality, stream, head.incarnation, head.position, head.hash)
            closed: list[bool] = []
            async with aclosing(_runs(at, lines, own=True)) as runs:
                async for run in runs:
                    if stream == MEMBERSHIP and at.position:
                        raise AlreadyLives
                    await QUERIES.insert_events(connection, events=run.events)
                    await write(connection, run.tables)
                    if run.inbox:
                        await QUERIES.add_to_inbox(connection, entries=run.inbox)
                    closed += [_CLOSED[event.type] for event in run.events if event.type in _CLOSED]
                    head.incarnation, head.position, head.hash = run.end.incarnation, run.end.position, run.end.hash
            if head.position == at.position:
                return at.position
            await log.save_heads(connection, [head])
            if stream == STREAM_OF[self._service]:
                await self._close_or_open(connection, municipality, closed)
                # What was sent was delivered before the bundle was made, or is lost with the federation it was in.
                await QUERIES.advance_courier(
                    connection, stream=stream, municipalities=[municipality], positions=[head.position]
                )
            return head.position

    async def _close_or_open(self, connection: Connection, municipality: str, said: Sequence[bool]) -> None:
        """A log that was closed is closed here, too, with its receipts; who left goes on by cancelling the leave."""
        if said:
            streams = [STREAM_OF[self._service], receipts_stream(self._service)]
            await log.lock_heads(connection, [(municipality, stream) for stream in streams])
            await QUERIES.set_closed(connection, municipality=municipality, streams=streams, closed=said[-1])

    async def replica(self, municipality: str, stream: str, lines: Sequence[bytes]) -> int:
        """Fold events of a foreign stream that the service had applied; gives the position reached.

        Raises NotImportable where the chain does not go on, TypeUnknown, and whatever a line raises that is none.
        """
        async with self._database.transaction([municipality]) as connection:
            await self._refuse_a_member(connection, municipality, stream)
            await log.lock_heads(connection, [(municipality, STREAM_OF[self._service])])
            found = await QUERIES.reader_positions(connection, municipalities=[municipality])
            at = next((ReaderPosition(**row) for row in found if row["stream"] == stream), None)
            at = at or ReaderPosition.start(municipality, stream)
            end = at
            async with aclosing(_runs(at, lines, own=False)) as runs:
                async for run in runs:
                    await write(connection, run.tables)
                    end = run.end
            if end.position > at.position:
                await QUERIES.replace_reader_position(
                    connection,
                    municipality=municipality,
                    stream=stream,
                    incarnation=end.incarnation,
                    position=end.position,
                    hash=end.hash,
                )
            return end.position

    def reads(self, stream: str) -> bool:
        """Whether the service reads this foreign stream and may have reacted to it.

        Membership's is left to the living reader: nobody reacts to it, and it is what makes a member of somebody.
        """
        return stream in READS[self._service] and stream != MEMBERSHIP

    def owns(self, stream: str) -> bool:
        """Whether the service writes this stream."""
        return stream in (STREAM_OF[self._service], receipts_stream(self._service))

    async def parts(self, municipality: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Sealed parts with their salts. Raises NotImportable for one that is not what its commitment says."""
        rows = []
        for line in lines:
            salt = None if line["salt"] is None else bytes.fromhex(line["salt"])
            part = None if line["part"] is None else line["part"].encode()
            erased_at = None if line["erased_at"] is None else datetime.fromisoformat(line["erased_at"])
            if erased_at is None and (salt is None or part is None or commitment(salt, part) != line["commitment"]):
                raise NotImportable("a sealed part does not fit its commitment")
            rows.append((municipality, line["commitment"], line["stream"], line["position"], line["name"],
                         salt, part, erased_at))  # fmt: skip
        await self._beside(municipality, QUERIES.add_sealed_parts, rows)

    async def kept_notices(self, municipality: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Refused notices, encrypted again under this service's key."""
        rows = [
            (municipality, line["kept_as"], line["source"], line["id"], line["code"],
             self._keys.encrypt(bytes.fromhex(line["body"]), municipality.encode()),
             datetime.fromisoformat(line["kept_at"]), datetime.fromisoformat(line["expires_at"]))
            for line in lines
        ]  # fmt: skip
        await self._beside(municipality, QUERIES.add_kept_notices, rows)

    async def checkpoints(self, municipality: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Signed checkpoints of the federation that the bundle came from."""
        rows = [
            (municipality, line["stream"], line["incarnation"], line["position"], bytes.fromhex(line["hash"]),
             line["time"], bytes.fromhex(line["signature"]))
            for line in lines
        ]  # fmt: skip
        await self._beside(municipality, QUERIES.add_checkpoints, rows)

    async def signers(self, municipality: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Whose signatures the checkpoints bear."""
        rows = [(municipality, line["public_key"]) for line in lines]
        await self._beside(municipality, QUERIES.add_checkpoint_signers, rows)

    async def records(self, municipality: str, table: str, first: int, lines: Sequence[Mapping[str, Any]]) -> None:
        """Rows of a table that no stream fills, as cells by column; `first` is the number of the first one.

        Raises KeyError for a table that the service does not keep, and NotImportable where rows are left out.
        """
        if table not in self._tables:
            raise KeyError(table)
        async with self._database.transaction([municipality]) as connection:
            await self._refuse_a_member(connection, municipality, table)
            await log.lock_heads(connection, [(municipality, STREAM_OF[self._service])])
            known = await record_columns(connection, table)
            there = await connection.fetchval(f"select count(*) from {table} where municipality = $1", municipality)
            if first > there:
                raise NotImportable(f"{table}: row {first} does not follow {there} rows")
            rows = [
                {
                    "municipality": municipality,
                    **{column.name: cells.value(line[column.name], column) for column in known},
                }
                for line in lines[max(0, there - first) :]
            ]
            if rows:
                names = ", ".join(("municipality", *[column.name for column in known]))
                await connection.execute(
                    f"insert into {table} ({names}) select {names} from jsonb_populate_recordset(null::{table}, $1)",
                    orjson.dumps(rows).decode(),
                )

    async def _beside(self, municipality: str, query: Any, rows: Sequence[tuple[Any, ...]]) -> None:
        async with self._database.transaction([municipality]) as connection:
            await self._refuse_a_member(connection, municipality, "")
            await query(connection, rows=rows)

    async def _refuse_a_member(self, connection: Connection, municipality: str, stream: str) -> None:
        """Membership's own log makes a member; it comes whole, and the same again changes nothing."""
        if municipality == FEDERATION:
            raise AlreadyLives
        if stream == MEMBERSHIP and self.owns(stream):
            return
        if await QUERIES.is_member(connection, municipality=municipality):
            raise AlreadyLives


class _Run(NamedTuple):
    """Events that go on where the ones before ended, read, checked and folded."""

    events: list[StoredEvent]
    tables: list[Statement]
    inbox: list[tuple[str, str, str, bytes, int]]
    """What the receipts among them say."""
    end: ReaderPosition
    """That of the last one; where the run began if it holds none."""


async def _runs(at: ReaderPosition, lines: Sequence[bytes], *, own: bool) -> AsyncGenerator[_Run]:
    """What the lines bring beyond a position, run by run: the next one is read while the one before is written."""
    reading = asyncio.create_task(_read(at, lines[:EVENTS_A_RUN], own=own))
    try:
        for start in range(EVENTS_A_RUN, len(lines) + EVENTS_A_RUN, EVENTS_A_RUN):
            run = await reading
            reading = asyncio.create_task(_read(run.end, lines[start : start + EVENTS_A_RUN], own=own))
            if run.events:
                yield run
    finally:
        await asyncio.gather(reading, return_exceptions=True)


async def _read(at: ReaderPosition, lines: Sequence[bytes], *, own: bool) -> _Run:
    """The run that these lines are. It makes way for others' work after a few lines."""
    fold, events = Fold(own=own), list[StoredEvent]()
    for start in range(0, len(lines), EVENTS_AT_ONCE):
        await asyncio.sleep(0)
        some = lines[start : start + EVENTS_AT_ONCE]
        for event in _following(at, [event_of_line(at.municipality, at.stream, line) for line in some]):
            fold.add(event)
            events.append(event)
            at = ReaderPosition(at.municipality, at.stream, event.incarnation, event.position, event.hash)
    return _Run(events, fold.statements(), _inbox(events), at)


def _following(at: ReaderPosition, events: Sequence[StoredEvent]) -> tuple[StoredEvent, ...]:
    for event in events:
        if event.type not in EVENTS:
            raise TypeUnknown(event.type)
    going_on = continue_from(at, events)
    if going_on.verdict != "fits":
        raise NotImportable(f"{at.stream} does not go on after position {at.position}: {going_on.verdict}")
    return going_on.apply


def _inbox(events: Sequence[StoredEvent]) -> list[tuple[str, str, str, bytes, int]]:
    """The first receipt of each notice, as the intake had noted it."""
    found: dict[tuple[str, str], tuple[str, str, str, bytes, int]] = {}
    for event in events:
        if event.type != ReceiptIssued.type:
            continue
        body = orjson.loads(event.body)
        source, id_ = body["notice_source"], body["notice_id"]
        digest = bytes.fromhex(body["notice_digest"])
        found.setdefault((source, id_), (event.municipality, source, id_, digest, event.position))
    return list(found.values())
