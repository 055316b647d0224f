"""The ground's named SQL, loaded once."""

from importlib import resources
from typing import Any

import aiosql

QUERIES: Any = aiosql.from_str(
    resources.files("kumiai_common").joinpath("queries.sql").read_text("utf-8"), "asyncpg", kwargs_only=True
)
"""Every query of queries.sql as an async function of (connection, named parameters)."""
