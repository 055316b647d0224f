"""The resident desk on the real stack: search, as of, protection, rights by purpose, the record of who read what."""

import asyncio
import base64
import json
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.resident import (
    BirthNotice,
    CarryOverNotice,
    ChangeOfAddressNotice,
    DeathNotice,
    MoveOutNotice,
    OtherName,
)
from kumiai_contracts.resident_affairs import (
    GaijiMapping,
    GaijiMappingNotice,
    ProtectionApplicationNotice,
    WorkItemNotice,
)
from kumiai_contracts.resident_amendments import FormerNameNotice
from kumiai_contracts.resident_codes import CodePoolNotice
from kumiai_contracts.topics import events_topic, receipts_stream
from kumiai_local.addresses import StackAddresses

from tests.conftest import NewSystem
from tests.support.family import AWAY, HEAD, HOME, JAPAN, NEXT_HOME, carry_over, handled, person, today
from tests.support.operator import REGISTRY, Operator
from tests.support.system import System

pytestmark = pytest.mark.stack
CANARY = "隠れ里金糸雀町"
DESK = {"place": "本庁", "operator": "desk/1"}


class Clerk:
    """A clerk with purposes of the test's choice."""

    def __init__(self, operator: Operator, code: str, party: str) -> None:
        self._operator, self._code, self._party = operator, code, party
        self._key = Ed25519PrivateKey.generate()
        self.client = httpx.AsyncClient(
            auth=TokenClient(operator.peers["membership"], f"{code}/{party}", self._key),
            base_url=f"{operator.peers[REGISTRY]}/v1/{code}/",
            timeout=20,
        )

    async def granted(self, *purposes: str) -> "Clerk":
        """Registered; returns once the registry has heard of it."""
        body = {
            "kind": "person",
            "public_key": public_key_text(self._key.public_key()),
            "roles": ["clerk"],
            "purposes": purposes,
        }
        await self._operator.ask("POST", "membership", f"/v1/members/{self._code}/parties/{self._party}", json=body)
        for _ in range(100):
            if (await self.client.get("emergency-accesses")).is_success:
                return self
            await asyncio.sleep(0.1)
        raise AssertionError("the registry never heard of the clerk")

    async def get(self, path: str, **query: Any) -> Any:
        """An answer."""
        answer = await self.client.get(path, params=query)
        answer.raise_for_status()
        return answer.json()


async def found(clerk: Clerk, name: str, expected: int) -> list[dict[str, Any]]:
    """People by name, once the index has caught up."""
    for _ in range(50):
        people: list[dict[str, Any]] = (await clerk.get("residents", name=name, purpose="resident-services"))[
            "residents"
        ]
        if len(people) == expected:
            return people
        await asyncio.sleep(0.1)
    raise AssertionError(f"{len(people)} instead of {expected}")


async def living_at(clerk: Clerk, expected: int, **query: Any) -> list[dict[str, Any]]:
    """People at an address, once the index has caught up."""
    for _ in range(50):
        people: list[dict[str, Any]] = (await clerk.get("addresses", **query))["residents"]
        if len(people) == expected:
            return people
        await asyncio.sleep(0.1)
    raise AssertionError(f"{len(people)} instead of {expected}")


async def test_people_are_found_however_their_name_is_written(new_system: NewSystem, operator: Operator) -> None:
    system = await new_system(REGISTRY, code="202011")
    clerk = await Clerk(operator, system.member.code, "desk").granted("resident-services")
    told = await system.tell(carry_over(person("渡邉\U000e010f 髙子", HEAD, "1980-02-30")))
    for written in ("渡辺高子", "渡邊　髙", "高子", "カナ", "かな"):
        (one,) = await found(clerk, written, 1)
        assert one["addressee_number"] == told.numbers[0]
        assert one["name"] == "渡邉\U000e010f 髙子"
        assert one["birth_date"] == "1980-02-30"
    paged = {"name": "かな", "limit": 1, "purpose": "resident-services"}
    page = await clerk.get("residents", **paged)
    assert (await clerk.get("residents", **paged, after=page["after"]))["residents"] == []
    assert await clerk.get("residents", **paged, after="ア/0") == page, "what lies before the name is no part of it"
    assert (await clerk.get("residents", name="山田", purpose="resident-services"))["residents"] == []
    called = OtherName(name="高橋", name_kana="タカハシ")
    await system.tell(FormerNameNotice(**handled(), addressee_number=told.numbers[0], former_name=called))
    (one,) = await found(clerk, "たかはし", 1)
    assert one["other_names"]["former_name"]["name"] == "高橋"


async def test_as_of_a_day_statistics_and_the_work_list(new_system: NewSystem, operator: Operator) -> None:
    system = await new_system(REGISTRY, code="202029")
    clerk = await Clerk(operator, system.member.code, "desk").granted("resident-services")
    told = await system.tell(carry_over())
    head, wife, *_ = told.numbers
    between = datetime.now(JAPAN).isoformat()
    await system.tell(ChangeOfAddressNotice(**handled(), addressee_numbers=told.numbers, address=NEXT_HOME))
    await system.tell(DeathNotice(**handled(), addressee_number=head))
    yesterday = (today() - timedelta(days=1)).isoformat()
    purpose = {"purpose": "resident-services"}
    now = await clerk.get(f"residents/{wife}", **purpose)
    then = await clerk.get(f"residents/{wife}", as_of=yesterday, **purpose)
    assert (now["address"]["number"], then["address"]["number"]) == (NEXT_HOME.number, HOME.number)
    unknown = await clerk.client.get(f"residents/{wife}", params={"known": yesterday, **purpose})
    assert unknown.status_code == 404, "nothing was recorded yet"
    early = await clerk.get(f"residents/{wife}", known=between, **purpose)
    late = await clerk.get(f"residents/{wife}", known=datetime.now(JAPAN).isoformat(), **purpose)
    assert (early["address"]["number"], late["address"]["number"]) == (HOME.number, NEXT_HOME.number)
    for wrong in ("yesterday", "2026-04-01T17:15:00"):
        refused = await clerk.client.get(f"residents/{wife}", params={"known": wrong, **purpose})
        assert (refused.status_code, refused.json()["code"]) == (400, "parameter-invalid")
    for written, day, expected in (
        ("学校町通１番町602-1", yesterday, 4),
        ("学校町通一番町1番2", today().isoformat(), 3),
    ):
        there = await living_at(clerk, expected, address=written, as_of=day, **purpose)
        assert [row["addressee_number"] for row in there] == sorted(told.numbers)[-expected:]
    assert (
        await clerk.client.get("addresses", params={"address": "学校町通", "purpose": "taxation"})
    ).status_code == 403
    household = await clerk.get(f"households/{told.household_number}", as_of=yesterday, **purpose)
    assert household["head"] == head and len(household["members"]) == 4
    (item,) = (await clerk.get("work-items", state="open", **purpose))["work_items"]
    assert item["kind"] == "head-undecided"
    await system.tell(WorkItemNotice(item=item["item"], assignee="desk", **DESK))
    (item,) = (await clerk.get("work-items", state="assigned", **purpose))["work_items"]
    assert item["assignee"] == "desk"
    elder, younger = told.numbers[2:]
    named = {"item": item["item"], "id": "deed-1", "head": wife, "relationships": {elder: "子"}}
    unsaid = await clerk.client.post("work-items", params=purpose, json=named | {"id": "deed-0"})
    assert (unsaid.status_code, unsaid.json()["reasons"][0]["pointer"]) == (422, f"/relationships/{younger}")
    named["relationships"] = {elder: "子", younger: "子"}
    done = await clerk.client.post("work-items", params=purpose, json=named)
    again = await clerk.client.post("work-items", params=purpose, json=named)
    assert done.is_success and done.json() == again.json()
    assert (await clerk.get(f"households/{told.household_number}", **purpose))["head"] == wife
    listed = await clerk.get("work-items", **purpose)
    assert [(each["state"], each["decision"]) for each in listed["work_items"]] == [("settled", "by-movement")]
    assert listed["waiting"] == []
    nobody = await clerk.client.post("work-items", params=purpose, json={"item": "nothing", "head": wife})
    assert (nobody.status_code, nobody.json()["code"]) == (400, "parameter-invalid")
    month = await clerk.get(f"statistics/{today():%Y-%m}")
    assert (month["opening"], month["closing"], month["adds_up"]) == (4, 3, True)
    assert month["removals"] == {"death": 1}
    assert month["population"]["by_household_size"] == {"3": 1}
    changes = await clerk.get("residents/changes", after=0, **purpose)
    assert [each["reason"] for each in changes["changes"]][-1] == "change-of-head"


async def test_gaiji_are_kept_shown_once_identified_and_reported(new_system: NewSystem, operator: Operator) -> None:
    system = await new_system(REGISTRY, code="202037")
    clerk = await Clerk(operator, system.member.code, "desk").granted("resident-services")
    notice = CarryOverNotice(
        **handled(date(2020, 4, 1)), persons=(person("\ue001本", HEAD, "1980-02-02"),), address=HOME, gaiji_system="old"
    )
    (number,) = (await system.tell(notice)).numbers
    (unknown,) = (await clerk.get("gaiji"))["unidentified"]
    assert (unknown["code_point"], unknown["people"]) == ("U+E001", 1)
    await system.tell(
        GaijiMappingNotice(system="old", mappings=(GaijiMapping(code_point="U+E001", mj="MJ025760"),), **DESK)
    )
    shown = await clerk.get(f"residents/{number}", purpose="resident-services")
    assert (shown["name"], shown["identified_name"]) == ("\ue001本", "辻\U000e0102本")
    printer = {"purpose": "resident-services", "characters": "jis-x-0208"}
    shown = await clerk.get(f"residents/{number}", **printer)
    assert shown["reduced"]["name"] == {"text": "辻本", "replaced": [["辻\U000e0102", "辻"]], "missing": []}
    assert shown["name"] == "\ue001本", "what came stays"
    wrong = await clerk.client.get(f"residents/{number}", params={**printer, "tables": "?"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "parameter-invalid")
    assert (await clerk.get("gaiji"))["unidentified"] == []


async def test_a_protected_address_is_seen_for_protection_alone_also_where_it_was_published_before(
    new_system: NewSystem, operator: Operator, addresses: StackAddresses
) -> None:
    system = await new_system(code="202045")
    code = system.member.code
    clerk = await Clerk(operator, code, "desk").granted("resident-services", "taxation")
    guardian = await Clerk(operator, code, "guardian").granted("protection")
    secret = HOME.model_copy(update={"town": CANARY})
    family = (person("越後 花", HEAD, "1980-02-02"), person("越後 実", "子", "2010-02-02"))
    told = await system.tell(CarryOverNotice(**handled(date(2020, 4, 1)), persons=family, address=secret))
    mother, child = told.numbers
    before = await clerk.get(f"residents/{mother}", purpose="resident-services")
    assert before["address"]["town"] == CANARY
    await system.tell(ProtectionApplicationNotice(addressee_numbers=(mother, child), applied_on=today(), **DESK))

    for path in (f"residents/{mother}", f"residents/{mother}/history", f"residents/{child}", "residents/changes"):
        for purpose in ("resident-services", "taxation"):
            text = (await clerk.client.get(path, params={"purpose": purpose})).text
            assert "true" in text and not leaks(text.encode())
    commitment = (await commitments(system, addresses))[mother]
    refused = await clerk.client.get(f"parts/{commitment}", params={"purpose": "resident-services"})
    assert refused.status_code == 403 and not leaks(refused.content)
    seen = await guardian.get(f"residents/{mother}", purpose="protection")
    assert seen["address"]["town"] == CANARY
    listed = await guardian.get("protections", purpose="protection")
    assert [row["state"] for row in listed["protections"]] == ["provisional", "provisional"]

    # Nobody is told who lives where she does, but those who may see her there.
    asked = {"address": CANARY, "as_of": today().isoformat()}
    there = await living_at(guardian, 2, **asked, purpose="protection")
    assert [row["addressee_number"] for row in there] == [mother, child]
    assert (await clerk.get("addresses", **asked, purpose="resident-services"))["residents"] == []

    # A temporary release opens it to the desk, for a while, and no event says so.
    head = await operator.head(code, "resident", REGISTRY)
    body = {"addressee_number": mother, "minutes": 1}
    released = await guardian.client.post("protections/releases", params={"purpose": "protection"}, json=body)
    assert released.status_code == 201
    assert (await clerk.get(f"residents/{mother}", purpose="resident-services"))["address"]["town"] == CANARY
    assert "address" not in await clerk.get(f"residents/{child}", purpose="resident-services")
    there = (await clerk.get("addresses", **asked, purpose="resident-services"))["residents"]
    assert [row["addressee_number"] for row in there] == [mother]
    assert (await operator.head(code, "resident", REGISTRY))["position"] == head["position"]

    run_out(addresses, code, "protection_release", "reverts_at")
    assert "address" not in await clerk.get(f"residents/{mother}", purpose="resident-services"), "reverted by itself"

    await system.tell(
        MoveOutNotice(**handled(), addressee_numbers=(child,), destination="domestic",
                      destination_address=AWAY.model_copy(update={"town": CANARY}))
    )  # fmt: skip
    await operator.complete(system.member)
    streams = ("resident", receipts_stream(REGISTRY), "taxation", "linkage", receipts_stream("taxation"))
    values = [
        b"".join(record) for stream in streams for record in records(system, addresses, events_topic(code, stream))
    ]
    assert values, "nothing was read"
    assert not [value for value in values if leaks(value)]
    for planted in ("utf-8", "cp932", "unicode_escape"):
        assert leaks(values[0] + CANARY.encode(planted)), f"a leak planted as {planted} is found"
    assert leaks(base64.b64encode(values[0] + CANARY.encode()))

    about = (await clerk.get("access-records", addressee_number=mother))["accesses"]
    assert {("desk", "resident-services", "resident"), ("guardian", "protection", "release")} <= {
        (each["party"], each["purpose"], each["action"]) for each in about
    }


async def test_break_glass_needs_a_reason_and_a_second_person_and_ends(
    new_system: NewSystem, operator: Operator, addresses: StackAddresses
) -> None:
    system = await new_system(REGISTRY, code="202053")
    code = system.member.code
    first = await Clerk(operator, code, "first").granted("taxation")
    second = await Clerk(operator, code, "second").granted("taxation")
    (number,) = (await system.tell(carry_over(person("越後 花", HEAD, "1980-02-02")))).numbers
    path, disaster = f"residents/{number}", {"purpose": "disaster"}
    assert (await first.client.get(path, params={"purpose": "resident-services"})).status_code == 403
    assert (await first.client.get(path, params=disaster)).status_code == 403
    assert (await first.client.post("emergency-accesses", json={"reason": ""})).status_code == 400
    asked = (await first.client.post("emergency-accesses", json={"reason": "地震による安否確認"})).json()
    approval = f"emergency-accesses/{asked['id']}/approval"
    assert (await first.client.post(approval, json={"minutes": 30})).status_code == 409
    assert (await second.client.post(approval, json={"minutes": 100_000})).status_code == 400
    assert (await second.client.post(approval, json={"minutes": 30})).is_success
    assert (await first.get(path, **disaster))["address"]["town"] == HOME.town
    assert (await second.client.get(path, params=disaster)).status_code == 403
    (listed,) = (await second.get("emergency-accesses"))["emergency_accesses"]
    assert (listed["party"], listed["approved_by"]) == ("first", "second")
    run_out(addresses, code, "emergency_access", "expires_at")
    assert (await first.client.get(path, params=disaster)).status_code == 403, "it has ended by itself"
    reads = await Clerk(operator, code, "desk").granted("resident-services")
    about = (await reads.get("access-records", addressee_number=number))["accesses"]
    seen = [(each["party"], each["purpose"]) for each in about if not each["refused"]]
    assert seen == [("first", "disaster")]
    turned_away = {(each["party"], each["purpose"]) for each in about if each["refused"]}
    assert turned_away == {("first", "resident-services"), ("first", "disaster"), ("second", "disaster")}


async def test_a_resident_code_of_the_pool_is_seen_by_the_desk_alone_and_in_no_event(
    new_system: NewSystem, operator: Operator, addresses: StackAddresses
) -> None:
    system = await new_system(code="202061")
    municipality = system.member.code
    clerk = await Clerk(operator, municipality, "desk").granted("resident-services", "taxation")
    codes = ("24727059608", "25208017643")
    family = await system.tell(carry_over())
    await system.tell(CodePoolNotice(codes=codes, **DESK))
    child = person("越後 三葉", "子", today().isoformat())
    assert family.household_number is not None
    born = await system.tell(BirthNotice(**handled(), child=child, household_number=family.household_number))
    path = f"residents/{born.numbers[0]}"
    assert (await clerk.get(path, purpose="resident-services"))["resident_code"] in codes
    assert "resident_code" not in await clerk.get(path, purpose="taxation")
    await operator.complete(system.member)
    values = [value for value, _ in records(system, addresses, events_topic(municipality, "resident"))]
    assert not [value for value in values if any(each.encode() in value for each in codes)]
    rows = [row for value in values for row in json.loads(value).get("residents", ())]
    (commitment,) = {row["resident_code"] for row in rows} - {None}
    for purpose in ("resident-services", "taxation"):
        assert (await clerk.client.get(f"parts/{commitment}", params={"purpose": purpose})).status_code == 403
    # The pool is empty: who waits for a code is on the work list, and whoever looked at it is on record.
    twins = [person("越後 四葉", "子", today().isoformat()) for _ in range(2)]
    numbers = [
        (await system.tell(BirthNotice(**handled(), child=twin, household_number=family.household_number))).numbers[0]
        for twin in twins
    ]
    items = (await clerk.get("work-items", state="open", purpose="resident-services"))["work_items"]
    assert [item["item"] for item in items] == [f"resident-code/{numbers[1]}"]
    (looked,) = (await clerk.get("access-records", addressee_number=numbers[1]))["accesses"]
    assert (looked["party"], looked["purpose"], looked["action"]) == ("desk", "resident-services", "work-items")


def run_out(addresses: StackAddresses, code: str, table: str, until: str) -> None:
    """A municipality's exceptions as they are when their minutes have passed."""
    url = addresses.postgres_url.rpartition("/")[0] + "/kumiai_resident_registry"
    with psycopg.connect(url, password=addresses.postgres_password) as connection:
        passed = f"update {table} set {until} = now() where municipality = %s"
        assert connection.execute(passed, (code,)).rowcount == 1  # type: ignore[arg-type]


def leaks(content: bytes) -> bool:
    """Whether the canary stands in some bytes, in any of the encodings in which it could."""
    utf8 = CANARY.encode()
    forms = [
        *[CANARY.encode(encoding) for encoding in ("utf-8", "cp932", "euc_jp", "utf-16-le")],
        CANARY.encode("ascii", "backslashreplace"),
        quote(CANARY).encode(),
        *[base64.b64encode(b"x" * n + utf8)[4:-4] for n in range(3)],
    ]
    return any(form in content or form.lower() in content.lower() for form in forms)


async def commitments(system: System, addresses: StackAddresses) -> dict[str, str]:
    """The address commitments in the resident stream, by 宛名番号."""
    bodies = [
        json.loads(value) for value, _ in records(system, addresses, events_topic(system.member.code, "resident"))
    ]
    return {row["addressee_number"]: row["address"] for body in bodies for row in body.get("residents", ())}


def records(system: System, addresses: StackAddresses, topic: str) -> list[tuple[bytes, bytes]]:
    """Value and headers of every record of a topic, decompressed, read as the municipality itself."""
    credentials = system.member.credentials
    consumer = Consumer(
        {
            "bootstrap.servers": addresses.kafka_bootstrap,
            "security.protocol": addresses.kafka_security_protocol,
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.username": credentials.username,
            "sasl.password": credentials.password,
            "group.id": f"lg.{system.member.code}.canary",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[tuple[bytes, bytes]] = []
    while (message := consumer.poll(10)) is not None and not message.error():
        headers = (name.encode() + (value or b"") for name, value in message.headers() or ())
        found.append((message.value() or b"", b"".join(headers)))
    consumer.close()
    return found
