"""A municipality under load, and what must hold once its faults are over."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from kumiai_local.addresses import StackAddresses

from tests.support.load import Load, differing_hashes
from tests.support.operator import Operator
from tests.support.system import broker_of

UnderLoad = Callable[..., AbstractAsyncContextManager[Load]]


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
        verdict = await load.verdict(operator)
        assert verdict.clean, verdict.findings
        assert verdict.accepted > 0
        assert await differing_hashes(operator, member) == []

    return block


Check = Callable[[], Awaitable[bool]]
