"""The named SQL of the HTTP routes, loaded once."""

from typing import Any

from kumiai_common.queries import load as load_queries

QUERIES: Any = load_queries("kumiai_common.http")
"""Every query of queries.sql as an async function of (connection, named parameters)."""
