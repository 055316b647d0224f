"""The rules and a second calculation in SQL agree on random cases; a difference of one yen would be found.

`make second-opinion` compares 100,000 cases: SECOND_OPINION_CASES and SECOND_OPINION_SEED say how many and which.
"""

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from kumiai_local.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))
from cases import cases
from compare import OUTPUTS, differences, outputs_of, second_opinion

CASES = int(os.environ.get("SECOND_OPINION_CASES", "3000"))
SEED = int(os.environ.get("SECOND_OPINION_SEED", "3"))
SQL = Path(__file__).parent / "second_opinion.sql"


def test_the_same_seed_gives_the_same_cases_and_all_are_assessed() -> None:
    given = list(cases(300, 5))
    assert given == list(cases(300, 5)) != list(cases(300, 6))
    for case in given:
        assert outputs_of(case).keys() == set(OUTPUTS)


def test_a_yen_of_difference_and_a_missing_case_are_found() -> None:
    ours: dict[int, dict[str, Any]] = {1: {"total": 100}, 2: {"total": 200}, 3: {"total": 300}}
    found = differences(ours, {1: {"id": 1, "total": 100}, 2: {"id": 2, "total": 201}})
    assert found == {"total": [(2, 200, 201)], "missing": [(3, True, None)]}


def test_the_cases_reach_what_is_rarely_reached() -> None:
    """Each of these rules decides some of the cases that the suite compares, so an error in it would be seen."""
    reached: Counter[str] = Counter()
    for case in cases(CASES, SEED):
        found = outputs_of(case)
        levied = found["income_levy_municipal"] > 0
        reached["no basic deduction"] += found["total_income"] > 25_000_000
        reached["less basic deduction"] += 24_000_000 < found["total_income"] <= 25_000_000
        reached["highest donation share"] += (
            found["taxable_income"] > 40_000_000 and case["credits"].get("donations", 0) > 0
        )
        reached["pension"] += levied and "pension" in case["income"]
        reached["salary and pension"] += levied and {"pension", "salary"} <= case["income"].keys()
        reached["housing loan"] += levied and case["credits"].get("housing_loan", 0) > 0
        reached["one-stop"] += levied and case["credits"].get("one_stop", False)
        reached["student"] += levied and case["taxpayer"]["student"]
        reached["public assistance"] += case["taxpayer"]["public_assistance"]
        reached["medical"] += levied and "medical_paid" in case["deductions"]
        reached["casualty"] += levied and "casualty_loss" in case["deductions"]
        reached["exempt"] += found["total"] == 0
        reached["per capita only"] += found["total"] > 0 and not levied
    assert min(reached.values()) >= 3, reached


@pytest.mark.stack
async def test_the_second_calculation_agrees_on_random_cases(stack: Stack) -> None:
    given = list(cases(CASES, SEED))
    told = await second_opinion(_superuser(stack), SQL.read_text("utf-8"), given)
    assert all(found.keys() == {"id", *OUTPUTS} for found in told.values())
    assert differences({case["id"]: outputs_of(case) for case in given}, told) == {}


@pytest.mark.stack
@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ("0.02025", "0.02026", "gross_prefectural"),
        ("p * 95 / 100 - 1455000", "p * 95 / 100 - 1455001", "total_income"),
        ("then 150000 else 0 end as basic", "then 150001 else 0 end as basic", "deductions_total"),
        ("else 0.44055 end", "else 0.44056 end", "donation_credit_municipal"),
        ("least(136500, ", "least(136000, ", "income_levy_municipal"),
        (
            "when taxable - difference <= 9000000 then 23.483 else 33.693 end",
            "else 33 end",
            "donation_credit_municipal",
        ),
    ],
)
async def test_another_figure_in_the_second_calculation_is_found(
    stack: Stack, right: str, wrong: str, field: str
) -> None:
    given = list(cases(1_500, 3))
    text = SQL.read_text("utf-8")
    assert right in text
    told = await second_opinion(_superuser(stack), text.replace(right, wrong), given)
    found = differences({case["id"]: outputs_of(case) for case in given}, told)
    assert found[field]


def _superuser(stack: Stack) -> str:
    address, _, rest = stack.addresses.postgres_url.partition("@")
    return f"{address}:{stack.addresses.postgres_password}@{rest}"
