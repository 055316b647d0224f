"""The rules and a second calculation in SQL agree on random cases; a difference of one yen would be found."""

import sys
from pathlib import Path
from typing import Any

import pytest
from kumiai_local.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))
from cases import cases
from compare import OUTPUTS, differences, outputs_of, second_opinion

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


@pytest.mark.stack
async def test_the_second_calculation_agrees_on_random_cases(stack: Stack) -> None:
    given = list(cases(2_000, 3))
    told = await second_opinion(_superuser(stack), SQL.read_text("utf-8"), given)
    assert all(found.keys() == {"id", *OUTPUTS} for found in told.values())
    assert differences({case["id"]: outputs_of(case) for case in given}, told) == {}


@pytest.mark.stack
async def test_another_rate_in_the_second_calculation_is_found(stack: Stack) -> None:
    given = list(cases(200, 3))
    sql = SQL.read_text("utf-8").replace("0.02025", "0.02026")
    told = await second_opinion(_superuser(stack), sql, given)
    found = differences({case["id"]: outputs_of(case) for case in given}, told)
    assert found["gross_prefectural"]
    assert {given[n]["municipality"] for n, *_ in found["gross_prefectural"]} == {"141003"}


def _superuser(stack: Stack) -> str:
    address, _, rest = stack.addresses.postgres_url.partition("@")
    return f"{address}:{stack.addresses.postgres_password}@{rest}"
