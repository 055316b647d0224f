"""A simulated municipality on the real federation, and the checker's verdict on it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from kumiai_demo.checker import check_municipality
from kumiai_demo.connection import Broker, Credentials
from kumiai_demo.findings import Verdict
from kumiai_demo.ledger import SENT
from kumiai_demo.operator_view import PARTY, OperatorView
from kumiai_demo.own_registry import EVENTS, OwnRegistry
from kumiai_demo.plan import Plan
from kumiai_demo.simulator import PROGRESS, Simulator
from kumiai_local.addresses import StackAddresses
from kumiai_local.service_processes import ServiceProcesses

pytestmark = pytest.mark.stack

CODE = "322059"
"""大田市: no other test uses it."""
SERVICES = ("resident-registry", "taxation", "national-id-linkage")


class Town:
    """A municipality that has joined and whose systems have worked."""

    def __init__(self, broker: Broker, peers: dict[str, str], out: Path) -> None:
        self.broker = broker
        self.peers = peers
        self.out = out

    async def check(self) -> Verdict:
        return await check_municipality(CODE, SERVICES, self.out, self.broker, self.peers, patience_s=20)


@pytest.fixture(scope="module")
async def town(
    federation: ServiceProcesses, addresses: StackAddresses, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    out = tmp_path_factory.mktemp("demo")
    operator = OperatorView(federation.peers, (federation.layout.operators / f"{PARTY}.pem").read_text())
    try:
        given = await operator.join(CODE, SERVICES)
    finally:
        await operator.close()
    (out / "credentials.json").write_text(json.dumps(given))
    broker = Broker(
        addresses.kafka_bootstrap,
        Credentials.read(out / "credentials.json"),
        addresses.kafka_security_protocol,
        addresses.kafka_ca_file,
    )
    plan = Plan(CODE, SERVICES, "test", residents=150, movements=40, load_per_s=300, day_per_s=300)
    assert await asyncio.wait_for(Simulator(plan, broker, out).run(), 200) == 0
    yield Town(broker, federation.peers, out)


@pytest.fixture(scope="module")
async def operator(federation: ServiceProcesses) -> AsyncIterator[OperatorView]:
    """The federation's operator."""
    found = OperatorView(federation.peers, (federation.layout.operators / f"{PARTY}.pem").read_text())
    yield found
    await found.close()


async def test_a_simulated_day_leaves_nothing_lost_doubled_or_out_of_order(town: Town) -> None:
    verdict = await town.check()
    assert verdict.findings == ()
    assert verdict.accepted > 100
    assert verdict.refused >= 17
    assert verdict.people >= 150


async def test_every_answer_is_counted_in_the_progress(town: Town) -> None:
    progress = json.loads((town.out / PROGRESS).read_text())
    assert (progress["phase"], progress["waiting"]) == ("done", 0)
    assert progress["repeated"] >= 2


async def test_a_notice_that_never_reached_the_federation_is_missed(town: Town) -> None:
    ledger = town.out / SENT
    untouched = ledger.read_text()
    line = json.loads(untouched.splitlines()[0]) | {"id": "never-sent"}
    try:
        ledger.write_text(untouched + json.dumps(line, ensure_ascii=False) + "\n")
        verdict = await town.check()
    finally:
        ledger.write_text(untouched)
    assert (verdict.count("lost"), len(verdict.findings)) == (1, 1)


async def test_afterwards_it_takes_its_registry_home_loses_an_event_and_mends_it(
    town: Town, operator: OperatorView, tmp_path: Path
) -> None:
    seen = await OwnRegistry(CODE, town.broker, town.peers, operator, tmp_path).run()
    assert seen.well, seen
    assert seen.people > 100
    assert seen.gap == f"numbers {EVENTS // 2 + 1} to {EVENTS} are missing"
