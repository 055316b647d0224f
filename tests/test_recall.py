"""Recall and comparing of records on the real stack, at the size of the known incident, with the command line."""

import asyncio
import json
import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from kumiai_common.clock import day_in_japan, now
from kumiai_contracts.chain import origin
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.exchange import TAX_FACTS, ExchangeRecordRow, FactsProvided, ProvisionRefused
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.linkage import STREAM
from kumiai_contracts.municipalities import municipalities
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.support.network import NetworkOperator, at
from tests.support.past import database, recorded

pytestmark = pytest.mark.stack
PEOPLE, ANSWERS, BODIES, DECOYS = 18_404, 48_131, 324, 12_000
"""The size of the known incident, and records beside it that the list must not hold."""
LIST_S = 10.0
"""Of processor: other tests use the same cores, and what they take is not the list's."""
TIME = "2026-06-15T01:12:09.551020Z"


def kumiai(layout: Layout, federation: ServiceProcesses, *arguments: str) -> tuple[int, Any]:
    """Runs the command line; its exit code and its JSON."""
    peers = ",".join(f"{name}={url}" for name, url in federation.peers.items())
    ended = subprocess.run(
        [sys.executable, "-m", "kumiai_cli.main", *arguments, "--json"],
        env={**os.environ, "KUMIAI_LOCAL_DIR": str(layout.root), "KUMIAI_PEERS": peers},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else ended.stderr


def processor_seconds(federation: ServiceProcesses) -> float:
    """What the services and the commands that have ended used of the processor; the database waits for them."""
    commands = resource.getrusage(resource.RUSAGE_CHILDREN)
    services = [psutil.Process(worker.pid).cpu_times() for worker in federation]
    return commands.ru_utime + commands.ru_stime + sum(used.user + used.system for used in services)


async def joined(layout: Layout, federation: ServiceProcesses, code: str) -> None:
    """A member that the command line has the credentials of."""
    arguments = ("join", code, "--services", "resident-registry,taxation,national-id-linkage")
    ended, found = await asyncio.to_thread(kumiai, layout, federation, *arguments)
    assert ended == 0, found


def provided(number: str, **changed: Any) -> ExchangeRecordRow:
    base: dict[str, Any] = {
        "side": "provider",
        "provider": "",
        "request_number": number,
        "affair": "JM00000000000001",
        "procedure": "JT00000000000001",
        "fact_kind": TAX_FACTS,
        "scope": "2021",
        "requested_items": ("total-income",),
        "items": ("assessment", "total-income"),
        "version": 1,
        "outcome": "answered",
        "reason": "",
        "basis": "table/2024-05-27",
        "requested_at": TIME,
        "decided_at": TIME,
        "decided_by": "",
        "hidden": False,
        "keep_until": date(2033, 6, 15),
        "request_digest": "ab" * 32,
        "exchange_digest": "cd" * 32,
        "answer": None,
        "fetched_at": None,
    }
    return ExchangeRecordRow.trusted(**base | changed)


def incident(code: str, bodies: list[str]) -> tuple[list[ExchangeRecordRow], dict[str, tuple[str, int]]]:
    """Records as the incident left them among others; the wrong facts by person: fiscal year and last wrong version."""
    chance = random.Random(20221)
    people = [with_check_digit(f"{n:09}", addressee_check_digit) for n in range(1, PEOPLE + 1)]
    wrong = {person: (str(chance.randint(2017, 2022)), chance.randint(1, 3)) for person in people}
    asked = people + chance.choices(people, k=ANSWERS - PEOPLE)
    common: dict[str, Any] = {"provider": institution_of(code)}
    rows = []
    for n, person in enumerate(asked):
        scope, last = wrong[person]
        version = chance.randint(1, last)
        told = {"inquirer": bodies[n % BODIES], "addressee_number": person, "scope": scope, "version": version}
        rows.append(provided(f"w-{n}", **common, **told))
    others = (
        lambda scope, last: {"scope": scope, "version": last + 1},
        lambda scope, last: {"scope": str(int(scope) + 7), "version": 1},
        lambda scope, last: {"scope": scope, "version": 1, "items": ("assessment",)},
        lambda scope, last: {"scope": scope, "version": 1, "fact_kind": "TM00000000000001"},
        lambda scope, last: {"scope": scope, "version": 0, "outcome": "refused", "items": ()},
        lambda scope, last: {"scope": scope, "version": 1, "side": "inquirer"},
    )
    for n in range(DECOYS):
        person = chance.choice(people)
        told = {"inquirer": chance.choice(bodies), "addressee_number": person}
        rows.append(provided(f"d-{n}", **common, **told, **others[n % len(others)](*wrong[person])))
    chance.shuffle(rows)
    return rows, wrong


async def record(addresses: StackAddresses, code: str, rows: list[ExchangeRecordRow]) -> None:
    """Put the records into the log."""
    events = [(FactsProvided if row.outcome == "answered" else ProvisionRefused)(record=row) for row in rows]
    await recorded(addresses, code, events, TIME)


async def test_a_recall_of_the_known_size_finds_everybody_who_was_told_and_nobody_else(
    federation: ServiceProcesses, test_layout: Layout, addresses: StackAddresses, codes: Iterator[str], tmp_path: Path
) -> None:
    code = next(codes)
    await joined(test_layout, federation, code)
    network = NetworkOperator.of(federation.network_url, test_layout)
    everywhere = [
        each for each, found in municipalities().items() if not found.is_ward and each[:2] not in ("47", "20")
    ]
    bodies = [institution_of(each) for each in everywhere[:BODIES]]
    acquainted = await network.body(bodies[0])
    rows, wrong = incident(code, bodies)
    await record(addresses, code, rows)
    path = tmp_path / "wrong.csv"
    lines = [f"{person},{scope},{version}" for person, (scope, version) in wrong.items()]
    path.write_text("\n".join(["addressee_number,scope,until_version", *lines]))

    arguments = ("linkage", "recall", "list", code, str(path), "--items", "total-income,taxable-income")
    before = processor_seconds(federation)
    ended, listed = await asyncio.to_thread(kumiai, test_layout, federation, *arguments)
    seconds = processor_seconds(federation) - before
    assert ended == 0, listed
    told = {(row["inquirer"], row["request_number"], row["version"], row["decided_at"]) for row in listed["told"]}
    expected = {
        (row.inquirer, row.request_number, row.version, row.decided_at)
        for row in rows
        if row.request_number.startswith("w-")
    }
    assert told == expected and len(listed["told"]) == ANSWERS
    assert (listed["bodies"], listed["people"]) == (BODIES, PEOPLE)
    assert seconds <= LIST_S, f"the list took {seconds:.1f} s"
    print(f"the list of {ANSWERS} answers took {seconds:.1f} s of processor")

    arguments = ("linkage", "recall", "open", code, str(path), "--items", "total-income", "--reason", "所得の集計誤り")
    ended, opened = await asyncio.to_thread(kumiai, test_layout, federation, *arguments)
    assert ended == 0, opened
    assert (opened["bodies"], opened["requests"], opened["open"]) == (BODIES, ANSWERS, BODIES)
    recall = opened["recall"]["recall"]
    for _ in range(40):
        await acquainted.fetch(0.5)
        if arrived := [each for each in acquainted.deliveries if each["type"] == "linkage-notice.recall.v1"]:
            break
    numbers = {row.request_number for row in rows if row.inquirer == bodies[0] and row.request_number.startswith("w-")}
    assert {number for each in arrived for number in each["request_numbers"]} == numbers
    assert {each["reason"] for each in arrived} == {"所得の集計誤り"}
    for each in arrived:
        content = {"recall": recall, "part": each["part"]}
        id_ = f"recall-receipt/{recall}/{each['part']}"
        await acquainted.send(id_, "recall-receipt", institution_of(code), content)
    for _ in range(100):
        _, status = await asyncio.to_thread(
            kumiai, test_layout, federation, "linkage", "recall", "status", code, recall
        )
        if status["open"] == BODIES - 1:
            break
    (acknowledged,) = [row for row in status["notifications"] if row["acknowledged_at"]]
    assert (acknowledged["inquirer"], status["open"]) == (bodies[0], BODIES - 1)
    _, again = await asyncio.to_thread(kumiai, test_layout, federation, "linkage", "recall", "notify", code, recall)
    assert again == status, "nobody is notified twice"


async def test_a_record_ends_with_its_last_day_and_the_log_keeps_its_chain(
    federation: ServiceProcesses, test_layout: Layout, addresses: StackAddresses, codes: Iterator[str]
) -> None:
    code = next(codes)
    await joined(test_layout, federation, code)
    common = {"inquirer": institution_of("012025"), "provider": institution_of(code), "addressee_number": "0000000019"}
    over, last_day = date(2026, 1, 1), day_in_japan(now())
    await record(
        addresses,
        code,
        [provided("e-1", **common, keep_until=over), provided("e-2", **common, keep_until=last_day)],
    )
    async with database(addresses) as connection:
        await connection.execute(
            "insert into access_record (municipality, at, party, purpose, action, addressee_numbers)"
            " select $1, now() - make_interval(years => years), 'desk', 'taxation', years || '-years-ago', '{}'"
            " from unnest(array[8, 6]) years",
            code,
        )
        for _ in range(40):
            _, found = await asyncio.to_thread(kumiai, test_layout, federation, "linkage", "records", code)
            left = {row["request_number"] for row in found["records"]}
            accesses = await accessed(connection, code)
            if left == {"e-2"} and "8-years-ago" not in accesses:
                break
            await asyncio.sleep(0.2)
        assert left == {"e-2"}, "the first is over, the second counts to the end of its day"
        assert "8-years-ago" not in accesses and "6-years-ago" in accesses, "who read what ends after seven years"
        async with connection.transaction():
            await connection.execute("select set_config('app.municipalities', $1, true)", "{" + code + "}")
            await connection.execute("set local role kumiai_national_id_linkage_app")
            ended = await connection.fetchval("select kumiai_end_accesses(now(), 1000)")
        assert ended == 0, "whatever the service asks, nothing younger ends"
        row = await connection.fetchrow(
            "select * from exchange_record where municipality = $1 and request_number = 'e-1'", code
        )
        events = [
            StoredEvent(*each)
            for each in await connection.fetch(
                "select municipality, stream, incarnation, position, hash, type, subject, time, dataschema, cause,"
                " traceparent, body from stream_event where municipality = $1 and stream = 'linkage' order by position",
                code,
            )
        ]
    _, seen = await asyncio.to_thread(
        kumiai, test_layout, federation, "linkage", "accesses", code, "--person", common["addressee_number"]
    )
    assert {(row["action"], row["purpose"]) for row in seen["accesses"]} == {
        ("exchange-records", "national-id-linkage")
    }
    left_of_it = (row["outcome"], row["addressee_number"], row["items"], row["exchange_digest"])
    assert left_of_it == ("expired", None, "[]", "")
    assert events[-1].type == "linkage.records-expired.v1"
    previous = origin(code, STREAM, 1)
    for event in events:
        assert event.hash == event.expected_hash(1, previous)
        previous = event.hash


async def accessed(connection: "asyncpg.Connection[asyncpg.Record]", code: str) -> list[str]:
    """What stands in the record of accesses, the oldest first."""
    found = await connection.fetch("select action from access_record where municipality = $1 order by id", code)
    return [each["action"] for each in found]


async def test_records_that_the_other_side_has_differently_are_an_alarm_until_both_agree(
    federation: ServiceProcesses, test_layout: Layout, addresses: StackAddresses, codes: Iterator[str]
) -> None:
    code = next(codes)
    await joined(test_layout, federation, code)
    network = NetworkOperator.of(federation.network_url, test_layout)
    body = await network.body(institution_of("012025"))
    common = {"inquirer": body.institution, "provider": institution_of(code), "addressee_number": "0000000019"}
    await record(addresses, code, [provided("c-1", **common), provided("c-2", **common)])

    async def differences(n: int, **digests: str) -> dict[str, str]:
        records = [{"request_number": f"c-{number[1:]}", "digest": digest} for number, digest in digests.items()]
        content = {"since": "2026-06-15T00:00:00.000000Z", "until": "2026-06-16T00:00:00.000000Z", "records": records}
        await body.send(f"record-digests/{n}", "record-digests", institution_of(code), content)
        compared = n
        for _ in range(60):
            _, found = await asyncio.to_thread(kumiai, test_layout, federation, "linkage", "differences", code)
            kinds = {row["request_number"]: row["kind"] for row in found["differences"]}
            if kinds == EXPECTED[compared]:
                return kinds
        return kinds

    good = "cd" * 32
    assert await differences(1, c1=good, c2="00" * 32, c3=good) == EXPECTED[1]
    assert await differences(2, c1=good, c2=good) == EXPECTED[2]
    assert at() > TIME


EXPECTED = {1: {"c-2": "different", "c-3": "missing-here"}, 2: {"c-3": "missing-here"}}
