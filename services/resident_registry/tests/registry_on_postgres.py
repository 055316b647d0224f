"""A registry's rows, sealed parts and log on the real PostgreSQL, in the tables of the service."""

from datetime import date
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.tables import Fold
from kumiai_contracts.envelope import StoredEvent
from kumiai_resident_registry.domain.statistics import Moved, Standing, bounds, month, population
from kumiai_resident_registry.named_queries import QUERIES
from registry_in_memory import Registry

HERE, ELSEWHERE = "473821", "011002"


async def save(connection: Connection, municipality: str, registry: Registry) -> None:
    """What the service would have stored."""
    fold = Fold(own=True)
    for event in registry.events:
        fold.add(
            StoredEvent(municipality, "resident", 1, 1, b"", event.type, event.subject(), "", "", "", "", event.body())
        )
    await fold.write(connection)
    await connection.executemany(
        "insert into sealed_part (municipality, commitment, stream, position, name, salt, part)"
        " values ($1, $2, 'resident', 1, $3, $4, $5)",
        [(municipality, part.commitment, part.name, part.salt, part.part) for part in registry.parts],
    )


async def save_log(connection: Connection, municipality: str, registry: Registry) -> None:
    """The events of the stream, and the receipts as far as they say when they were issued."""
    log = [("resident", n, event.type, "", event.body()) for n, event in enumerate(registry.events, 1)]
    log += [("resident-registry-receipts", n, "receipt", at, b"{}") for n, at in registry.times.items()]
    await connection.executemany(
        "insert into stream_event (municipality, incarnation, hash, subject, dataschema, cause, traceparent,"
        " stream, position, type, time, body) values ($1, 1, '', '', '', '', '', $2, $3, $4, $5, $6)",
        [(municipality, *event) for event in log],
    )


async def counted(connection: Connection, text: str) -> dict[str, Any]:
    """The statistics of a month, as the service counts them."""
    opening, closing = bounds(text)
    known = date(2026, 6, 30)
    days = []
    for day in (opening, closing):
        records = await QUERIES.standing_until(connection, municipality=HERE, day=day, known=known)
        days.append(
            population((Standing(r["status"], r["household_number"], r["birth_date"], r["sex"]) for r in records), day)
        )
    moved = await QUERIES.movements_of_month(
        connection, municipality=HERE, opening=opening, closing=closing, known=known
    )
    return month(days[0], days[1], [Moved(*record) for record in moved])
