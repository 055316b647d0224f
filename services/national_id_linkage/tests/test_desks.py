"""The desks over HTTP, besides asking the database: erased answers, the law of an inquiry's day, when to relay."""

from contextlib import asynccontextmanager
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

from kumiai_common import log
from kumiai_common.service import Ground
from kumiai_contracts.decision import Accepted
from kumiai_contracts.exchange import ExchangeRecordRow
from kumiai_national_id_linkage import batch_routes, exchange_routes
from kumiai_national_id_linkage.batch_routes import BatchDesk, _answers
from kumiai_national_id_linkage.domain.batch_file import COLUMNS, Record, read
from kumiai_national_id_linkage.domain.inquiring import inquire
from kumiai_national_id_linkage.domain.records import expired
from kumiai_national_id_linkage.exchange_routes import deciding


def asked(cases: Any) -> tuple[Record, ExchangeRecordRow]:
    """A record of a file, and what is on record of its inquiry once it was answered."""
    codes = "JM00000000000001,JT00000000000001,TM00000000000002"
    line = f"r-1,{cases.person},{cases.there},{codes},total-income,2,1,2026,2026"
    (record,) = read("\n".join((",".join(COLUMNS), line)).encode())
    decision = inquire(cases.state(cases.grant("total-income")), cases.inquiry(), cases.context(), cases.table)
    assert isinstance(decision, Accepted)
    row = decision.events[0].record  # type: ignore[attr-defined]
    values = {"outcome": "answered", "items": ("total-income",), "answer": "ab" * 32}
    return record, row.model_copy(update=values)


def test_an_answer_that_was_erased_says_so_and_does_not_look_empty(cases: Any) -> None:
    record, row = asked(cases)
    (there,) = _answers(record, {"r-1": (row, b'{"total-income": "3560000"}')})
    assert tuple(there)[3:] == ("提供", "", "total-income", "3560000")
    for left, part in ((row, None), (expired(row), None)):
        (gone,) = _answers(record, {"r-1": (left, part)})
        assert tuple(gone)[3:] == ("消去済み", "part-erased", "", "")


async def test_everything_means_what_it_meant_on_the_day_of_the_inquiry(cases: Any, monkeypatch: Any) -> None:
    async def records(_: object, **keys: list[str]) -> list[dict[str, str]]:
        assert keys["d"] == ["r-1"]
        return [{"request_number": "r-1", "requested_at": "2026-03-31T15:00:00.000000Z"}]

    monkeypatch.setattr(batch_routes, "QUERIES", SimpleNamespace(exchange_records_of=records))
    desk = BatchDesk(cast(Ground, SimpleNamespace(database=SimpleNamespace(transaction=nothing))), cases.table)
    assert await desk._days("131016", [asked(cases)[0]]) == {"r-1": date(2026, 4, 1)}, "the day in Japan"


@asynccontextmanager
async def nothing(_: object) -> Any:
    yield None


async def test_the_relay_is_woken_once_what_it_shall_send_is_committed(monkeypatch: Any) -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def transaction(_: object) -> Any:
        yield None
        happened.append("commit")

    async def lock_heads(_: object, keys: object) -> None:
        happened.append("lock")

    monkeypatch.setattr(log, "lock_heads", lock_heads)
    relay = SimpleNamespace(wake=lambda: happened.append("wake"))
    ground = cast(Ground, SimpleNamespace(database=SimpleNamespace(transaction=transaction), relay=relay))
    async with deciding(ground, "131016"):
        happened.append("append")
    assert happened == ["lock", "append", "commit", "wake"]
    assert exchange_routes.log is log
