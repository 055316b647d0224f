"""What waits for an answer is sent again, all of it: nothing old keeps what came later waiting."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from kumiai_common.service import Ground
from kumiai_national_id_linkage.network import resending
from kumiai_national_id_linkage.network.resending import Look, Resending

NOW = datetime(2026, 6, 15, 1, 12, 9, tzinfo=UTC)


@asynccontextmanager
async def nothing(_: object) -> Any:
    yield None


async def sent(
    monkeypatch: Any, waiting: int, looks: tuple[str, ...] = ("131016",)
) -> tuple[list[int], list[tuple[str, timedelta]]]:
    """What so many waiting things are sent again as, in pages of three, and how far back each look at whom went.

    Each of `looks` is taken while the process is in charge of these municipalities.
    """
    rows = [SimpleNamespace(n=n) for n in range(waiting)]
    messages: list[int] = []
    sinces: list[tuple[str, timedelta]] = []

    async def page(look: Look, _: object, last: Any) -> Any:
        beyond = [row for row in rows if last is None or row.n > last.n][:3]
        if last is None:
            sinces.append((look.municipality, look.since))
        return beyond, [row.n for row in beyond]

    async def send(found: Any) -> None:
        messages.extend(found)

    monkeypatch.setattr(resending, "PAGES", ((page, 3),))
    relay = SimpleNamespace(municipalities=[])
    ground = cast(Ground, SimpleNamespace(relay=relay, database=SimpleNamespace(transaction=nothing)))
    again = Resending(ground, cast(Any, None), cast(Any, SimpleNamespace(network_resend_seconds=300.0)), send)
    for held in looks:
        relay.municipalities = held.split()
        assert not await again.once()
    return messages, sinces


async def test_every_page_is_sent_again(monkeypatch: Any) -> None:
    for waiting in (0, 2, 3, 7):
        messages, _ = await sent(monkeypatch, waiting)
        assert messages == list(range(waiting))


async def test_what_has_waited_for_long_is_sent_again_seldom_and_never_given_up_within_a_year(monkeypatch: Any) -> None:
    _, sinces = await sent(monkeypatch, 1, looks=("131016",) * 3)
    assert [since.days for _, since in sinces] == [365, 1, 1]


async def test_whoever_is_taken_over_later_is_looked_at_as_far_back_as_at_a_start(monkeypatch: Any) -> None:
    _, sinces = await sent(monkeypatch, 1, looks=("", "131016", "131016 151009"))
    assert [(code, since.days) for code, since in sinces] == [("131016", 365), ("131016", 1), ("151009", 365)]


def test_a_look_asks_for_what_has_waited_long_enough_and_not_too_long() -> None:
    look = Look("131016", cast(Any, None), NOW, timedelta(minutes=5), timedelta(days=365))
    among = look.among(500)
    assert (among["after"], among["before"]) == ("2025-06-15T01:12:09.000000Z", "2026-06-15T01:07:09.000000Z")
