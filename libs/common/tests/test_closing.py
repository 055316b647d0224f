"""Leaves in one service: each is followed by itself."""

import asyncio
from typing import Any

import pytest
from kumiai_common.closing import Closing, Leave

ANY: Any = None


class _Erasing:
    """An erasure that does not end."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    async def erase(self, municipality: str, leave: int, *, altogether: bool) -> None:
        self.begun.append(municipality)
        await asyncio.Event().wait()

    async def look_again(self) -> None:
        """Nothing has ended."""


async def test_an_erasure_that_takes_long_is_begun_once_and_holds_up_nobody_elses_closing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kumiai_common.closing.LOOK_SECONDS", 0.001)
    closing, erasing = Closing("resident-registry", ANY, ANY, ANY, ANY, ANY, None), _Erasing()
    looked: list[str] = []
    done = asyncio.Event()

    async def leaves() -> list[Leave]:
        rest = (("resident-registry",), True)
        return [
            Leave("011002", 1, *rest, state="erasing", closed=True, buried=None),
            Leave("012025", 1, *rest, state="closing", closed=False, buried=None),
            Leave("012033", 1, *rest, state="closed", closed=True, buried=None),
        ]

    async def close(leave: Leave) -> None:
        looked.append(leave.municipality)
        if len(looked) == 3:
            done.set()

    monkeypatch.setattr(closing, "_leaves", leaves)
    monkeypatch.setattr(closing, "_close", close)
    monkeypatch.setattr(closing, "_erasing", erasing)
    running = asyncio.create_task(closing.run())
    await asyncio.wait_for(done.wait(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert erasing.begun == ["011002"]
    assert looked == ["012025"] * 3
