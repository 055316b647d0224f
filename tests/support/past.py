"""A past that no test can live through: events in the linkage service's log that the network had long ago."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
from kumiai_common import log
from kumiai_contracts.linkage import STREAM
from kumiai_contracts.model import Event
from kumiai_local.addresses import StackAddresses

AT_ONCE = 5000
"""Events in one append."""


@asynccontextmanager
async def database(addresses: StackAddresses) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The linkage service's database, past row-level security."""
    superuser = addresses.postgres_url.split("//")[1].split("@")[0]
    url = addresses.postgres_url_of(superuser, "kumiai_national_id_linkage")
    connection = await asyncpg.connect(url, password=addresses.postgres_password)
    try:
        yield connection
    finally:
        await connection.close()


async def recorded(addresses: StackAddresses, code: str, events: Sequence[Event], time: str) -> None:
    """Put events into a municipality's log, as past as if their messages had been sent to the network."""
    async with database(addresses) as connection, connection.transaction():
        for start in range(0, len(events), AT_ONCE):
            stored = await log.append(connection, code, STREAM, events[start : start + AT_ONCE], time=time)
        await connection.execute(
            "insert into network_position values ($1, $2) on conflict (municipality) do update set position = $2",
            code,
            stored[-1].position,
        )
