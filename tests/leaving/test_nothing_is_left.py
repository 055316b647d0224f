"""Names that are planted in a municipality stand nowhere once it has left; one that is left on purpose is found."""

import asyncio
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.leaving.conftest import NewLeaver
from tests.leaving.test_leaving import report
from tests.support.family import HEAD, carry_over, person
from tests.support.leaks import (
    FORMS,
    encoded,
    leaking_files,
    leaking_log,
    leaking_span,
    leaking_tables,
    leaking_topic,
)
from tests.support.markers import Found, Markers
from tests.support.media import analyze, databases, files, topics
from tests.support.operator import REGISTRY, TAXATION, Operator
from tests.support.spans import traced

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
NAME, OTHER = "雁金屋 鳶右衛門", "木菟山 梟子"
"""Nobody else of these tests has such a name."""


async def test_nothing_planted_is_found_after_the_certificate(
    new_leaver: NewLeaver, operator: Operator, addresses: StackAddresses, federation: ServiceProcesses,
    test_layout: Layout, tmp_path: Path,
) -> None:  # fmt: skip
    (leaver, system), (stays, neighbour) = await new_leaver(REGISTRY, TAXATION), await new_leaver(REGISTRY)
    codes, marked = [leaver.member.code, stays.member.code], Markers(NAME, OTHER)
    async with traced(
        [federation[REGISTRY], federation[TAXATION]], test_layout.logs / "spans-of-leaving.json"
    ) as spans:
        family = await system.tell(carry_over(person(NAME, HEAD, "1980-02-02"), person(OTHER, "妻", "1982-03-03")))
        await system.tell(report(family.numbers[0]), cause=family.event)
        await neighbour.tell(carry_over())
        await operator.complete(leaver.member)
        analyze(addresses)
        before = search(marked, addresses, codes)
        assert {found.marker for found in before} == {NAME, OTHER}
        for database in ("kumiai_resident_registry", "kumiai_taxation"):
            for place in (f"database {database}, public.", f"database {database}, pg_catalog.pg_statistic"):
                assert any(found.where.startswith(place) for found in before), place
        assert any(found.where.startswith("topic") for found in before)
        await leaver.verified()
        await leaver.begin_erasure()
        await leaver.state("certified", within_s=60)
        assert await asyncio.to_thread(spans.read_bytes), "no span was written"
        logs = list(files(test_layout.logs))
        assert {worker.log for worker in federation} | {spans} <= set(logs)
        assert search(marked, addresses, codes, logs) == []

    # What is left on purpose is found, in every medium and every encoding.
    code, leak = leaver.member.code, encoded(NAME)
    value: dict[str, object] = {
        "text": NAME,
        "bytea": leak["cp932"],
        "jsonb": f'{{"name": "{NAME}"}}',
        "json": f'{{"name": "{leak["escaped"].decode()}"}}',
        "varchar": leak["base64"].decode(),
    }
    with ExitStack() as leaking:
        leaks = leaking.enter_context(leaking_topic(addresses, code, NAME))
        bases = [f"kumiai_{service.replace('-', '_')}" for service in federation.workers]
        for base in bases:
            leaking.enter_context(leaking_tables(addresses, base, code, value))
        found = search(marked, addresses, codes)
    assert places_of([each for each in found if each.where.startswith("topic")]) == leaks
    for base in bases:
        assert places_of([each for each in found if each.where.startswith(f"database {base},")]) == len(value), base
    for left in (leaking_files(tmp_path, "service.log", NAME), leaking_files(tmp_path, "spans.json", NAME)):
        assert places_of(found := [each for path in left for each in marked.in_file(path)]) == len(left), found
    written = [leaking_log(tmp_path, NAME), leaking_span(tmp_path, NAME)]
    assert {found.where for path in written for found in marked.in_file(path)} == set(map(str, written))


def places_of(found: list[Found]) -> int:
    """In how many places something was found, which must have been found in every encoding. Raises AssertionError."""
    assert {each.form for each in found} >= FORMS, found
    return len({each.where for each in found})


def search(markers: Markers, addresses: StackAddresses, codes: list[str], paths: Iterable[Path] = ()) -> list[Found]:
    """Decompressed records, dumps of all databases, and files."""
    found = markers.in_all(topics(addresses, codes)) + markers.in_all(databases(addresses, codes))
    return found + [each for path in paths for each in markers.in_file(path)]
