"""Whatever a municipality lived through: its bundle is proven, and goes into another place and comes out the same."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import date
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kumiai_common import log
from kumiai_common.bundle.importing import Importer, NotImportable, TypeUnknown
from kumiai_common.queries import QUERIES
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Notice
from kumiai_contracts.operations import EventParked, ParkedEventSettled, ParkedRow, StreamClosed, StreamReopened
from kumiai_contracts.resident import Address
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice
from kumiai_contracts.taxation import EmploymentIncomeReport, NonResidentTaxpayerNotice
from kumiai_local.layout import Layout
from kumiai_local.stack import Stack

from benchmarks.town import Town
from tests.bundle.places import Place, export, import_, join, line_of, places, spread

pytestmark = pytest.mark.stack
Two = tuple[dict[str, Place], dict[str, Place]]

STEPS = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 12)),
    st.tuples(st.sampled_from(("repeat", "garbage", "reuse", "nobody", "spread", "restored", "parked", "settled"))),
    st.tuples(st.sampled_from(("reports", "elsewhere", "protected")), st.integers(1, 5)),
)


@pytest.fixture(scope="session")
def fresh_codes() -> Iterator[str]:
    """Codes of municipalities that are none, so that there are enough."""
    return map("{:06}".format, count(900_001))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def two(stack: Stack, test_layout: Layout) -> AsyncIterator[Two]:
    """Two places that know nothing of each other."""
    async with AsyncExitStack() as opened:
        here = await opened.enter_async_context(places(stack.addresses, test_layout, "here"))
        there = await opened.enter_async_context(places(stack.addresses, test_layout, "there"))
        yield here, there


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    steps=st.lists(STEPS, min_size=3, max_size=14),
    seed=st.integers(0, 10**6),
    piece=st.integers(1, 40),
    older=st.booleans(),
)
async def test_export_import_export_has_the_same_identity(
    steps: list[tuple[Any, ...]], seed: int, piece: int, older: bool, two: Two, fresh_codes: Iterator[str],
    verifier: Any, tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    here, there = two
    municipality, place = next(fresh_codes), tmp_path_factory.mktemp("history")
    await join(here, municipality)
    await live(here, municipality, steps, seed)
    # What an older version wrote goes into this one, which knows more tables, and comes out under the same identity.
    identity, parts = await export(here, municipality, place / "first", older=older)
    assert verifier.main([str(place / "first"), "--json"]) == 0
    await import_(there, parts, place / "first", piece)
    await join(there, municipality)
    again, _ = await export(there, municipality, place / "second")
    assert again == identity
    assert verifier.main([str(place / "second"), "--identity", identity, "--json"]) == 0
    assert (await export(here, municipality, place / "third"))[0] == identity


async def test_a_closed_log_is_closed_where_it_is_imported_until_it_is_reopened(
    two: Two, fresh_codes: Iterator[str], tmp_path: Path
) -> None:
    here, there = two
    for reopened in (False, True):
        municipality, registry = next(fresh_codes), here["resident-registry"]
        await join(here, municipality)
        await live(here, municipality, [("spread",)], 1)
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
    two: Two, fresh_codes: Iterator[str]
) -> None:
    here, there = two
    municipality, registry = next(fresh_codes), there["resident-registry"]
    await join(here, municipality)
    await live(here, municipality, [], 1)
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


async def test_a_long_log_is_taken_in_run_by_run(
    two: Two, fresh_codes: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two
    municipality, registry = next(fresh_codes), there["resident-registry"]
    await join(here, municipality)
    await live(here, municipality, [("days", 9)], 1)
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


async def live(here: dict[str, Place], municipality: str, steps: list[tuple[Any, ...]], seed: int) -> None:
    """A history: what senders do, what goes wrong, and what is read when."""
    registry, taxation = here["resident-registry"], here["taxation"]
    town, random, ids = Town(municipality, seed), Random(seed), count(1)
    sent = town.records(21)
    await registry.take(municipality, sent)
    parked: list[ParkedRow] = []
    for kind, *much in steps:
        match kind:
            case "days":
                sent = town.records(*much)
                await registry.take(municipality, sent)
            case "repeat":
                await registry.take(municipality, sent)
            case "garbage":
                await registry.take(municipality, [(headers, b"{\xff") for headers, _ in town.records(1)])
            case "reuse":
                await registry.take(municipality, [(sent[0][0], b'{"other": "bytes"}')])
            case "nobody":
                await registry.take(municipality, [([("ce_id", b"\xff")], None)])
            case "reports":
                await spread(here, municipality)
                await taxation.take(municipality, [_report(municipality, next(ids), random) for _ in range(*much)])
            case "elsewhere":
                taxed = [_taxed_from_elsewhere(municipality, next(ids)) for _ in range(*much)]
                await taxation.take(municipality, taxed)
            case "protected":
                await registry.take(municipality, [_protected(municipality, next(ids), n + 1) for n in range(*much)])
            case "spread":
                await spread(here, municipality)
            case "restored":
                await registry.begin_incarnation(municipality)
            case "parked":
                row = ParkedRow(
                    read_stream="resident", position=len(parked) + 1, keys=("k",), state="parked", error="E"
                )
                parked.append(row)
                await taxation.append(municipality, EventParked(parked=row))
            case "settled" if parked:
                row = parked[-1].model_copy(update={"state": "skipped"})
                await taxation.append(municipality, ParkedEventSettled(parked=row))


def _report(municipality: str, n: int, random: Random) -> tuple[Any, bytes]:
    number = _number(random.choice((1, 2, 3, 4, 999_999)))
    report = EmploymentIncomeReport(
        fiscal_year=2026,
        addressee_number=number,
        employer=f"{random.randint(1, 3)}",
        salary=random.randint(0, 9_000_000),
    )
    return _sent(municipality, n, report)


def _taxed_from_elsewhere(municipality: str, n: int) -> tuple[Any, bytes]:
    """住登外者: an entry of taxation's own, with a sealed address."""
    address = Address(prefecture="東京都", municipality="千代田区", town="千代田", number=f"{n}番")
    entry = NonResidentTaxpayerNotice(
        name="住登 外", name_kana="ジュウトウ ガイ", birth_date="1970-01-01", address=address, from_year=2020
    )
    return _sent(municipality, n, entry)


def _protected(municipality: str, n: int, person: int) -> tuple[Any, bytes]:
    """支援措置, or a refusal where it holds already."""
    notice = ProtectionApplicationNotice(
        place="本庁", operator="desk/1", applied_on=date(2026, 11, 1), addressee_numbers=(_number(person),)
    )
    return _sent(municipality, n, notice)


def _number(n: int) -> str:
    return with_check_digit(f"{n:09}", addressee_check_digit)


def _sent(municipality: str, n: int, notice: Notice) -> tuple[Any, bytes]:
    envelope = NoticeEnvelope(f"r-{n}", "urn:test:tax", notice.type, municipality)
    return envelope.headers(), notice.body()
