"""A reader whose log parted from what it had applied reacts, once rebuilt, to what it never saw, and only to that."""

import asyncio
from collections.abc import Iterator
from datetime import date

import pytest
from kumiai_contracts.resident import ChangeOfAddressNotice, MoveOutNotice
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_local.addresses import StackAddresses
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service

from tests.conftest import NewSystem
from tests.support.family import AWAY, NEXT_HOME, carry_over, handled
from tests.support.faults import restore_backup, take_backup
from tests.support.operator import REGISTRY, TAXATION, Operator
from tests.support.system import System

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
MIYAZAKI = "452017"
"""No other test uses this municipality."""


@pytest.fixture(autouse=True)
def registry_runs_afterwards(federation: ServiceProcesses) -> Iterator[None]:
    """A test that fails half-way leaves the federation to the next one as it found it."""
    yield
    if not federation[REGISTRY].alive:
        federation[REGISTRY].start()
        federation[REGISTRY].wait_ready()


async def test_what_was_never_applied_is_reacted_to_once_and_what_was_is_not_decided_again(
    federation: ServiceProcesses, addresses: StackAddresses, new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system(REGISTRY, TAXATION, code=MIYAZAKI)
    family = await system.tell(carry_over())
    for number in family.numbers[:2]:
        report = EmploymentIncomeReport(
            fiscal_year=2026, addressee_number=number, employer="20310007", salary=5_000_000
        )
        await system.tell(report, cause=family.event)
    # One takes the assessment back before the backup: an effect that must not be had again.
    await system.tell(_left_before_january(family.numbers[0]))
    await operator.complete(system.member)
    kept = await operator.head(MIYAZAKI, "resident", REGISTRY)
    await asyncio.to_thread(take_backup, addresses, Service(REGISTRY), MIYAZAKI)
    await system.tell(ChangeOfAddressNotice(**handled(), addressee_numbers=(family.numbers[2],), address=NEXT_HOME))
    await operator.complete(system.member)

    await asyncio.to_thread(federation[REGISTRY].stop)
    await asyncio.to_thread(restore_backup, addresses, Service(REGISTRY), MIYAZAKI)
    federation[REGISTRY].start()
    await asyncio.to_thread(federation[REGISTRY].wait_ready)
    await operator.diverged(TAXATION, MIYAZAKI, "resident")
    await system.tell(_left_before_january(family.numbers[1]))
    head = await operator.head(MIYAZAKI, "resident", REGISTRY)
    assert [await _cancelled(system, number) for number in family.numbers[:2]] == [[False, True], [False]]

    rebuilt = await operator.rebuild(TAXATION, MIYAZAKI, "resident")
    assert (rebuilt["position"], rebuilt["fork"]) == (kept["position"], "incarnation")
    # What the registry tells of its letters to other municipalities may have come meanwhile.
    assert rebuilt["position"] + rebuilt["remaining"] >= head["position"]
    await operator.complete(system.member)
    assert [await _cancelled(system, number) for number in family.numbers[:2]] == [[False, True], [False, True]]

    again = await operator.rebuild(TAXATION, MIYAZAKI, "resident")
    assert (again["remaining"], again["fork"]) == (0, "none")
    assert again["position"] >= head["position"]
    await operator.complete(system.member)
    assert [await _cancelled(system, number) for number in family.numbers[:2]] == [[False, True], [False, True]]
    await operator.same_state(MIYAZAKI, "resident", REGISTRY, TAXATION)


def _left_before_january(number: str) -> MoveOutNotice:
    """It turns out that somebody had left before the assessment date, 1 January 2026."""
    return MoveOutNotice(
        **handled(date(2025, 12, 1)) | {"ex_officio": True},
        addressee_numbers=(number,),
        destination="domestic",
        destination_address=AWAY,
    )


async def _cancelled(system: System, number: str) -> list[bool]:
    """Of each version of the person's assessment, whether it takes the one before back."""
    versions = (await system.read(TAXATION, f"assessments/2026/{number}"))["versions"]
    return [version["cancelled"] for version in versions]
