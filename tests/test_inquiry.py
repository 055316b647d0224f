"""Inquiry and provision on the real stack: registry and taxation → replicas → the network's simulator → records."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from kumiai_contracts.decision import Accepted, Context
from kumiai_contracts.exchange import CodeAcquisitionRow, InquiryRequested, ProcedureGrantRow
from kumiai_contracts.exchange_notices import (
    CodeRequestNotice,
    InquiryNotice,
    ProcedureGrantNotice,
    ProvisionRequestNotice,
)
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.model import Notice
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.inquiring import inquire
from kumiai_national_id_linkage.legal_tables import legal_tables

from tests.conftest import NewSystem
from tests.support.clerk import clerk
from tests.support.family import FAMILY, carry_over, today
from tests.support.faults import restart
from tests.support.network import Body, NetworkOperator, at
from tests.support.operator import LINKAGE, Operator
from tests.support.past import recorded
from tests.support.system import System

pytestmark = pytest.mark.stack
DESK = {"place": "本庁", "operator": "desk/1"}
AFFAIR = {"affair": "JM00000000000001", "procedure": "JT00000000000001", "fact_kind": "TM00000000000002"}
GRANTED = {name: AFFAIR[name] for name in ("procedure", "fact_kind")}
COLUMNS = (
    "レコード識別番号,宛名番号,情報提供者機関コード,事務コード,事務手続コード,特定個人情報名コード,項目,"
    "照会条件区分,照会年度区分,from,to"
)
NIIGATA = "151009"
_NUMBERS = count(1)


@pytest_asyncio.fixture(loop_scope="session")
async def network(federation: ServiceProcesses, test_layout: Layout) -> NetworkOperator:
    return NetworkOperator.of(federation.network_url, test_layout)


@pytest_asyncio.fixture(loop_scope="session")
async def niigata(network: NetworkOperator) -> Body:
    """A body outside the federation."""
    return await network.body(institution_of(NIIGATA))


async def eventually(check: Callable[[], Awaitable[Any]], what: str, within_s: float = 15.0) -> Any:
    """What a check gives once it gives something. Raises AssertionError."""
    for _ in range(int(within_s / 0.1)):
        if found := await check():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(what)


async def told(system: System, notice: Notice) -> dict[str, Any]:
    """The receipt of a notice to the linkage service, by HTTP."""
    (receipt,) = await system.submit(LINKAGE, (system.envelope(notice), notice))
    return receipt


async def accepted(system: System, notice: Notice) -> None:
    receipt = await told(system, notice)
    assert receipt["outcome"] == "accepted", receipt["reasons"]


async def records(system: System, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await system.read(LINKAGE, "exchange-records", **query))["records"]
    return found


async def taxed(system: System, operator: Operator, salary: int = 5_000_000) -> list[str]:
    """A family whose head is assessed for 2026; the 宛名番号, once the replica has them."""
    family = await system.tell(carry_over(*FAMILY[:2]))
    report = EmploymentIncomeReport(
        fiscal_year=2026, addressee_number=family.numbers[0], employer="1234567", salary=salary
    )
    await system.tell(report)
    await operator.complete(system.member)
    return list(family.numbers)


async def known_to_the_network(system: System, network: NetworkOperator, people: dict[str, str]) -> None:
    """The municipality asks for codes; 住基ネット says who is who; the codes are issued."""
    await accepted(system, CodeRequestNotice(addressee_numbers=tuple(people)))

    async def acquisitions(state: str) -> dict[str, str]:
        found = (await system.read(LINKAGE, "code-acquisitions"))["acquisitions"]
        rows = [row for row in found if row["state"] == state and row["addressee_number"] in people]
        return {row["acquisition_number"]: row["addressee_number"] for row in rows}

    numbers = await acquisitions("requested")
    await network.people({number: people[person] for number, person in numbers.items()})

    async def issued() -> bool:
        return set((await acquisitions("acquired")).values()) == set(people)

    await eventually(issued, "codes were not issued")


async def known_to_both(
    new_system: NewSystem, operator: Operator, network: NetworkOperator
) -> tuple[System, System, str, str]:
    """Who asks and who answers, and their 宛名番号 of one person whom both tax."""
    here, there = await new_system(), await new_system()
    (head, _), (same, _) = await taxed(there, operator), await taxed(here, operator, 1_000_000)
    name = f"somebody-{next(_NUMBERS)}"
    await known_to_the_network(here, network, {same: name})
    await known_to_the_network(there, network, {head: name})
    return here, there, same, head


async def test_one_member_asks_another_and_both_sides_keep_the_same_record(
    new_system: NewSystem, operator: Operator, network: NetworkOperator
) -> None:
    here, there, same, head = await known_to_both(new_system, operator, network)
    inquirer, provider = institution_of(here.member.code), institution_of(there.member.code)
    inquiry = InquiryNotice(
        **AFFAIR, scope="2026", request_number="2026-000001", inquirer=inquirer, provider=provider,
        items=("annual-tax", "total-income"), addressee_number=same,
    )  # fmt: skip
    refused = await told(here, inquiry)
    assert refused["reasons"][0]["code"] == "procedure-not-granted"
    await accepted(
        here, ProcedureGrantNotice(procedure=AFFAIR["procedure"], fact_kind=AFFAIR["fact_kind"], items=inquiry.items)
    )
    await accepted(here, inquiry)
    await accepted(here, inquiry)

    async def answered() -> Any:
        record = await here.read(LINKAGE, "inquiries/2026-000001")
        return record if record["outcome"] == "answered" else None

    record = await eventually(answered, "no answer")
    (ours,) = await records(here, addressee_number=same)
    (theirs,) = await records(there, addressee_number=head)
    assert ours["exchange_digest"] == theirs["exchange_digest"] == record["exchange_digest"]
    assert (theirs["side"], theirs["items"], theirs["version"]) == ("provider", ["total-income"], 1)
    assert theirs["requested_items"] == ["total-income"], "what the table does not allow was never asked"
    fetched = await here.order(LINKAGE, "inquiries/2026-000001/fetch")
    again = await here.order(LINKAGE, "inquiries/2026-000001/fetch")
    assert fetched == again and fetched["facts"] == {"total-income": "3560000"}
    (seen,) = (await there.read(LINKAGE, f"addressees/{head}/disclosures"))["disclosures"]
    accesses = (await there.read(LINKAGE, "access-records", addressee_number=head))["accesses"]
    assert [each["action"] for each in accesses][-2:] == ["exchange-records", "disclosures"]
    accesses = (await here.read(LINKAGE, "access-records", addressee_number=same))["accesses"]
    assert {"inquiry", "answer", "exchange-records"} <= {each["action"] for each in accesses}
    assert (seen["inquirer"], seen["items"]) == (inquirer, ["total-income"])
    other = inquiry.model_copy(update={"items": ("assessment",)})
    assert (await told(here, other))["reasons"][0]["code"] == "request-number-reused"
    stranger = inquiry.model_copy(update={"inquirer": provider, "request_number": "2026-000002"})
    assert (await told(here, stranger))["reasons"][0]["code"] == "inquirer-not-yours"


async def somebody(
    new_system: NewSystem, operator: Operator, network: NetworkOperator, niigata: Body
) -> tuple[System, str, str]:
    """A member with a tax payer whom the body outside knows, too: system, 宛名番号, the outside body's code."""
    system = await new_system()
    (head, _), name = await taxed(system, operator), f"somebody-{next(_NUMBERS)}"
    await known_to_the_network(system, network, {head: name})
    code = uuid4().hex
    await niigata.knows(name, code)
    return system, head, code


async def test_another_body_is_answered_from_the_replica_and_after_a_correction_from_the_next_version(
    new_system: NewSystem, operator: Operator, network: NetworkOperator, niigata: Body
) -> None:
    system, head, code = await somebody(new_system, operator, network, niigata)
    provider = institution_of(system.member.code)
    await niigata.ask("k-1", provider, code, "annual-tax", "assessment", "total-income")
    first = await niigata.answer_to("k-1")
    assert {fact["item"]: fact["value"] for fact in first["facts"]} == {
        "assessment": "assessed",
        "total-income": "3560000",
    }
    await system.tell(
        EmploymentIncomeReport(fiscal_year=2026, addressee_number=head, employer="7654321", salary=1_000_000)
    )
    await operator.complete(system.member)
    await niigata.ask("k-2", provider, code)
    second = await niigata.answer_to("k-2")
    assert int(second["facts"][0]["value"]) > 3_560_000
    versions = {row["request_number"]: row["version"] for row in await records(system, addressee_number=head)}
    assert versions == {"k-1": 1, "k-2": 2}
    for number, changed, reason in (
        ("k-3", {"procedure": "JT00000000000077"}, "procedure-not-in-table"),
        ("k-4", {"scope": "2020"}, "fact-not-found"),
        ("k-5", {"sent_at": at(minutes=-5)}, "sender-clock-off"),
        ("k-6", {"expires_at": at(seconds=-1)}, "request-expired"),
    ):
        await niigata.ask(number, provider, code, **changed)
        refusal = await niigata.answer_to(number)
        assert (refusal["reason"], refusal.get("facts", [])) == (reason, []), number
    await niigata.ask("k-1", provider, code, "assessment", id="inquiry/another-message")
    await niigata.ask("k-7", provider, code)
    await niigata.answer_to("k-7")
    outcomes = {row["request_number"]: row["outcome"] for row in await records(system, side="provider")}
    assert outcomes == {
        "k-1": "answered", "k-2": "answered", "k-4": "refused", "k-5": "refused", "k-6": "refused", "k-7": "answered",
    }, "a refusal by the network itself is no record of the provider's, a reused number gets none"  # fmt: skip


async def test_a_protected_resident_goes_to_a_persons_work_list_and_nothing_is_answered_until_then(
    new_system: NewSystem, operator: Operator, network: NetworkOperator, niigata: Body
) -> None:
    system, head, code = await somebody(new_system, operator, network, niigata)
    provider = institution_of(system.member.code)
    await system.tell(ProtectionApplicationNotice(addressee_numbers=(head,), applied_on=today(), **DESK))
    await operator.complete(system.member)
    for number in ("p-1", "p-2"):
        await niigata.ask(number, provider, code)
    for misspelt in ({"outcome": "hold"}, {"side": "both"}, {"addressee_number": head[:-1] + "x"}):
        with pytest.raises(httpx.HTTPStatusError, match="400"):
            await records(system, **misspelt)

    async def both_held() -> bool:
        return len(await records(system, outcome="held")) == 2

    await eventually(both_held, "not held")
    await niigata.fetch()
    assert not niigata.answers.keys() & {"p-1", "p-2"}
    guardian = await clerk(operator, system.member.code, "guardian", "protection", service=LINKAGE)
    path = f"held-requests/{niigata.institution}"
    assert (await guardian.post(f"{path}/p-1/provide", params={"purpose": "national-id-linkage"})).status_code == 403
    provided = await guardian.post(f"{path}/p-1/provide", params={"purpose": "protection"})
    assert provided.json()["decided_by"] == "guardian"
    assert (await guardian.post(f"{path}/p-2/withhold", params={"purpose": "protection"})).is_success
    assert (await guardian.post(f"{path}/p-2/provide", params={"purpose": "protection"})).status_code == 409
    assert (await niigata.answer_to("p-1"))["outcome"] == "answered"
    withheld = await niigata.answer_to("p-2")
    assert (withheld["outcome"], withheld["reason"], withheld["facts"]) == ("withheld", "withheld", [])
    seen = (await system.read(LINKAGE, f"addressees/{head}/disclosures"))["disclosures"]
    assert [row["outcome"] for row in seen] == ["answered"], "what was withheld is not shown"


async def test_whoever_may_write_a_members_notices_can_not_ask_or_answer_in_anothers_name(
    new_system: NewSystem,
) -> None:
    system = await new_system(LINKAGE)
    forged = ProvisionRequestNotice(
        **AFFAIR, scope="2026", request_number="f-1", items=("total-income",), code="00" * 16,
        sender=institution_of(NIIGATA), receiver=institution_of(system.member.code),
        sent_at=at(), accepted_at=at(), expires_at=at(days=1), proof="5e" * 64,
    )  # fmt: skip
    receipt = await told(system, forged)
    assert (receipt["outcome"], receipt["reasons"][0]["code"]) == ("refused", "proof-invalid")
    assert await records(system) == []


async def test_in_bad_weather_and_through_a_kill_every_request_is_recorded_and_answered_once(
    new_system: NewSystem,
    operator: Operator,
    network: NetworkOperator,
    niigata: Body,
    federation: ServiceProcesses,
    addresses: StackAddresses,
) -> None:
    """Lost, late, repeated, reordered, away; the service and the network killed with SIGKILL in between."""
    system, head, code = await somebody(new_system, operator, network, niigata)
    provider = institution_of(system.member.code)
    await recorded(addresses, system.member.code, [asked_days_ago(system, head, niigata)], at(days=-2))
    numbers = [f"w-{n}" for n in range(40)]
    await network.weather(lose=0.2, repeat=0.3, reorder=True, delay_seconds=0.3)
    try:
        for number in numbers:
            await niigata.ask(number, provider, code)
        federation[LINKAGE].kill()
        await network.weather(away=True)
        await restart(federation, LINKAGE, forgotten_by=addresses)
        assert federation.network is not None
        federation.network.kill()
        federation.network.start()
        await asyncio.to_thread(federation.network.wait_ready)
        await network.weather(repeat=0.3, reorder=True, delay_seconds=0.3)
        for _ in range(40):
            await niigata.fetch(0.5)
            missing = [number for number in numbers if number not in niigata.answers]
            if not missing:
                break
            for number in missing:
                await niigata.ask(number, provider, code)
        assert not missing
    finally:
        await network.weather(lose=0.0, repeat=0.0, reorder=False, delay_seconds=0.0, away=False)
    kept = {row["request_number"]: row for row in await records(system, side="provider")}
    assert kept.keys() == set(numbers)
    assert {row["outcome"] for row in kept.values()} == {"answered"}
    contents = {number: set[str]() for number in numbers}
    for delivery in niigata.deliveries:
        if delivery.get("request_number") in contents:
            contents[delivery["request_number"]].add(str(delivery["facts"]))
    assert {len(found) for found in contents.values()} == {1}, "however often it came, it was one answer"
    events = await system.stream(LINKAGE, "linkage")
    decided = [event["subject"] for event in events if event["type"] == "linkage.facts-provided.v1"]
    assert sorted(decided) == sorted(f"{niigata.institution}/{number}" for number in numbers)

    async def asked_again() -> bool:
        await niigata.fetch()
        return any(each.get("request_number") == "days-ago" for each in niigata.deliveries)

    await eventually(asked_again, "what was lost days ago was not sent again when the service came back")


def asked_days_ago(system: System, person: str, provider: Body) -> InquiryRequested:
    """An inquiry that the network had two days ago, and lost."""
    code = system.member.code
    decided = inquire(
        ExchangeState(
            (
                CodeAcquisitionRow(
                    addressee_number=person, acquisition_number="5e" * 16, state="acquired", requested_at=at(days=-3),
                    acquired_at=at(days=-3),
                ),
                ProcedureGrantRow(**GRANTED, items=("total-income",), changed_at=at(days=-3)),
            )
        ),
        InquiryNotice(
            **AFFAIR, scope="2026", request_number="days-ago", inquirer=institution_of(code),
            provider=provider.institution, items=("total-income",), addressee_number=person,
        ),
        Context(code, today() - timedelta(days=2), at(days=-2), "national-id-linkage-receipts:1:1", bytes),
        legal_tables(),
    )  # fmt: skip
    assert isinstance(decided, Accepted)
    (event,) = decided.events
    assert isinstance(event, InquiryRequested)
    return event


async def test_a_batch_file_asks_for_its_good_records_and_says_what_is_wrong_with_the_others(
    new_system: NewSystem, operator: Operator, network: NetworkOperator
) -> None:
    here, there, same, _ = await known_to_both(new_system, operator, network)
    items = ("assessment", "total-income")
    provider = institution_of(there.member.code)
    codes = f"{AFFAIR['affair']},{AFFAIR['procedure']},{AFFAIR['fact_kind']}"
    lines = [
        COLUMNS,
        f"b-1,{same},{provider},{codes},,2,1,2026,2026",
        f'b-2,"{same},{provider}',
        f"b-3,0000000018,{provider},{codes},,2,1,2026,2026",
        f"b-4,{same},{provider},{codes},,2,1,2025,2026",
        f"b-5,{same},{provider},JM00000000000001,JT00000000000077,{AFFAIR['fact_kind']},,1,,,",
        f"b-1,{same},{provider},{codes},,1,,,",
    ]
    content = "\n".join(lines).encode()
    expected = [
        ("b-1", "受付", ""), ("", "拒否", "record-not-csv"), ("b-3", "拒否", "field-invalid"), ("b-4", "受付", ""),
        ("b-4", "受付", ""), ("b-5", "拒否", "procedure-not-in-table"), ("b-1", "拒否", "record-number-twice"),
    ]  # fmt: skip
    taken = await here.upload(LINKAGE, "inquiry-files", content)
    assert taken[0]["理由コード"] == "procedure-not-granted"
    await accepted(here, ProcedureGrantNotice(**GRANTED, items=items))
    for _ in range(3):
        taken = await here.upload(LINKAGE, "inquiry-files", content)
        assert [(row["レコード識別番号"], row["結果"], row["理由コード"]) for row in taken] == expected
        assert [row["該当項目"] for row in taken if row["理由コード"] == "field-invalid"] == ["宛名番号"]
    assert len(await records(here, side="inquirer")) == 3, "a file that is sent again asks nothing again"

    async def answered() -> Any:
        found = await here.upload(LINKAGE, "inquiry-files/answers", content)
        return found if all(row["結果"] != "照会中" for row in found) else None

    rows = await eventually(answered, "no answers")
    values = {(row["照会番号"], row["項目"]): (row["結果"], row["理由コード"], row["値"]) for row in rows}
    assert values["b-1", "total-income"] == ("提供", "", "3560000")
    assert values["b-4-2026", "assessment"] == ("提供", "", "assessed")
    assert values["b-4-2025", ""] == ("拒否", "fact-not-found", "")
    assert values["b-5", ""] == ("照会なし", "inquiry-unknown", "")
    assert all(row["fetched_at"] for row in await records(here, side="inquirer"))


async def test_a_disaster_exception_takes_two_persons_holds_for_a_while_and_is_listed(
    new_system: NewSystem, operator: Operator, network: NetworkOperator, niigata: Body
) -> None:
    system, head, code = await somebody(new_system, operator, network, niigata)
    first = await clerk(operator, system.member.code, "first", "national-id-linkage", service=LINKAGE)
    second = await clerk(operator, system.member.code, "second", "national-id-linkage", service=LINKAGE)
    purpose = {"purpose": "national-id-linkage"}
    wanted = {
        "inquirer": niigata.institution, "fact_kind": "TM00000000000001", "items": ["status"],
        "reason": "地震による安否確認",
    }  # fmt: skip
    asking = {"procedure": "JT00000000000077", "fact_kind": "TM00000000000001", "scope": ""}
    await network.speaker.post(
        "/operator/exceptions", {"inquirer": niigata.institution, "fact_kind": "TM00000000000001", "open": True}
    )
    provider = institution_of(system.member.code)
    await niigata.ask("x-1", provider, code, "status", **asking)
    assert (await niigata.answer_to("x-1"))["reason"] == "procedure-not-in-table"
    assert (await first.post("disaster-exceptions", params=purpose, json=wanted | {"reason": ""})).status_code == 400
    asked = (await first.post("disaster-exceptions", params=purpose, json=wanted)).json()
    approval = f"disaster-exceptions/{asked['exception']}/approval"
    assert (await first.post(approval, params=purpose, json={"minutes": 30})).status_code == 409
    assert (await second.post(approval, params=purpose, json={"minutes": 100_000})).status_code == 400
    await niigata.ask("x-2", provider, code, "status", **asking)
    assert (await niigata.answer_to("x-2"))["outcome"] == "refused", "nobody has approved it yet"
    assert (await second.post(approval, params=purpose, json={"minutes": 30})).is_success
    again = await second.post(approval, params=purpose, json={"minutes": 30})
    assert (again.status_code, again.json()["code"]) == (409, "already-approved")
    await niigata.ask("x-3", provider, code, "status", "relationship", **asking)
    answer = await niigata.answer_to("x-3")
    assert [(fact["item"], fact["value"]) for fact in answer["facts"]] == [("status", "resident")]
    (listed,) = (await system.read(LINKAGE, "disaster-exceptions"))["disaster_exceptions"]
    assert (listed["asked_by"], listed["approved_by"], listed["reason"]) == ("first", "second", wanted["reason"])
    bases = {row["request_number"]: row["basis"] for row in await records(system, addressee_number=head)}
    assert bases["x-3"] == f"disaster/{asked['exception']}"


async def test_a_recall_between_members_is_acknowledged_and_both_sides_records_agree(
    new_system: NewSystem, operator: Operator, network: NetworkOperator
) -> None:
    here, there, same, head = await known_to_both(new_system, operator, network)
    await accepted(here, ProcedureGrantNotice(**GRANTED, items=("total-income",)))
    ours, theirs = institution_of(here.member.code), institution_of(there.member.code)
    await accepted(
        here,
        InquiryNotice(
            **AFFAIR, scope="2026", request_number="t-1", inquirer=ours, provider=theirs,
            items=("total-income",), addressee_number=same,
        ),
    )  # fmt: skip

    async def answered() -> bool:
        return bool((await here.read(LINKAGE, "inquiries/t-1"))["outcome"] == "answered")

    await eventually(answered, "no answer")
    wrong = f"addressee_number,scope,until_version\n{head},2026,1\n".encode()
    what = {"kind": AFFAIR["fact_kind"], "items": "total-income", "reason": "所得の集計誤り"}
    opened = await there.posted(LINKAGE, "recalls", wrong, **what)
    again = await there.posted(LINKAGE, "recalls", wrong, **what)
    assert again["recall"] == opened["recall"], "whoever asks twice opens one recall"
    assert len((await there.read(LINKAGE, "recalls"))["recalls"]) == 1
    assert (opened["bodies"], opened["requests"], opened["open"]) == (1, 1, 1)

    async def acknowledged() -> bool:
        return bool((await there.read(LINKAGE, f"recalls/{opened['recall']['recall']}"))["open"] == 0)

    await eventually(acknowledged, "the recall was not acknowledged")
    (received,) = (await here.read(LINKAGE, "recalls/received"))["received"]
    assert (received["provider"], received["request_numbers"]) == (theirs, ["t-1"])
    summaries = await here.order(LINKAGE, "record-summaries")
    assert [row["provider"] for row in summaries["summaries"]] == [theirs]

    async def compared() -> Any:
        events = await there.stream(LINKAGE, "linkage")
        return [event for event in events if event["type"] == "linkage.records-compared.v1"]

    (event,) = await eventually(compared, "nothing was compared")
    assert (json.loads(event["body"])["compared"], json.loads(event["body"])["differences"]) == (1, [])

    async def receipt() -> Any:
        events = await here.stream(LINKAGE, "linkage")
        return [event for event in events if event["type"] == "linkage.record-summary-acknowledged.v1"]

    await eventually(receipt, "the comparison was not acknowledged")
    named = await there.posted(LINKAGE, "recalls", wrong, **what, request="2026-06-15/1")
    assert named["recall"]["recall"] != opened["recall"]["recall"]
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await there.posted(LINKAGE, "recalls", wrong, **what | {"reason": "別の理由による"}, request="2026-06-15/1")


async def test_an_answer_that_comes_late_is_told_to_its_provider_again_and_again_until_it_acknowledges(
    new_system: NewSystem, operator: Operator, network: NetworkOperator, niigata: Body
) -> None:
    here = await new_system()
    (head, _), name = await taxed(here, operator), f"somebody-{next(_NUMBERS)}"
    await known_to_the_network(here, network, {head: name})
    await niigata.knows(name, uuid4().hex)
    await accepted(here, ProcedureGrantNotice(**GRANTED, items=("total-income",)))
    ours = institution_of(here.member.code)
    decided = {"l-1": at(seconds=-1), "l-2": at(seconds=-2)}

    async def answer(number: str) -> None:
        asked = InquiryNotice(
            **AFFAIR, scope="2026", request_number=number, inquirer=ours, provider=niigata.institution,
            items=("total-income",), addressee_number=head,
        )  # fmt: skip
        await accepted(here, asked)
        content = {"request_number": number, "outcome": "refused", "decided_at": decided[number],
                   "reason": "fact-not-found", "facts": []}  # fmt: skip
        await niigata.send(f"answer/{ours}/{number}", "answer", ours, content)

        async def answered() -> bool:
            return bool((await here.read(LINKAGE, f"inquiries/{number}"))["outcome"] == "refused")

        await eventually(answered, "the answer did not come")

    async def told(*numbers: str, times: int = 1) -> dict[str, Any]:
        async def found() -> Any:
            await niigata.fetch()
            periods = [each for each in niigata.deliveries if each["type"] == "linkage-notice.record-digests.v1"]
            hits = [each for each in periods if [row["request_number"] for row in each["records"]] == list(numbers)]
            return hits if len(hits) >= times else None

        period: dict[str, Any] = (await eventually(found, f"{numbers} were not told {times} times"))[0]
        return period

    await answer("l-1")
    await here.order(LINKAGE, "record-summaries")
    await told("l-1")
    await answer("l-2")
    period = await told("l-2", times=2)
    content = {"since": period["since"], "until": period["until"]}
    await niigata.send("record-digests-receipt/l-2", "record-digests-receipt", ours, content)

    async def acknowledged() -> Any:
        events = await here.stream(LINKAGE, "linkage")
        return [event for event in events if event["type"] == "linkage.record-summary-acknowledged.v1"]

    (event,) = await eventually(acknowledged, "the receipt was not taken")
    assert json.loads(event["body"])["summary"]["since"] == decided["l-2"]
