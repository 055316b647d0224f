"""What one sender does to its topic, or what happens to it, stops nobody else: on the real broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy as Builder
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import load_private_key
from kumiai_common.kafka import MAX_RECORD_BYTES
from kumiai_common.lane import lane_of
from kumiai_common.unreadable import MAX_PLAIN_BYTES
from kumiai_contracts.municipalities import municipality
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

pytestmark = pytest.mark.stack
SERVICE, PRINCIPAL = "resident-registry", "User:svc-resident-registry"
HOSTILE, PEACEFUL = "462012", "462080"
"""鹿児島市 and 出水市: no other test uses them, and one consumer reads both."""
assert lane_of(HOSTILE) == lane_of(PEACEFUL)
NOTICES_BYTES = 3 * 1024 * 1024
"""The largest batch that a notices topic takes; membership sets it when a municipality joins."""
ANSWER_S = 5.0
"""A receipt within this time means that nobody was held up: a consumer that is replaced takes longer to come back."""


class NotUtf8(str):
    """A header's name that is written as bytes that are not UTF-8."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


class Town:
    """A municipality's system, with the means of a hostile one."""

    def __init__(self, code: str, topic: str, producer: AIOKafkaProducer) -> None:
        self.code = code
        self.topic = topic
        self.user = f"lg-{code}"
        self._producer = producer
        self._sent = 0

    def headers(self) -> list[tuple[str, bytes]]:
        """Of a notice that gets a receipt: there is no such type."""
        self._sent += 1
        found = {"ce_specversion": "1.0", "ce_id": f"h-{self._sent}", "ce_source": "urn:test", "ce_type": "nothing"}
        return [(name, value.encode()) for name, value in {**found, "ce_municipality": self.code}.items()]

    async def send(self, topic: str = "", *, bad: bool = False, value: bytes = b"-" * 300, codec: int = 0) -> None:
        """One batch of three records in bytes of our own making; with `bad`, the second has a bad header name."""
        builder = Builder(2, codec, 0, -1, -1, -1, 1 << 30)
        for number in range(3):
            headers = self.headers() + ([(NotUtf8("x"), b"")] if bad and number == 1 else [])
            builder.append(number, int(time.time() * 1000), None, value, headers)
        topic = topic or self.topic
        await self._producer.partitions_for(topic)
        node = self._producer.client.cluster.leader_for_partition(TopicPartition(topic, 0))
        request = ProduceRequest(None, -1, 10_000, [(topic, [(0, bytes(builder.build()))])])
        answer = await self._producer.client.send(node, request)
        assert answer.topics[0][1][0][1] == 0, "the broker takes it"


class Federation:
    """What the tests ask of the services and of their database."""

    def __init__(self, addresses: StackAddresses, services: ServiceProcesses, layout: Layout) -> None:
        self.addresses = addresses
        self.worker = services[SERVICE]
        self.admin = AdminClient({**addresses.kafka_client(), "log_level": 0})
        self._peers = services.peers
        tokens = TokenClient(
            self._peers["membership"], "000001/operator", load_private_key(layout.operators / "operator.pem")
        )
        self._client = httpx.Client(auth=tokens, timeout=20)

    def admitted(self) -> None:
        """Wait until every service has heard of the operator: a new federation's first event."""
        deadline = time.monotonic() + 30
        while not all(self._client.get(f"{url}/v1/readers").is_success for url in self._peers.values()):
            assert time.monotonic() < deadline, "not open to the operator"
            time.sleep(0.2)

    def join(self, code: str) -> tuple[str, str]:
        """A member's user and password for Kafka."""
        body = {"municipality": code, "name": municipality(code).name, "services": [SERVICE]}
        answer = self._client.post(
            f"{self._peers['membership']}/v1/members", json={**body, "prefecture": municipality(code).prefecture}
        )
        answer.raise_for_status()
        return answer.json()["scram_username"], answer.json()["scram_password"]

    def subscribe(self, code: str, service: str) -> None:
        self._client.post(f"{self._peers['membership']}/v1/members/{code}/subscriptions/{service}").raise_for_status()

    def head(self, service: str, code: str, stream: str) -> tuple[int, str]:
        """Position and hash of a stream's head."""
        heads = self._client.get(f"{self._peers[service]}/v1/{code}/heads").raise_for_status().json()["heads"]
        return next(((h["position"], h["hash"]) for h in heads if h["stream"] == stream), (0, ""))

    def reader(self, service: str, code: str, stream: str) -> tuple[int, str]:
        """Position and hash of what a service has read of a stream."""
        readers = self._client.get(f"{self._peers[service]}/v1/readers").raise_for_status().json()["readers"]
        found = [r for r in readers if (r["municipality"], r["stream"]) == (code, stream)]
        assert not any(r["diverged"] for r in found)
        return next(((r["position"], r["hash"]) for r in found), (0, ""))

    def receipts(self, town: Town) -> int:
        return self.head(SERVICE, town.code, f"{SERVICE}-receipts")[0]

    def kept(self, town: Town) -> list[str]:
        """Where the records came from that could not be read."""
        addresses = self.addresses
        url = addresses.postgres_url.rpartition("/")[0] + "/kumiai_resident_registry"
        with psycopg.connect(url, password=addresses.postgres_password) as connection:
            found = connection.execute(
                "select kept_as from kept_notice where municipality = %s and code = 'record-unreadable'", [town.code]
            )
            return [str(row[0]) for row in found]

    @asynccontextmanager
    async def answering(self, town: Town, receipts: int, within_s: float = ANSWER_S) -> AsyncIterator[None]:
        """What is sent in the block gets exactly so many receipts."""
        wanted = self.receipts(town) + receipts
        yield
        deadline = time.monotonic() + within_s
        while self.receipts(town) < wanted and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        assert self.receipts(town) == wanted

    def interruptions(self) -> tuple[int, int]:
        """Which process serves, and how often its consumer was replaced."""
        return self.worker.pid, self.worker.log.read_text().count("consumer interrupted")


@pytest.fixture(scope="module")
def ask(addresses: StackAddresses, federation: ServiceProcesses, test_layout: Layout) -> Iterator[Federation]:
    found = Federation(addresses, federation, test_layout)
    found.admitted()
    yield found
    found._client.close()


async def started(addresses: StackAddresses, user: str, password: str) -> AIOKafkaProducer:
    """A producer; a user that was just made is known to the broker a moment later."""
    for _ in range(50):
        producer = AIOKafkaProducer(
            bootstrap_servers=addresses.kafka_bootstrap,
            security_protocol=addresses.kafka_security_protocol,
            sasl_mechanism="SCRAM-SHA-256",
            sasl_plain_username=user,
            sasl_plain_password=password,
            max_request_size=MAX_RECORD_BYTES,
        )
        try:
            await producer.start()
            return producer
        except KafkaError:
            await producer.stop()
            await asyncio.sleep(0.2)
    raise AssertionError(f"{user} can't reach the broker")


@pytest.fixture(scope="module")
async def towns(ask: Federation) -> AsyncIterator[tuple[Town, Town, str]]:
    """The hostile municipality, the peaceful one, and the password of the first."""
    joined = [(code, *ask.join(code)) for code in (HOSTILE, PEACEFUL)]
    producers = [await started(ask.addresses, user, password) for _, user, password in joined]
    found = [
        Town(code, f"lg.{code}.{SERVICE}.notices", producer)
        for (code, _, _), producer in zip(joined, producers, strict=True)
    ]
    for town in found:
        async with ask.answering(town, 3, within_s=75):
            await town.send()
    yield found[0], found[1], joined[0][2]
    for producer in producers:
        await producer.stop()


@pytest.fixture
async def hostile(ask: Federation, towns: tuple[Town, Town, str]) -> AsyncIterator[Town]:
    """The hostile municipality; whatever it does, the peaceful one is answered and no consumer is replaced."""
    before = ask.interruptions()
    yield towns[0]
    async with ask.answering(towns[1], 3):
        await towns[1].send()
    assert ask.interruptions() == before


@pytest.fixture
def peaceful(towns: tuple[Town, Town, str]) -> Town:
    return towns[1]


async def test_a_header_name_that_is_not_utf8_costs_one_record(ask: Federation, hostile: Town, peaceful: Town) -> None:
    before = len(ask.kept(hostile))
    async with ask.answering(hostile, 10), ask.answering(peaceful, 15):
        for codec in range(5):
            await hostile.send(bad=True, codec=codec)
            await peaceful.send(codec=codec)
    kept = ask.kept(hostile)[before:]
    assert len(kept) == 5
    assert all(kept_as.startswith(f"{hostile.topic}/") for kept_as in kept)


async def test_a_batch_that_unfolds_to_far_too_much_is_kept_and_left_behind(ask: Federation, hostile: Town) -> None:
    before = len(ask.kept(hostile))
    async with ask.answering(hostile, 3, within_s=15):
        await hostile.send(value=bytes(MAX_PLAIN_BYTES // 3), codec=4)
        await hostile.send()
    assert len(ask.kept(hostile)) == before + 1


async def test_the_largest_batch_that_the_broker_takes_is_answered(ask: Federation, hostile: Town) -> None:
    async with ask.answering(hostile, 6, within_s=15):
        await hostile.send(value=b"x" * (NOTICES_BYTES // 3 - 400))
        await hostile.send()


async def test_an_event_that_cannot_be_read_is_taken_from_the_log(ask: Federation, hostile: Town) -> None:
    administrator = await started(ask.addresses, ask.addresses.kafka_username, ask.addresses.kafka_password)
    try:
        await Town(hostile.code, hostile.topic, administrator).send(f"lg.{hostile.code}.membership.events", bad=True)
    finally:
        await administrator.stop()
    await asyncio.to_thread(ask.subscribe, hostile.code, "taxation")
    head = ask.head("membership", hostile.code, "membership")
    deadline = time.monotonic() + 20
    while ask.reader(SERVICE, hostile.code, "membership") != head and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    assert ask.reader(SERVICE, hostile.code, "membership") == head


async def test_a_right_that_was_taken_away_stops_only_its_own_topic(
    ask: Federation, hostile: Town, peaceful: Town
) -> None:
    def right(kind: Any, operation: AclOperation) -> Any:
        literal = ResourcePatternType.LITERAL
        return kind(ResourceType.TOPIC, hostile.topic, literal, PRINCIPAL, "*", operation, AclPermissionType.ALLOW)

    # It may still see the topic: so the topic stays with the consumer, and every fetch of it is refused.
    for done in ask.admin.create_acls([right(AclBinding, AclOperation.DESCRIBE)]).values():
        done.result(10)
    for done in ask.admin.delete_acls([right(AclBindingFilter, AclOperation.READ)]).values():
        done.result(10)
    await asyncio.sleep(1)
    async with ask.answering(hostile, 0, within_s=0):
        await hostile.send()
        for _ in range(4):
            async with ask.answering(peaceful, 3):
                await peaceful.send()
            await asyncio.sleep(1)
    async with ask.answering(hostile, 3, within_s=15):
        for done in ask.admin.create_acls([right(AclBinding, AclOperation.READ)]).values():
            done.result(10)


async def test_a_topic_that_is_deleted_and_made_anew_is_read_from_its_beginning(
    ask: Federation, hostile: Town, peaceful: Town
) -> None:
    for done in ask.admin.delete_topics([hostile.topic]).values():
        done.result(10)
    for _ in range(2):
        async with ask.answering(peaceful, 3):
            await peaceful.send()
        await asyncio.sleep(1)
    for done in ask.admin.create_topics([NewTopic(hostile.topic, num_partitions=1)]).values():
        done.result(10)
    # Topics come and go with subscriptions: consumers look for them when one changes, and every minute anyway.
    await asyncio.to_thread(ask.subscribe, hostile.code, "national-id-linkage")
    async with ask.answering(hostile, 3, within_s=75):
        await hostile.send()


async def test_an_open_transaction_holds_up_only_its_own_topic(ask: Federation, hostile: Town, peaceful: Town) -> None:
    producer = Producer({**ask.addresses.kafka_client(), "transactional.id": "left-open", "log_level": 0})
    await asyncio.to_thread(producer.init_transactions, 20)
    producer.begin_transaction()
    producer.produce(hostile.topic, b"{}", headers=dict(hostile.headers()))
    producer.flush(10)
    async with ask.answering(hostile, 0, within_s=0):
        await hostile.send()
        async with ask.answering(peaceful, 3):
            await peaceful.send()
    async with ask.answering(hostile, 3, within_s=15):
        await asyncio.to_thread(producer.abort_transaction, 10)


async def test_a_municipality_has_no_right_to_transactions(ask: Federation, towns: tuple[Town, Town, str]) -> None:
    client = ask.addresses.kafka_client_as(towns[0].user, towns[2])
    producer = Producer({**client, "transactional.id": f"{towns[0].user}-1", "log_level": 0})
    with pytest.raises(KafkaException, match=r"(?i)transactional id authorization"):
        await asyncio.to_thread(producer.init_transactions, 10)
