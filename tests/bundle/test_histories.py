"""Whatever a municipality lived through: its bundle is proven, and goes into another place and comes out the same."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kumiai_common import log
from kumiai_common.bundle.importing import Importer, NotImportable, TypeUnknown
from kumiai_common.bundle.layout import record_path
from kumiai_common.queries import QUERIES
from kumiai_contracts.identifiers import local_government_check_digit, with_check_digit
from kumiai_contracts.operations import EventParked, ParkedRow, StreamClosed, StreamReopened
from kumiai_local.layout import Layout
from kumiai_local.stack import Stack

from tests.bundle.feeds import Feed
from tests.bundle.lives import EVERYTHING, STEPS, Life
from tests.bundle.places import KEPT, Place, export, import_, join, line_of, places
from tests.support.operator import REGISTRY

pytestmark = pytest.mark.stack
Two = tuple[dict[str, Place], dict[str, Place]]
Lives = Callable[..., Awaitable[str]]
RICH = {
    "resident.carried-over.v1",
    "resident.moved-in.v1",
    "linkage.integrated-addressee-number-assigned.v1",
    "linkage.facts-replicated.v1",
    "linkage.code-requested.v1",
    "linkage.code-acquired.v1",
    "linkage.procedure-granted.v1",
    "linkage.inquiry-requested.v1",
    "linkage.inquiry-answered.v1",
    "linkage.provision-refused.v1",
    "linkage.addressees-merged.v1",
    "linkage.addressees-parted.v1",
    "operation.event-parked.v1",
    "operation.incarnation-begun.v1",
}
"""Types of events that a life of everything leads to."""


@pytest.fixture(scope="session")
def fresh_codes() -> Iterator[str]:
    """Codes of municipalities that are none, so that there are enough, from a prefecture that is one on."""
    return (with_check_digit(f"{number:05}", local_government_check_digit) for number in count(15_701))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def two(stack: Stack, test_layout: Layout) -> AsyncIterator[Two]:
    """Two places that know nothing of each other."""
    async with AsyncExitStack() as opened:
        here = await opened.enter_async_context(places(stack.addresses, test_layout, "here"))
        there = await opened.enter_async_context(places(stack.addresses, test_layout, "there"))
        yield here, there


@pytest.fixture(scope="session")
def lives(two: Two, fresh_codes: Iterator[str], test_layout: Layout) -> Lives:
    """Has another municipality live here, with the shared registry or its own."""
    here, _ = two

    async def lived(steps: list[tuple[Any, ...]], seed: int = 1, *, own_registry: bool = False) -> str:
        municipality, twin = next(fresh_codes), next(fresh_codes)
        await join(here, municipality, own_registry=own_registry)
        feed = Feed(here, municipality, twin, seed) if own_registry else None
        if feed is not None:
            await join(here, twin)
        await Life(here, municipality, test_layout, seed, feed).live(steps)
        return municipality

    return lived


@pytest.mark.parametrize("own_registry", (False, True))
async def test_these_lives_are_rich(two: Two, lives: Lives, *, own_registry: bool) -> None:
    """Otherwise the next test would prove little."""
    here, _ = two
    municipality = await lives(EVERYTHING, own_registry=own_registry)
    found = Counter([event.type for place in here.values() for event in await place.log(municipality)])
    assert found.keys() >= RICH, RICH - found.keys()
    async with here[REGISTRY].database.transaction([municipality]) as connection:
        fed = await connection.fetchrow("select sequence, seen from own_feed where municipality = $1", municipality)
    assert bool(fed) == own_registry and (not fed or fed["seen"] >= fed["sequence"] > 21)


@example(steps=EVERYTHING, seed=1, piece=7, older=False, own_registry=False)
@example(steps=EVERYTHING, seed=2, piece=7, older=True, own_registry=True)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    steps=st.lists(STEPS, min_size=3, max_size=14),
    seed=st.integers(0, 10**6),
    piece=st.integers(1, 40),
    older=st.booleans(),
    own_registry=st.booleans(),
)
async def test_export_import_export_has_the_same_identity(
    steps: list[tuple[Any, ...]], seed: int, piece: int, older: bool, own_registry: bool, two: Two, lives: Lives,
    verifier: Any, tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    here, there = two
    municipality, place = await lives(steps, seed, own_registry=own_registry), tmp_path_factory.mktemp("history")
    # What an older version wrote goes into this one, which knows more tables, and comes out under the same identity.
    identity, parts = await export(here, municipality, place / "first", older=older)
    assert verifier.main([str(place / "first"), "--json"]) == 0
    await import_(there, parts, place / "first", piece)
    await join(there, municipality, own_registry=own_registry)
    again, _ = await export(there, municipality, place / "second")
    assert again == identity
    assert verifier.main([str(place / "second"), "--identity", identity, "--json"]) == 0
    assert (await export(here, municipality, place / "third"))[0] == identity
    # Beside the identity: where its own system's feed stands, and what of it has diverged.
    for table in KEPT[REGISTRY].records:
        first, second = [folder / record_path(REGISTRY, table) for folder in (place / "first", place / "second")]
        assert first.read_bytes() == second.read_bytes(), table


async def test_a_closed_log_is_closed_where_it_is_imported_until_it_is_reopened(
    two: Two, lives: Lives, tmp_path: Path
) -> None:
    here, there = two
    for reopened in (False, True):
        municipality, registry = await lives([("spread",)]), here["resident-registry"]
        closed = StreamClosed(leave=1, receipts_incarnation=1, receipts_position=21, receipts_hash="00" * 32, parked=0)
        await registry.append(municipality, closed)
        if reopened:
            await registry.append(municipality, StreamReopened(leave=1))
        _, parts = await export(here, municipality, tmp_path / municipality)
        await import_(there, parts, tmp_path / municipality, 5)
        async with there["resident-registry"].database.transaction([municipality]) as connection:
            found = await connection.fetch("select closed from stream_head where municipality = $1", municipality)
        assert [record["closed"] for record in found] == [not reopened] * 2


async def test_a_log_with_a_type_of_a_newer_version_is_refused_and_nothing_of_the_piece_taken(
    two: Two, lives: Lives
) -> None:
    here, there = two
    municipality, registry = await lives([]), there["resident-registry"]
    events = await here["resident-registry"].log(municipality)
    newer = events[-1]._replace(type="resident.risen.v1")
    newer = newer._replace(hash=newer.expected_hash(newer.incarnation, events[-2].hash))
    importer = Importer(registry.database, registry.name, registry.keys)
    with pytest.raises(TypeUnknown, match=r"resident\.risen\.v1"):
        await importer.own_log(municipality, "resident", [line_of(event) for event in (*events[:-1], newer)])
    assert await registry.log(municipality) == []
    lines = [line_of(event) for event in events]
    assert await importer.own_log(municipality, "resident", lines) == events[-1].position


async def test_the_database_writes_the_lines_that_anybody_would_write(two: Two, fresh_codes: Iterator[str]) -> None:
    here, _ = two
    municipality, registry = next(fresh_codes), here["resident-registry"]
    await join(here, municipality)
    text = "".join(map(chr, (*range(1, 0xD800), *range(0xE000, 0x20000))))
    row = ParkedRow(read_stream="resident", position=1, keys=('"\\/', text), state="parked", error="E")
    await registry.append(municipality, EventParked(parked=row))
    async with registry.database.transaction([municipality]) as connection:
        found = await log.read_lines(connection, municipality, registry.stream, 0, 10)
    assert [line.json for line in found] == [line_of(event) for event in await registry.log(municipality)]
    assert [line.position for line in found] == [1]


async def test_a_long_log_is_taken_in_run_by_run(two: Two, lives: Lives, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = two
    municipality, registry = await lives([("days", 9)]), there["resident-registry"]
    events = await here["resident-registry"].log(municipality)
    lines = [line_of(event) for event in events]
    monkeypatch.setattr("kumiai_common.bundle.importing.EVENTS_A_RUN", 4)
    importer = Importer(registry.database, registry.name, registry.keys)
    changed = lines[9].replace(b"clerk-07", b"clerk-08")
    assert changed != lines[9]
    for wrong in (lines[1:], [*lines[:9], *lines[10:]], [*lines[:9], changed, *lines[10:]]):
        with pytest.raises(NotImportable):
            await importer.own_log(municipality, "resident", wrong)
        assert await registry.log(municipality) == [], "a piece comes whole or not at all"
    with pytest.raises(ValueError, match="unexpected end"):
        await importer.own_log(municipality, "resident", [*lines[:9], b"{"])
    assert await importer.own_log(municipality, "resident", lines[:13]) == 13
    assert await importer.own_log(municipality, "resident", lines) == len(lines)
    assert await registry.log(municipality) == events
    assert await _unpublished(registry, municipality) == {}, "nobody reads half a log"
    await join(there, municipality)
    assert await _unpublished(registry, municipality) == {"resident": len(lines)}


async def _unpublished(place: Place, municipality: str) -> dict[str, int]:
    """What the relay would send next, by stream up to where."""
    async with place.database.transaction([municipality]) as connection:
        found = await QUERIES.unpublished(connection, municipalities=[municipality])
    return {record["stream"]: record["position"] for record in found}
