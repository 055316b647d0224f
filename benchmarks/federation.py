"""The federation under measurement: the processes and settings of `make up`, in a folder of its own."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
from confluent_kafka.admin import AdminClient
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kumiai_common.http.token_client import TokenClient, TokenRefused
from kumiai_contracts.municipalities import municipalities
from kumiai_contracts.topics import events_topic, notices_topic
from kumiai_local.addresses import StackAddresses
from kumiai_local.choose import new_stack
from kumiai_local.layout import Layout, checkout
from kumiai_local.provision import provision_services
from kumiai_local.service_processes import ServiceProcesses

from benchmarks.observer import Database, connect, until

SUBSCRIBED = ["resident-registry", "taxation"]
SUBSCRIBERS = "select count(*) from subscription where active and service = $1 and municipality = any($2::text[])"
JOIN_SECONDS = 120.0
OPERATOR = "000001/operator"


@dataclass
class Federation:
    """A running federation and who may operate it."""

    addresses: StackAddresses
    layout: Layout
    services: ServiceProcesses

    def client(self) -> httpx.Client:
        """HTTP as the operator."""
        key = load_pem_private_key((self.layout.operators / "operator.pem").read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        return httpx.Client(auth=TokenClient(self.services.peers["membership"], OPERATOR, key), timeout=600)

    def join(
        self,
        codes: Sequence[str],
        services: Sequence[str] = SUBSCRIBED,
        acknowledgement_key: str | None = None,
    ) -> None:
        """Join municipalities to the registry and to taxation, or to others, those that have not joined yet."""
        url = self.services.peers["membership"] + "/v1/members"
        with self.client() as client, ThreadPoolExecutor(4) as pool:
            joined = {member["municipality"] for member in _asked(client, url).json()["members"]}

            def join(code: str) -> None:
                known = municipalities()[code]
                wanted: dict[str, object] = {"municipality": code, "name": known.name, "prefecture": known.prefecture}
                wanted |= {"services": list(services), "acknowledgement_key": acknowledgement_key}
                client.post(url, json=wanted).raise_for_status()

            list(pool.map(join, [code for code in codes if code not in joined]))
        asyncio.run(self._until_known(codes, services))

    async def _until_known(self, codes: Sequence[str], services: Sequence[str]) -> None:
        """Wait until their topics have leaders, and the services have applied that they subscribe to them."""
        admin = AdminClient(dict(self.addresses.kafka_client()))
        await until(lambda: asyncio.to_thread(_have_leaders, admin, codes, services), JOIN_SECONDS)
        for service in services:
            database = await connect(self.addresses, f"kumiai_{service.replace('-', '_')}")
            try:
                await until(lambda: _are_known(database, service, codes), JOIN_SECONDS)  # noqa: B023 - awaited here
            finally:
                await database.close()


def _asked(client: httpx.Client, url: str) -> httpx.Response:
    """The answer to the operator, whom a membership that has just started may have yet to register."""
    deadline = time.monotonic() + JOIN_SECONDS
    while True:
        try:
            return client.get(url).raise_for_status()
        except TokenRefused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


async def _are_known(database: Database, service: str, codes: Sequence[str]) -> bool:
    return int(await database.fetchval(SUBSCRIBERS, service, list(codes))) == len(codes)


def _have_leaders(admin: AdminClient, codes: Sequence[str], services: Sequence[str]) -> bool:
    topics = admin.list_topics().topics
    wanted = [notices_topic(code, service) for code in codes for service in services]
    wanted += [events_topic(code, "resident") for code in codes]
    return all(name in topics and topics[name].partitions and topics[name].error is None for name in wanted)


def codes(count: int, offset: int = 0) -> list[str]:
    """Real municipalities, in the order of their codes."""
    real = [code for code, known in municipalities().items() if not known.is_ward]
    return real[offset : offset + count]


@contextmanager
def running(folder: str, workers: int = 1) -> Iterator[Federation]:
    """A fresh federation in `.local/<folder>`; ends with the block."""
    layout = Layout(checkout() / ".local" / folder)
    with ExitStack() as stack:
        addresses = stack.enter_context(new_stack(layout, fresh=True)).addresses
        provision_services(addresses, layout)
        services = stack.enter_context(ServiceProcesses(addresses, layout, workers=workers))
        yield Federation(addresses, layout, services)
