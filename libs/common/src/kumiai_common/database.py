"""PostgreSQL: a pool, and transactions that see only the municipalities they name.

Invariant: outside a transaction of this module nothing is visible, because the policy of every table compares the
municipality with a setting that lives no longer than the transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import asyncpg

from kumiai_common.settings import Settings, read_secret

if TYPE_CHECKING:
    Connection = asyncpg.Connection[Any]
else:
    Connection = asyncpg.Connection  # generic for type checkers only

TRANSIENT = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that is closed while it answers
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    ConnectionError,
    TimeoutError,
    OSError,
)
"""Failures that say nothing about the data: try the same again."""


class UnsafeRole(RuntimeError):
    """The service's role could see past row-level security; it refuses to start."""


class _Connection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        """Nothing to reset: settings are only ever set for a transaction. Saves a round trip each."""
        return ""


class Database:
    """The service's own database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, settings: Settings) -> "Database":
        """Connect, and refuse a role that owns tables or bypasses row-level security (raises UnsafeRole)."""
        pool = await asyncpg.create_pool(
            settings.database_url,
            password=read_secret(settings.database_password_file),
            min_size=1,
            max_size=settings.database_pool_size,
            command_timeout=60,
            connection_class=_Connection,
            server_settings={
                "application_name": "kumiai",
                "jit": "off",
                "plan_cache_mode": "force_custom_plan",
                "datestyle": "ISO",  # a date as text is what JSON has
            },
        )
        database = cls(pool)
        try:
            await database._refuse_unsafe_role()
        except BaseException:
            await pool.close()
            raise
        return database

    async def _refuse_unsafe_role(self) -> None:
        async with self._pool.acquire() as connection:
            unsafe = await connection.fetchval(
                "select rolsuper or rolbypassrls or exists ("
                "  select from pg_class c where c.relkind = 'r' and pg_has_role(current_user, c.relowner, 'member')"
                "  and c.relnamespace = 'public'::regnamespace)"
                " from pg_roles where rolname = current_user"
            )
            if unsafe:
                role = await connection.fetchval("select current_user")
                raise UnsafeRole(
                    f"the database role {role} owns tables or bypasses row-level security; "
                    "start the service with its _app role"
                )

    @asynccontextmanager
    async def transaction(
        self,
        municipalities: Iterable[str],
        *,
        isolation: Literal["read_committed", "repeatable_read"] = "read_committed",
    ) -> AsyncIterator[Connection]:
        """A transaction that sees these municipalities and no other; commits unless the block raises."""
        async with self._pool.acquire() as connection, connection.transaction(isolation=isolation):
            await connection.execute(
                "select set_config('app.municipalities', $1, true)", "{" + ",".join(sorted(municipalities)) + "}"
            )
            yield connection  # type: ignore[misc]

    async def tenants(self) -> list[str]:
        """The codes of all municipalities that have anything in this database."""
        async with self._pool.acquire() as connection:
            return [row[0] for row in await connection.fetch("select municipality from tenant order by 1")]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection that sees no municipality: for leases and health."""
        async with self._pool.acquire() as connection:
            yield connection  # type: ignore[misc]

    async def close(self) -> None:
        """Close every connection, at once if they don't end by themselves within 5 s."""
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except TimeoutError:
            self._pool.terminate()
