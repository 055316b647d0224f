"""A municipality with its own registry: readers can't tell, divergence is seen until mended, moving loses nothing."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from kumiai_contracts.resident import BirthNotice, ChangeOfAddressNotice, DeathNotice, MoveOutNotice, Reason, Status
from kumiai_contracts.resident_feed import FeedEventNotice
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_local.addresses import StackAddresses
from kumiai_local.service_processes import ServiceProcesses

from tests.conftest import NewSystem
from tests.support.family import AWAY, NEXT_HOME, carry_over, handled, person, today
from tests.support.faults import restart
from tests.support.operator import REGISTRY, TAXATION, Operator
from tests.support.own_registry import codes, hand_in, life_of, standing
from tests.support.system import System

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def registry_runs_afterwards(federation: ServiceProcesses) -> Iterator[None]:
    """A test that fails half-way leaves the federation to the next one as it found it."""
    yield
    if not federation[REGISTRY].alive:
        federation[REGISTRY].start()
        federation[REGISTRY].wait_ready()


@pytest.fixture
async def shared(new_system: NewSystem, operator: Operator) -> System:
    """A municipality of the shared registry whose two families are born, move, part and die."""
    system = await new_system(REGISTRY, TAXATION)
    first, second = (
        await system.tell(carry_over()),
        await system.tell(carry_over(person("長岡 一", "世帯主", "1950-01-01"))),
    )
    household = first.household_number
    assert household is not None
    child = person("越後 三郎", "子", today().isoformat())
    await system.tell(BirthNotice(**handled(), child=child, household_number=household))
    await system.tell(ChangeOfAddressNotice(**handled(), addressee_numbers=first.numbers[2:3], address=NEXT_HOME))
    leaving = {"addressee_numbers": first.numbers[3:4], "destination": "domestic", "destination_address": AWAY}
    await system.tell(MoveOutNotice(**handled(), **leaving))
    await system.tell(DeathNotice(**handled(), addressee_number=second.numbers[0]))
    await operator.complete(system.member)
    return system


async def own_system(new_system: NewSystem, operator: Operator) -> System:
    """A municipality that takes shared taxation and keeps its own registry, before its first event."""
    system = await new_system(REGISTRY, TAXATION)
    await moved(operator, system, "POST")
    return system


async def moved(operator: Operator, system: System, method: str) -> None:
    """Move to the own system (`POST`) or to the shared registry (`DELETE`)."""
    await operator.ask(method, "membership", f"/v1/members/{system.member.code}/own-systems/{REGISTRY}")
    await operator.known(system.member)


async def feed_of(operator: Operator, code: str) -> dict[str, Any]:
    """What the registry shows operators of a feed, among the readers."""
    feeds = (await operator.ask("GET", REGISTRY, "/v1/readers"))["feeds"]
    found: dict[str, Any] = next(feed for feed in feeds if feed["municipality"] == code)
    return found


async def test_taxation_cannot_tell_an_own_registry_from_the_shared_one(
    shared: System, new_system: NewSystem, operator: Operator
) -> None:
    own = await own_system(new_system, operator)
    life = await life_of(shared)
    receipts = await hand_in(own, *life)
    assert [codes(receipt) for receipt in receipts] == [[]] * len(life)
    await operator.complete(own.member)
    for service in (REGISTRY, TAXATION):
        ours = await operator.state(service, own.member.code, "resident")
        theirs = await operator.state(service, shared.member.code, "resident")
        assert (ours["position"], ours["state_hash"]) == (theirs["position"], theirs["state_hash"]), service

    number = life[0].event.residents[0].addressee_number
    address = await own.read(REGISTRY, f"parts/{life[0].event.residents[0].address}")
    assert address["part"] == life[0].parts[0].part
    for system in (own, shared):
        report = EmploymentIncomeReport(
            fiscal_year=2026, addressee_number=number, employer="20310007", salary=5_000_000
        )
        assert (await system.tell(report)).event
    assessed = [(await system.read(TAXATION, f"assessments/2026/{number}"))["versions"] for system in (own, shared)]
    assert assessed[0][-1]["total"] == assessed[1][-1]["total"] > 0
    (accepted,) = await hand_in(own, standing(life))
    assert codes(accepted) == []


async def test_what_has_diverged_is_seen_until_it_is_mended(
    shared: System, new_system: NewSystem, operator: Operator
) -> None:
    own = await own_system(new_system, operator)
    code = own.member.code
    life = await life_of(shared)
    gap = await hand_in(own, life[0], life[2], life[3])
    assert [codes(receipt) for receipt in gap] == [[], ["feed-gap"], ["feed-gap"]]
    assert (await feed_of(operator, code))["diverged"] == "numbers 2 to 4 are missing"
    assert (await operator.head(code, "resident", REGISTRY))["diverged"] == "numbers 2 to 4 are missing"
    await hand_in(own, *life[1:])
    assert (await feed_of(operator, code))["diverged"] is None
    assert "diverged" not in await operator.head(code, "resident", REGISTRY)

    # A second entry of the whole family: used up, contradicted, and the family is diverged until a snapshot agrees.
    again = life[0].model_copy(update={"sequence": len(life) + 1})
    (contradicted,) = await hand_in(own, again)
    assert "already-on-live-record" in codes(contradicted)
    shown = await own.read(REGISTRY, "feed")
    assert shown["next"] == len(life) + 2
    assert {found["addressee_number"] for found in shown["people"]} == {
        row.addressee_number for row in again.event.residents
    }
    assert "people" not in await operator.ask("GET", REGISTRY, f"/v1/{code}/feed")
    assert (await feed_of(operator, code))["diverged"] == f"{len(again.event.residents)} keys differ"
    right = standing(life).model_copy(update={"sequence": again.sequence})
    less = right.model_copy(update={"residents": right.residents[1:]})
    (malformed,) = await hand_in(own, less)
    assert codes(malformed) == ["snapshot-malformed"]
    (mended,) = await hand_in(own, right)
    assert codes(mended) == []
    assert (await feed_of(operator, code))["diverged"] is None


async def test_from_own_to_shared_and_back_nothing_is_lost_though_the_registry_is_killed(
    federation: ServiceProcesses, addresses: StackAddresses, shared: System, new_system: NewSystem, operator: Operator
) -> None:
    own = await own_system(new_system, operator)
    life = await life_of(shared)
    sent = [await own.post.send(own.message(notice)) for notice in life[:3]]
    await asyncio.wait_for(sent[0], 20)
    federation[REGISTRY].kill()
    sent += [await own.post.send(own.message(notice)) for notice in life[3:]]
    await restart(federation, REGISTRY, forgotten_by=addresses)
    receipts = await asyncio.wait_for(asyncio.gather(*sent), 60)
    assert [codes(receipt) for receipt in receipts] == [[]] * len(life)

    number = life[0].event.residents[1].addressee_number
    move = ChangeOfAddressNotice(**handled(), addressee_numbers=(number,), address=NEXT_HOME)
    assert codes(await own.send(own.message(move))) == ["own-system-keeps-record"]
    await moved(operator, own, "DELETE")
    assert [codes(receipt) for receipt in await hand_in(own, _next(life))] == [["shared-registry-keeps-record"]]
    told = await own.tell(move)
    assert told.event == f"resident:1:{len(life) + 1}"

    await moved(operator, own, "POST")
    # The own system has read what the shared registry did meanwhile, and says so before it goes on.
    log = await life_of(own)
    here = standing(log).model_copy(update={"sequence": len(life)})
    (agreed,) = await hand_in(own, here)
    assert codes(agreed) == []
    away = log[-1].event.residents[0]
    left = away.model_copy(
        update={
            "history_number": away.history_number + 1,
            "status": Status.REMOVED,
            "removed_on": today(),
            "reason": Reason.DEATH,
        }
    )
    (household,) = [h for h in log[-1].event.households if h.household_number == away.household_number]
    gone = household.model_copy(update={"members": (), "head": None})
    died = _next(life).model_copy(
        update={
            "event_type": "resident.died.v1",
            "event": life[0].event.model_copy(update={"residents": (left,), "households": (gone,)}),
        }
    )
    (accepted,) = await hand_in(own, died)
    assert codes(accepted) == []
    await operator.complete(own.member)
    ours = await operator.state(REGISTRY, own.member.code, "resident")
    assert ours["position"] == len(life) + 2
    assert (await operator.state(TAXATION, own.member.code, "resident"))["state_hash"] == ours["state_hash"]
    kinds = [line["type"] for line in await own.stream("membership", "membership")]
    assert kinds.count("membership.own-system-begun.v1") == 2
    assert kinds.count("membership.own-system-ended.v1") == 1


def _next(life: list[FeedEventNotice]) -> FeedEventNotice:
    return life[0].model_copy(update={"sequence": len(life) + 1, "parts": ()})
