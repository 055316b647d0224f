"""The checker is tested with bugs of the code: it finds nothing where there is none, and sees each of eight."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.planted.bugs import BUGS, Bug
from tests.planted.run import Runs, prepared
from tests.support.operator import Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def runs(
    federation: ServiceProcesses,
    addresses: StackAddresses,
    test_layout: Layout,
    operator: Operator,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Runs]:
    """Runs on the session's federation."""
    folder = tmp_path_factory.mktemp("planted")
    async with prepared(federation, addresses, test_layout, operator, folder) as found:
        yield found


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
async def test_a_planted_bug_is_seen(bug: Bug, runs: Runs) -> None:
    found = await runs.with_bug(bug)
    assert bug.seen_in(found), found


async def test_without_a_bug_the_same_does_no_harm(runs: Runs) -> None:
    assert await runs.without() == []
