"""A municipality under load, and what must hold once its faults are over."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from kumiai_local.addresses import StackAddresses
from kumiai_local.service_processes import ServiceProcesses

from tests.support.faults import all_run
from tests.support.load import Load, differing_hashes
from tests.support.operator import Operator
from tests.support.system import broker_of

UnderLoad = Callable[..., AbstractAsyncContextManager[Load]]


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def services_run_afterwards(federation: ServiceProcesses) -> AsyncIterator[None]:
    """A test that fails half-way leaves the federation to the next one as it found it."""
    yield
    await all_run(federation)


@pytest.fixture
def under_load(operator: Operator, addresses: StackAddresses, codes: Iterator[str], tmp_path: Path) -> UnderLoad:
    """A block under load; at its end nothing is lost, doubled or out of order, and every table is its log's fold."""

    @asynccontextmanager
    async def block(**settings: int | float) -> AsyncIterator[Load]:
        member = await operator.join(next(codes))
        load = Load(member, broker_of(addresses, member), tmp_path / member.code, **settings)  # type: ignore[arg-type]
        async with load.running():
            yield load
        await operator.complete(member, within_s=60)
        assert await load.findings(operator) == []
        assert await differing_hashes(operator, member) == []

    return block
