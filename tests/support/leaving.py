"""A municipality that leaves, as its own officer and the federation's operator take it through the steps."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.leaving import acknowledgement_statement
from kumiai_local.addresses import StackAddresses
from kumiai_local.services import SERVICES, Service

from tests.support.faults import superuser
from tests.support.operator import LOOK_EVERY_S, Member, NotYet, Operator

NOTHING: dict[str, list[str]] = {"topics": [], "rights": [], "users": [], "groups": [], "offsets": []}
"""What Kafka holds of whoever has left altogether."""
BUNDLE = "ab" * 32
"""Stands for a bundle's identity where the bundle itself is not what is tested."""


@dataclass
class Leaver:
    """One municipality's leave."""

    operator: Operator
    member: Member
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @classmethod
    async def join(cls, operator: Operator, code: str, services: tuple[str, ...]) -> "Leaver":
        """Join with the municipality's own acknowledgement key."""
        key = Ed25519PrivateKey.generate()
        return cls(operator, await operator.join(code, services, public_key_text(key.public_key())), key)

    @property
    def address(self) -> str:
        """Where its leave is."""
        return f"/v1/members/{self.member.code}/leave"

    async def show(self) -> dict[str, Any]:
        """How far it is."""
        return await self.operator.ask("GET", "membership", self.address)

    async def request(self, *services: str, readers_days: int = 0) -> dict[str, Any]:
        """Ask to leave some services, or altogether."""
        body = {"services": list(services) or None, "readers_days": readers_days}
        return await self.operator.ask("POST", "membership", self.address, json=body)

    async def cancel(self) -> dict[str, Any]:
        """Stay after all."""
        return await self.operator.ask("DELETE", "membership", self.address)

    async def state(self, *states: str, within_s: float = 40.0) -> dict[str, Any]:
        """Wait for one of some states. Raises NotYet."""
        until = time.monotonic() + within_s
        while True:
            shown = await self.show()
            if shown["leave"]["state"] in states:
                return shown
            if time.monotonic() > until:
                raise NotYet(f"{shown['leave']['state']} after {within_s:.0f} s: waits for {shown['waiting_for']}")
            await asyncio.sleep(LOOK_EVERY_S)

    async def record_bundle(self, identity: str = BUNDLE, heads: dict[str, Any] | None = None) -> dict[str, Any]:
        """Say that a bundle was made at the closed heads."""
        body = {"bundle_hash": identity, "heads": heads or closed_heads(await self.show())}
        return await self.operator.ask("POST", "membership", self.address + "/bundle", json=body)

    async def acknowledge(self, identity: str = BUNDLE, key: Ed25519PrivateKey | None = None) -> dict[str, Any]:
        """Sign that the bundle was verified, and say so."""
        leave = (await self.state("sealed", "verified"))["leave"]["leave"]
        signature = (key or self.key).sign(acknowledgement_statement(self.member.code, leave, identity)).hex()
        body = {"bundle_hash": identity, "signature": signature}
        return await self.operator.ask("POST", "membership", self.address + "/acknowledgement", json=body)

    async def begin_erasure(self) -> dict[str, Any]:
        """The point of no return."""
        return await self.operator.ask("POST", "membership", self.address + "/erasure")

    async def certificate(self) -> dict[str, Any]:
        """The certificate of erasure."""
        return await self.operator.ask("GET", "membership", self.address + "/certificate")

    async def verified(self, *services: str, readers_days: int = 0) -> None:
        """Everything up to the acknowledgement."""
        await self.request(*services, readers_days=readers_days)
        await self.state("closed")
        await self.record_bundle()
        await self.acknowledge()


def closed_heads(shown: dict[str, Any]) -> dict[str, Any]:
    """The heads at which the services closed, as a manifest would name them."""
    heads: dict[str, Any] = {}
    for row in shown["closed"]:
        heads[row["stream"]] = (row["incarnation"], row["position"], row["hash"])
        heads[f"{row['service']}-receipts"] = (
            row["receipts_incarnation"],
            row["receipts_position"],
            row["receipts_hash"],
        )
    return heads


async def refused(step: Any) -> str:
    """The code with which a step is refused. Raises AssertionError if it is not."""
    try:
        done = await step
    except httpx.HTTPStatusError as error:
        return str(error.response.json()["code"])
    raise AssertionError(f"not refused: {done}")


def rows(addresses: StackAddresses, service: Service, code: str) -> dict[str, int]:
    """How many rows each table of a service's database has of a municipality, past row-level security."""
    found: dict[str, int] = {}
    with superuser(addresses, service) as connection:
        for table in _tables(connection):
            record = connection.execute(f"select count(*) from public.{table} where municipality = %s", (code,))
            count = record.fetchone()
            if count and count[0]:
                found[table] = int(str(count[0]))
    return found


def everywhere(addresses: StackAddresses, code: str) -> dict[str, dict[str, int]]:
    """The same for every service."""
    return {service.name: rows(addresses, service, code) for service in SERVICES}


def in_kafka(addresses: StackAddresses, code: str) -> dict[str, list[str]]:
    """What Kafka holds of a municipality: topics, rights, users, consumer groups, and what the services' own consumer
    groups remember of its topics."""
    admin = AdminClient({**addresses.kafka_client()})
    any_: Any = None
    every = AclBindingFilter(
        ResourceType.ANY, any_, ResourcePatternType.ANY, any_, any_, AclOperation.ANY, AclPermissionType.ANY
    )
    topics = [topic for topic in admin.list_topics(timeout=15).topics if topic.startswith(f"lg.{code}.")]
    rights = [
        f"{right.principal} {right.operation.name} {right.name}"
        for right in admin.describe_acls(every).result(15)
        if right.name.startswith(f"lg.{code}.") or right.principal == f"User:lg-{code}"
    ]
    users: Any = admin.describe_user_scram_credentials()
    groups = admin.list_consumer_groups().result(15).valid
    return {
        "topics": sorted(topics),
        "rights": sorted(rights),
        "users": [user for user in users.result(15) if user == f"lg-{code}"],
        "groups": sorted(group.group_id for group in groups if group.group_id.startswith(f"lg.{code}.")),
        "offsets": [name for service in SERVICES for name in _remembered(admin, f"{service.name}.workers", code)],
    }


def _remembered(admin: AdminClient, group: str, code: str) -> list[str]:
    """Topics of a municipality for which a service's consumer group has an offset."""
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    try:
        places = asked[group].result(15).topic_partitions or []
    except KafkaException as error:
        if error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND:
            raise
        return []
    return [f"{group} {place.topic}" for place in places if place.topic.startswith(f"lg.{code}.")]


def _tables(connection: "psycopg.Connection[tuple[object, ...]]") -> list[str]:
    return [
        str(name)
        for (name,) in connection.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'municipality'"
        )
    ]


async def until_waits_for(leaver: Leaver, names: set[str]) -> None:
    """Wait until exactly these are waited for."""
    for _ in range(150):
        if set((await leaver.show())["waiting_for"]) == names:
            return
        await asyncio.sleep(0.2)
    raise AssertionError((await leaver.show())["waiting_for"])
