"""Makes the in-memory registry importable, and gives a fresh one to each test."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from kumiai_common.database import Connection
from kumiai_local.layout import Layout
from kumiai_local.secret_files import password
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import SERVICES
from kumiai_local.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))

from registry_in_memory import Registry
from registry_on_postgres import ELSEWHERE, HERE


@pytest.fixture
def registry() -> Registry:
    """An empty registry."""
    return Registry()


@pytest.fixture
async def connection(stack: Stack, test_layout: Layout) -> AsyncIterator[Connection]:
    """A transaction as the service's own role that sees two municipalities and is rolled back."""
    service = next(service for service in SERVICES if service.name == "resident-registry")
    ServiceProcesses(stack.addresses, test_layout, services=[service]).migrate()
    opened = await asyncpg.connect(
        stack.addresses.postgres_url_of(service.app_role, service.database),
        password=password(service.role_password(test_layout, service.app_role)),
    )
    transaction = opened.transaction()
    await transaction.start()
    await opened.execute("select set_config('app.municipalities', $1, true)", f"{{{HERE},{ELSEWHERE}}}")
    yield opened
    await transaction.rollback()
    await opened.close()
