"""A clerk's deed that is sent again after midnight is the same deed: it names the day on which it was done first."""

from contextlib import asynccontextmanager
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

from kumiai_common.clock import day_in_japan, now
from kumiai_common.service import Ground
from kumiai_resident_registry import work_list_routes


@asynccontextmanager
async def nothing(_: object) -> Any:
    yield None


GROUND = cast(Ground, SimpleNamespace(name="resident-registry", database=SimpleNamespace(transaction=nothing)))


async def day(monkeypatch: Any, earlier: object) -> date:
    async def receipt(_: object, **asked: str) -> object:
        assert (asked["source"], asked["id"]) == ("work-list/hanako", "deed-1")
        return earlier

    monkeypatch.setattr(work_list_routes.RECEIPTS, "receipt", receipt)
    return await work_list_routes._day(GROUND, "131016", "work-list/hanako", "deed-1")


async def test_a_deed_of_the_day_before_keeps_its_day(monkeypatch: Any) -> None:
    assert await day(monkeypatch, {"time": "2026-03-31T14:59:59.000000Z"}) == date(2026, 3, 31)
    assert await day(monkeypatch, {"time": "2026-03-31T15:00:00.000000Z"}) == date(2026, 4, 1)


async def test_a_new_deed_is_todays(monkeypatch: Any) -> None:
    assert await day(monkeypatch, None) == day_in_japan(now())
