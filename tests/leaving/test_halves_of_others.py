"""Whoever leaves takes its own halves of what it exchanged; those of the others stay, whole, provable and readable."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from kumiai_contracts.exchange_notices import InquiryNotice, ProcedureGrantNotice
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.registry import tables_of_stream
from kumiai_contracts.taxation import IncomeReport, ReportedPerson
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.bundle.conftest import Commands, keep_credentials, register_exporter
from tests.conftest import NewSystem
from tests.leaving.conftest import NewLeaver
from tests.leaving.test_leaving import KEPT
from tests.support.exports import OFFICER, Exports
from tests.support.family import HEAD, carry_over, person
from tests.support.leaving import everywhere
from tests.support.network import NetworkOperator
from tests.support.operator import ALL, LINKAGE, REGISTRY, TAXATION, Operator
from tests.support.system import System
from tests.test_between_municipalities import waiting
from tests.test_inquiry import AFFAIR, accepted, eventually, known_to_the_network, records, taxed
from tests.test_moves_between import move_in, move_out, moves

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
REQUEST = "halves-1"
OF_MEMBERSHIP = {kind.table for kind in tables_of_stream("membership")}


async def test_what_was_exchanged_stays_with_the_others_whole_provable_and_readable(
    new_leaver: NewLeaver,
    new_system: NewSystem,
    operator: Operator,
    addresses: StackAddresses,
    federation: ServiceProcesses,
    test_layout: Layout,
    tmp_path: Path,
) -> None:
    (leaver, system), other = await new_leaver(), await new_system()
    code = leaver.member.code
    network = NetworkOperator.of(federation.network_url, test_layout)
    await exchanged(system, other, operator, network)
    await register_exporter(operator, test_layout, other.member.code, OFFICER)
    await operator.known(other.member)
    await operator.complete(other.member)
    exports = Exports(other.member.code, federation, tmp_path)
    keep_credentials(Commands({"KUMIAI_LOCAL_DIR": str(test_layout.root)}, None), other.member)
    read, before, evidence = await halves(other, code), await exports.made(), tmp_path / "evidence"
    ended, said = await asyncio.to_thread(exports.kumiai, "bundle", "evidence", other.member.code, str(evidence))
    assert ended == 0, said
    mine = everywhere(addresses, other.member.code)

    await leaver.verified()
    there = everywhere(addresses, code)
    await leaver.begin_erasure()
    await leaver.state("certified", within_s=60)

    # The certificate counts what was there and is gone, and of what remains with others says no more than that.
    found = await leaver.certificate()
    erased = {row["place"]: {item["what"]: item["count"] for item in row["erased"]} for row in found["erased"]}
    for service in ALL:
        left_out = KEPT | OF_MEMBERSHIP | {"checkpoint"}  # what tells of the leave, and signatures, went on until then
        assert without(left_out, erased[service]) == without(left_out, there[service])
        assert set(everywhere(addresses, code)[service]) <= KEPT
    (half,) = [item for item in found["certificate"]["remains"] if item["what"] == "halves-of-others"]
    assert all(stream in half["en"] and stream in half["ja"] for stream in ("resident", "taxation", "linkage"))

    # And that is there: every row, the same bundle with the same proofs, and the same answers to whoever asks.
    now = everywhere(addresses, other.member.code)
    assert {service: now[service] for service in ALL} == {service: mine[service] for service in ALL}
    again = await exports.made()
    assert again.closed == before.closed
    kept = ("--evidence", str(evidence), "--went-on", "membership")
    ended, said = await asyncio.to_thread(exports.kumiai, "bundle", "verify", str(again.folder), *kept)
    assert (ended, said["findings"]) == (0, []), said
    assert await halves(other, code) == read


def without(names: set[str], counts: dict[str, int]) -> dict[str, int]:
    """The counts of all other tables."""
    return {table: count for table, count in counts.items() if table not in names}


async def exchanged(leaver: System, other: System, operator: Operator, network: NetworkOperator) -> None:
    """A report and a family go from the one that will leave to the other one, which asks it about somebody."""
    here, there = leaver.member.code, other.member.code
    (head, _), (same, _) = await taxed(leaver, operator), await taxed(other, operator, 1_000_000)
    unknown = ReportedPerson(name="尾花 梅", name_kana="オバナ ウメ", birth_date="1990-05-05")
    await leaver.tell(
        IncomeReport(fiscal_year=2026, kind="employment", reporter="1", person=unknown, residence=there, salary=1)
    )
    await waiting(other, "unknown-person")
    moves_on = person("庄内 一", HEAD, "1970-01-01")
    await leaver.tell(move_out(*(await leaver.tell(carry_over(moves_on))).numbers, to=there))
    await moves(other, "announced", "open", 1)
    await other.tell(move_in(moves_on, came_from=here))
    await moves(leaver, "told", "met", 1)
    await known_to_the_network(leaver, network, {head: f"of-{here}"})
    await known_to_the_network(other, network, {same: f"of-{here}"})
    items = ("total-income",)
    await accepted(
        other,
        ProcedureGrantNotice(procedure=AFFAIR["procedure"], fact_kind=AFFAIR["fact_kind"], items=items),
    )
    await accepted(other, InquiryNotice(
        **AFFAIR, scope="2026", request_number=REQUEST, inquirer=institution_of(there), provider=institution_of(here),
        items=items, addressee_number=same,
    ))  # fmt: skip

    async def answered() -> bool:
        return [row["outcome"] for row in await records(other)] == ["answered"]

    await eventually(answered, "no answer")
    await operator.complete(leaver.member)


async def halves(other: System, code: str) -> list[Any]:
    """What the other one reads of what it exchanged with a municipality. None of it may be empty."""
    announced = await moves(other, "announced", "met", 1)
    answer = await other.order(LINKAGE, f"inquiries/{REQUEST}/fetch")
    (record,) = await records(other)
    items = (await other.read(TAXATION, "work-items"))["work_items"]
    sources = {
        stream: [line["body"] for line in await other.stream(service, stream) if f"urn:kumiai:{code}:" in line["body"]]
        for service, stream in ((REGISTRY, "resident-registry-receipts"), (TAXATION, "taxation-receipts"))
    }
    assert announced[0]["other"] == code and record["provider"] == institution_of(code) and all(sources.values())
    assert answer["facts"] and items
    return [announced, record, answer, items, sources]
