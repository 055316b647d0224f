"""Erasing (消去) in a service: by a plan that is counted first, in small transactions, and looked at afterwards.

Invariant: only the owner's functions delete, and they refuse unless membership's stream said that erasure has begun. A
municipality's tombstone comes with the last row's end, so whoever slept finds either the rows or the tombstone.
"""

import asyncio
from time import perf_counter
from typing import Any

import structlog
from kumiai_contracts.operations import ParkedRow
from kumiai_contracts.registry import tables_of_stream
from kumiai_contracts.topics import STREAM_OF

from kumiai_common import log
from kumiai_common.database import Connection, Database
from kumiai_common.log import StreamEnded
from kumiai_common.poll import MEMBERSHIP
from kumiai_common.queries import QUERIES
from kumiai_common.relay import Relay
from kumiai_common.telemetry import Telemetry

_LOG = structlog.get_logger()
ROWS, MOST_ROWS, SECONDS = 2000, 10_000, 0.05
"""Rows in one transaction: as many as take so long, between these bounds, so that nobody waits for long."""
REST = 0.5
"""How many times as long as it worked it rests: the other municipalities' turn."""
FOLD_OF_MEMBERSHIP = tuple(kind.table for kind in tables_of_stream(MEMBERSHIP) if kind is not ParkedRow)
"""Tables that stay where the municipality remains a member."""
NEVER = ("tombstone", "erasure_count")
_WITH_THE_TOMBSTONE = ("tenant", "stream_head", "relay_position", "reader_position", *FOLD_OF_MEMBERSHIP)


class Erasing:
    """The erasing of one service's database."""

    def __init__(self, service: str, database: Database, relay: Relay, telemetry: Telemetry) -> None:
        self._stream = STREAM_OF[service]
        self._database = database
        self._relay = relay
        self._telemetry = telemetry
        self._forgotten: set[tuple[str, int]] = set()

    async def erase(self, municipality: str, leave: int, *, altogether: bool) -> None:
        """Erase what there is; repeated, it goes on where it stood, and does nothing once all is gone."""
        async with self._database.transaction([municipality]) as connection:
            tables: list[str] = [record[0] for record in await QUERIES.municipal_tables(connection)]
            buried = any(
                (record["municipality"], record["leave"]) == (municipality, leave)
                for record in await QUERIES.tombstones(connection)
            )
            if buried and not any((await self._counts(connection, municipality, altogether)).values()):
                return
            planned = await self._planned(connection, municipality, leave, altogether)
        for table in tables:
            if table not in (*NEVER, *_WITH_THE_TOMBSTONE):
                await self._empty(municipality, table)
                if table in planned:
                    await self._forget_samples(municipality, table)
        await self._bury(municipality, altogether)
        _LOG.info("erased", municipality=municipality)

    async def look_again(self) -> None:
        """What follows from a tombstone in every worker, whichever of them erased: metric series go, and so does what
        a transaction that had begun before has written since."""
        async with self._database.connection() as connection:
            found = await QUERIES.tombstones(connection)
        for record in found:
            municipality, leave = record["municipality"], record["leave"]
            if (municipality, leave) not in self._forgotten:
                self._telemetry.forget(municipality)
                self._relay.forget(municipality)
                self._forgotten.add((municipality, leave))
            if record["recent"] and record["altogether"] and self._relay.holds(municipality):
                async with self._database.transaction([municipality]) as connection:
                    late = any((await self._counts(connection, municipality, True)).values())
                if late:
                    await self._bury(municipality, True)

    async def shown(
        self, connection: Connection, municipality: str, *, altogether: bool, count: bool
    ) -> dict[str, Any]:
        """The tombstone, what was there when erasure began, and what is there now, by table.

        Without `count` the last is told only where there is a tombstone.
        """
        found = [record for record in await QUERIES.tombstones(connection) if record["municipality"] == municipality]
        planned = await QUERIES.last_erasure_counts(connection, municipality=municipality)
        return {
            "buried": {"leave": found[0]["leave"], "altogether": found[0]["altogether"]} if found else None,
            "planned": {record["what"]: record["count"] for record in planned},
            "there": await self._counts(connection, municipality, altogether) if count or found else None,
        }

    async def _planned(self, connection: Connection, municipality: str, leave: int, altogether: bool) -> frozenset[str]:
        """The tables that had rows when erasure began, counted then and noted."""
        noted = await QUERIES.erasure_counts(connection, municipality=municipality, leave=leave)
        if noted:
            return frozenset(record["what"] for record in noted)
        counts = {
            what: count for what, count in (await self._counts(connection, municipality, altogether)).items() if count
        }
        await QUERIES.note_erasure_counts(
            connection, municipality=municipality, leave=leave, whats=list(counts), counts=list(counts.values())
        )
        return frozenset(counts)

    async def _counts(self, connection: Connection, municipality: str, altogether: bool) -> dict[str, int]:
        """How many rows every table has that will be erased."""
        found: dict[str, int] = {}
        for record in await QUERIES.municipal_tables(connection):
            table = record[0]
            if table in NEVER or (not altogether and table in _WITH_THE_TOMBSTONE and table != "reader_position"):
                continue
            # The name comes from the catalogue.
            query = f'select count(*) from "{table}" where municipality = $1'
            if table == "reader_position" and not altogether:
                query += f" and stream <> '{MEMBERSHIP}'"
            found[table] = await connection.fetchval(query, municipality)
        return found

    async def _empty(self, municipality: str, table: str) -> None:
        rows = ROWS
        while True:
            began = perf_counter()
            async with self._database.transaction([municipality]) as connection:
                gone = await QUERIES.erase(connection, municipality=municipality, target=table, most=rows)
            if gone < rows:
                return
            took = perf_counter() - began
            rows = max(ROWS, min(int(rows * SECONDS / took), 2 * rows, MOST_ROWS))
            await asyncio.sleep(took * REST)

    async def _forget_samples(self, municipality: str, table: str) -> None:
        """Samples that PostgreSQL took of a table's columns outlive the rows: it takes others, of the rows left."""
        async with self._database.transaction([municipality]) as connection:
            await QUERIES.forget_samples(connection, municipality=municipality, target=table)

    async def _bury(self, municipality: str, altogether: bool) -> None:
        async with self._database.transaction([municipality]) as connection:
            try:
                # Whoever is writing just now is waited for; afterwards the head is gone, or closed.
                await log.lock_heads(connection, [(municipality, self._stream)])
            except StreamEnded:
                _LOG.info("erased again what came late", municipality=municipality)
            kept = [] if altogether else list(FOLD_OF_MEMBERSHIP)
            await QUERIES.bury(connection, municipality=municipality, kept=kept)
