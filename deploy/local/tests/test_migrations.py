"""Migrations that were broken off: the next run goes on, and nobody has to break a lock by hand."""

import asyncpg
import pytest
from kumiai_local.layout import Layout
from kumiai_local.migrations import migrate
from kumiai_local.secret_files import password
from kumiai_local.services import SERVICES
from kumiai_local.stack import Stack


@pytest.mark.stack
async def test_what_a_killed_migration_left_locked_stops_no_other(stack: Stack, test_layout: Layout) -> None:
    (service,) = (each for each in SERVICES if each.name == "taxation")
    migrate(stack.addresses, test_layout, [service])
    owner = await asyncpg.connect(
        stack.addresses.postgres_url_of(service.owner_role, service.database),
        password=password(service.role_password(test_layout, service.owner_role)),
    )
    try:
        await owner.execute("insert into yoyo_lock (locked, ctime, pid) values (1, now(), 1)")
        migrate(stack.addresses, test_layout, [service, service])
        assert await owner.fetchval("select count(*) from yoyo_lock") == 0
    finally:
        await owner.close()
