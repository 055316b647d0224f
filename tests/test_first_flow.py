"""The first flow, from a municipality's notices to what every service holds of them, through the real Kafka."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date

import httpx
import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka import Consumer, KafkaError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.resident import (
    BirthNotice,
    CancelMovementNotice,
    ChangeOfAddressNotice,
    ChangeOfHeadNotice,
    DeathNotice,
    MoveInNotice,
    MoveOutNotice,
)
from kumiai_contracts.resident_amendments import AmendmentNotice, ExOfficioRemovalNotice
from kumiai_contracts.resident_households import HouseholdMergeNotice, HouseholdSplitNotice
from kumiai_contracts.taxation import Dependant, EmploymentIncomeReport, Spouse
from kumiai_contracts.topics import events_topic, notices_topic
from kumiai_local.addresses import StackAddresses
from kumiai_local.services import Service

from tests.conftest import NewSystem
from tests.support.family import AWAY, FAMILY, HEAD, HOME, NEXT_HOME, carry_over, handled, person, today
from tests.support.faults import superuser
from tests.support.operator import LINKAGE, REGISTRY, TAXATION, Operator
from tests.support.system import System

pytestmark = pytest.mark.stack
WITHIN_S = 5.0
"""How long a right that was taken away may still hold."""


async def within(seconds: float, check: Callable[[], Awaitable[bool]]) -> float:
    """How long it takes until something is so, in seconds. Raises AssertionError when it takes too long."""
    began = time.monotonic()
    while not await check():
        assert time.monotonic() - began < seconds, f"not so after {seconds:.0f} s"
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def test_every_movement_leaves_the_expected_rows(system: System, operator: Operator) -> None:
    family = await system.tell(carry_over())
    head, wife, elder, younger = family.numbers
    assert family.household_number

    await system.tell(ChangeOfAddressNotice(**handled(), addressee_numbers=family.numbers, address=NEXT_HOME))
    child = person("越後 三葉", "子", today().isoformat())
    (baby,) = (
        await system.tell(BirthNotice(**handled(), child=child, household_number=family.household_number))
    ).numbers
    await system.tell(
        ChangeOfHeadNotice(
            **handled(),
            household_number=family.household_number,
            head=wife,
            relationships={head: "夫", wife: HEAD, elder: "子", younger: "子", baby: "子"},
        )
    )
    await system.tell(
        MoveOutNotice(**handled(), addressee_numbers=(elder,), destination="domestic", destination_address=AWAY)
    )
    await system.tell(CancelMovementNotice(**handled(), addressee_number=elder, history_number=4))
    await system.tell(DeathNotice(**handled(), addressee_number=head))
    arrived = await system.tell(
        MoveInNotice(
            **handled(),
            origin="domestic",
            persons=(person("千代田 桜", HEAD, "1990-04-01"),),
            address=HOME,
            previous_address=AWAY,
        )
    )

    async def reasons(number: str) -> list[str]:
        rows = (await system.read(REGISTRY, f"residents/{number}/history"))["history"]
        assert [row["history_number"] for row in rows] == list(range(1, len(rows) + 1))
        return [row["reason"] for row in rows]

    assert await reasons(head) == ["carried-over", "change-of-address", "change-of-head", "death"]
    assert await reasons(wife) == ["carried-over", "change-of-address", "change-of-head"]
    assert await reasons(elder) == [
        "carried-over",
        "change-of-address",
        "change-of-head",
        "domestic-move-out",
        "cancelled-removal",
    ]
    assert await reasons(baby) == ["birth", "change-of-head"]
    assert await reasons(arrived.numbers[0]) == ["domestic-move-in"]
    dead = await system.read(REGISTRY, f"residents/{head}")
    assert (dead["status"], dead["removed_on"]) == ("removed", today().isoformat())
    at_home = await system.read(REGISTRY, f"residents/{elder}")
    assert (at_home["status"], at_home["address"]) == ("resident", NEXT_HOME.model_dump(mode="json"))
    household = await system.read(REGISTRY, f"households/{family.household_number}")
    assert household["head"] == wife
    assert sorted(household["members"]) == sorted((wife, elder, younger, baby))

    parted = await system.tell(HouseholdSplitNotice(**handled(), addressee_numbers=(younger,)))
    assert parted.household_number not in (None, family.household_number)
    await system.tell(
        HouseholdMergeNotice(
            **handled(),
            household_number=family.household_number,
            merged_household_number=parted.household_number,
            relationships={younger: "子"},
        )
    )
    assert (await reasons(younger))[-2:] == ["household-split", "household-merge"]
    await system.tell(
        AmendmentNotice(**handled(), ex_officio=True, addressee_numbers=(younger,), kind="correction", name="越後 直樹")
    )
    assert (await system.read(REGISTRY, f"residents/{younger}"))["name"] == "越後 直樹"
    await system.tell(ExOfficioRemovalNotice(**handled(), ex_officio=True, addressee_numbers=(wife,)))
    assert (await system.read(REGISTRY, f"households/{family.household_number}"))["head"] is None

    await operator.complete(system.member)
    integrated = {(await system.read(LINKAGE, f"addressees/{number}"))["integrated_addressee_number"]
                  for number in (*family.numbers, baby, *arrived.numbers)}  # fmt: skip
    assert len(integrated) == 6
    assert system.feed.breaks == []


async def test_niigata_s_published_example_is_assessed_to_the_yen(new_system: NewSystem, operator: Operator) -> None:
    system = await new_system(code="151009")
    family = await system.tell(carry_over())
    report = EmploymentIncomeReport(
        fiscal_year=2026,
        addressee_number=family.numbers[0],
        employer="20310007",
        salary=5_000_000,
        social_insurance=500_000,
        spouse=Spouse(birth_date=FAMILY[1].birth_date, income=0),
        dependants=tuple(Dependant(birth_date=child.birth_date) for child in FAMILY[2:]),
    )
    await system.tell(report, cause=family.event)

    (version,) = (await system.read(TAXATION, f"assessments/2026/{family.numbers[0]}"))["versions"]
    assert version["employment_income"] == 3_560_000
    assert version["taxable_income"] == 1_970_000
    assert (version["income_levy_municipal"], version["income_levy_prefectural"]) == (151_600, 37_900)
    assert (version["per_capita_municipal"], version["per_capita_prefectural"]) == (3_000, 1_000)
    assert version["forest_environment_tax"] == 1_000
    assert version["total"] == 194_500

    # It turns out that the family had left before 1 January: the registry's event takes the assessment back.
    left = MoveOutNotice(
        **handled(date(2025, 12, 1)) | {"ex_officio": True},
        addressee_numbers=family.numbers,
        destination="domestic",
        destination_address=AWAY,
    )
    await system.tell(left)
    await operator.complete(system.member)
    versions = (await system.read(TAXATION, f"assessments/2026/{family.numbers[0]}"))["versions"]
    assert [(v["version"], v["cancelled"], v["total"]) for v in versions] == [(1, False, 194_500), (2, True, 0)]
    facts = (await system.read(LINKAGE, f"addressees/{family.numbers[0]}"))["tax_facts"]
    assert len(facts) == 2


async def test_readers_and_owner_hold_the_same_and_a_rebuild_changes_nothing(
    system: System, operator: Operator
) -> None:
    family = await system.tell(carry_over())
    await system.tell(DeathNotice(**handled(), addressee_number=family.numbers[0]))
    await operator.complete(system.member)
    code = system.member.code
    owner = await operator.state(REGISTRY, code, "resident")
    for reader in (TAXATION, LINKAGE):
        assert await operator.same_state(code, "resident", REGISTRY, reader) == owner
        rebuilt = await operator.rebuild(reader, code, "resident")
        assert rebuilt["hash_before"] == rebuilt["hash_after"] == owner["state_hash"]
    rebuilt = await operator.rebuild(REGISTRY, code, "resident")
    assert rebuilt["hash_after"] == owner["state_hash"]


@pytest.mark.parametrize("service", [REGISTRY, TAXATION])
async def test_a_rebuild_mends_what_was_damaged_and_leaves_everything_else_as_it_lies(
    system: System, operator: Operator, addresses: StackAddresses, service: str
) -> None:
    family = await system.tell(carry_over())
    await system.tell(DeathNotice(**handled(), addressee_number=family.numbers[0]))
    await operator.complete(system.member)
    code = system.member.code
    owner = await operator.state(service, code, "resident")
    lost, changed, kept = family.numbers[:3]
    where_it_lies = "select ctid::text from resident_history where municipality = %s and addressee_number = %s"

    def damage() -> list[tuple[object, ...]]:
        with superuser(addresses, Service(service)) as connection:
            for statement, number in (
                ("delete from resident_history where municipality = %s and addressee_number = %s", lost),
                ("update resident_history set place = '' where municipality = %s and addressee_number = %s", changed),
                ("insert into household (municipality, household_number, members) values (%s, %s, '[]')", "9" * 10),
            ):
                connection.execute(statement, (code, number))
            return connection.execute(where_it_lies, (code, kept)).fetchall()

    before = await asyncio.to_thread(damage)
    rebuilt = await operator.rebuild(service, code, "resident")
    assert rebuilt["hash_before"] != rebuilt["hash_after"] == owner["state_hash"]
    assert (await operator.state(service, code, "resident"))["state_hash"] == owner["state_hash"]
    with superuser(addresses, Service(service)) as connection:
        assert connection.execute(where_it_lies, (code, kept)).fetchall() == before


async def test_a_service_refuses_whoever_did_not_subscribe_to_it(new_system: NewSystem, operator: Operator) -> None:
    system = await new_system(REGISTRY)
    family = await system.tell(carry_over())
    report = EmploymentIncomeReport(
        fiscal_year=2026, addressee_number=family.numbers[0], employer="20310007", salary=3_000_000
    )
    (receipt,) = await system.submit(TAXATION, (system.envelope(report), report))
    assert receipt["outcome"] == "refused"
    assert [reason["code"] for reason in receipt["reasons"]] == ["not-subscribed"]
    assert await operator.reader(TAXATION, system.member.code, "resident") is None


async def test_a_service_that_is_joined_late_has_all_that_was_before(new_system: NewSystem, operator: Operator) -> None:
    system = await new_system(REGISTRY)
    family = await system.tell(carry_over())
    await operator.subscribe(system.member.code, TAXATION)

    async def told() -> bool:
        at = await operator.reader(TAXATION, system.member.code, "resident")
        return at is not None and at["position"] == 1

    await within(15, told)
    owner = await operator.state(REGISTRY, system.member.code, "resident")
    assert (await operator.state(TAXATION, system.member.code, "resident"))["state_hash"] == owner["state_hash"]
    report = EmploymentIncomeReport(
        fiscal_year=2026, addressee_number=family.numbers[0], employer="20310007", salary=3_000_000
    )
    await system.tell(report)


async def test_a_notice_is_refused_within_seconds_of_unsubscribing(system: System, operator: Operator) -> None:
    family = await system.tell(carry_over())
    await operator.unsubscribe(system.member.code, TAXATION)

    async def refused() -> bool:
        report = EmploymentIncomeReport(
            fiscal_year=2026, addressee_number=family.numbers[0], employer="20310007", salary=3_000_000
        )
        (receipt,) = await system.submit(TAXATION, (system.envelope(report), report))
        return [reason["code"] for reason in receipt["reasons"]] == ["not-subscribed"]

    await within(WITHIN_S, refused)
    broker = await system.broker.producer()
    with pytest.raises(TopicAuthorizationFailedError):
        await broker.send_and_wait(notices_topic(system.member.code, TAXATION), b"{}")
    await broker.stop()


async def test_a_municipality_can_neither_write_nor_read_another_s_topics(
    system: System, new_system: NewSystem, addresses: StackAddresses
) -> None:
    other = await new_system()
    producer = await system.broker.producer()
    forbidden = [
        notices_topic(other.member.code, REGISTRY),
        events_topic(other.member.code, "resident"),
        events_topic(system.member.code, "resident"),
        events_topic(system.member.code, "resident-registry-receipts"),
    ]
    for topic in forbidden:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"{}")
    await producer.stop()
    client = addresses.kafka_client_as(system.broker.credentials.username, system.broker.credentials.password)
    consumer = Consumer({**client, "group.id": f"lg.{system.member.code}.test"})
    for topic in (events_topic(other.member.code, "resident"), notices_topic(other.member.code, REGISTRY)):
        seen = (await asyncio.to_thread(consumer.list_topics, topic, 10)).topics[topic]
        assert seen.error is not None
        assert seen.error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    visible = (await asyncio.to_thread(consumer.list_topics, timeout=10)).topics
    assert visible.keys() == {topic for topic in visible if topic.startswith(f"lg.{system.member.code}.")} != set()
    await asyncio.to_thread(consumer.close)


async def test_a_revoked_clerk_is_refused_within_seconds(system: System, operator: Operator) -> None:
    family = await system.tell(carry_over())
    code, key = system.member.code, Ed25519PrivateKey.generate()
    await operator.register(code, "sato", public_key_text(key.public_key()))
    auth = TokenClient(operator.peers["membership"], f"{code}/sato", key)
    async with httpx.AsyncClient(base_url=operator.peers[REGISTRY], auth=auth) as clerk:

        async def status() -> int:
            path = f"/v1/{code}/residents/{family.numbers[0]}"
            return (await clerk.get(path, params={"purpose": "resident-services"})).status_code

        async def may_read() -> bool:
            return await status() == httpx.codes.OK

        async def may_not() -> bool:
            return await status() in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)

        await within(WITHIN_S, may_read)
        await operator.revoke(code, "sato")
        await within(WITHIN_S, may_not)
