"""A municipality leaves while it asks another body and is asked: nothing holds it up, nothing is lost if it stays."""

import httpx
import pytest
from kumiai_contracts.exchange_notices import InquiryNotice, ProcedureGrantNotice
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from tests.leaving.conftest import NewLeaver
from tests.leaving.test_leaving import KEPT
from tests.support.clerk import clerk
from tests.support.family import today
from tests.support.leaving import everywhere
from tests.support.network import NetworkOperator
from tests.support.operator import LINKAGE, Operator
from tests.test_inquiry import AFFAIR, DESK, NIIGATA, accepted, eventually, known_to_the_network, records, taxed

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


async def test_inquiries_under_way_hold_nothing_up_and_wait_at_the_network(
    new_leaver: NewLeaver, operator: Operator, addresses: StackAddresses, federation: ServiceProcesses,
    test_layout: Layout,
) -> None:  # fmt: skip
    leaver, system = await new_leaver()
    network = NetworkOperator.of(federation.network_url, test_layout)
    niigata = await network.body(institution_of(NIIGATA))
    here = institution_of(leaver.member.code)
    head, other = await taxed(system, operator)
    await known_to_the_network(system, network, {head: "head", other: "other"})
    await niigata.knows("head", "4e" * 16)
    guardian = await clerk(operator, leaver.member.code, "guardian", "protection", service=LINKAGE)
    # What it asked is not answered yet, and about the protected one a person has yet to decide.
    await accepted(system, ProcedureGrantNotice(procedure=AFFAIR["procedure"], fact_kind=AFFAIR["fact_kind"],
                                                items=("total-income",)))  # fmt: skip
    await accepted(system, InquiryNotice(
        **AFFAIR, scope="2026", request_number="a-1", inquirer=here, provider=niigata.institution,
        items=("total-income",), addressee_number=head,
    ))  # fmt: skip
    await system.tell(ProtectionApplicationNotice(addressee_numbers=(head,), applied_on=today(), **DESK))
    await operator.complete(leaver.member)
    await niigata.ask("q-1", here, "4e" * 16)

    async def held() -> bool:
        return bool(await records(system, outcome="held"))

    await eventually(held, "not held")
    await leaver.request()
    await leaver.state("closed")
    # What comes now waits at the network, and nobody decides any more.
    await niigata.ask("q-2", here, "4e" * 16)
    await niigata.fetch(1.0)
    deciding = f"held-requests/{niigata.institution}"
    late = await guardian.post(f"{deciding}/q-1/provide", params={"purpose": "protection"})
    assert (late.status_code, late.json()["code"]) == (httpx.codes.CONFLICT, "closed")
    outcomes = {row["request_number"]: row["outcome"] for row in await records(system)}
    assert (outcomes.keys(), outcomes["q-1"]) == ({"a-1", "q-1"}, "held")
    assert not niigata.answers.keys() & {"q-1", "q-2"}

    await leaver.cancel()
    for number in ("q-1", "q-2"):

        async def decided(number: str = number) -> bool:
            path = f"{deciding}/{number}/provide"
            return (await guardian.post(path, params={"purpose": "protection"})).is_success

        await eventually(decided, f"{number} has not come back to a person")
        assert (await niigata.answer_to(number))["outcome"] == "answered"
    # Whoever goes in the end goes without an answer to what it asked; both bodies' records say how far it came.
    await leaver.verified()
    open_ones = [row for row in await records(system) if row["outcome"] == outcomes["a-1"]]
    assert [row["request_number"] for row in open_ones] == ["a-1"]
    await leaver.begin_erasure()
    await leaver.state("certified", within_s=60)
    assert set(everywhere(addresses, leaver.member.code)[LINKAGE]) <= KEPT
    await niigata.ask("q-3", here, "4e" * 16)
    await niigata.fetch(1.0)
    assert "q-3" not in niigata.answers
