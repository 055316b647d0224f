"""The examples that municipalities publish, every figure to the yen."""

import json
from collections.abc import Callable
from pathlib import Path

from kumiai_taxation.domain.resident_tax import Assessment
from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.domain.resident_tax.levy import reduction

Tax = Callable[..., Assessment]

SPOUSE = {"birth_date": "1982-03-03", "income": 0}
NIIGATA = {
    "municipality": "151009",
    "income": {"salary": 5_000_000},
    "deductions": {"social_insurance": 500_000},
    "spouse": SPOUSE,
    "dependants": [{"birth_date": "2007-06-01"}, {"birth_date": "2011-06-01"}],
}
YOKOHAMA = {
    "municipality": "141003",
    "income": {"salary": 5_500_000},
    "deductions": {"social_insurance": 394_800, "life_general_new": 90_000, "earthquake": 20_000},
    "spouse": SPOUSE,
    "dependants": [{"birth_date": "2008-06-01"}, {"birth_date": "2012-06-01"}],
}


def test_the_employee_with_two_children_in_niigata_pays_what_the_city_publishes(tax: Tax) -> None:
    result = tax(**NIIGATA)
    assert result == Assessment(
        employment_income=3_560_000,
        total_income=3_560_000,
        deductions_total=1_590_000,
        taxable_income=1_970_000,
        gross=Split(157_600, 39_400),
        adjustment=Split(6_000, 1_500),
        donation_credit=Split(0, 0),
        income_levy=Split(151_600, 37_900),
        per_capita=Split(3_000, 1_000),
        forest_environment_tax=1_000,
        total=194_500,
        special_collection=(16_300, *[16_200] * 11),
        ordinary_collection=(50_500, 48_000, 48_000, 48_000),
    )


def test_the_command_line_s_example_is_niigata_s(document: Callable[..., dict[str, object]]) -> None:
    example = Path(__file__).parents[4] / "docs" / "examples" / "employee.json"
    assert json.loads(example.read_text("utf-8")) == document(**NIIGATA)


def test_the_employee_with_two_children_in_yokohama_pays_what_the_city_publishes(tax: Tax) -> None:
    result = tax(**YOKOHAMA)
    assert result.taxable_income == 2_437_000
    assert result.gross == Split(194_960, 49_349)
    assert result.income_levy == Split(192_900, 48_800)
    assert result.per_capita == Split(3_900, 1_300)
    assert result.total == 247_900
    assert result.ordinary_collection == (64_900, 61_000, 61_000, 61_000)
    assert result.special_collection == (21_300, *[20_600] * 11)


def test_rates_given_with_the_case_take_the_place_of_the_municipality_s(tax: Tax) -> None:
    rates = {"city_rate": 0.08, "pref_rate": "2.025%", "city_kintou": 3_900, "pref_kintou": 1_300}
    assert tax(**YOKOHAMA | {"municipality": "151009", "rates": rates}) == tax(**YOKOHAMA)


def test_an_income_of_a_million_is_not_exempt_and_a_salary_of_a_million_is(tax: Tax) -> None:
    taxed = tax(municipality="151009", income={"salary": 1_650_000}, deductions={"social_insurance": 240_000})
    assert taxed.income_levy == Split(24_400, 6_100)
    assert taxed.total == 35_500
    assert tax(municipality="151009", income={"salary": 1_000_000}).total == 0


def test_nagoya_levies_less(tax: Tax) -> None:
    result = tax(municipality="231002", income={"salary": 5_000_000})
    assert result.taxable_income == 3_130_000
    assert result.gross == Split(241_010, 62_600)
    assert result.per_capita == Split(2_800, 1_500)


def test_kobe_levies_more_per_head(tax: Tax) -> None:
    assert tax(municipality="281000", income={"salary": 5_000_000}).per_capita == Split(3_400, 1_800)


def test_the_reduction_just_above_the_limit_is_the_published_one() -> None:
    """棚倉町: limit 2,170,000, income 2,200,000, income levy 99,000 → 69,000 less, 30,000 remain."""
    cut = reduction(Split(59_400, 39_600), 2_200_000, 2_170_000)
    assert cut == Split(41_400, 27_600)
