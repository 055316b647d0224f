"""The generator makes valid, repeatable cases, and the comparer finds a difference of one yen."""

import sys
from pathlib import Path
from typing import Any

import pytest
from kumiai_local.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))
from cases import cases
from compare import OUTPUTS, differences, outputs_of, second_opinion


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
async def test_sql_is_asked_about_the_cases(stack: Stack) -> None:
    address, _, rest = stack.addresses.postgres_url.partition("@")
    given = list(cases(50, 5))
    sql = (
        "create function pg_temp.forest(b jsonb) returns bigint language sql as 'select 1000'\n-- query\n"
        "select id, pg_temp.forest(body) as forest_environment_tax from tax_case"
    )
    told = await second_opinion(f"{address}:{stack.addresses.postgres_password}@{rest}", sql, given)
    expected = {case["id"]: outputs_of(case) for case in given}
    exempt = [n for n, found in expected.items() if not found["forest_environment_tax"]]
    assert [n for n, *_ in differences(expected, told)["forest_environment_tax"]] == exempt
