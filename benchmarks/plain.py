"""Runs the plain comparison on the same stack: two services, the same notices, until the last is inserted twice."""

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager

from confluent_kafka.admin import AdminClient, NewTopic
from kumiai_local.addresses import StackAddresses

from benchmarks.observer import Database, connect, until
from benchmarks.plain_service import EVENTS_TOPIC, NOTICES_TOPIC, SCHEMA
from benchmarks.publisher import Broker, publish
from benchmarks.town import Town

ROLES = ("registry", "taxation")
USER = "plain_app"
PATIENCE_SECONDS = 120.0
WARM_UP = 1
"""Notices a municipality before the clock starts: the services have joined their groups and know every topic."""


def measure(addresses: StackAddresses, municipalities: Sequence[str], notices: int) -> float:
    """Notices per second, end to end, through the two plain services."""
    return asyncio.run(_measure(addresses, municipalities, notices))


async def _measure(addresses: StackAddresses, municipalities: Sequence[str], notices: int) -> float:
    run = secrets.token_hex(4)
    towns = [Town(municipality) for municipality in municipalities]
    each = max(notices // len(towns), 1)
    password = secrets.token_urlsafe(16)
    topics = _make_topics(addresses, run, municipalities)
    try:
        async with _databases(addresses, run, password) as effects:
            with ExitStack() as stack:
                for role in ROLES:
                    stack.enter_context(_service(addresses, role, run, password))
                await publish(Broker.of(addresses), _load(towns, run, WARM_UP))
                await _until(effects, WARM_UP * len(towns))
                load = _load(towns, run, each)
                began = time.perf_counter()
                await publish(Broker.of(addresses), load)
                await _until(effects, (WARM_UP + each) * len(towns))
                return each * len(towns) / (time.perf_counter() - began)
    finally:
        admin = AdminClient(dict(addresses.kafka_client()))  # a name, so that it lives until they are deleted
        for future in admin.delete_topics(topics).values():
            future.result()


def _load(towns: Sequence[Town], run: str, each: int) -> dict[str, list[tuple[list[tuple[str, bytes]], bytes]]]:
    return {NOTICES_TOPIC.format(run, town.municipality): town.records(each) for town in towns}


def _make_topics(addresses: StackAddresses, run: str, municipalities: Sequence[str]) -> list[str]:
    names = [topic.format(run, code) for topic in (NOTICES_TOPIC, EVENTS_TOPIC) for code in municipalities]
    admin = AdminClient(dict(addresses.kafka_client()))
    for future in admin.create_topics([NewTopic(name, 1, 1) for name in names]).values():
        future.result()
    return names


@asynccontextmanager
async def _databases(addresses: StackAddresses, run: str, password: str) -> AsyncIterator[Database]:
    """A database for each of the two services, one role without rights beyond its table; gives taxation's."""
    admin = await connect(addresses, "postgres")
    names = {role: f"plain_{role}_{run}" for role in ROLES}
    user = f"{USER}_{run}"
    await admin.execute(f"create role {user} login password '{password}'")
    try:
        for name in names.values():
            await admin.execute(f"create database {name}")
            database = await connect(addresses, name)
            await database.execute(SCHEMA + f"grant select, insert, update on resident to {user};")
            await database.close()
        effects = await connect(addresses, names["taxation"])
        try:
            yield effects
        finally:
            await effects.close()
    finally:
        for name in names.values():
            await admin.execute(f"drop database if exists {name} with (force)")
        await admin.execute(f"drop role {user}")
        await admin.close()


@contextmanager
def _service(addresses: StackAddresses, role: str, run: str, password: str) -> Iterator[None]:
    environment = {
        **os.environ,
        "PLAIN_RUN": run,
        "PLAIN_BOOTSTRAP": addresses.kafka_bootstrap,
        "PLAIN_USERNAME": addresses.kafka_username,
        "PLAIN_PASSWORD": addresses.kafka_password,
        "PLAIN_DATABASE_URL": addresses.postgres_url_of(f"{USER}_{run}", f"plain_{role}_{run}"),
        "PLAIN_DATABASE_PASSWORD": password,
    }
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.plain_service", role], env=environment)  # noqa: S603 - our own module
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


async def _until(effects: Database, expected: int) -> None:
    """Raises TimeoutError if they don't come."""

    async def complete() -> bool:
        return int(await effects.fetchval("select count(*) from resident")) >= expected

    await until(complete, PATIENCE_SECONDS)
