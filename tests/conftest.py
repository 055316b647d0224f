"""The operator of the session's federation, and municipalities that no other test uses."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from kumiai_contracts.municipalities import municipalities
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.support.operator import ALL, Operator
from tests.support.system import System, broker_of

PREFECTURES = ("47", "44")
"""沖縄県 and 大分県: their municipalities are left to these tests."""

NAMED = ("442011", "442020", "442054", "442135")
"""Those that a test takes by name."""

# What is looked for now and then is looked for every two seconds.
for name in ("NETWORK_RESEND_SECONDS", "RETENTION_LOOK_SECONDS", "OVERDUE_LOOK_SECONDS"):
    os.environ.setdefault(f"KUMIAI_{name}", "2")

NewSystem = Callable[..., Awaitable[System]]


@pytest.fixture(scope="session")
def codes() -> Iterator[str]:
    """Municipality codes, each given once."""
    known = municipalities()
    return (
        code
        for prefecture in PREFECTURES
        for code in known
        if code.startswith(prefecture) and not known[code].is_ward and code not in NAMED
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def operator(federation: ServiceProcesses, test_layout: Layout) -> AsyncIterator[Operator]:
    """The federation's operator."""
    async with Operator(federation.peers, test_layout) as found:
        await found.admitted()
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def new_system(
    operator: Operator, addresses: StackAddresses, codes: Iterator[str], tmp_path: Path
) -> AsyncIterator[NewSystem]:
    """Joins another municipality and starts its system."""
    async with AsyncExitStack() as stack:

        async def make(*services: str, code: str | None = None) -> System:
            member = await operator.join(code or next(codes), services or ALL)
            broker = broker_of(addresses, member)
            return await stack.enter_async_context(System(member, broker, operator.peers, tmp_path / member.code))

        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def system(new_system: NewSystem) -> System:
    """A municipality of its own, subscribed to everything."""
    return await new_system()
