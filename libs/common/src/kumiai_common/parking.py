"""Settling what is parked (保留解除): by an operator, after the rules were mended, or to leave an effect out for good.

Invariant: effects on a key come in the order of the stream, so only the oldest parked event of a key may be settled.
Parking and settling are events of the service's own stream; a rebuild repeats them.
"""

from collections.abc import Sequence
from typing import Literal

from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.model import Event
from kumiai_contracts.operations import ParkedEventSettled, ParkedRow
from kumiai_contracts.registry import parse_event

from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.database import Connection, Database
from kumiai_common.peers import Peers
from kumiai_common.poll import Processor
from kumiai_common.queries import QUERIES
from kumiai_common.tables import from_record


class NotParked(LookupError):
    """There is no such parked event."""


class NotTheOldest(ValueError):
    """An older parked event touches the same key and has to be settled first."""


async def settle(
    processor: Processor,
    database: Database,
    peers: Peers,
    municipality: str,
    stream: str,
    position: int,
    how: Literal["retried", "skipped"],
) -> ParkedRow:
    """Apply a parked event's effect now, or leave it out. What the rules raise on a retry is raised, changing nothing.

    Raises NotParked, NotTheOldest, or one of peers.UNREACHABLE.
    """
    found = await peers.read_log(municipality, stream, position - 1, 1)
    if not found or found[0].position != position:
        raise NotParked(f"{municipality}/{stream} has no position {position}")
    async with database.transaction([municipality]) as connection:
        key = (municipality, processor.stream)
        head = (await log.lock_heads(connection, [key]))[key]
        row = await _parked(connection, municipality, stream, position)
        settled = row.model_copy(update={"state": how})
        cause = f"{stream}:{found[0].incarnation}:{position}"
        following = await _react(processor, connection, found[0], cause) if how == "retried" else ()
        time = timestamp(now())
        events = [
            head.append(event, time=time, cause=cause) for event in (*following, ParkedEventSettled(parked=settled))
        ]
        await log.write(connection, events, [head])
    return settled


async def _parked(connection: Connection, municipality: str, stream: str, position: int) -> ParkedRow:
    rows = [
        from_record(ParkedRow, record) for record in await QUERIES.parked_rows(connection, municipality=municipality)
    ]
    row = next((row for row in rows if (row.read_stream, row.position) == (stream, position)), None)
    if row is None:
        raise NotParked(f"{municipality}/{stream} position {position} is not parked")
    if any(
        other.read_stream == stream and other.position < position and set(other.keys) & set(row.keys) for other in rows
    ):
        raise NotTheOldest("settle the older parked event of the same key first")
    return row


async def _react(processor: Processor, connection: Connection, stored: StoredEvent, cause: str) -> Sequence[Event]:
    event = parse_event(stored.type, stored.body)
    states = await processor.service.load(connection, {stored.municipality: [event]})
    context = processor.context(stored.municipality, cause, now())
    return processor.service.react(states[stored.municipality], event, context)
