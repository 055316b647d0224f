"""The adapter that speaks HTTP, against the simulator's own server: why nothing is taken is told by its code."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.clock import now, timestamp
from kumiai_common.http.tokens import public_key_text
from kumiai_national_id_linkage.network.http_network import HttpNetwork
from kumiai_national_id_linkage.network.messages import NetworkAway
from kumiai_national_id_linkage.network_simulator.core import Core, Weather
from kumiai_national_id_linkage.network_simulator.register import Register
from kumiai_national_id_linkage.network_simulator.server import application

OURS, NETWORKS, OTHER = (Ed25519PrivateKey.generate() for _ in range(3))


@pytest.fixture
def core(cases: Any) -> Core:
    return Core(NETWORKS, cases.table, Register({public_key_text(OURS.public_key()): None}))


def network(core: Core, key: Ed25519PrivateKey = OURS, trusted: Ed25519PrivateKey = NETWORKS, **off: float) -> Any:
    """The adapter with a clock that may be off."""
    clock: Callable[[], str] = lambda: timestamp(now() + timedelta(**off))  # noqa: E731
    made = HttpNetwork("http://network", key, trusted.public_key(), clock=clock)
    transport = httpx.ASGITransport(application(core))
    made._client = httpx.AsyncClient(transport=transport, base_url="http://network")
    return made


async def refusal(adapter: HttpNetwork) -> str:
    with pytest.raises(NetworkAway) as away:
        await adapter.acknowledge([])
    await adapter.close()
    return str(away.value)


async def test_what_the_network_answers_is_told_so_that_somebody_can_mend_it(core: Core) -> None:
    await network(core).acknowledge([])
    assert await refusal(network(core, minutes=5)) == "401 clock-off"
    assert await refusal(network(core, minutes=-5)) == "401 clock-off"
    assert await refusal(network(core, OTHER)) == "403 speaker-unknown"
    assert await refusal(network(core, trusted=OTHER)) == "InvalidSignature", "and nobody else answers in its name"
    core.weather = Weather(away=True)
    assert await refusal(network(core)) == "503 away"


async def test_what_is_no_code_is_not_repeated_in_the_log(core: Core) -> None:
    adapter = network(core)
    for body in ('{"code": "123456789018 is unknown"}', "<html>", "[]"):
        transport = httpx.MockTransport(lambda _, text=body: httpx.Response(500, text=text))
        adapter._client = httpx.AsyncClient(transport=transport, base_url="http://network")
        with pytest.raises(NetworkAway, match=r"^500$"):
            await adapter.acknowledge([])
