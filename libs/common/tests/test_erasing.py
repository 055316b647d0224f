"""Erasing in small transactions: few enough rows that nobody waits for long, and all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from kumiai_common import erasing
from kumiai_common.erasing import MOST_ROWS, ROWS, Erasing

ANY: Any = None


class _Table:
    """A table that gives rows up at some speed, and its database."""

    def __init__(self, rows: int, microseconds: float) -> None:
        self.rows, self.microseconds = rows, microseconds
        self.clock = 0.0
        self.sizes: list[int] = []

    @asynccontextmanager
    async def transaction(self, _: Any) -> AsyncIterator[None]:
        yield

    async def erase(self, _: Any, *, municipality: str, target: str, most: int) -> int:
        gone = min(most, self.rows)
        self.rows -= gone
        self.sizes.append(most)
        self.clock += gone * self.microseconds / 1e6
        return gone

    async def sleep(self, _: float) -> None:
        """Nobody waits."""


@pytest.mark.parametrize(("microseconds", "ends_with"), [(1.0, MOST_ROWS), (10.0, 5000), (100.0, ROWS)])
async def test_a_transaction_takes_as_many_rows_as_take_its_time(
    microseconds: float, ends_with: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = _Table(100_123, microseconds)
    monkeypatch.setattr(erasing, "QUERIES", table)
    monkeypatch.setattr(erasing, "perf_counter", lambda: table.clock)
    monkeypatch.setattr(erasing.asyncio, "sleep", table.sleep)
    found: Any = table
    await Erasing("resident-registry", found, ANY, ANY)._empty("011002", "stream_event")
    assert table.rows == 0
    assert abs(table.sizes[-1] - ends_with) <= 1
    assert all(ROWS <= size <= MOST_ROWS for size in table.sizes)
