"""Two municipalities become one: everybody is taken over once, however often the command is killed."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kumiai_contracts.resident import CancelMovementNotice, ChangeOfAddressNotice, MoveOutNotice
from kumiai_contracts.resident_affairs import (
    GaijiMapping,
    GaijiMappingNotice,
    ProtectionApplicationNotice,
    ProtectionDecisionNotice,
)
from kumiai_contracts.taxation import FurtherItems, IncomeReport, NonResidentTaxpayerNotice
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.bundle.conftest import register_exporter
from tests.leaving.conftest import NewLeaver
from tests.leaving.test_leaving import report
from tests.support.family import AWAY, NEXT_HOME, carry_over, handled, person, today
from tests.support.leaving import Leaver, refused
from tests.support.operator import LINKAGE, REGISTRY, TAXATION, Member, Operator
from tests.support.system import System, broker_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
DESK = {"place": "本庁", "operator": "desk/1"}


async def lives(system: System, operator: Operator, member: Member) -> tuple[str, ...]:
    """Three households: taxed, one moved out, two protected together, a movement taken back; one who is taxed without
    being registered. Who is live at the end."""
    family = await system.tell(carry_over())
    head, wife, elder, younger = family.numbers
    single = await system.tell(carry_over(person("豊後 梅", "世帯主", "1950-01-01")))
    mapping = GaijiMapping(code_point="U+E001", character="髙")
    await system.tell(GaijiMappingNotice(**DESK, system="old-juki", mappings=(mapping,)))
    friend = carry_over(person("\ue001田 竹", "世帯主", "1952-01-01")).model_copy(update={"gaiji_system": "old-juki"})
    together = (*single.numbers, *(await system.tell(friend)).numbers)
    await system.tell(report(head), cause=family.event)
    await system.tell(report(wife), cause=family.event)
    stocks = {"kind": "tax-return", "reporter": "R-1", "further": FurtherItems(not_computed=("stocks",))}
    await system.tell(IncomeReport(fiscal_year=2026, addressee_number=younger, **stocks))  # for a person to decide
    entered = await system.tell(
        NonResidentTaxpayerNotice(
            name="住登 外", name_kana="ジュウトウ ガイ", birth_date="1970-01-01", address=AWAY, from_year=2020
        )
    )
    await system.tell(
        IncomeReport(
            fiscal_year=2026, kind="employment", reporter="9", addressee_number=entered.numbers[0], salary=5_000_000
        )
    )
    moved = ChangeOfAddressNotice(**handled(), addressee_numbers=family.numbers, address=NEXT_HOME)
    await system.tell(moved)
    await system.tell(CancelMovementNotice(**handled(), addressee_number=younger, history_number=2))
    for number in (wife, elder):
        gone = MoveOutNotice(**handled(), addressee_numbers=(number,), destination="domestic", destination_address=AWAY)
        await system.tell(gone)
    await system.tell(ProtectionApplicationNotice(**DESK, addressee_numbers=together, applied_on=today()))
    await system.tell(ProtectionDecisionNotice(**DESK, addressee_numbers=together[:1], decided_on=today()))
    await operator.complete(member)
    return (head, younger, *together)


async def sealed(leaver: Leaver, layout: Layout, kumiai: Any, folder: Path) -> str:
    """It closes, its bundle is made and sealed."""
    code = leaver.member.code
    await register_exporter(leaver.operator, layout, code, "hanako")
    await leaver.operator.known(leaver.member)
    await leaver.request()
    await leaver.state("closed")
    ended, said = await asyncio.to_thread(kumiai, "bundle", "export", code, str(folder), "--as", "hanako")
    assert ended == 0, said
    await leaver.record_bundle(said["identity"])
    await leaver.state("sealed")
    return str(said["identity"])


async def test_two_predecessors_become_one_whenever_the_command_is_killed(
    new_leaver: NewLeaver,
    operator: Operator,
    addresses: StackAddresses,
    federation: ServiceProcesses,
    test_layout: Layout,
    leaving_codes: Iterator[str],
    tmp_path: Path,
) -> None:
    peers = ",".join(f"{name}={url}" for name, url in federation.peers.items())
    environment = {**os.environ, "KUMIAI_LOCAL_DIR": str(test_layout.root), "KUMIAI_PEERS": peers}

    def kumiai(*arguments: str) -> tuple[int, dict[str, Any]]:
        ended = command(environment, *arguments)
        said, errors = ended.communicate(timeout=120)
        return ended.returncode, json.loads(said) if said else {"error": errors}

    (one, its_system), (other, others_system) = await new_leaver(), await new_leaver()
    live = [
        await lives(its_system, operator, one.member),
        await lives(others_system, operator, other.member),
    ]
    folders = [tmp_path / each.member.code / "bundle" for each in (one, other)]
    successor = await operator.join(next(leaving_codes))
    keep_credentials(test_layout, successor)
    taking = ["merge", successor.code, "--on", today().isoformat()]
    for folder in folders:
        taking += ["--from", str(folder)]

    identity = await sealed(one, test_layout, kumiai, folders[0])
    early = {"effective_date": today().isoformat(), "bundle_hash": identity}
    address = f"/v1/members/{successor.code}/mergers"
    assert await refused(operator.ask("POST", "membership", f"{address}/{other.member.code}", json=early)) == (
        "predecessor-not-sealed"
    )
    await sealed(other, test_layout, kumiai, folders[1])
    wrong = early | {"bundle_hash": "ab" * 32}
    assert (
        await refused(operator.ask("POST", "membership", f"{address}/{one.member.code}", json=wrong))
        == "bundle-differs"
    )

    for seconds in (2.2, 2.6, 3.0):
        begun = command(environment, *taking)
        await asyncio.sleep(seconds)
        begun.kill()
        begun.wait()
    ended, said = await asyncio.to_thread(kumiai, *taking)
    assert ended == 0, said
    again, same = await asyncio.to_thread(kumiai, *taking)
    assert (again, same["predecessors"]) == (0, said["predecessors"])
    assert [(each["people"], each["live"], each["assessments"]) for each in same["predecessors"]] == [(5, 4, 3)] * 2
    assert [each["left_to_people"] for each in same["predecessors"]] == [
        {"removed": 1, "work_items": 2, "extensions": 0}
    ] * 2
    assert await refused(one.cancel()) == "merged"

    # By the rule: the next number each, in the order of the bundles, the old households, the live first.
    bodies = [int(number[:9]) for each in said["predecessors"] for number in ordered(folders, each)]
    assert bodies == list(range(1, 11))
    await operator.complete(successor)
    async with System(successor, broker_of(addresses, successor), operator.peers, tmp_path / "successor") as system:
        for numbers, each, folder, leaver in zip(live, said["predecessors"], folders, (one, other), strict=True):
            await compare(system, numbers, each["numbers"], folder, leaver.member.code)
            await compare_roll(system, numbers, each, leaver.member.code)
        newcomer = await system.tell(carry_over(person("新市 太郎", "世帯主", "1990-01-01")))
        assert int(newcomer.numbers[0][:9]) == 11
    recorded = (await operator.ask("GET", "membership", address))["mergers"]
    for leaver, row in zip((one, other), recorded, strict=True):
        assert (row["predecessor"], row["state"], row["people"]) == (leaver.member.code, "completed", 5)
        head = await operator.head(leaver.member.code, "resident", REGISTRY)
        assert [head["position"], head["hash"]] in [[each["position"], each["hash"]] for each in row["heads"]]


async def compare(system: System, live: tuple[str, ...], numbers: dict[str, str], folder: Path, old: str) -> None:
    """Everybody is in the successor's services, protected where protected before, and leads back to the old log."""
    for number in live[:2]:
        found = await system.read(REGISTRY, f"residents/{numbers[number]}")
        assert (found["status"], found["protected"]) == ("resident", False)
    for number in live[2:]:
        hidden = await system.read(REGISTRY, f"residents/{numbers[number]}")
        assert (hidden["protected"], "address" in hidden) == (True, False)
    assert hidden["identified_name"] == "髙田 竹"
    lines = await system.stream(REGISTRY, "resident")
    protected = {
        row["addressee_number"]: (row["state"], row["together_with"])
        for line in lines
        for row in json.loads(line["body"]).get("protections", ())
    }
    first, second = (numbers[number] for number in live[2:])
    assert (protected[first], protected[second]) == (("decided", [second]), ("provisional", [first]))
    history = (await system.read(REGISTRY, f"residents/{numbers[live[0]]}/history"))["history"]
    assert [row["reason"] for row in history] == ["carried-over"]  # the change of address was taken back
    taxpayer = await system.read(TAXATION, f"taxpayers/{numbers[live[0]]}")
    assert taxpayer["years"][-1]["assessment"]["rule_version"] == f"carried-over/{old}"
    last = {}
    for line in (folder / REGISTRY / "streams" / "resident.jsonl").read_text().splitlines():
        event = json.loads(line)
        for row in json.loads(event["body"]).get("residents", ()):
            last[row["addressee_number"]] = (event["incarnation"], event["position"], event["hash"])
    carried = [
        row
        for event in await system.stream(REGISTRY, "resident")
        if event["type"] == "resident.history-carried-over.v1"
        for row in json.loads(event["body"])["numbers"]
        if row["kind"] == "person" and row["system"] == old
    ]
    origins = {row["old_number"]: row["predecessor_event"] for row in carried}
    assert {old_number: (o["incarnation"], o["position"], o["hash"]) for old_number, o in origins.items()} == {
        number: last[number] for number in numbers
    }
    assert {o["municipality"] for o in origins.values()} == {old}
    integrated = [event for event in await system.stream(LINKAGE, "linkage") if numbers[live[0]] in event["body"]]
    assert integrated


async def compare_roll(system: System, live: tuple[str, ...], taken: dict[str, Any], old: str) -> None:
    """Reports stand beside the assessments that were made from them; what nobody could assess waits here, too."""
    numbers: dict[str, str] = taken["numbers"]
    ((before, non_resident),) = taken["non_residents"].items()
    assert before.startswith("9") and non_resident.startswith("9")
    entry = await system.read(TAXATION, f"taxpayers/{non_resident}")
    assert entry["years"][-1]["assessment"]["rule_version"] == f"carried-over/{old}"
    reported = [
        (line["type"], row["addressee_number"])
        for line in await system.stream(TAXATION, "taxation")
        if (row := json.loads(line["body"]).get("income_report"))
    ]
    head, younger = (numbers[number] for number in live[:2])
    assert {("taxation.income-reported.v1", number) for number in (head, younger, non_resident)} <= set(reported)
    waiting = [
        (item["code"], item["addressee_number"]) for item in (await system.read(TAXATION, "work-items"))["work_items"]
    ]
    assert ("not-implemented", younger) in waiting
    assert not [item for item in waiting if item[1] in (head, non_resident)]


def ordered(folders: list[Path], each: dict[str, Any]) -> list[str]:
    """The new numbers of a predecessor's people in the order of the rule, read from its bundle without our code."""
    (folder,) = [folder for folder in folders if folder.parent.name == each["predecessor"]]
    with (folder / REGISTRY / "tables" / "resident_history.csv").open(encoding="utf-8", newline="") as file:
        current = {row["addressee_number"]: row for row in csv.DictReader(file)}
    with (folder / REGISTRY / "tables" / "household.csv").open(encoding="utf-8", newline="") as file:
        heads = {row["head"] for row in csv.DictReader(file)}
    return [
        each["numbers"][old]
        for old in sorted(
            each["numbers"],
            key=lambda old: (
                current[old]["household_number"],
                current[old]["status"] != "resident",
                old not in heads,
                old,
            ),
        )
    ]


def command(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    """A command as a machine gives it."""
    program = [sys.executable, "-m", "kumiai_cli.main", *arguments, "--json"]
    return subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def keep_credentials(layout: Layout, member: Member) -> None:
    """Where `kumiai join` would have put them."""
    path = layout.root / "credentials" / f"{member.code}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"party": member.credentials.party, "private_key": member.credentials.private_key}))
