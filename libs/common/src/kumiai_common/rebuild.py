"""Rebuilding (再構築): tables made anew from the log that they are the fold of.

Invariant: nobody ever decides on half a table. A foreign log is first read to the disk, outside any transaction; then,
under the lock of the municipality's heads, the old rows go, the log is folded, and the reader's position is set.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from tempfile import TemporaryFile
from time import perf_counter
from typing import IO

from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.operations import ParkedRow
from kumiai_contracts.registry import tables_of_stream
from kumiai_contracts.topics import STREAM_OF

from kumiai_common import log
from kumiai_common.continuity import ReaderPosition, continue_from
from kumiai_common.database import Connection, Database
from kumiai_common.log import Head
from kumiai_common.peers import Peers, event_of_line
from kumiai_common.queries import QUERIES
from kumiai_common.tables import folded, state_hash

EVENTS_A_PAGE = 5000


class BrokenLog(ValueError):
    """The log does not follow from its genesis: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    events: int
    position: int
    seconds: float
    hash_before: str
    hash_after: str


async def rebuild_replica(service: str, database: Database, peers: Peers, municipality: str, stream: str) -> Rebuilt:
    """Make the replica of a foreign stream anew from its producer's log.

    Raises BrokenLog if that log contradicts itself, and one of peers.UNREACHABLE if it can't be read.
    """
    began = perf_counter()
    with TemporaryFile() as spool:
        await _read_to_disk(peers, municipality, stream, spool)
        spool.seek(0)
        async with database.transaction([municipality]) as connection:
            await log.lock_heads(connection, [(municipality, STREAM_OF[service])])
            before = await state_hash(connection, municipality, stream)
            await _clear(connection, municipality, stream, own=False)
            position = ReaderPosition.start(municipality, stream)
            events = (event_of_line(municipality, stream, line) for line in spool)
            count = 0
            while page := list(islice(events, EVENTS_A_PAGE)):
                going_on = continue_from(position, page)
                if going_on.verdict != "fits":
                    raise BrokenLog(f"{municipality}/{stream} does not go on after {position.position}")
                last = page[-1]
                position.incarnation, position.position, position.hash = last.incarnation, last.position, last.hash
                await folded(page, own=False).write(connection)
                count += len(page)
            await QUERIES.replace_reader_position(
                connection,
                municipality=municipality,
                stream=stream,
                incarnation=position.incarnation,
                position=position.position,
                hash=position.hash,
            )
            after = await state_hash(connection, municipality, stream)
    return Rebuilt(count, position.position, perf_counter() - began, before.hex(), after.hex())


async def rebuild_own(service: str, database: Database, municipality: str) -> Rebuilt:
    """Make a service's own tables of a municipality anew from its own log. Raises BrokenLog, changing nothing."""
    began = perf_counter()
    stream = STREAM_OF[service]
    async with database.transaction([municipality]) as connection:
        head = (await log.lock_heads(connection, [(municipality, stream)]))[municipality, stream]
        before = await state_hash(connection, municipality, stream)
        await _clear(connection, municipality, stream, own=True)
        position = ReaderPosition.start(municipality, stream)
        async for page in _own_log(connection, head):
            if continue_from(position, page).verdict != "fits":
                raise BrokenLog(f"{municipality}/{stream} does not go on after {position.position}")
            last = page[-1]
            position.incarnation, position.position, position.hash = last.incarnation, last.position, last.hash
            await folded(page, own=True).write(connection)
        if position.hash != head.hash:
            raise BrokenLog(f"{municipality}/{stream} does not end in its head")
        after = await state_hash(connection, municipality, stream)
    return Rebuilt(position.position, position.position, perf_counter() - began, before.hex(), after.hex())


async def _own_log(connection: Connection, head: Head) -> AsyncIterator[list[StoredEvent]]:
    position = 0
    while page := await log.read(connection, head.municipality, head.stream, position, EVENTS_A_PAGE):
        yield page
        position = page[-1].position


async def _read_to_disk(peers: Peers, municipality: str, stream: str, spool: IO[bytes]) -> None:
    position = 0
    while lines := await peers.read_lines(municipality, stream, position, EVENTS_A_PAGE):
        spool.write(lines)
        position = event_of_line(municipality, stream, _last(lines)).position


async def _clear(connection: Connection, municipality: str, stream: str, *, own: bool) -> None:
    for kind in tables_of_stream(stream):
        if kind is ParkedRow and not own:
            continue  # what is parked stands in the service's own stream
        await connection.execute(f"delete from {kind.table} where municipality = $1", municipality)


def _last(lines: bytes) -> bytes:
    return lines.rstrip(b"\n").rpartition(b"\n")[2]
