"""個人番号 are planted through a whole run and stand nowhere outside the vault; a leak in each medium is found."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from kumiai_contracts.topics import SERVICES, STREAM_OF, notices_topic, receipts_stream
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.conftest import NewSystem
from tests.support.leaks import (
    leaking_answer,
    leaking_log,
    leaking_metric,
    leaking_span,
    leaking_tables,
    leaking_topic,
)
from tests.support.markers import FULL_WIDTH, Markers
from tests.support.media import answers, databases, files, topics
from tests.support.operator import LINKAGE, Operator
from tests.support.spans import traced
from tests.support.system import System
from tests.support.vault import Clerk, household, my_number, number_notice, public_key

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
SPANS = "spans.json"
SPANNED = [service for service in SERVICES if service != "membership"]
"""Membership's commands come by HTTP, which makes none."""
HELD = [my_number(40_823_719_000 + 7 * n) for n in range(4)]
REFUSED = [my_number(51_934_820_111 + 7 * n) for n in range(3)]
LOOKED_UP = my_number(62_045_931_222)
IN_CLEAR = my_number(73_156_042_333)
PLANTED = my_number(84_267_153_444)
PURPOSE = {"purpose": "national-id-linkage"}
LINKING = "purpose=national-id-linkage"


@pytest.fixture
async def spans(federation: ServiceProcesses, test_layout: Layout) -> AsyncIterator[Path]:
    """Every service that has spans writes them into this file while the test runs."""
    async with traced([federation[service] for service in SPANNED], test_layout.logs / SPANS) as path:
        yield path


async def run(system: System, operator: Operator, clerk: Clerk) -> list[str]:
    """Numbers are told, refused for every reason, looked up, mistaken and misused; the 宛名番号 they are about."""
    code = system.member.code
    people, cause = await household(system)
    key = await public_key(operator.peers)
    for person, number in zip(people, HELD, strict=True):
        await system.tell(number_notice(key, code, person, number), cause)
    await system.tell(number_notice(key, code, people[0], REFUSED[0], "changed"))
    wrong = REFUSED[1][:-1] + str((int(REFUSED[1][-1]) + 1) % 10)
    for notice in (
        number_notice(key, code, people[1], HELD[2]),
        number_notice(key, code, people[1], REFUSED[1]),
        number_notice(key, code, people[1], wrong, "changed"),
        number_notice(key, "131016", people[1], REFUSED[2], "changed"),
        number_notice({**key, "kid": "r-gone"}, code, people[1], REFUSED[2], "changed"),
        number_notice(key, code, people[1], IN_CLEAR).model_copy(update={"my_number": IN_CLEAR}),
    ):
        receipt = await system.send(system.message(notice))
        assert not receipt.accepted
    for number in (*HELD, *REFUSED, LOOKED_UP):
        await clerk.look_up(key, number)
        await clerk.look_up(key, number, party="somebody-else")
        # What a hurried clerk might do: the number in a body, a path and a query.
        await clerk.client.post("my-number-look-ups", params=PURPOSE, json={"my_number": number})
        await clerk.client.post("my-number-look-ups", params=PURPOSE, content=f'{{"my_number": {number}')
        await clerk.client.get(f"addressees/{number}", params=PURPOSE)
        await clerk.client.get(f"addressees/{number}/my-number-token", params=PURPOSE)
        await clerk.client.get("access-records", params={"addressee_number": number, "after": number * 2})
    for person in people:
        assert (await clerk.token(person)).is_success
    return people


async def http(operator: Operator, clerk: Clerk, people: list[str]) -> list[tuple[str, bytes]]:
    """What every service answers to a clerk and to anybody, about these people and about the run."""
    code, found = clerk.code, []
    for service, base in operator.peers.items():
        streams = [STREAM_OF[service], receipts_stream(service)]
        paths = ["/metrics", "/health/ready", "/v1/vault/jwks.json", "/v1/heads", "/v1/readers"]
        paths += [f"/v1/{code}/{path}" for path in ("heads", "kept-notices", "access-records")]
        paths += [f"/v1/{code}/streams/{stream}?limit=1000" for stream in streams]
        paths += [f"/v1/{code}/tables/{stream}/hash" for stream in streams]
        for number in (*people, *HELD):
            paths += [f"/v1/{code}/addressees/{number}{end}?{LINKING}" for end in ("", "/my-number-token")]
            paths += [f"/v1/{code}/residents/{number}{end}?purpose=resident-services" for end in ("", "/history")]
        async with httpx.AsyncClient(base_url=base, auth=clerk.token_client, timeout=20) as client:
            found += await answers(client, paths)
    assert sum(where.startswith("200 ") for where, _ in found) > 20
    return found


async def test_planted_numbers_stand_nowhere_outside_the_vault(
    new_system: NewSystem,
    operator: Operator,
    addresses: StackAddresses,
    federation: ServiceProcesses,
    test_layout: Layout,
    spans: Path,
) -> None:
    system = await new_system()
    clerk = await Clerk(operator, system.member.code, "desk").granted("national-id-linkage", "resident-services")
    people = await run(system, operator, clerk)
    await operator.complete(system.member)
    answered = await http(operator, clerk, people)
    kept = await clerk.client.get("kept-notices")
    assert kept.is_success and kept.json()["kept"] == [], "a refused notice may hold a number in clear"
    codes = [system.member.code]
    searched = Markers(*HELD, *REFUSED, LOOKED_UP, IN_CLEAR)

    # The one place: whoever sends a number in clear has written it into the notices topic, and is told so.
    exposed = f"topic {notices_topic(system.member.code, LINKAGE)} at "
    in_topics = searched.in_all(topics(addresses, codes))
    assert {found.marker for found in in_topics if found.where.startswith(exposed)} == {IN_CLEAR}
    assert [found for found in in_topics if not found.where.startswith(exposed)] == []

    assert searched.in_all(databases(addresses, codes)) == []
    assert searched.in_all(answered) == []
    written = await asyncio.to_thread(spans.read_text)
    assert [service for service in SPANNED if f'"service.name": "{service}"' not in written] == []
    logs = list(files(test_layout.logs))
    assert {worker.log for worker in federation} | {spans} <= set(logs)
    assert [found for path in logs for found in searched.in_file(path)] == []


def test_a_leak_planted_in_each_medium_is_found(
    addresses: StackAddresses, federation: ServiceProcesses, tmp_path: Path
) -> None:
    code, leak = "473502", Markers(PLANTED)
    spaced, hyphened = (mark.join((PLANTED[:4], PLANTED[4:8], PLANTED[8:])) for mark in " -")
    with leaking_topic(addresses, code, PLANTED) as leaks:
        assert len({found.where for found in leak.in_all(topics(addresses, [code]))}) == leaks
    columns = {
        "text": PLANTED,
        "bytea": PLANTED.encode(),
        "jsonb": json.dumps({"person": {"number": spaced}}),
        "bigint": int(PLANTED),
        "numeric": int(PLANTED),
        "text[]": ["x", b64encode(PLANTED.encode()).decode()],
    }
    with leaking_tables(addresses, "kumiai_taxation", code, columns):
        assert len({found.where for found in leak.in_all(databases(addresses, [code]))}) == len(columns)
    assert leak.in_file(leaking_log(tmp_path, f"番号 {PLANTED.translate(FULL_WIDTH)}"))
    assert leak.in_file(leaking_span(tmp_path, PLANTED))
    assert leak.in_bytes("/metrics", leaking_metric(PLANTED))
    assert leak.in_all(asyncio.run(leaking_answer(hyphened)))
