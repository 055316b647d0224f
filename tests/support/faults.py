"""Faults: a service that dies at a point, a municipality's rows put back to an older state, a lost tail."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count

import aiokafka
import httpx
import psycopg
from aiokafka.helpers import create_ssl_context
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AclBindingFilter, AdminClient, OffsetSpec, ResourceType
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout, checkout
from kumiai_local.ports import free_ports
from kumiai_local.processes import Child
from kumiai_local.provision_broker import standing_rights
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service
from kumiai_local.worker import RANK, Worker, WorkerSettings
from prometheus_client.parser import text_string_to_metric_families

DIES_WITHIN_S = 60.0
KAFKA_S = 30.0
TOLD_WITHIN_S = 10.0
_NUMBERS = count(1)


async def die_at(
    worker: Worker, layout: Layout, *points: str, passing: int = 1, forgotten_by: StackAddresses | None = None
) -> None:
    """Let a service die at the n-th passing of a point, under whatever load there is, start it again to die at the next
    one, and in the end for good. What a dead worker still held runs out in ten seconds, or at once in a stack that is
    given: nothing else may then be alive of the service.

    Raises AssertionError when it does not get there, or dies of something else.
    """
    await asyncio.to_thread(worker.stop)
    try:
        for point in points:
            await dead_at(worker, layout, point, passing)
            if forgotten_by is not None:
                await asyncio.to_thread(forget, forgotten_by, worker.settings.service)
    finally:
        worker.start()
    await asyncio.to_thread(worker.wait_ready)


async def dead_at(
    worker: Worker, layout: Layout, point: str, passing: int = 1, extra_env: Mapping[str, str] | None = None
) -> None:
    """Run a stopped service until it dies at the n-th passing of a point.

    Raises AssertionError when it does not get there, or dies of something else.
    """
    env = {**worker.settings.env, **(extra_env or {})}
    child = Child.start(
        f"{worker.name}-dying",
        [sys.executable, "-m", "tests.support.faulty", worker.settings.service.module, point, str(passing)],
        records=layout.processes,
        log=worker.log,
        marker="tests.support.faulty",
        rank=RANK,
        env={**env, "PYTHONPATH": _with_tests(env.get("PYTHONPATH", ""))},
    )
    try:
        await until(lambda: not child.alive, DIES_WITHIN_S, f"{worker.name} did not get to {point}")
    finally:
        code = child.exit_code
        await asyncio.to_thread(child.kill)
    assert code == -signal.SIGKILL, f"{worker.name} ended with code {code} instead of dying {point}: see {worker.log}"


async def all_run(federation: Iterable[Worker]) -> None:
    """Start what does not run, and wait until everything is ready."""
    for worker in federation:
        if not worker.alive:
            worker.start()
    for worker in federation:
        await asyncio.to_thread(worker.wait_ready)


async def restart(federation: ServiceProcesses, *services: str, forgotten_by: StackAddresses | None = None) -> None:
    """Kill what still runs, without warning, and start it again. What the dead held runs out in ten seconds, or at
    once in a stack that is given.
    """
    for service in services:
        if federation[service].alive:
            federation[service].kill()
    if forgotten_by is not None:
        await asyncio.gather(*[asyncio.to_thread(forget, forgotten_by, Service(service)) for service in services])
    for service in services:
        federation[service].start()
    await asyncio.gather(*[asyncio.to_thread(federation[service].wait_ready) for service in services])


async def until(true: Callable[[], bool], within_s: float, otherwise: str) -> None:
    """Look again and again. Raises AssertionError, with the words given, when it takes too long."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, otherwise
        await asyncio.sleep(0.05)


async def assert_live_but_not_ready(workers: Iterable[Worker]) -> None:
    """No process has ended, each answers, and each says that it can't do its work."""
    async with httpx.AsyncClient(timeout=10) as client:
        for worker in workers:
            live = await client.get(f"{worker.url}/health/live")
            assert live.status_code == httpx.codes.OK, f"{worker.name} is not live"
            ready = await client.get(f"{worker.url}/health/ready")
            assert ready.status_code == httpx.codes.SERVICE_UNAVAILABLE, f"{worker.name} says that it is ready"
            assert [value for _, value in await gauges(worker, "kumiai_ready")] == [0.0], worker.name


async def gauges(worker: Worker, name: str) -> list[tuple[dict[str, str], float]]:
    """The labels and values that a worker shows of a gauge now."""
    async with httpx.AsyncClient(timeout=10) as client:
        text = (await client.get(f"{worker.url}/metrics")).text
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]


def _with_tests(path: str) -> str:
    return f"{path}:{checkout()}" if path else str(checkout())


def second_worker(worker: Worker, layout: Layout) -> Worker:
    """Another worker of the same service, not started."""
    settings = worker.settings
    (port,) = free_ports(1)
    env = {**settings.env, "KUMIAI_HTTP_PORT": str(port)}
    return Worker(layout, WorkerSettings(settings.service, 10 + next(_NUMBERS), port, env))


def lose_tail(addresses: StackAddresses, topic: str) -> int:
    """Delete every record of a topic, as if it had been lost; returns the offset at which it goes on."""
    admin = _admin(addresses)
    partition = TopicPartition(topic, 0)
    end = admin.list_offsets({partition: OffsetSpec.latest()})[partition].result(KAFKA_S).offset  # type: ignore[no-untyped-call]
    admin.delete_records([TopicPartition(topic, 0, end)])[partition].result(KAFKA_S)
    return int(end)


def delete_group(addresses: StackAddresses, group: str) -> None:
    """Delete a consumer group without members, with the offsets that Kafka remembers for it."""
    admin = _admin(addresses)
    for done in admin.delete_consumer_groups([group]).values():
        done.result(KAFKA_S)


async def told(addresses: StackAddresses, group: str, topics: Iterable[str]) -> dict[str, int]:
    """By topic, the offset that a service has told Kafka under the name of its group. Raises TimeoutError if it tells
    one of them nothing in ten seconds."""
    ca_file = addresses.kafka_ca_file
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=addresses.kafka_bootstrap,
        security_protocol=addresses.kafka_security_protocol,
        ssl_context=create_ssl_context(cafile=str(ca_file)) if ca_file else None,
        sasl_mechanism="SCRAM-SHA-256",
        sasl_plain_username=addresses.kafka_username,
        sasl_plain_password=addresses.kafka_password,
        group_id=group,
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        async with asyncio.timeout(TOLD_WITHIN_S):
            while True:
                places = {topic: await consumer.committed(aiokafka.TopicPartition(topic, 0)) for topic in topics}
                if None not in places.values():
                    return places
                await asyncio.sleep(0.2)
    finally:
        await consumer.stop()


@contextmanager
def without_its_group(addresses: StackAddresses, service: Service) -> Iterator[None]:
    """Take a service's right to its consumer groups away while the block runs."""
    admin = _admin(addresses)
    (right,) = [right for right in standing_rights(service) if right.restype == ResourceType.GROUP]
    this = AclBindingFilter(
        right.restype, right.name, right.resource_pattern_type, right.principal, right.host, right.operation,
        right.permission_type,
    )  # fmt: skip
    for removed in admin.delete_acls([this]).values():
        assert removed.result(KAFKA_S)
    try:
        yield
    finally:
        for given in admin.create_acls([right]).values():
            given.result(KAFKA_S)


def _admin(addresses: StackAddresses) -> AdminClient:
    return AdminClient({**addresses.kafka_client()})


@contextmanager
def superuser(addresses: StackAddresses, service: Service) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """The service's database, past row-level security; commits at the end."""
    url = addresses.postgres_url.rpartition("/")[0] + f"/{service.database}"
    with psycopg.connect(url, password=addresses.postgres_password) as connection:
        yield connection


def forget(addresses: StackAddresses, service: Service) -> None:
    """Let a dead worker's leases run out now instead of in ten seconds. No worker may run."""
    with superuser(addresses, service) as connection:
        connection.execute("update relay_lease set expires_at = now()")
        connection.execute("update relay_worker set expires_at = now()")


@contextmanager
def held_back(addresses: StackAddresses, service: Service, code: str) -> Iterator[Callable[[], list[int]]]:
    """Keep every poll of a municipality's notices from committing: it comes to its last statement and waits there.

    Gives a function that tells which of the service's database sessions wait for something. There must have been a
    notice before.
    """
    with superuser(addresses, service) as connection:
        held = connection.execute("select from intake_position where municipality = %s for update", (code,))
        assert held.rowcount, f"{service.name} has never taken a notice of {code}"

        def waiting() -> list[int]:
            with superuser(addresses, service) as other:
                found = other.execute(
                    "select pid from pg_stat_activity where datname = current_database()"
                    " and cardinality(pg_blocking_pids(pid)) > 0"
                )
                return [int(str(pid)) for (pid,) in found]

        yield waiting


def end_sessions(addresses: StackAddresses, service: Service, sessions: Iterable[int]) -> None:
    """End database sessions, as an administrator would."""
    with superuser(addresses, service) as connection:
        for session in sessions:
            connection.execute("select pg_terminate_backend(%s)", (session,))


def take_backup(addresses: StackAddresses, service: Service, code: str) -> None:
    """Copy a municipality's rows of every table, all of one moment."""
    with superuser(addresses, service) as connection:
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("drop schema if exists backup cascade")
        connection.execute("create schema backup")
        for table in _tables(connection):
            connection.execute(
                f"create table backup.{table} as select * from public.{table} where municipality = %s", (code,)
            )


def restore_backup(addresses: StackAddresses, service: Service, code: str) -> None:
    """Put the municipality's rows back to the copy's state. The service must not run."""
    with superuser(addresses, service) as connection:
        for table in _tables(connection):
            connection.execute(f"delete from public.{table} where municipality = %s", (code,))
            connection.execute(f"insert into public.{table} overriding system value select * from backup.{table}")
        connection.execute("drop schema backup cascade")


def _tables(connection: "psycopg.Connection[tuple[object, ...]]") -> list[str]:
    return [
        str(name)
        for (name,) in connection.execute(
            "select c.table_name from information_schema.columns c join information_schema.tables t"
            " using (table_schema, table_name) where c.table_schema = 'public' and t.table_type = 'BASE TABLE'"
            " and c.column_name = 'municipality' order by 1"
        )
    ]
