"""Looks at what taxation has committed, from outside: as another client of its database."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import asyncpg
from kumiai_local.addresses import StackAddresses

DATABASE = "kumiai_taxation"


Database: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def until(done: Callable[[], Awaitable[bool]], seconds: float, every: float = 0.02) -> None:
    """Ask again and again until it is done. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not await done():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(every)


async def connect(addresses: StackAddresses, database: str) -> Database:
    """A connection as the superuser, whom row-level security doesn't bind."""
    url = addresses.postgres_url.rpartition("/")[0] + f"/{database}"
    return await asyncpg.connect(url, password=addresses.postgres_password)


class Observer:
    """A connection that sees every municipality's reader position in the stream `resident`."""

    def __init__(self, connection: Database) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, addresses: StackAddresses, database: str = DATABASE) -> "Observer":
        """Connect to the database of taxation, or of another reader."""
        return cls(await connect(addresses, database))

    async def positions(self) -> dict[str, int]:
        """The last committed position of each municipality."""
        found = await self._connection.fetch(
            "select municipality, position from reader_position where stream = 'resident'"
        )
        return {record["municipality"]: record["position"] for record in found}

    async def until(self, expected: Mapping[str, int], *, seconds: float, every: float = 0.01) -> float:
        """Wait until every municipality has reached its position; the moment (`time.perf_counter`) it was seen.

        Raises TimeoutError, which names how many are missing, after so many seconds without any progress.
        """
        last, seen_at = -1, time.perf_counter()
        while True:
            positions = await self.positions()
            moment = time.perf_counter()
            missing = sum(max(wanted - positions.get(code, 0), 0) for code, wanted in expected.items())
            if missing == 0:
                return moment
            if missing != last:
                last, seen_at = missing, moment
            if moment - seen_at > seconds:
                raise TimeoutError(f"{missing} events have not become effects")
            await asyncio.sleep(every)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()
