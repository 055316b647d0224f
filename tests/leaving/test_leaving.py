"""Leaving on the real stack: step by step, per service and altogether, and what is left afterwards: nothing."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.tokens import load_public_key
from kumiai_contracts.leaving import CertificateRow, ServiceErasedRow, certificate_statement
from kumiai_contracts.taxation import EmploymentIncomeReport, IncomeReport, ReportedPerson
from kumiai_contracts.topics import notices_topic
from kumiai_demo.access_token import NoToken, Token
from kumiai_demo.message import Message
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service
from kumiai_membership.settings import MembershipSettings

from tests.leaving.conftest import NewLeaver
from tests.planted.planting import plant
from tests.support.family import carry_over
from tests.support.leaving import NOTHING, closed_heads, everywhere, in_kafka, refused, until_waits_for
from tests.support.operator import ALL, LINKAGE, REGISTRY, TAXATION, Member, Operator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
KEPT = {"tombstone", "erasure_count"}
"""What a service's database keeps of whoever left altogether: that it did, and how much there was."""


async def test_a_municipality_leaves_altogether_and_nothing_of_it_is_left(
    new_leaver: NewLeaver, operator: Operator, addresses: StackAddresses, federation: ServiceProcesses
) -> None:
    leaver, system = await new_leaver()
    code = leaver.member.code
    family = await system.tell(carry_over())
    await system.tell(report(family.numbers[0]), cause=family.event)
    sent = [system.message(report(number)) for number in family.numbers]
    waiting = [await system.post.send(message) for message in sent]

    await asyncio.to_thread(commit_as_reader, addresses, leaver.member, 0)
    shown = await leaver.request()
    assert (shown["leave"]["state"], shown["leave"]["altogether"]) == ("requested", True)
    closed = await leaver.state("closed")
    # What Kafka took was answered before the stream closed; what comes now is refused by both ways in.
    await asyncio.wait_for(asyncio.gather(*waiting), 10)
    late_notices = asyncio.to_thread(refusal_by_kafka, addresses, leaver.member, notices_topic(code, REGISTRY))
    assert await late_notices == KafkaError.TOPIC_AUTHORIZATION_FAILED
    notice = carry_over()
    with pytest.raises(httpx.HTTPStatusError) as late:
        await system.submit(REGISTRY, (system.envelope(notice), notice))
    assert (late.value.response.status_code, late.value.response.json()["code"]) == (409, "closed")
    # Closed means closed in the direction of the data: where each stream ended is where its readers are.
    heads = closed_heads(closed)
    for reader, stream in ((TAXATION, "resident"), (LINKAGE, "resident"), (LINKAGE, "taxation")):
        at = await operator.reader(reader, code, stream)
        assert at is not None and [at["incarnation"], at["position"], at["hash"]] == list(heads[stream])

    assert await refused(leaver.begin_erasure()) == "acknowledgement-missing"
    older = {**heads, "taxation": (1, 1, "00" * 32)}
    assert await refused(leaver.record_bundle(heads=older)) == "bundle-heads-differ"
    await leaver.record_bundle()
    assert await refused(leaver.acknowledge(key=Ed25519PrivateKey.generate())) == "acknowledgement-invalid"
    await leaver.acknowledge()
    plan = await operator.ask("GET", "membership", leaver.address + "/plan")
    await leaver.begin_erasure()
    assert await refused(leaver.cancel()) == "erasure-has-begun"
    await leaver.state("certified", within_s=60)

    left = everywhere(addresses, code)
    assert {service: set(tables) - KEPT for service, tables in left.items() if service != "membership"} == {
        REGISTRY: set(),
        TAXATION: set(),
        LINKAGE: set(),
    }
    assert in_kafka(addresses, code) == NOTHING
    async with httpx.AsyncClient() as client:
        for worker in federation:
            await until_gone_from(client, f"{worker.url}/metrics", code)
    # Nobody acts for it any more, neither with the token in hand nor with the key that brought it.
    with pytest.raises(httpx.HTTPStatusError) as held:
        await system.read(REGISTRY, f"residents/{family.numbers[0]}")
    assert held.value.response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
    party = f"{code}/{leaver.member.credentials.party}"
    again = Token(party, leaver.member.credentials.private_key, operator.peers["membership"], httpx.AsyncClient())
    with pytest.raises(NoToken):
        await again.headers()
    assert "used_assertion" not in left["membership"]
    found = await leaver.certificate()
    # The municipality's own ledger had a deadline of no days: the leave went on without it, and says so.
    behind = {(reader["group"], reader["topic"]): reader["behind"] for reader in found["leave"]["readers_behind"]}
    ledger = behind[f"lg.{code}.ledger", f"lg.{code}.taxation.events"]
    assert ledger == heads["taxation"][1]
    by_place = {row["place"]: {item["what"]: item["count"] for item in row["erased"]} for row in found["erased"]}
    assert by_place.keys() == plan["erases"].keys()
    assert by_place[TAXATION]["assessment"] == plan["erases"][TAXATION]["assessment"] > 0
    assert by_place["kafka"]["topics"] == 10
    assert_signed(code, found, federation.layout)
    # What the certificate says remains is there, and until when backups may hold bytes follows from how long they last.
    assert left["membership"]["stream_event"] > 0
    assert all("tombstone" in left[service] for service in ALL)
    certificate = found["certificate"]
    assert [item["what"] for item in certificate["remains"]] == [
        "membership-stream",
        "tombstones",
        "operating-logs",
        "halves-of-others",
        "accounts",
        "backups",
    ]
    issued, until = (datetime.fromisoformat(certificate[name]) for name in ("issued_at", "backups_until"))
    assert abs(until - issued - timedelta(days=MembershipSettings().backup_days)) < timedelta(seconds=5)
    # A reader that was asleep finds the tombstone: it doesn't begin again, and nobody counts it as missing.
    await asyncio.sleep(3)
    assert await operator.reader(TAXATION, code, "membership") is None


async def test_leaving_one_service_leaves_the_others_as_they_are(
    new_leaver: NewLeaver, operator: Operator, addresses: StackAddresses
) -> None:
    leaver, system = await new_leaver()
    code = leaver.member.code
    family = await system.tell(carry_over())
    await system.tell(report(family.numbers[0]), cause=family.event)
    before = everywhere(addresses, code)
    await asyncio.to_thread(commit_as_reader, addresses, leaver.member, 0)
    await leaver.verified(TAXATION, readers_days=1)
    # The municipality's own ledger has not read everything, and its deadline is not over.
    assert await refused(leaver.begin_erasure()) == "readers-behind"
    end = closed_heads(await leaver.show())["taxation"][1]
    await asyncio.to_thread(commit_as_reader, addresses, leaver.member, end)
    await leaver.begin_erasure()
    await leaver.state("certified", within_s=60)

    left = everywhere(addresses, code)
    assert before[TAXATION]["assessment"] == 1
    assert not left[TAXATION].keys() & {"assessment", "stream_event", "inbox", "resident_history", "checkpoint"}
    assert left[TAXATION]["member"] == 1, "it remains a member, and taxation knows"
    assert left[LINKAGE]["assessment"] == 1, "what linkage has read of it remains with linkage, and is certified so"
    assert left[REGISTRY]["resident_history"] == before[REGISTRY]["resident_history"]
    kafka = in_kafka(addresses, code)
    assert not any(".taxation." in name for names in kafka.values() for name in names)
    assert f"lg.{code}.resident.events" in kafka["topics"] and kafka["users"]
    remains = {item["what"] for item in (await leaver.certificate())["certificate"]["remains"]}
    assert {"replica-in-national-id-linkage", "closed-heads"} <= remains

    again = await system.tell(carry_over())
    assert again.numbers
    await operator.complete(replace(leaver.member, services=(REGISTRY, LINKAGE)))
    with pytest.raises(httpx.HTTPStatusError) as gone:
        await system.read(TAXATION, f"tax-runs/{2026}")
    assert gone.value.response.json()["code"] == "left"
    assert await refused(operator.subscribe(code, TAXATION)) == "service-was-erased"


async def test_what_kafka_took_while_notices_pour_in_is_answered_and_nothing_is_half_accepted(
    new_leaver: NewLeaver, addresses: StackAddresses, federation: ServiceProcesses
) -> None:
    leaver, system = await new_leaver(TAXATION)
    # More than can be sent until the right to write is gone, however long Kafka takes over it.
    most = 100_000
    messages = (system.message(report("0000000000").model_copy(update={"employer": f"{n:07}"})) for n in range(most))
    federation[TAXATION].pause()  # so that it hears of the leave with all of them still before it
    try:
        pouring = asyncio.create_task(asyncio.to_thread(pour, addresses, leaver.member, messages))
        await asyncio.sleep(1)
        await leaver.request(TAXATION)
        taken = await pouring
        await leaver.state("closing")
    finally:
        federation[TAXATION].resume()
    assert 0 < taken < most, "the right to write ended while there was more to write"
    (closed,) = (await leaver.state("closed"))["closed"]
    assert closed["receipts_position"] == taken
    await leaver.cancel()


async def test_what_a_broker_takes_a_moment_after_the_right_to_write_is_gone_is_answered_too(
    new_leaver: NewLeaver, addresses: StackAddresses
) -> None:
    leaver, system = await new_leaver(TAXATION)
    messages = [system.message(report("0000000000").model_copy(update={"employer": f"{n:07}"})) for n in range(9)]
    await leaver.request(TAXATION)
    await leaver.state("closing")
    # Stands for a broker that has yet to hear of it: always within the time in which a topic must not have grown.
    await asyncio.to_thread(trickle, addresses, notices_topic(leaver.member.code, TAXATION), messages)
    (closed,) = (await leaver.state("closed"))["closed"]
    assert closed["receipts_position"] == len(messages)
    await leaver.cancel()


async def test_without_looking_whether_a_topic_still_grows_a_service_would_close_too_early(
    new_leaver: NewLeaver, operator: Operator, addresses: StackAddresses, federation: ServiceProcesses, tmp_path: Path
) -> None:
    """The test before this one sees it when that look is missing: here it is taken out of a copy of the code."""
    leaver, system = await new_leaver(TAXATION)
    worker, copy = federation[TAXATION], plant("closes-before-it-has-settled", tmp_path)
    messages = [system.message(report("0000000000").model_copy(update={"employer": f"{n:07}"})) for n in range(9)]
    await asyncio.to_thread(worker.stop)
    try:
        worker.start({"PYTHONPATH": str(copy)})
        await asyncio.to_thread(worker.wait_ready)
        await leaver.request(TAXATION)
        await leaver.state("closing")
        await asyncio.to_thread(trickle, addresses, notices_topic(leaver.member.code, TAXATION), messages)
        (closed,) = (await leaver.state("closed"))["closed"]
        assert closed["receipts_position"] < len(messages)
    finally:
        await asyncio.to_thread(worker.stop)
        worker.start()
        await asyncio.to_thread(worker.wait_ready)
    await leaver.cancel()
    # What had come too late waited in Kafka.
    async with asyncio.timeout(20):
        while (await operator.head(leaver.member.code, f"{TAXATION}-receipts", TAXATION))["position"] < len(messages):
            await asyncio.sleep(0.1)


async def test_a_cancelled_leave_loses_nothing_and_the_streams_go_on(new_leaver: NewLeaver, operator: Operator) -> None:
    leaver, system = await new_leaver()
    family = await system.tell(carry_over())
    await leaver.verified()
    closed = closed_heads(await leaver.show())
    await leaver.cancel()
    assert (await leaver.cancel())["changed"] is False
    again = await system.tell(carry_over())
    assert set(again.numbers).isdisjoint(family.numbers)
    await system.tell(report(again.numbers[0]), cause=again.event)
    await operator.complete(leaver.member)
    head = await operator.head(leaver.member.code, "resident", REGISTRY)
    assert head["position"] > closed["resident"][1] + 1
    # And it may leave again later, as another leave.
    await leaver.request()
    shown = await leaver.state("closed")
    assert shown["leave"]["leave"] == 2
    assert closed_heads(shown)["resident"][1] > head["position"]


async def test_a_service_that_slept_through_a_cancelled_leave_closes_for_the_next_one(
    new_leaver: NewLeaver, federation: ServiceProcesses
) -> None:
    leaver, _ = await new_leaver(TAXATION)
    await leaver.request(TAXATION)
    (first,) = (await leaver.state("closed"))["closed"]
    federation[TAXATION].pause()
    try:
        await leaver.cancel()
        await leaver.request(TAXATION)
        await leaver.state("closing")
    finally:
        federation[TAXATION].resume()
    shown = await leaver.state("closed")
    (second,) = shown["closed"]
    assert (shown["leave"]["leave"], second["position"]) == (2, first["position"] + 2), "reopened, and closed again"
    await leaver.cancel()


async def test_a_message_to_whoever_has_closed_waits_and_the_sender_closes_after_it(new_leaver: NewLeaver) -> None:
    recipient, there = await new_leaver()
    sender, system = await new_leaver()
    await recipient.request()
    await recipient.state("closed")
    person = ReportedPerson(name="尾花 梅", name_kana="オバナ ウメ", birth_date="1990-05-05")
    elsewhere = recipient.member.code
    sent = IncomeReport(fiscal_year=2026, kind="employment", reporter="1", person=person, residence=elsewhere, salary=1)
    await system.tell(sent)
    await sender.request()
    await until_waits_for(sender, {TAXATION, LINKAGE})
    await asyncio.sleep(3)
    assert set((await sender.show())["waiting_for"]) == {TAXATION, LINKAGE}
    assert (await system.read(TAXATION, "work-items"))["work_items"] == [], "it has not come back"
    await sender.cancel()
    await recipient.cancel()
    items: list[dict[str, Any]] = []
    for _ in range(200):
        items = (await there.read(TAXATION, "work-items"))["work_items"]
        if items:
            break
        await asyncio.sleep(0.1)
    assert [item["code"] for item in items] == ["unknown-person"]


async def test_a_service_s_own_role_erases_nothing_of_whoever_has_not_come_so_far(
    new_leaver: NewLeaver, addresses: StackAddresses, test_layout: Layout
) -> None:
    leaver, system = await new_leaver(REGISTRY)
    code = leaver.member.code
    await system.tell(carry_over())
    await leaver.verified(REGISTRY)
    service = Service(REGISTRY)
    host = addresses.postgres_url.split("@", 1)[1].split("/", 1)[0]
    password = service.role_password(test_layout, service.app_role).read_text().strip()
    with psycopg.connect(
        f"postgresql://{service.app_role}@{host}/{service.database}", password=password, autocommit=True
    ) as connection:
        connection.execute("select set_config('app.municipalities', %s, false)", ("{" + code + "}",))
        for statement in (
            "delete from stream_event where municipality = %s",
            "select kumiai_erase(%s, 'stream_event', 10)",
            "select kumiai_bury(%s, '{}')",
            "insert into tombstone (municipality, leave, altogether) values (%s, 1, true)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement, (code,))
    await leaver.cancel()
    await system.tell(carry_over())


async def until_gone_from(client: httpx.AsyncClient, address: str, code: str) -> None:
    """Wait for the next look of a service's loop, which drops what it had counted."""
    for _ in range(60):
        lines = [line for line in (await client.get(address)).text.splitlines() if code in line]
        if not lines:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"still in {address}: {lines}")


def refusal_by_kafka(addresses: StackAddresses, member: Member, topic: str) -> int | None:
    """The broker's error for a notice of the municipality's system, if it refuses it."""
    settings = addresses.kafka_client_as(member.credentials.username, member.credentials.password)
    outcome: list[KafkaError | None] = []
    producer = Producer({**settings, "message.timeout.ms": 8000, "log_level": 0})
    producer.produce(topic, b"{}", on_delivery=lambda error, _: outcome.append(error))
    producer.flush(10)
    return outcome[0].code() if outcome[0] else None


def pour(addresses: StackAddresses, member: Member, messages: Iterable[Message]) -> int:
    """Send notices without a pause until Kafka refuses one; how many it took."""
    settings = addresses.kafka_client_as(member.credentials.username, member.credentials.password)
    outcome: Counter[bool] = Counter()
    producer = Producer({**settings, "acks": "all", "message.timeout.ms": 8000, "linger.ms": 0, "log_level": 0})
    for message in messages:
        producer.produce(
            notices_topic(member.code, TAXATION),
            message.body,
            headers=message.headers,
            on_delivery=lambda error, _: outcome.update([error is None]),
        )
        producer.poll(0.005)
        if outcome[False]:
            break
    producer.flush(20)
    return outcome[True]


def trickle(addresses: StackAddresses, topic: str, messages: Iterable[Message]) -> None:
    """Write notices past all rights, a third of a second apart."""
    producer = Producer({**addresses.kafka_client(), "acks": "all", "linger.ms": 0, "log_level": 0})
    for message in messages:
        producer.produce(topic, message.body, headers=message.headers)
        producer.flush(10)
        time.sleep(0.33)


def commit_as_reader(addresses: StackAddresses, member: Member, offset: int) -> None:
    """How far one of the municipality's own consumer groups has read what taxation published."""
    settings = addresses.kafka_client_as(member.credentials.username, member.credentials.password)
    consumer = Consumer({**settings, "group.id": f"lg.{member.code}.ledger", "log_level": 0})
    try:
        consumer.commit(offsets=[TopicPartition(f"lg.{member.code}.taxation.events", 0, offset)], asynchronous=False)
    finally:
        consumer.close()


def assert_signed(code: str, found: dict[str, Any], layout: Layout) -> None:
    """Membership has signed the certificate and what was erased."""
    certificate = CertificateRow.model_validate_json(json.dumps(found["certificate"]))
    erased = [ServiceErasedRow.model_validate_json(json.dumps(row)) for row in found["erased"]]
    statement = certificate_statement(code, certificate, erased)
    assert statement.hex() == found["statement"]
    load_public_key(layout.keys / "membership.pub.pem").verify(bytes.fromhex(certificate.signature), statement)


def report(number: str) -> EmploymentIncomeReport:
    return EmploymentIncomeReport(fiscal_year=2026, addressee_number=number, employer="20310007", salary=5_000_000)
