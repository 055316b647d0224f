"""Where protected people live stands nowhere but in the registry, for those with the right; a leak would be found.

Every address of a family under 支援措置 holds a marker: the one published before, the ones after, a wrong one, a
planned one, one in a notice that is refused. Two municipalities live on: the family's own, and the one that they go to.
"""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import load_private_key
from kumiai_contracts.resident import (
    Address,
    BirthNotice,
    CancelMovementNotice,
    CarryOverNotice,
    ChangeOfAddressNotice,
    MoveOutNotice,
)
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice
from kumiai_contracts.resident_amendments import AmendmentNotice
from kumiai_contracts.taxation import IncomeReport
from kumiai_contracts.topics import SERVICES, notices_topic
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.bundle.conftest import Commands, keep_credentials, register_exporter
from tests.conftest import NewSystem
from tests.support.clerk import clerk
from tests.support.family import HEAD, HOME, carry_over, handled, person, today
from tests.support.leaks import (
    leaking_answer,
    leaking_log,
    leaking_metric,
    leaking_span,
    leaking_tables,
    leaking_topic,
)
from tests.support.markers import Found, Markers
from tests.support.media import analyze, answers, databases, files, topics
from tests.support.operator import REGISTRY, TAXATION, Operator
from tests.support.paths import paths_of
from tests.support.spans import traced
from tests.support.system import System

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
MARKER = "椋鳥雲鶺"
"""What every one of their addresses begins with; its own search key, so it stands in the registry's index, too."""
BEFORE, AFTER, WRITTEN_ANEW, TAKEN_BACK, DESTINATION, PLANNED, REFUSED, MALFORMED = PLACES = tuple(
    MARKER + place for place in ("隠町", "忍沢", "身寄通", "仮坂", "遠国小路", "行先谷", "却下坂", "書損洲")
)
KEPT = PLACES[:6]
"""What the registry took in; the others stand in notices that it refused."""
PLANTED = "洩岬海猫端"
FAR_PURPOSES = ("resident-services", "taxation", "national-id-linkage", "protection", "export")
DESK_PURPOSES = ("resident-services", "taxation", "national-id-linkage")
DESK = {"place": "本庁", "operator": "desk/1"}


@dataclass(frozen=True)
class Family:
    """A mother and two children; the younger was born under protection and is in no application."""

    system: System
    numbers: tuple[str, ...]
    households: tuple[str, ...]

    def values(self, commitments: Iterable[str]) -> dict[str, list[str]]:
        """What stands in the paths of addresses about them."""
        return {
            "municipality": [self.system.member.code],
            "addressee_number": list(self.numbers),
            "household_number": list(self.households),
            "commitment": list(commitments),
            "month": [f"{today():%Y-%m}"],
            "fiscal_year": ["2026"],
            "version": ["1"],
        }


@pytest.fixture
async def spans(federation: ServiceProcesses, test_layout: Layout) -> AsyncIterator[Path]:
    """Every service that hears of residents writes its spans into this file while the test runs."""
    workers = [federation[service] for service in SERVICES if service != "membership"]
    async with traced(workers, test_layout.logs / "spans-of-all.json") as path:
        yield path


def at(town: str) -> Address:
    """A home in a town that is a marker."""
    return HOME.model_copy(update={"town": town})


async def live(system: System, elsewhere: str) -> Family:
    """Published, then protected; moved, born, amended, taken back, taxed, told elsewhere, refused, gone."""
    people = (person("越後 花", HEAD, "1980-02-02"), person("越後 実", "子", "2010-02-02"))
    told = await system.tell(CarryOverNotice(**handled(date(2020, 4, 1)), persons=people, address=at(BEFORE)))
    mother, child = told.numbers
    report = IncomeReport.model_validate(
        {"fiscal_year": 2026, "kind": "employment", "reporter": "20310007", "addressee_number": mother}
        | {"salary": 5_000_000}
    )
    await system.tell(report, cause=told.event)
    named = (mother, child)
    await system.tell(ProtectionApplicationNotice(addressee_numbers=named, applied_on=today(), **DESK))
    moved = await system.tell(ChangeOfAddressNotice(**handled(), addressee_numbers=named, address=at(AFTER)))
    office = {**handled(), "ex_officio": True}
    await system.tell(AmendmentNotice(**office, addressee_numbers=named, kind="correction", address=at(WRITTEN_ANEW)))
    await system.tell(ChangeOfAddressNotice(**handled(), addressee_numbers=named, address=at(TAKEN_BACK)))
    await system.tell(CancelMovementNotice(**handled(), addressee_number=mother, history_number=4))
    household = told.household_number
    assert household is not None
    baby = person("越後 光", "子", today().isoformat())
    born = await system.tell(BirthNotice(**handled(), child=baby, household_number=household))
    await system.tell(report.model_copy(update={"residence": elsewhere}), cause=moved.event)
    future = {"effective_date": today() + timedelta(days=3)}
    wrong = ChangeOfAddressNotice(**{**handled(), **future}, addressee_numbers=named, address=at(REFUSED))
    assert not (await system.send(system.message(wrong))).accepted
    bodies = (json.dumps({"address": MALFORMED}), f'{{"address": "{MALFORMED}', f'{{"{MALFORMED}": 1}}')
    for body in (*map(str.encode, bodies), json.dumps(MALFORMED, ensure_ascii=False).encode("cp932")):
        message = replace(system.message(wrong), body=body, kind="bad", expected="refused")
        assert not (await system.send(message)).accepted
    nameless = [header for header in message.headers if header[0] != "ce_id"]
    await system.post.send(replace(message, headers=nameless, expected="none"))
    leaving = {"destination": "domestic", "destination_municipality": elsewhere}
    for numbers, town, day in (((child,), DESTINATION, {}), ((mother,), PLANNED, future)):
        notice = {**handled(), **day, "addressee_numbers": numbers, "destination_address": at(town), **leaving}
        await system.tell(MoveOutNotice.model_validate(notice))
    return Family(system, (mother, child, born.numbers[0]), (household,))


async def said(operator: Operator, family: Family, elsewhere: System, layout: Layout) -> list[tuple[str, bytes]]:
    """What every service answers, at every address, to everybody without the right; refused notices by HTTP, too."""
    code, far = family.system.member.code, elsewhere.member.code
    log = [json.loads(line["body"]) for line in await family.system.stream(REGISTRY, "resident")]
    rows = [row for body in log for row in body.get("residents", ())]
    commitments = {row[name] for row in rows for name in ("address", "destination_address")} - {None}
    assert len(commitments) >= len(KEPT)
    desk = await clerk(operator, code, "desk", *DESK_PURPOSES, service=REGISTRY)
    neighbour = await clerk(operator, far, "neighbour", *FAR_PURPOSES, service=REGISTRY)
    given, membership = family.system.member.credentials, operator.peers["membership"]
    own_key = load_pem_private_key(given.private_key.encode(), None)
    assert isinstance(own_key, Ed25519PrivateKey)
    operators_key = load_private_key(layout.operators / "operator.pem")
    callers: dict[str, tuple[httpx.Auth | None, tuple[str, ...]]] = {
        "desk": (desk.auth, DESK_PURPOSES),
        "neighbour": (neighbour.auth, FAR_PURPOSES[-2:]),
        "system": (TokenClient(membership, f"{code}/{given.party}", own_key), DESK_PURPOSES[:1]),
        "operator": (TokenClient(membership, "000001/operator", operators_key), ("operation",)),
        "anybody": (None, ("protection",)),
    }
    found: list[tuple[str, bytes]] = []
    for who, (auth, purposes) in callers.items():
        for service, base in operator.peers.items():
            parts = commitments if (service, who) == (REGISTRY, "desk") else sorted(commitments)[:1]
            paths = [*paths_of(service, family.values(parts))]
            if service == REGISTRY:
                # Somebody who looks for where, and back in time.
                paths += [f"/v1/{code}/residents?name={place}" for place in ("越後", *PLACES)]
                paths += [f"/v1/{code}/addresses?address={place}&as_of={today()}" for place in PLACES]
                paths += [f"/v1/{code}/residents/{place}" for place in PLACES]
                paths += [f"/v1/{code}/residents/{family.numbers[0]}?as_of=2021-04-01"]
            given_for = purposes if service == REGISTRY else purposes[:1]
            asked = [f"{path}{'&' if '?' in path else '?'}purpose={each}" for path in paths for each in given_for]
            async with httpx.AsyncClient(base_url=base, auth=auth, timeout=20) as client:
                found += [(f"{who}: {where}", content) for where, content in await answers(client, asked)]
    wrong = ChangeOfAddressNotice(**handled(), addressee_numbers=("0000099996",), address=at(REFUSED))
    receipts = await family.system.submit(REGISTRY, (family.system.envelope(wrong), wrong))
    return [*found, ("receipts by HTTP", json.dumps(receipts, ensure_ascii=False).encode())]


def bundles(commands: Commands, family: Family, elsewhere: System, folder: Path) -> Iterable[Path]:
    """The other municipality's whole bundle, and what the other services hold of the family's own."""
    others = [service for service in SERVICES if service != REGISTRY]
    for member, services in ((elsewhere.member, SERVICES), (family.system.member, others)):
        keep_credentials(commands, member)
        target, chosen = str(folder / member.code), ",".join(services)
        code, answer = commands.kumiai(
            "bundle", "export", member.code, target, "--as", "exporter", "--services", chosen
        )
        assert code == 0, answer
    return files(folder)


async def test_a_protected_address_stands_nowhere_outside_the_registry(
    new_system: NewSystem,
    operator: Operator,
    addresses: StackAddresses,
    federation: ServiceProcesses,
    test_layout: Layout,
    spans: Path,
    tmp_path: Path,
) -> None:
    system, elsewhere = await new_system(), await new_system()
    codes = [system.member.code, elsewhere.member.code]
    family = await live(system, codes[1])
    await elsewhere.tell(carry_over())
    for member in (system.member, elsewhere.member):
        await register_exporter(operator, test_layout, member.code, "exporter")
        await operator.known(member)
        await operator.complete(member)
    await operator.rebuild(TAXATION, codes[0], "resident")
    markers = Markers(MARKER)

    answered = await said(operator, family, elsewhere, test_layout)
    assert sum(": 200 " in where for where, _ in answered) > 100
    assert markers.in_all(answered) == []

    guardian = await clerk(operator, codes[0], "guardian", "protection", service=REGISTRY)
    seen = [
        (await guardian.get(f"residents/{n}/history", params={"purpose": "protection"})).text for n in family.numbers
    ]
    assert {place for place in PLACES if any(place in text for text in seen)} == set(KEPT), "who may sees them"

    own = f"topic {notices_topic(codes[0], REGISTRY)} at "
    published = list(topics(addresses, codes))
    told = Markers(*PLACES).in_all((where, value) for where, value in published if where.startswith(own))
    assert {found.marker for found in told} == set(PLACES), "what the municipality itself has told is found"
    assert markers.in_all((where, value) for where, value in published if not where.startswith(own)) == []

    analyze(addresses)
    in_tables = markers.in_all(databases(addresses, codes))
    place = "database kumiai_resident_registry, public."
    assert {found.where for found in in_tables} == {place + table for table in ("sealed_part", "address_index")}

    assert await asyncio.to_thread(spans.read_bytes), "no span was written"
    logs = list(files(test_layout.logs))
    assert {worker.log for worker in federation} | {spans} <= set(logs)
    assert in_files(markers, logs) == []
    peers = ",".join(f"{name}={url}" for name, url in operator.peers.items())
    local = {"KUMIAI_LOCAL_DIR": str(test_layout.root), "KUMIAI_PEERS": peers}
    commands = Commands({**os.environ, **local}, None)
    exported = await asyncio.to_thread(lambda: list(bundles(commands, family, elsewhere, tmp_path / "bundles")))
    assert len({path.name for path in exported}) > 10
    assert in_files(markers, exported) == []


def in_files(markers: Markers, paths: Iterable[Path]) -> list[Found]:
    """Every form in any of these files."""
    return [found for path in paths for found in markers.in_file(path)]


def test_a_leaked_address_is_found_in_each_medium(
    addresses: StackAddresses, federation: ServiceProcesses, tmp_path: Path
) -> None:
    code, leak = "473821", Markers(PLANTED)
    with leaking_topic(addresses, code, PLANTED) as leaks:
        assert len({found.where for found in leak.in_all(topics(addresses, [code]))}) == leaks
    columns: dict[str, object] = {
        "text": f"新潟県新潟市{PLANTED}1番地",
        "bytea": PLANTED.encode("cp932"),
        "jsonb": json.dumps({"address": {"town": PLANTED}}),
        "text[]": ["x", b64encode(f"新潟市{PLANTED}".encode()).decode()],
    }
    for database in ("kumiai_taxation", "kumiai_membership", "kumiai_national_id_linkage"):
        with leaking_tables(addresses, database, code, columns):
            assert len({found.where for found in leak.in_all(databases(addresses, [code]))}) == len(columns)
    assert leak.in_file(leaking_log(tmp_path, f"住所 {PLANTED}"))
    assert leak.in_file(leaking_span(tmp_path, PLANTED))
    assert leak.in_bytes("/metrics", leaking_metric(PLANTED))
    assert leak.in_all(asyncio.run(leaking_answer(PLANTED)))
    bundle = tmp_path / "parts.jsonl"
    bundle.write_text(json.dumps({"part": json.dumps({"town": PLANTED})}) + "\n")
    assert leak.in_file(bundle)
