"""The real stack: what it refuses, what it keeps, and how it ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kumiai_local import SERVICES, Layout, Service, Stack, StackAddresses, new_stack, provision_services
from kumiai_local.addresses import Mode
from kumiai_local.choose import chosen_mode
from kumiai_local.processes import lives, read_records

pytestmark = pytest.mark.stack

TAXATION = Service("taxation")
MEMBERSHIP = Service("membership")
TOPIC = "lg.999999.local-test.notices"
WAIT_S = 20.0
OWN_MODE: Mode = "native" if chosen_mode() == "external" else chosen_mode()
"""Of a stack that a test kills: somebody else's is not ours to kill."""
HEARS_CTRL_C = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""
"""A shell that runs the tests in its background has them, and all they start, ignore SIGINT; this program does not."""
STARTS_WITHIN_S = 150.0
ENDS_WITHIN_S = 60.0
"""Generous: other work may keep both cores busy."""


def client_of(addresses: StackAddresses, layout: Layout, service: Service) -> dict[str, str]:
    return addresses.kafka_client_as(service.principal, service.kafka_password(layout).read_text())


@pytest.fixture(scope="module")
def topic(addresses: StackAddresses) -> str:
    admin = AdminClient(addresses.kafka_client())
    admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])[TOPIC].result(WAIT_S)
    return TOPIC


@pytest.fixture
def as_app(addresses: StackAddresses, test_layout: Layout) -> Iterator[psycopg.Connection]:
    url = addresses.postgres_url_of(TAXATION.app_role, TAXATION.database)
    with psycopg.connect(
        url, password=TAXATION.role_password(test_layout, TAXATION.app_role).read_text()
    ) as connection:
        yield connection


def write(settings: dict[str, str], topic: str, value: bytes = b"x") -> KafkaError | None:
    """The broker's answer to one record; None when it took it."""
    answers: list[KafkaError | None] = []
    limits = {"message.timeout.ms": 8000, "message.max.bytes": 8_000_000, "log_level": 0}
    producer = Producer({**settings, **limits})
    producer.produce(topic, value, on_delivery=lambda error, _message: answers.append(error))
    producer.flush(WAIT_S)
    return answers[0]


def test_a_principal_without_rights_may_not_write(addresses: StackAddresses, test_layout: Layout, topic: str) -> None:
    refusal = write(client_of(addresses, test_layout, TAXATION), topic)
    assert refusal is not None
    assert refusal.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_the_super_user_may_write_up_to_the_brokers_limit(addresses: StackAddresses, topic: str) -> None:
    assert write(addresses.kafka_client(), topic, os.urandom(2 * 1024 * 1024)) is None


def test_a_wrong_password_is_refused(addresses: StackAddresses) -> None:
    settings = addresses.kafka_client_as(TAXATION.principal, "guess")
    with pytest.raises(KafkaException):
        AdminClient({**settings, "log_level": 0}).list_topics(timeout=3)


def test_a_service_joins_only_groups_of_its_own_name(
    addresses: StackAddresses, test_layout: Layout, topic: str
) -> None:
    admin = AdminClient(addresses.kafka_client())
    literal = ResourcePatternType.LITERAL
    right = AclBinding(
        ResourceType.TOPIC, topic, literal, "User:svc-taxation", "*", AclOperation.READ, AclPermissionType.ALLOW
    )
    admin.create_acls([right])[right].result(WAIT_S)

    def joins(group: str) -> bool:
        settings = client_of(addresses, test_layout, TAXATION)
        consumer = Consumer({**settings, "group.id": group, "auto.offset.reset": "earliest", "log_level": 0})
        consumer.subscribe([topic])
        try:
            deadline = time.monotonic() + WAIT_S
            while time.monotonic() < deadline:
                message = consumer.poll(1.0)
                if message is not None and message.error():
                    assert message.error().code() == KafkaError.GROUP_AUTHORIZATION_FAILED
                    return False
                if consumer.assignment():
                    return True
            raise AssertionError("neither joined nor refused")
        finally:
            consumer.close()

    assert joins("taxation.intake")
    assert not joins("taxation2.intake")
    assert not joins("resident-registry.intake")


def test_only_membership_makes_topics_users_and_rights(addresses: StackAddresses, test_layout: Layout) -> None:
    membership = AdminClient(client_of(addresses, test_layout, MEMBERSHIP))
    taxation = AdminClient(client_of(addresses, test_layout, TAXATION))
    right = AclBinding(
        ResourceType.TOPIC, "lg.999998.x", ResourcePatternType.LITERAL, "User:lg-999998", "*",
        AclOperation.READ, AclPermissionType.ALLOW,
    )  # fmt: skip
    user = UserScramCredentialUpsertion(
        "lg-999998", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), os.urandom(16).hex().encode()
    )

    def attempts(admin: AdminClient, name: str) -> list[object]:
        return [
            *admin.create_topics([NewTopic(name, 1, 1)]).values(),
            *admin.alter_user_scram_credentials([user]).values(),
            *admin.create_acls([right]).values(),
        ]

    for attempt in attempts(membership, "lg.999998.x"):
        attempt.result(WAIT_S)  # type: ignore[attr-defined]
    for attempt in attempts(taxation, "lg.999998.y"):
        with pytest.raises(KafkaException) as refused:
            attempt.result(WAIT_S)  # type: ignore[attr-defined]
        assert refused.value.args[0].code() in {
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        }
    with pytest.raises(KafkaException):
        membership.create_topics([NewTopic("elsewhere", 1, 1)])["elsewhere"].result(WAIT_S)


def test_a_topic_is_not_made_by_writing_to_it(addresses: StackAddresses) -> None:
    refusal = write(addresses.kafka_client(), "lg.999997.never-made.notices")
    assert refusal is not None


def test_the_app_role_cannot_bypass_row_level_security(
    addresses: StackAddresses, test_layout: Layout, as_app: psycopg.Connection
) -> None:
    owner_url = addresses.postgres_url_of(TAXATION.owner_role, TAXATION.database)
    secret = TAXATION.role_password(test_layout, TAXATION.owner_role).read_text()
    with psycopg.connect(owner_url, password=secret, autocommit=True) as owner:
        owner.execute(f"""
            CREATE TABLE local_test (municipality text NOT NULL);
            ALTER TABLE local_test ENABLE ROW LEVEL SECURITY;
            ALTER TABLE local_test FORCE ROW LEVEL SECURITY;
            CREATE POLICY own ON local_test USING (municipality = current_setting('app.municipality', true));
            GRANT SELECT, INSERT ON local_test TO {TAXATION.app_role};
            SET app.municipality = '131016';
            INSERT INTO local_test VALUES ('131016');
        """)
        try:
            assert as_app.execute("SELECT count(*) FROM local_test").fetchone() == (0,)
            as_app.execute("SET LOCAL row_security = off")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_app.execute("SELECT count(*) FROM local_test")
            as_app.rollback()
            for forbidden in (
                "ALTER TABLE local_test DISABLE ROW LEVEL SECURITY",
                "DROP POLICY own ON local_test",
                f"SET ROLE {TAXATION.owner_role}",
                f"ALTER ROLE {TAXATION.app_role} BYPASSRLS",
                "CREATE TABLE own_table ()",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    as_app.execute(forbidden)
                as_app.rollback()
        finally:
            as_app.rollback()
            owner.execute("DROP TABLE local_test")


def test_no_role_of_a_service_is_privileged(addresses: StackAddresses) -> None:
    with psycopg.connect(addresses.postgres_url, password=addresses.postgres_password) as connection:
        names = [role for service in SERVICES for role in (service.owner_role, service.app_role)]
        privileged = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
            " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
            [names],
        ).fetchall()
        known = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", [names]).fetchone()
    assert privileged == []
    assert known == (len(names),)


def test_a_service_may_not_connect_to_anothers_database(addresses: StackAddresses, test_layout: Layout) -> None:
    url = addresses.postgres_url_of(TAXATION.app_role, MEMBERSHIP.database)
    secret = TAXATION.role_password(test_layout, TAXATION.app_role).read_text()
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(url, password=secret)


@pytest.mark.parametrize("secret", ["", "guess"])
def test_the_database_asks_everybody_for_a_password(addresses: StackAddresses, secret: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(addresses.postgres_url, password=secret)


def test_a_commit_waits_for_the_disk(as_app: psycopg.Connection) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert as_app.execute(f"SHOW {setting}").fetchone() == ("on",)


def private_files(layout: Layout) -> list[Path]:
    """What this package makes; other tests of the session keep secrets of their own in the same folders."""
    roles = [
        service.role_password(layout, role) for service in SERVICES for role in (service.owner_role, service.app_role)
    ]
    users = [service.kafka_password(layout) for service in SERVICES]
    keys = [service.private_key(layout) for service in SERVICES]
    return [*roles, *users, *keys, layout.secrets / "kafka-admin", layout.secrets / "postgres-admin"]


def test_provisioning_again_changes_nothing(addresses: StackAddresses, test_layout: Layout) -> None:
    before = [path.read_bytes() for path in private_files(test_layout)]
    provision_services(addresses, test_layout)
    assert [path.read_bytes() for path in private_files(test_layout)] == before


def test_secrets_are_readable_by_their_owner_only(stack: Stack, test_layout: Layout) -> None:
    private = [*private_files(test_layout), test_layout.stack_file]
    private += [*test_layout.run.glob("kafka.*"), *test_layout.processes.iterdir()]
    assert {str(path): oct(stat.S_IMODE(path.stat().st_mode)) for path in private} == {
        str(path): "0o600" for path in private
    }


def test_no_password_stands_in_a_command_line(stack: Stack, test_layout: Layout) -> None:
    lines = ["\0".join(psutil.Process(record.pid).cmdline()) for record in read_records(test_layout.processes)]
    assert not [line for line in lines for path in private_files(test_layout) if path.read_text() in line]


def test_what_was_acknowledged_survives_a_kill_of_both(own_layout: Layout) -> None:
    with new_stack(own_layout, mode=OWN_MODE) as stack:
        admin = AdminClient(stack.addresses.kafka_client())
        admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(WAIT_S)
        assert write(stack.addresses.kafka_client(), TOPIC, b"kept") is None
        addresses = stack.addresses
        with psycopg.connect(addresses.postgres_url, password=addresses.postgres_password) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        for part in ("kafka", "postgres"):
            stack.control.kill(part)
            stack.control.start(part)
        with psycopg.connect(addresses.postgres_url, password=addresses.postgres_password) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
        consumer = Consumer({**addresses.kafka_client(), "group.id": "any", "auto.offset.reset": "earliest"})
        consumer.subscribe([TOPIC])
        message = consumer.poll(WAIT_S)
        consumer.close()
        assert message is not None
        assert message.value() == b"kept"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_up_stops_everything(own_layout: Layout, number: signal.Signals) -> None:
    own_layout.prepare()
    env = {**os.environ, "KUMIAI_LOCAL_DIR": str(own_layout.root), "KUMIAI_STACK": OWN_MODE}
    command = [sys.executable, "-m", "kumiai_local", "up", "--only-stack"]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        try:
            wait_for_file(own_layout.run / "up")
            records = read_records(own_layout.processes)
            up.send_signal(number)
            up.wait(ENDS_WITHIN_S)
        finally:
            up.kill()
    deadline = time.monotonic() + ENDS_WITHIN_S
    while running := [record.name for record in records if lives(record.pid)]:
        assert time.monotonic() < deadline, f"still running: {running}"
        time.sleep(0.1)
    assert "database system is shut down" in (own_layout.logs / "postgres.log").read_text()


def test_up_in_the_background_is_one_run_however_often_it_is_asked_for(own_layout: Layout) -> None:
    env = {**os.environ, "KUMIAI_LOCAL_DIR": str(own_layout.root)}
    command = [sys.executable, "-m", "kumiai_local", "up", "--only-stack", "--detach"]
    hearing = [sys.executable, "-c", HEARS_CTRL_C, *command[2:]]
    with subprocess.Popen(hearing, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broken_off:
        wait_for_file(own_layout.run / "lock")
        broken_off.send_signal(signal.SIGINT)
        assert broken_off.wait(ENDS_WITHIN_S) != 0
    assert not [record.name for record in read_records(own_layout.processes) if lives(record.pid)]

    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    try:
        records = read_records(own_layout.processes)
        again = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
        assert "runs already" in again.stdout + again.stderr
        assert read_records(own_layout.processes) == records
    finally:
        subprocess.run([*command[:3], "down"], env=env, check=True, stdout=subprocess.DEVNULL)


def wait_for_file(path: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.1)
