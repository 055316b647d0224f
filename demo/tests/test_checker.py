"""The checker finds nothing where nothing is wrong, and each fault that is planted into a world that is right."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from kumiai_demo.checker import Checker, check, unnamed_numbers
from kumiai_demo.expectation import Expectation, ExpectedPerson, Place, Step, employment_income
from kumiai_demo.findings import Kind

from .conftest import HOME, A, B, C, World

ALL = ("resident-registry", "taxation", "national-id-linkage")
Plant = Callable[[World], object]


async def test_a_right_world_is_clean(world: World) -> None:
    verdict = await check(world.sent, world.receipts, world, ALL)
    assert verdict.findings == ()
    assert (verdict.sent, verdict.accepted, verdict.refused, verdict.people) == (10, 8, 2, 3)


async def test_the_same_receipt_for_an_exact_repeat_is_right(world: World) -> None:
    first = world.receipts[0]
    world.sent.append(world.sent[0])
    world.receipts.append(replace(first, position=99))
    assert (await check(world.sent, world.receipts, world, ALL)).clean


def swap_rows(world: World) -> None:
    rows = world.rows[C]
    rows[1]["operator"], rows[2]["operator"] = rows[2]["operator"], rows[1]["operator"]


def swap_versions(world: World) -> None:
    for version, other in zip(world.versions[2026, B], (2, 1), strict=True):
        version["version"] = other


def earlier_state(world: World) -> None:
    world.addresses[B] = dict(world.addresses[B]) | {"town": "飯田橋"}


PLANTED: dict[str, tuple[Kind, Plant]] = {
    "a notice without a receipt": ("lost", lambda w: w.receipts.pop()),
    "a person who is not there": ("lost", lambda w: w.rows.pop(C)),
    "somebody else under the number": ("lost", lambda w: w.rows[C][-1].update(name="丁")),
    "an effect that is missing": ("lost", lambda w: w.rows[C].pop()),
    "a death that had no effect": ("lost", lambda w: w.rows[A].pop()),
    "a state that is not the row's": ("lost", lambda w: w.rows[A][-1].update(status="resident")),
    "an address that is not the last": ("lost", earlier_state),
    "another household": ("lost", lambda w: w.rows[C][-1].update(household_number="H1")),
    "a head who is none": ("lost", lambda w: w.rows[B][-1].update(relationship="夫")),
    "another effective date": ("lost", lambda w: w.rows[A][-1].update(effective_date="2026-04-05")),
    "a household that is not there": ("lost", lambda w: w.households.pop("H2")),
    "a member who is missing": ("lost", lambda w: w.households["H1"]["members"].clear()),
    "another head of the household": ("lost", lambda w: w.households["H1"].update(head=A)),
    "an assessment that is missing": ("lost", lambda w: w.versions[2026, B].pop()),
    "an assessment without the last report": (
        "out_of_order",
        lambda w: w.versions[2026, B][1].update(employment_income=2_020_000),
    ),
    "no integrated number": ("lost", lambda w: w.links.update({C: []})),
    "two different receipts": ("doubled", lambda w: w.answer(w.sent[0], "refused", codes=["id-reused"])),
    "two history rows for one notice": ("doubled", lambda w: w.row(C, "desk/6")),
    "a member too many": ("doubled", lambda w: w.households["H2"]["members"].append("Z")),
    "a version too many": (
        "doubled",
        lambda w: w.versions[2026, B].append(w.versions[2026, B][1] | {"version": 3}),
    ),
    "two integrated numbers": ("doubled", lambda w: w.links.update({C: ["3", "4"]})),
    "one integrated number for two": ("doubled", lambda w: w.links.update({C: ["1"]})),
    "one number for two people": (
        "doubled",
        lambda w: w.receipts[3].body["assigned"][0].update(number=A),
    ),
    "rows in another order": ("out_of_order", swap_rows),
    "versions in another order": ("out_of_order", swap_versions),
    "another code than expected": (
        "unexpected",
        lambda w: w.receipts[-1].body["reasons"][0].update(code="processing-failed"),
    ),
    "a wrong notice that was accepted": ("unexpected", lambda w: w.receipts[-1].body.update(outcome="accepted")),
    "a right notice that was refused": ("unexpected", lambda w: w.receipts[7].body.update(outcome="refused")),
    "amounts that do not add up": ("unexpected", lambda w: w.versions[2026, B][0].update(total=1)),
    "a receipt for something not sent": ("unexpected", lambda w: w.sent.pop()),
}


@pytest.mark.parametrize("fault", PLANTED)
async def test_a_planted_fault_is_found(world: World, fault: str) -> None:
    kind, plant = PLANTED[fault]
    plant(world)
    verdict = await check(world.sent, world.receipts, world, ALL)
    assert verdict.count(kind) >= 1, [str(finding) for finding in verdict.findings]


async def test_a_broken_chain_is_found(world: World) -> None:
    verdict = await check(world.sent, world.receipts, world, ALL, broken_chains=["position 3 after 1"])
    assert verdict.count("unexpected") == 1


async def test_services_that_are_not_subscribed_to_are_not_asked(world: World) -> None:
    world.links.clear()
    assert (await check(world.sent, world.receipts, world, ALL[:2])).clean


async def test_an_effect_that_is_under_way_is_asked_for_again(world: World) -> None:
    late = world.rows.pop(C)
    first = world.resident

    async def resident(number: str) -> object:
        answer = await first(number)
        world.rows[C] = late
        return answer

    world.resident = resident  # type: ignore[assignment,method-assign]
    assert (await check(world.sent, world.receipts, world, ALL, patience_s=5)).clean


def test_numbers_between_the_named_ones_are_asked_for() -> None:
    assert unnamed_numbers(["0000000019", "0000000035"])[0].startswith("000000002")
    assert unnamed_numbers(["0000000019", "9999999999"]) == []


async def test_a_person_whom_no_receipt_named_is_found() -> None:
    world = World()
    expectation = Expectation()
    numbers = ["0000000019", *unnamed_numbers(["0000000019"])[1:2]]
    for number in numbers:
        expectation.people[number] = ExpectedPerson(
            number, "甲", "1980-01-01", [Step("desk/1", "2026-04-01", Place(True, "?", None, HOME))]
        )
    for number in (*numbers, unnamed_numbers(["0000000019"])[0]):
        world.row(number, "desk/1", name="甲", birth_date="1980-01-01", status="resident", household_number="H1")
        world.rows[number][0] |= {"effective_date": "2026-04-01", "relationship": "世帯主"}
        world.addresses[number] = HOME
    found = await Checker(expectation, world, ["resident-registry"]).findings(sample=None, patience_s=0, ghosts=True)
    assert [finding.kind for finding in found] == ["doubled"]


@pytest.mark.parametrize(
    ("salary", "income"), [(650_999, 0), (651_000, 1_000), (1_899_999, 1_249_999), (5_000_000, 3_560_000)]
)
def test_employment_income_is_that_of_the_published_table(salary: int, income: int) -> None:
    assert employment_income(salary) == income
