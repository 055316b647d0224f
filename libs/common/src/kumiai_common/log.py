"""The stream log: positions without gaps, a hash chain, and rows that follow from the events.

Invariant: whoever appends to a municipality's streams holds the row locks of their heads until the transaction ends.
So position order is commit order, and nothing that was decided on an older state is ever committed.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from asyncpg import Record
from kumiai_contracts.chain import origin
from kumiai_contracts.envelope import Cause, StoredEvent
from kumiai_contracts.model import Event

from kumiai_common.database import Connection
from kumiai_common.queries import QUERIES
from kumiai_common.tables import folded

StreamKey = tuple[str, str]
"""(municipality, stream)"""


class StreamEnded(RuntimeError):
    """締切り: a stream takes nothing more, because its municipality is leaving, or has left and is erased here."""

    def __init__(self, municipalities: Iterable[str]) -> None:
        self.municipalities = frozenset(municipalities)
        super().__init__(", ".join(sorted(self.municipalities)))


@dataclass(slots=True)
class Head:
    """先頭: where a stream ends. Locked in the database for as long as it is held here."""

    municipality: str
    stream: str
    incarnation: int
    position: int
    hash: bytes
    closed: bool = False
    """締切り: whether nothing may follow."""

    def append(
        self, event: Event, *, time: str, cause: str = "", traceparent: str = "", continued: int | None = None
    ) -> StoredEvent:
        """The event at the next position; the head moves on to it.

        `continued` is the incarnation before, for the first event of a new one. Raises StreamEnded.
        """
        if self.closed:
            raise StreamEnded((self.municipality,))
        stored = StoredEvent(
            self.municipality,
            self.stream,
            self.incarnation,
            self.position + 1,
            b"",
            event.type,
            event.subject(),
            time,
            event.dataschema(),
            cause,
            traceparent,
            event.body(),
        )
        stored = stored._replace(hash=stored.expected_hash(continued or self.incarnation, self.hash))
        self.position, self.hash = stored.position, stored.hash
        return stored

    def next_cause(self) -> Cause:
        """The place of the event that will be appended next, for events that it causes in the same transaction."""
        return Cause(self.stream, self.incarnation, self.position + 1)


async def lock_heads(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, Head]:
    """Lock heads in sorted order, so that no two transactions wait for each other; what is missing begins here.

    Raises StreamEnded for what was erased: that never begins again.
    """
    wanted = sorted(set(keys))
    found = await _lock(connection, wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        await QUERIES.add_tenants(connection, municipalities=sorted({municipality for municipality, _ in missing}))
        await QUERIES.begin_streams(
            connection,
            municipalities=[municipality for municipality, _ in missing],
            streams=[stream for _, stream in missing],
            origins=[origin(*key, 1) for key in missing],
        )
        found = await _lock(connection, wanted)
        buried = {key[0] for key in wanted if key not in found}
        if buried:
            raise StreamEnded(buried)
    return found


async def _lock(connection: Connection, keys: Sequence[StreamKey]) -> dict[StreamKey, Head]:
    records = await QUERIES.lock_heads(
        connection, municipalities=[key[0] for key in keys], streams=[key[1] for key in keys]
    )
    return {(record["municipality"], record["stream"]): Head(**record) for record in records}


async def write(connection: Connection, events: Sequence[StoredEvent], heads: Iterable[Head]) -> None:
    """Store appended events, the rows that they make true, and the heads that moved."""
    if not events:
        return
    await QUERIES.insert_events(connection, events=events)
    await folded(events, own=True).write(connection)
    moved = {(event.municipality, event.stream) for event in events}
    await save_heads(connection, [head for head in heads if (head.municipality, head.stream) in moved])


async def save_heads(connection: Connection, heads: Sequence[Head]) -> None:
    """Store where streams end now. Their events are stored in the same transaction."""
    await QUERIES.save_heads(
        connection,
        municipalities=[head.municipality for head in heads],
        streams=[head.stream for head in heads],
        incarnations=[head.incarnation for head in heads],
        positions=[head.position for head in heads],
        hashes=[head.hash for head in heads],
    )


async def append(
    connection: Connection,
    municipality: str,
    stream: str,
    events: Sequence[Event],
    *,
    time: str,
    cause: str = "",
    traceparent: str = "",
) -> list[StoredEvent]:
    """Append to one stream, for services that act without a notice. Locks the head; never commits."""
    heads = await lock_heads(connection, [(municipality, stream)])
    head = heads[municipality, stream]
    stored = [head.append(event, time=time, cause=cause, traceparent=traceparent) for event in events]
    await write(connection, stored, [head])
    return stored


MAX_READ_BYTES = 16 * 1024 * 1024


async def read(connection: Connection, municipality: str, stream: str, after: int, limit: int) -> list[StoredEvent]:
    """Events after a position, in order: at most `limit`, and few enough that their bodies fit MAX_READ_BYTES."""
    records = await QUERIES.read_events(
        connection, municipality=municipality, stream=stream, after=after, until=after + limit
    )
    return [StoredEvent(*record) for record in _fitting(records, "body")]


class Line(NamedTuple):
    """An event as it stands in a file or an answer."""

    position: int
    json: bytes
    """One JSON object with everything that is stored of the event but its stream, and the line's end."""


async def read_lines(connection: Connection, municipality: str, stream: str, after: int, limit: int) -> list[Line]:
    """The same events as `read`, as lines of JSON."""
    records = await QUERIES.read_lines(
        connection, municipality=municipality, stream=stream, after=after, until=after + limit
    )
    return [Line(*record) for record in _fitting(records, "line")]


def _fitting(records: Iterable[Record], column: str) -> Iterator[Record]:
    """The first records, at least one, of which this column fits MAX_READ_BYTES in all."""
    size = 0
    for n, record in enumerate(records):
        size += len(record[column])
        if n and size > MAX_READ_BYTES:
            return
        yield record


async def heads(connection: Connection, municipalities: Sequence[str]) -> list[Head]:
    """The heads of all streams of these municipalities, not locked."""
    return [Head(**record) for record in await QUERIES.heads(connection, municipalities=list(municipalities))]


def position_holding(commitment: str, appended: Sequence[StoredEvent]) -> int:
    """Where a sealed part belongs: the first of these events whose body holds its commitment, else the first of all.

    Raises IndexError without any event: then nothing holds the part.
    """
    wanted = commitment.encode()
    return next((event.position for event in appended if wanted in event.body), appended[0].position)


async def open_parts(connection: Connection, municipality: str, commitments: Collection[str]) -> dict[str, bytes]:
    """Those of these sealed parts that are there and not erased, by commitment; no query is made about none."""
    if not commitments:
        return {}
    found = await QUERIES.open_parts(connection, municipality=municipality, commitments=list(commitments))
    return {record["commitment"]: record["part"] for record in found}
