"""Notices that are sent as soon as joining has answered are not refused, whatever the services have heard by then."""

import asyncio
import json
from pathlib import Path

import pytest
from kumiai_demo.connection import Broker, Credentials
from kumiai_demo.operator_view import PARTY, OperatorView
from kumiai_demo.plan import Plan
from kumiai_demo.simulator import Simulator
from kumiai_local.addresses import StackAddresses
from kumiai_local.service_processes import ServiceProcesses

pytestmark = pytest.mark.stack

CODES = ("322032", "322041", "322067", "322075", "322091", "323438")
"""Municipalities of 島根県 that no other test uses."""
SERVICES = ("resident-registry",)


async def test_notices_that_are_sent_right_after_joining_are_accepted(
    federation: ServiceProcesses,
    addresses: StackAddresses,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    operator = OperatorView(federation.peers, (federation.layout.operators / f"{PARTY}.pem").read_text())

    async def join_and_send(code: str, delay: float) -> None:
        await asyncio.sleep(delay)
        out = tmp_path / code
        out.mkdir()
        (out / "credentials.json").write_text(json.dumps(await operator.join(code, SERVICES)))
        broker = Broker(
            addresses.kafka_bootstrap,
            Credentials.read(out / "credentials.json"),
            addresses.kafka_security_protocol,
            addresses.kafka_ca_file,
        )
        plan = Plan(code, SERVICES, "test", residents=20, movements=2, load_per_s=300, day_per_s=300)
        assert await asyncio.wait_for(Simulator(plan, broker, out).run(), 60) == 0

    try:
        await asyncio.gather(*[join_and_send(code, n * 0.3) for n, code in enumerate(CODES)])
    finally:
        await operator.close()
    assert "not-subscribed" not in caplog.text
