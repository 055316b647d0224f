"""Rebuilding (再構築): tables made anew from the log that they are the fold of.

Invariant: nobody ever decides on half a table, and nobody decides twice or never. A foreign log is first read to the
disk, outside any transaction; then, under the lock of the municipality's heads, the log is folded as far as this reader
had applied *this* log: rows that differ are replaced, and those that the log does not make true go. What stands beyond
was never reacted to: it is left to the reader, which applies it like any other event.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import Literal

from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.operations import ParkedEventSettled, ParkedRow
from kumiai_contracts.registry import tables_of_stream
from kumiai_contracts.topics import STREAM_OF

from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.continuity import ReaderPosition, continue_from
from kumiai_common.database import Connection, Database
from kumiai_common.log import Head
from kumiai_common.peers import Peers, event_of_line
from kumiai_common.queries import QUERIES
from kumiai_common.spool import Spool
from kumiai_common.tables import delete_untouched, folded, from_record, state_hash

EVENTS_A_PAGE = 5000
Fork = Literal["none", "incarnation", "unknown"]


class BrokenLog(ValueError):
    """The log does not follow from its genesis: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    events: int
    position: int
    """Where the tables stand now."""
    remaining: int
    """Events of the log beyond that position, which the reader has yet to apply, with their effects."""
    fork: Fork
    """Where what had been applied parts from the log: nowhere; where an incarnation begins; or, in a log that was
    rewritten without a new incarnation, nobody can tell, and everything up to the old position counts as applied."""
    seconds: float
    hash_before: str
    hash_after: str


async def rebuild_replica(service: str, database: Database, peers: Peers, municipality: str, stream: str) -> Rebuilt:
    """Make the replica of a foreign stream anew from its producer's log, as far as this reader had applied it.

    The caller has the reader catch up afterwards. Raises BrokenLog if that log contradicts itself, and one of
    peers.UNREACHABLE if it can't be read.
    """
    began = perf_counter()
    with Spool() as spool:
        until = 0
        while True:
            reached = await _read_to_disk(peers, municipality, stream, until, spool)
            async with database.transaction([municipality]) as connection:
                own = (municipality, STREAM_OF[service])
                head = (await log.lock_heads(connection, [own]))[own]
                applied = await _reader_position(connection, municipality, stream)
                # A reader that goes on meanwhile may have come further than what was read: read on, too.
                if applied.diverged is not None or applied.position <= reached or reached == until:
                    return await _fold_replica(connection, head, applied, spool, began)
            until = reached


async def _fold_replica(
    connection: Connection, own: Head, applied: ReaderPosition, spool: Spool, began: float
) -> Rebuilt:
    municipality, stream = applied.municipality, applied.stream
    before = await state_hash(connection, municipality, stream)
    position = checked = ReaderPosition.start(municipality, stream)
    count = remaining = changed = 0
    forked = False
    for page in _pages(municipality, stream, spool):
        checked = _checked(checked, page)
        # A number of an incarnation is never given twice, so what stands before the first that this reader has not
        # seen is what it had applied, too.
        shared = [e for e in page if e.position <= applied.position and e.incarnation <= applied.incarnation]
        forked |= any(e.position <= applied.position for e in page[len(shared) :])
        if shared:
            position = _at(shared[-1])
            changed += await folded(shared, own=False).mend(connection)
        count += len(shared)
        remaining += len(page) - len(shared)
    changed += await _delete_untouched(connection, municipality, stream, own=False)
    same = (position.position, position.hash) == (applied.position, applied.hash)
    fork: Fork = "none" if same else "incarnation" if forked else "unknown"
    await _settle_what_is_gone(connection, own, stream, position.position)
    await QUERIES.replace_reader_position(
        connection,
        municipality=municipality,
        stream=stream,
        incarnation=position.incarnation,
        position=position.position,
        hash=position.hash,
    )
    after = await state_hash(connection, municipality, stream) if changed else before
    seconds = perf_counter() - began
    return Rebuilt(count, position.position, remaining, fork, seconds, before.hex(), after.hex())


async def _reader_position(connection: Connection, municipality: str, stream: str) -> ReaderPosition:
    for record in await QUERIES.reader_positions(connection, municipalities=[municipality]):
        if record["stream"] == stream:
            return ReaderPosition(**record)
    return ReaderPosition.start(municipality, stream)


async def _settle_what_is_gone(connection: Connection, own: Head, stream: str, position: int) -> None:
    """Parked events that the log has no more wait for nothing; at their positions other events may stand now."""
    rows = [
        from_record(ParkedRow, record)
        for record in await QUERIES.parked_rows(connection, municipality=own.municipality)
        if record["read_stream"] == stream and record["position"] > position
    ]
    time = timestamp(now())
    gone = [
        own.append(ParkedEventSettled(parked=row.model_copy(update={"state": "skipped"})), time=time) for row in rows
    ]
    await log.write(connection, gone, [own])


async def rebuild_own(service: str, database: Database, municipality: str) -> Rebuilt:
    """Make a service's own tables of a municipality anew from its own log. Raises BrokenLog, changing nothing."""
    began = perf_counter()
    stream = STREAM_OF[service]
    async with database.transaction([municipality]) as connection:
        head = (await log.lock_heads(connection, [(municipality, stream)]))[municipality, stream]
        before = await state_hash(connection, municipality, stream)
        position = ReaderPosition.start(municipality, stream)
        changed = 0
        async for page in _own_log(connection, head):
            position = _checked(position, page)
            changed += await folded(page, own=True).mend(connection)
        if position.hash != head.hash:
            raise BrokenLog(f"{municipality}/{stream} does not end in its head")
        changed += await _delete_untouched(connection, municipality, stream, own=True)
        after = await state_hash(connection, municipality, stream) if changed else before
    seconds = perf_counter() - began
    return Rebuilt(position.position, position.position, 0, "none", seconds, before.hex(), after.hex())


async def _own_log(connection: Connection, head: Head) -> AsyncIterator[list[StoredEvent]]:
    position = 0
    while page := await log.read(connection, head.municipality, head.stream, position, EVENTS_A_PAGE):
        yield page
        position = page[-1].position


async def _read_to_disk(peers: Peers, municipality: str, stream: str, after: int, spool: Spool) -> int:
    """Append the log after a position to the spool; returns where it ends."""
    while lines := await peers.read_lines(municipality, stream, after, EVENTS_A_PAGE):
        spool.write(lines)
        after = event_of_line(municipality, stream, _last(lines)).position
    return after


def _pages(municipality: str, stream: str, spool: Spool) -> Iterator[list[StoredEvent]]:
    events = (event_of_line(municipality, stream, line) for line in spool.lines())
    while page := list(islice(events, EVENTS_A_PAGE)):
        yield page


def _checked(position: ReaderPosition, page: list[StoredEvent]) -> ReaderPosition:
    """The position after a page. Raises BrokenLog where it does not follow."""
    if continue_from(position, page).verdict != "fits":
        raise BrokenLog(f"{position.municipality}/{position.stream} does not go on after {position.position}")
    return _at(page[-1])


def _at(event: StoredEvent) -> ReaderPosition:
    return ReaderPosition(event.municipality, event.stream, event.incarnation, event.position, event.hash)


async def _delete_untouched(connection: Connection, municipality: str, stream: str, *, own: bool) -> int:
    """Delete the rows that the log does not make true; returns how many."""
    return sum(
        [
            await delete_untouched(connection, kind, municipality)
            for kind in tables_of_stream(stream)
            if kind is not ParkedRow or own  # what is parked stands in the service's own stream
        ]
    )


def _last(lines: bytes) -> bytes:
    """The last line; megabytes before it are not copied."""
    return lines[lines.rfind(b"\n", 0, -1) + 1 :]
