"""Leaving while something is missing, and a `kill -9` at the steps: nothing is lost, nothing is claimed too early."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random, SystemRandom

import pytest
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service

from tests.bundle.conftest import register_exporter
from tests.leaving.conftest import NewLeaver
from tests.leaving.kills import Kills
from tests.leaving.test_leaving import report
from tests.support.exports import OFFICER
from tests.support.family import carry_over
from tests.support.faults import restart, restore_backup, superuser, take_backup
from tests.support.leaving import NOTHING, everywhere, in_kafka, until_waits_for
from tests.support.operator import ALL, LINKAGE, REGISTRY, TAXATION, Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
PARKED = """
    insert into parked_event (municipality, read_stream, position, keys, state, error)
    values (%s, 'resident', 1, '["0000000000"]', 'parked', 'LookupError')"""

APPLIED_ELSE = "update reader_position set hash = sha256('else') where municipality = %s and stream = 'resident'"


async def test_a_leave_waits_for_a_service_that_is_down_and_for_nobody_else(
    new_leaver: NewLeaver,
    operator: Operator,
    addresses: StackAddresses,
    federation: ServiceProcesses,
    leaving_codes: Iterator[str],
) -> None:
    (leaver, system), (other, _) = await new_leaver(), await new_leaver(TAXATION)
    family = await system.tell(carry_over())
    await system.tell(report(family.numbers[0]), cause=family.event)
    await operator.complete(leaver.member)
    with superuser(addresses, Service(TAXATION)) as connection:
        connection.execute(PARKED, (leaver.member.code,))

    federation[LINKAGE].kill()
    await leaver.request()
    await until_waits_for(leaver, {LINKAGE})
    closed = {row["service"]: row for row in (await leaver.show())["closed"]}
    assert (closed[REGISTRY]["parked"], closed[TAXATION]["parked"]) == (0, 1), "a parked key holds nothing up"
    # Another one leaves and a third one joins meanwhile.
    await other.request(TAXATION)
    await other.state("closed")
    third = next(leaving_codes)
    body = {"municipality": third, "name": "試験", "prefecture": "大分県", "services": [REGISTRY]}
    assert (await operator.ask("POST", "membership", "/v1/members", json=body))["scram_username"]
    await restart(federation, LINKAGE, forgotten_by=addresses)
    await leaver.state("closed")

    await leaver.record_bundle()
    await leaver.acknowledge()
    federation[LINKAGE].kill()
    await leaver.begin_erasure()
    await until_waits_for(leaver, {LINKAGE, "kafka", "membership"})
    assert in_kafka(addresses, leaver.member.code)["topics"], "what it has to learn from is still there"
    assert "stream_event" in everywhere(addresses, leaver.member.code)[LINKAGE]
    await restart(federation, LINKAGE, forgotten_by=addresses)
    await leaver.state("certified", within_s=60)
    assert set(everywhere(addresses, leaver.member.code)[LINKAGE]) <= {"tombstone", "erasure_count"}
    assert await operator.reader(LINKAGE, third, "membership"), "who joined meanwhile is known by now"
    await other.cancel()


async def test_a_reader_that_has_stopped_holds_its_closing_up_until_it_is_rebuilt(
    new_leaver: NewLeaver, operator: Operator, addresses: StackAddresses
) -> None:
    leaver, system = await new_leaver(REGISTRY, TAXATION)
    await system.tell(carry_over())
    await operator.complete(leaver.member)
    with superuser(addresses, Service(TAXATION)) as connection:
        connection.execute(APPLIED_ELSE, (leaver.member.code,))
    await system.tell(carry_over())
    await operator.diverged(TAXATION, leaver.member.code, "resident")
    await leaver.request()
    await until_waits_for(leaver, {TAXATION})
    assert (await leaver.show())["waiting_for"][TAXATION] == "resident"
    await operator.rebuild(TAXATION, leaver.member.code, "resident")
    await leaver.state("closed")
    await leaver.cancel()


async def test_whatever_is_killed_and_whenever_the_bundle_is_the_same(
    new_leaver: NewLeaver,
    operator: Operator,
    addresses: StackAddresses,
    federation: ServiceProcesses,
    test_layout: Layout,
    tmp_path: Path,
) -> None:
    """The short form of `python -m tests.leaving.kills`: one random moment, and every boundary between two steps."""
    leaver, system = await new_leaver()
    code, seed = leaver.member.code, SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    await register_exporter(operator, test_layout, code, OFFICER)
    await operator.known(leaver.member)
    kills = Kills(leaver, system, federation, tmp_path, Random(seed), addresses)
    print(await kills.moment())
    await kills.to_the_end()
    assert in_kafka(addresses, code) == NOTHING
    for service in ALL:
        assert set(everywhere(addresses, code)[service]) <= {"tombstone", "erasure_count"}
    erased = {row["place"] for row in (await leaver.certificate())["erased"]}
    assert erased == {*ALL, "kafka", "membership"}


async def test_a_database_that_is_restored_to_a_state_from_before_is_erased_again(
    new_leaver: NewLeaver, operator: Operator, addresses: StackAddresses, federation: ServiceProcesses
) -> None:
    leaver, system = await new_leaver(REGISTRY, TAXATION)
    code, taxation = leaver.member.code, Service(TAXATION)
    family = await system.tell(carry_over())
    await system.tell(report(family.numbers[0]), cause=family.event)
    await operator.complete(leaver.member)
    await asyncio.to_thread(take_backup, addresses, taxation, code)
    await leaver.verified()
    await leaver.begin_erasure()
    await leaver.state("certified", within_s=60)

    federation[TAXATION].kill()
    await asyncio.to_thread(restore_backup, addresses, taxation, code)
    assert everywhere(addresses, code)[TAXATION]["assessment"] == 1
    await restart(federation, TAXATION, forgotten_by=addresses)
    async with asyncio.timeout(30):
        while set(everywhere(addresses, code)[TAXATION]) - {"tombstone", "erasure_count"}:
            await asyncio.sleep(0.5)
