"""Deductions at every edge, and their differences."""

from collections.abc import Callable
from typing import Any

import pytest
from kumiai_taxation.domain.resident_tax import Assessment, Case, compute
from kumiai_taxation.domain.resident_tax.refusals import Refused
from kumiai_taxation.parameters import load

Tax = Callable[..., Assessment]
BASIC = 430_000


@pytest.fixture(scope="session")
def personal(case: Callable[..., Case]) -> Callable[..., tuple[int, int]]:
    """Deductions besides the basic one, and the sum of differences besides the basic one."""

    def sums(**given: Any) -> tuple[int, int]:
        found = case(**({"income": {"business": 5_000_000}} | given))
        computed = compute(found, load(found.fiscal_year))
        assert not isinstance(computed, Refused)
        others = [d for d in computed.deductions if d.kind != "basic"]
        return sum(d.amount for d in others), sum(d.difference for d in others)

    return sums


@pytest.mark.parametrize(
    ("income", "basic"),
    [
        (24_000_000, 430_000),
        (24_000_001, 290_000),
        (24_500_000, 290_000),
        (24_500_001, 150_000),
        (25_000_000, 150_000),
        (25_000_001, 0),
    ],
)
def test_the_basic_deduction_ends_with_high_incomes(tax: Tax, income: int, basic: int) -> None:
    result = tax(income={"business": income})
    assert result.deductions_total == basic
    assert (result.adjustment.total == 0) == (income > 25_000_000)


@pytest.mark.parametrize(
    ("income", "young", "elderly"),
    [
        (9_000_000, (330_000, 50_000), (380_000, 100_000)),
        (9_000_001, (220_000, 40_000), (260_000, 60_000)),
        (9_500_000, (220_000, 40_000), (260_000, 60_000)),
        (9_500_001, (110_000, 20_000), (130_000, 30_000)),
        (10_000_000, (110_000, 20_000), (130_000, 30_000)),
        (10_000_001, (0, 0), (0, 0)),
    ],
)
def test_the_spouse_deduction_falls_with_the_taxpayer_s_income(
    personal: Any, income: int, young: tuple[int, int], elderly: tuple[int, int]
) -> None:
    given = {"income": {"business": income}}
    assert personal(**given, spouse={"birth_date": "1956-01-02"}) == young
    assert personal(**given, spouse={"birth_date": "1956-01-01"}) == elderly


@pytest.mark.parametrize(
    ("year", "income", "expected"),
    [
        ("R7", 480_000, (330_000, 50_000)),
        ("R7", 480_001, (330_000, 50_000)),
        ("R7", 499_999, (330_000, 50_000)),
        ("R7", 500_000, (330_000, 30_000)),
        ("R7", 549_999, (330_000, 30_000)),
        ("R7", 550_000, (330_000, 0)),
        ("R8", 580_000, (330_000, 50_000)),
        ("R8", 580_001, (330_000, 0)),
        ("R9", 620_000, (330_000, 50_000)),
        ("R9", 620_001, (330_000, 0)),
        ("R8", 1_000_000, (330_000, 0)),
        ("R8", 1_000_001, (310_000, 0)),
        ("R8", 1_050_000, (310_000, 0)),
        ("R8", 1_050_001, (260_000, 0)),
        ("R8", 1_100_000, (260_000, 0)),
        ("R8", 1_100_001, (210_000, 0)),
        ("R8", 1_150_000, (210_000, 0)),
        ("R8", 1_150_001, (160_000, 0)),
        ("R8", 1_200_000, (160_000, 0)),
        ("R8", 1_200_001, (110_000, 0)),
        ("R8", 1_250_000, (110_000, 0)),
        ("R8", 1_250_001, (60_000, 0)),
        ("R8", 1_300_000, (60_000, 0)),
        ("R8", 1_300_001, (30_000, 0)),
        ("R8", 1_330_000, (30_000, 0)),
        ("R8", 1_330_001, (0, 0)),
    ],
)
def test_the_spouse_s_income_decides_between_the_two_spouse_deductions(
    personal: Any, year: str, income: int, expected: tuple[int, int]
) -> None:
    assert personal(fiscal_year=year, spouse={"birth_date": "1985-01-01", "income": income}) == expected


def test_the_special_spouse_deduction_is_two_thirds_and_one_third_rounded_up_to_ten_thousand() -> None:
    for year in ("R7", "R8", "R9"):
        for _, (full, two_thirds, third) in load(year).spouse_special:
            assert two_thirds == -(-full * 2 // 3 // 10_000) * 10_000
            assert third == -(-full // 3 // 10_000) * 10_000


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        ("2010-01-02", (0, 0)),
        ("2010-01-01", (330_000, 50_000)),
        ("2007-01-02", (330_000, 50_000)),
        ("2007-01-01", (450_000, 180_000)),
        ("2003-01-02", (450_000, 180_000)),
        ("2003-01-01", (330_000, 50_000)),
        ("1956-01-02", (330_000, 50_000)),
        ("1956-01-01", (380_000, 100_000)),
    ],
)
def test_the_dependant_deduction_follows_the_age_on_the_last_day_of_the_year(
    personal: Any, born: str, expected: tuple[int, int]
) -> None:
    assert personal(dependants=[{"birth_date": born}]) == expected
    assert personal(dependants=[{"birth_date": born, "living_together": True}]) == expected


def test_an_elderly_parent_who_lives_with_the_taxpayer_counts_more(personal: Any) -> None:
    parent = {"birth_date": "1950-01-01", "living_together": True, "ascendant": True}
    assert personal(dependants=[parent]) == (450_000, 130_000)


@pytest.mark.parametrize(
    ("year", "income", "amount"),
    [
        ("R7", 480_001, 0),
        ("R8", 580_000, 450_000),
        ("R8", 580_001, 450_000),
        ("R8", 950_000, 450_000),
        ("R8", 950_001, 410_000),
        ("R8", 1_000_000, 410_000),
        ("R8", 1_000_001, 310_000),
        ("R8", 1_050_000, 310_000),
        ("R8", 1_050_001, 210_000),
        ("R8", 1_100_000, 210_000),
        ("R8", 1_100_001, 110_000),
        ("R8", 1_150_000, 110_000),
        ("R8", 1_150_001, 60_000),
        ("R8", 1_200_000, 60_000),
        ("R8", 1_200_001, 30_000),
        ("R8", 1_230_000, 30_000),
        ("R8", 1_230_001, 0),
        ("R9", 620_001, 450_000),
    ],
)
def test_a_student_s_own_income_lowers_the_deduction_step_by_step(
    personal: Any, year: str, income: int, amount: int
) -> None:
    child = {"birth_date": "2005-06-01", "income": income}
    assert personal(fiscal_year=year, dependants=[child])[0] == amount


def test_a_disabled_child_under_sixteen_counts_for_the_disability_alone(personal: Any) -> None:
    child = {"birth_date": "2015-01-01", "disability": "special", "living_together": True}
    assert personal(dependants=[child]) == (530_000, 220_000)
    assert personal(dependants=[child | {"living_together": False}]) == (300_000, 100_000)
    assert personal(dependants=[child | {"disability": "ordinary"}]) == (260_000, 10_000)


def test_a_disabled_spouse_counts_even_if_the_taxpayer_s_income_forbids_the_spouse_deduction(personal: Any) -> None:
    spouse = {"birth_date": "1985-01-01", "disability": "ordinary"}
    assert personal(income={"business": 10_000_001}, spouse=spouse) == (260_000, 10_000)
    assert personal(income={"business": 9_000_000}, spouse=spouse | {"income": 600_000}) == (330_000, 0)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"disability": "ordinary"}, (260_000, 10_000)),
        ({"disability": "special"}, (300_000, 100_000)),
        ({"widow": True}, (260_000, 10_000)),
        ({"single_parent": "mother"}, (300_000, 50_000)),
        ({"single_parent": "father"}, (300_000, 10_000)),
    ],
)
def test_the_taxpayer_s_own_state_is_deducted(personal: Any, state: dict[str, Any], expected: tuple[int, int]) -> None:
    assert personal(taxpayer=state) == expected
    if "disability" not in state:
        assert personal(taxpayer=state, income={"business": 5_000_001}) == (0, 0)


@pytest.mark.parametrize(("year", "limit"), [("R7", 750_000), ("R8", 850_000), ("R9", 890_000)])
def test_a_working_student_may_earn_up_to_the_limit_of_the_year(personal: Any, year: str, limit: int) -> None:
    student = {"taxpayer": {"student": True}, "fiscal_year": year}
    assert personal(**student, income={"business": limit}) == (260_000, 10_000)
    assert personal(**student, income={"business": limit + 1}) == (0, 0)
    assert personal(**student, income={"other": 100_000}) == (260_000, 10_000)
    assert personal(**student, income={"other": 100_001}) == (0, 0)


@pytest.mark.parametrize(
    ("paid", "amount"),
    [
        ({"life_general_new": 12_000}, 12_000),
        ({"life_general_new": 12_001}, 12_001),
        ({"life_general_new": 12_003}, 12_002),
        ({"life_general_new": 32_000}, 22_000),
        ({"life_general_new": 32_001}, 22_001),
        ({"life_general_new": 56_000}, 28_000),
        ({"life_general_new": 56_001}, 28_000),
        ({"life_pension_old": 15_000}, 15_000),
        ({"life_pension_old": 15_001}, 15_001),
        ({"life_pension_old": 40_000}, 27_500),
        ({"life_pension_old": 40_001}, 27_501),
        ({"life_pension_old": 70_000}, 35_000),
        ({"life_pension_old": 70_001}, 35_000),
        ({"life_medical": 80_000}, 28_000),
        ({"life_general_new": 20_000, "life_general_old": 30_000}, 28_000),
        ({"life_general_new": 5_000, "life_general_old": 10_000}, 15_000),
        ({"life_general_new": 80_000, "life_general_old": 70_000}, 35_000),
        ({"life_general_old": 70_000, "life_medical": 80_000, "life_pension_old": 70_000}, 70_000),
        ({"life_deduction": 12_345}, 12_345),
        ({"earthquake": 1}, 1),
        ({"earthquake": 49_999}, 25_000),
        ({"earthquake": 50_001}, 25_000),
        ({"earthquake_old": 5_000}, 5_000),
        ({"earthquake_old": 5_001}, 5_001),
        ({"earthquake_old": 15_000}, 10_000),
        ({"earthquake_old": 15_001}, 10_000),
        ({"earthquake": 40_000, "earthquake_old": 15_000}, 25_000),
        ({"earthquake_deduction": 7}, 7),
        ({"medical_paid": 100_000}, 0),
        ({"medical_paid": 150_000, "medical_reimbursed": 20_000}, 30_000),
        ({"medical_paid": 5_000_000}, 2_000_000),
        ({"self_medication_paid": 12_001}, 1),
        ({"self_medication_paid": 200_000}, 88_000),
        ({"medical_deduction": 9}, 9),
        ({"casualty_loss": 600_000}, 100_000),
        ({"casualty_loss": 600_000, "casualty_disaster_expense": 300_000}, 250_000),
        ({"casualty_deduction": 5}, 5),
        ({"small_enterprise_mutual_aid": 816_000}, 816_000),
        ({"social_insurance": 1}, 1),
    ],
)
def test_what_was_paid_is_deducted_as_its_table_says(personal: Any, paid: dict[str, int], amount: int) -> None:
    assert personal(deductions=paid) == (amount, 0)


def test_medical_expenses_of_a_small_income_count_beyond_five_per_cent(personal: Any) -> None:
    assert personal(income={"business": 1_000_000}, deductions={"medical_paid": 60_000})[0] == 10_000


def test_a_single_parent_may_be_stated_without_saying_which(tax: Tax) -> None:
    def levied(state: Any) -> Assessment:
        return tax(taxpayer={"single_parent": state}, income={"salary": 4_000_000})

    assert levied(True) == levied("mother") != levied("father")
    assert levied(False) == levied(None)


def test_in_the_year_of_a_spouse_s_death_both_deductions_are_granted(tax: Tax) -> None:
    """所得税法85条3項: the spouse is judged at the death, the widow on 31 December (日本税務研究センター, 相談事例)."""
    result = tax(taxpayer={"widow": True}, income={"business": 4_000_000}, spouse={"birth_date": "1975-01-01"})
    assert result.deductions_total == 430_000 + 260_000 + 330_000
