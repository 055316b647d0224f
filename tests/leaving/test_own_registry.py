"""A municipality whose own system keeps the record leaves: its feed closes, comes along, is proven and erased."""

import asyncio
import csv
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import KafkaError
from kumiai_contracts.examples import valid_examples
from kumiai_contracts.resident_feed import FeedEventNotice
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_contracts.topics import notices_topic
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.bundle.conftest import register_exporter
from tests.leaving.conftest import NewLeaver
from tests.leaving.test_by_command_line import command
from tests.leaving.test_leaving import KEPT, refusal_by_kafka, report, until_gone_from
from tests.leaving.test_merging import keep_credentials
from tests.support.faults import gauges
from tests.support.leaving import NOTHING, Leaver, everywhere, in_kafka, refused
from tests.support.operator import REGISTRY, TAXATION, Operator
from tests.support.own_registry import codes, hand_in
from tests.support.system import System

NEXT_YEAR = 2027
"""Of whoever has moved in in 2026 the first fiscal year here."""
pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.fixture
async def own(new_leaver: NewLeaver, operator: Operator) -> tuple[Leaver, System]:
    """Its own system keeps the record. Two numbers are used, the second contradicts the first, the third is missing."""
    leaver, system = await new_leaver(REGISTRY, TAXATION)
    await operator.ask("POST", "membership", own_of(leaver))
    await operator.known(leaver.member)
    answers = await hand_in(system, entry(1), entry(2), entry(4))
    assert [bool(codes(receipt)) for receipt in answers] == [False, True, True]
    await system.tell(next_year(head_of(entry(1))))
    await operator.complete(leaver.member)
    return leaver, system


def next_year(number: str) -> EmploymentIncomeReport:
    return report(number).model_copy(update={"fiscal_year": NEXT_YEAR})


def own_of(leaver: Leaver) -> str:
    return f"/v1/members/{leaver.member.code}/own-systems/{REGISTRY}"


def entry(sequence: int) -> FeedEventNotice:
    """A family's move in, under a number."""
    found = valid_examples()[FeedEventNotice.type]
    assert isinstance(found, FeedEventNotice)
    return found.model_copy(update={"sequence": sequence})


def head_of(notice: FeedEventNotice) -> str:
    return notice.event.residents[0].addressee_number


async def test_an_own_registry_leaves_altogether_and_takes_its_feed_along(
    own: tuple[Leaver, System], operator: Operator, addresses: StackAddresses, federation: ServiceProcesses,
    test_layout: Layout, tmp_path: Path,
) -> None:  # fmt: skip
    leaver, system = own
    code = leaver.member.code
    await register_exporter(operator, test_layout, code, "hanako")
    await operator.known(leaver.member)
    # A feed that has diverged holds nothing up. What is handed in now is refused by both ways in.
    await leaver.request()
    closed = await leaver.state("closed")
    topic = notices_topic(code, REGISTRY)
    refusing = asyncio.to_thread(refusal_by_kafka, addresses, leaver.member, topic)
    assert await refusing == KafkaError.TOPIC_AUTHORIZATION_FAILED
    with pytest.raises(httpx.HTTPStatusError) as late:
        await system.submit(REGISTRY, (system.envelope(entry(3)), entry(3)))
    assert (late.value.response.status_code, late.value.response.json()["code"]) == (409, "closed")
    assert await refused(operator.ask("DELETE", "membership", own_of(leaver))) == "leave-under-way"
    # Whoever stays after all goes on with the next number.
    await leaver.cancel()
    (third,) = await hand_in(system, entry(3))
    assert "already-on-live-record" in codes(third), "decided, and no gap"
    await leaver.request()
    again = await leaver.state("closed")
    assert again["leave"]["leave"] == closed["leave"]["leave"] + 1

    bundle, evidence = tmp_path / "bundle", tmp_path / "evidence"
    keep_credentials(test_layout, leaver.member)
    peers = ",".join(f"{name}={url}" for name, url in federation.peers.items())
    environment = {**os.environ, "KUMIAI_LOCAL_DIR": str(test_layout.root), "KUMIAI_PEERS": peers}

    async def kumiai(*arguments: str) -> dict[str, Any]:
        ended = await asyncio.to_thread(command, environment, *arguments)
        assert ended.returncode == 0, (ended.stdout, ended.stderr)
        said: dict[str, Any] = json.loads(ended.stdout)
        return said

    exported = await kumiai("bundle", "export", code, str(bundle), "--as", "hanako")
    await kumiai("bundle", "evidence", code, str(evidence))
    proven = await kumiai("bundle", "verify", str(bundle), "--evidence", str(evidence))
    assert (proven["findings"], proven["heads"]["resident"]) == ([], 4), "one entry, closed, reopened, closed"
    records = bundle / REGISTRY / "records"
    assert [(row["sequence"], row["seen"]) for row in rows(records / "own_feed.csv")] == [("3", "4")]
    differing = {row["key"] for row in rows(records / "own_feed_divergence.csv")}
    assert differing == {row.addressee_number for row in entry(1).event.residents}
    (part,) = [json.loads(line) for line in (bundle / REGISTRY / "parts.jsonl").read_text().splitlines()]
    assert part["part"] == entry(1).parts[0].part

    await leaver.record_bundle(exported["identity"])
    await leaver.acknowledge(exported["identity"])
    await leaver.begin_erasure()
    await leaver.state("certified", within_s=60)
    left = everywhere(addresses, code)
    assert {service: set(left[service]) - KEPT for service in (REGISTRY, TAXATION)} == {
        REGISTRY: set(),
        TAXATION: set(),
    }
    assert in_kafka(addresses, code) == NOTHING
    erased = {row["place"]: {item["what"]: item["count"] for item in row["erased"]}
              for row in (await leaver.certificate())["erased"]}  # fmt: skip
    assert (erased[REGISTRY]["own_feed"], erased[REGISTRY]["own_feed_divergence"]) == (1, len(differing))
    assert not any(feed["municipality"] == code for feed in await feeds(operator))
    async with httpx.AsyncClient() as client:
        await until_gone_from(client, f"{federation[REGISTRY].url}/metrics", code)


FEED_METRIC = "kumiai_feed_diverged"


async def test_an_own_registry_that_leaves_alone_leaves_taxation_as_it_is(
    own: tuple[Leaver, System], operator: Operator, addresses: StackAddresses, federation: ServiceProcesses
) -> None:
    leaver, system = own
    code, number = leaver.member.code, head_of(entry(1))
    await leaver.verified(REGISTRY)
    await leaver.begin_erasure()
    await leaver.state("certified", within_s=60)
    left = everywhere(addresses, code)
    assert not left[REGISTRY].keys() & {"own_feed", "own_feed_divergence", "resident_history", "stream_event"}
    assert left[TAXATION]["resident_history"] > 0, "what taxation has read stays with it, and is certified so"
    remains = {item["what"] for item in (await leaver.certificate())["certificate"]["remains"]}
    assert f"replica-in-{TAXATION}" in remains
    assert (await system.read(TAXATION, f"assessments/{NEXT_YEAR}/{number}"))["versions"]
    second = next_year(number).model_copy(update={"employer": "20310008"})
    assert (await system.tell(second)).event, "it is assessed again by what it knows"
    await operator.complete(replace(leaver.member, services=(TAXATION,)))
    # Nothing is left of the feed, not even that it stood somewhere.
    assert not any(feed["municipality"] == code for feed in await feeds(operator))
    async with asyncio.timeout(30):  # the metrics are told anew every few seconds
        while any(labels["municipality"] == code for labels, _ in await gauges(federation[REGISTRY], FEED_METRIC)):
            await asyncio.sleep(0.2)
    assert await refused(operator.ask("POST", "membership", own_of(leaver))) == "service-was-erased"


async def feeds(operator: Operator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await operator.ask("GET", REGISTRY, "/v1/readers"))["feeds"]
    return found


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from list(csv.DictReader(lines))
