"""The tables that migrations make: the columns of the contracts' rows in their order, since rows are written whole, and
row-level security on every table of municipalities."""

import asyncpg
import pytest
from kumiai_common.tables import _mending, _upsert, columns_of
from kumiai_contracts.registry import tables_of_stream
from kumiai_contracts.topics import READS, SERVICES, STREAM_OF
from kumiai_local.addresses import StackAddresses

pytestmark = pytest.mark.stack

COLUMNS = """
    select attname, format_type(atttypid, null) from pg_attribute
    where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum"""
SECURITY = """
    select c.relname, c.relrowsecurity and c.relforcerowsecurity, pg_get_expr(p.polqual, p.polrelid)
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    left join pg_policy p on p.polrelid = c.oid and p.polname = 'by_municipality'
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'municipality'
    and not a.attisdropped"""
LOOKED_UP = "(municipality IN ( SELECT unnest((current_setting('app.municipalities'::text, true))::text[]) AS unnest))"
"""As a comparison with an array, which the planner takes for ten values, it would make it read whole tables."""


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("federation")
async def test_every_table_has_the_columns_of_its_row_in_their_order(service: str, addresses: StackAddresses) -> None:
    url = addresses.postgres_url_of(addresses.postgres_url.split("//")[1].split("@")[0], database(service))
    connection = await asyncpg.connect(url, password=addresses.postgres_password)
    try:
        for stream in {STREAM_OF[service], *READS[service]}:
            for kind in tables_of_stream(stream):
                found = [tuple(record) for record in await connection.fetch(COLUMNS, kind.table)]
                assert found == [("municipality", "text"), *columns_of(kind)], kind.table
                # Some tables have a column of their own name: PostgreSQL must understand what writes them all the same.
                for statement in (_upsert(kind), _mending(kind)):
                    await connection.prepare(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("federation")
async def test_every_table_of_municipalities_is_bound_by_what_a_transaction_names(
    service: str, addresses: StackAddresses
) -> None:
    url = addresses.postgres_url_of(addresses.postgres_url.split("//")[1].split("@")[0], database(service))
    connection = await asyncpg.connect(url, password=addresses.postgres_password)
    try:
        for table, forced, policy in await connection.fetch(SECURITY):
            assert (forced, policy) == (True, LOOKED_UP), table
    finally:
        await connection.close()


def database(service: str) -> str:
    return f"kumiai_{service.replace('-', '_')}"
