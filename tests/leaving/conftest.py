"""Municipalities that leave, each with its own acknowledgement key and its own system."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from kumiai_contracts.municipalities import municipalities
from kumiai_local.addresses import StackAddresses
from kumiai_local.service_processes import ServiceProcesses

from tests.support.faults import all_run
from tests.support.leaving import Leaver
from tests.support.operator import ALL, Operator
from tests.support.system import System, broker_of

PREFECTURE = "40"
"""福岡県: its municipalities are left to these tests."""

NewLeaver = Callable[..., Awaitable[tuple[Leaver, System]]]


@pytest.fixture(scope="session")
def leaving_codes() -> Iterator[str]:
    """Municipality codes, each given once: who has left does not come back."""
    return iter([code for code, found in municipalities().items() if code.startswith(PREFECTURE) and not found.is_ward])


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def services_run_afterwards(federation: ServiceProcesses) -> AsyncIterator[None]:
    """A test that fails half-way leaves the federation to the next one as it found it."""
    yield
    await all_run(federation)


@pytest_asyncio.fixture(loop_scope="session")
async def new_leaver(
    operator: Operator, addresses: StackAddresses, leaving_codes: Iterator[str], tmp_path: Path
) -> AsyncIterator[NewLeaver]:
    """Joins another municipality with its own key and starts its system."""
    async with AsyncExitStack() as stack:

        async def make(*services: str) -> tuple[Leaver, System]:
            leaver = await Leaver.join(operator, next(leaving_codes), services or ALL)
            broker = broker_of(addresses, leaver.member)
            folder = tmp_path / leaver.member.code
            return leaver, await stack.enter_async_context(System(leaver.member, broker, operator.peers, folder))

        yield make
