"""Named SQL: each package's queries.sql, loaded once by aiosql.

aiosql gives rows of asyncpg one by one; every query here is small enough to be fetched whole, which is much faster.
"""

from importlib import resources
from typing import Any

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter


class _WholeAnswers(AsyncPGAdapter):
    """asyncpg's adapter, except that a select gives a list of records."""

    is_aio_driver = False  # what the methods give is awaited by the caller

    async def select(
        self, conn: Any, query_name: str, sql: str, parameters: Any, record_class: Any = None
    ) -> list[Any]:
        """All records of a query."""
        ordered = self.maybe_order_params(query_name, parameters)  # type: ignore[no-untyped-call]
        return list(await conn.fetch(sql, *ordered))


aiosql.register_adapter("asyncpg-whole", _WholeAnswers)  # type: ignore[arg-type]


def load(package: str) -> Any:
    """Every query of a package's queries.sql, as an async function of (connection, named parameters)."""
    text = resources.files(package).joinpath("queries.sql").read_text("utf-8")
    return aiosql.from_str(text, "asyncpg-whole", kwargs_only=True, mandatory_parameters=False)


QUERIES: Any = load("kumiai_common")
"""The ground's queries."""
