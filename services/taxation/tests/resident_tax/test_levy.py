"""Exemptions, levy and instalments at their edges."""

from collections.abc import Callable
from typing import Any

import pytest
from kumiai_taxation.domain.resident_tax import Assessment
from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.domain.resident_tax.collection import instalments
from kumiai_taxation.domain.resident_tax.levy import adjustment_base, taxable_income
from kumiai_taxation.parameters import load

Tax = Callable[..., Assessment]


@pytest.mark.parametrize(
    ("taxable", "difference", "income", "base"),
    [
        (100_000, 300_000, 1, 100_000),
        (2_000_000, 300_000, 1, 300_000),
        (2_000_001, 300_000, 1, 299_999),
        (2_250_000, 300_000, 1, 50_000),
        (2_250_001, 300_000, 1, 50_000),
        (9_000_000, 50_000, 25_000_000, 50_000),
        (9_000_000, 50_000, 25_000_001, 0),
    ],
)
def test_the_adjustment_base_shrinks_above_two_million(taxable: int, difference: int, income: int, base: int) -> None:
    assert adjustment_base(taxable, difference, income, load("R8").adjustment) == base


def test_taxable_income_is_rounded_down_to_a_thousand_and_never_negative() -> None:
    assert taxable_income(1_000_999, 1, 1_000) == 1_000_000
    assert taxable_income(1, 2, 1_000) == 0


@pytest.mark.parametrize(
    ("year", "area_class", "salary"),
    [
        ("R8", 1, 1_100_000),
        ("R8", 2, 1_065_000),
        ("R8", 3, 1_030_000),
        ("R9", 1, 1_190_000),
        ("R9", 2, 1_155_000),
        ("R9", 3, 1_120_000),
    ],
)
def test_the_per_capita_line_of_a_salary_follows_the_class_of_area(
    tax: Tax, year: str, area_class: int, salary: int
) -> None:
    given: dict[str, Any] = {"fiscal_year": year, "rates": {"area_class": area_class}}
    assert tax(**given, income={"salary": salary}).total == 0
    above = tax(**given, income={"salary": salary + 1})
    assert above.per_capita == Split(3_000, 1_000)
    assert above.forest_environment_tax == 1_000


@pytest.mark.parametrize(
    ("salary", "per_capita", "forest"),
    [(1_065_000, 0, 0), (1_065_001, 0, 1_000), (1_070_000, 0, 1_000), (1_070_001, 4_700, 1_000)],
)
def test_an_ordinance_s_own_limit_does_not_exempt_from_the_forest_environment_tax(
    tax: Tax, salary: int, per_capita: int, forest: int
) -> None:
    """宇都宮市's page of 2026-01-05, R8."""
    result = tax(municipality="092011", income={"salary": salary})
    assert (result.per_capita.total, result.forest_environment_tax) == (per_capita, forest)
    assert result.total == per_capita + forest == sum(result.ordinary_collection)
    assert tax(municipality="092011", rates={"area_class": 2}, income={"salary": 1_065_001}).per_capita.total == 4_700


@pytest.mark.parametrize(("relatives", "limit"), [(0, 420_000), (1, 930_000), (2, 1_250_000), (3, 1_570_000)])
def test_hakodate_s_own_limits_are_the_published_ones_and_a_hundred_thousand(
    tax: Tax, relatives: int, limit: int
) -> None:
    """函館市 published 32, 83, 115 and 147万円 for the years before R3, when 100,000 was added by law."""
    given: dict[str, Any] = {"municipality": "012025", "dependants": [{"birth_date": "2015-01-01"}] * relatives}
    assert tax(**given, income={"business": limit}).per_capita.total == 0
    assert tax(**given, income={"business": limit + 1}).per_capita.total == 4_000


@pytest.mark.parametrize(
    ("code", "born", "given", "limit"),
    [
        ("142018", "1985-01-01", "salary", 1_100_000),
        ("142034", "1960-12-31", "pension", 1_550_000),
        ("062049", "1962-05-05", "pension", 980_000),
    ],
)
def test_the_line_of_the_per_capita_levy_is_the_published_one(
    tax: Tax, code: str, born: str, given: str, limit: int
) -> None:
    """横須賀市 (2025-09-09) and 平塚市 (令和8年度以降): class 1; 酒田市 (2026-01-14): an income of 380,000."""
    assert tax(municipality=code, taxpayer={"birth_date": born}, income={given: limit}).total == 0
    assert tax(municipality=code, taxpayer={"birth_date": born}, income={given: limit + 1}).total > 0


@pytest.mark.parametrize(
    ("relatives", "per_capita_limit", "levy_limit"),
    [(0, 415_000, 450_000), (1, 919_000, 1_120_000), (2, 1_234_000, 1_470_000), (6, 2_494_000, 2_870_000)],
)
def test_the_limits_are_those_that_nogata_publishes(
    tax: Tax, relatives: int, per_capita_limit: int, levy_limit: int
) -> None:
    given: dict[str, Any] = {"municipality": "402044", "dependants": [{"birth_date": "2015-01-01"}] * relatives}
    assert tax(**given, income={"business": per_capita_limit}).total == 0
    assert tax(**given, income={"business": per_capita_limit + 1}).total == 5_500
    assert tax(**given, income={"business": levy_limit}).income_levy.total == 0
    assert tax(**given, income={"business": levy_limit + 9_000}).income_levy.total > 0


@pytest.mark.parametrize(
    "state",
    [
        {"disability": "ordinary"},
        {"disability": "special"},
        {"widow": True},
        {"single_parent": "father"},
        {"birth_date": "2008-01-03"},
    ],
)
def test_some_people_are_exempt_up_to_1_350_000(tax: Tax, state: dict[str, Any]) -> None:
    assert tax(taxpayer=state, income={"business": 1_350_000}).total == 0
    assert tax(taxpayer=state, income={"business": 1_350_001}).total > 0


def test_whoever_was_born_on_2_january_is_of_age_on_1_january(tax: Tax) -> None:
    assert tax(taxpayer={"birth_date": "2008-01-02"}, income={"business": 1_350_000}).total > 0


def test_people_on_public_assistance_are_exempt_whatever_they_earn(tax: Tax) -> None:
    assert tax(taxpayer={"public_assistance": True}, income={"business": 5_000_000}).total == 0


def test_a_spouse_above_the_limit_does_not_raise_the_exemption(tax: Tax) -> None:
    within = tax(income={"business": 1_000_000}, spouse={"birth_date": "1985-01-01", "income": 580_000})
    above = tax(income={"business": 1_000_000}, spouse={"birth_date": "1985-01-01", "income": 580_001})
    assert within.total == 0
    assert above.total > 0


def test_the_levy_just_above_the_limit_leaves_the_limit(tax: Tax) -> None:
    children = [{"birth_date": "2015-01-01"}] * 2
    for above in (1, 100, 1_000, 20_000, 60_000):
        result = tax(income={"business": 1_470_000 + above}, dependants=children)
        assert result.income_levy.total <= above
    assert result.income_levy == Split(36_000, 24_000)


def test_without_an_income_levy_the_tax_is_paid_at_once(tax: Tax) -> None:
    result = tax(income={"salary": 1_130_000}, deductions={"social_insurance": 200_000})
    assert result.income_levy.total == 0
    assert result.ordinary_collection == (5_000, 0, 0, 0)
    assert result.special_collection == (5_000, *[0] * 11)


@pytest.mark.parametrize(
    ("total", "months", "terms"),
    [(11_999, (2_099, 900), (5_999, 2_000)), (3_900, (600, 300), (3_900, 0))],
)
def test_the_remainder_is_paid_first(total: int, months: tuple[int, int], terms: tuple[int, int]) -> None:
    p = load("R8")
    special = instalments(total, p.special_collection, per_capita_only=False)
    ordinary = instalments(total, p.ordinary_collection, per_capita_only=False)
    assert sum(special) == sum(ordinary) == total
    assert special == (months[0], *(months[1],) * 11)
    assert ordinary == (terms[0], *(terms[1],) * 3)


@pytest.mark.parametrize(("income", "cut"), [(10_000_001, 10_000), (18_050_000, 10_000), (18_050_001, 0)])
def test_the_cut_of_r7_ends_with_high_incomes(tax: Tax, income: int, cut: int) -> None:
    given: dict[str, Any] = {"fiscal_year": "R7", "income": {"business": income}}
    within = {"birth_date": "1985-01-01", "income": 480_000}
    above = {"birth_date": "1985-01-01", "income": 1_330_001}
    assert tax(**given, spouse=above).total - tax(**given, spouse=within).total == cut


def test_up_to_ten_million_the_spouse_is_deducted_and_r7_cuts_nothing(tax: Tax) -> None:
    given: dict[str, Any] = {"fiscal_year": "R7", "income": {"business": 10_000_000}}
    with_spouse = tax(**given, spouse={"birth_date": "1985-01-01"})
    assert tax(**given).total - with_spouse.total == 11_000


@pytest.mark.parametrize(("above", "levy"), [(0, 0), (1, 0), (99, 0), (166, 0), (167, 100), (250, 200), (1_000, 1_000)])
def test_just_above_the_limit_the_levy_is_what_exceeds_it_each_body_s_down_to_a_hundred(
    tax: Tax, above: int, levy: int
) -> None:
    children = [{"birth_date": "2015-01-01"}] * 2
    assert tax(income={"business": 1_470_000 + above}, dependants=children).income_levy.total == levy


def test_in_r7_a_spouse_whom_a_high_income_bars_is_cut_by_ten_thousand(tax: Tax) -> None:
    given: dict[str, Any] = {"fiscal_year": "R7", "income": {"business": 12_000_000}}
    spouse = {"birth_date": "1985-01-01"}
    assert tax(**given).income_levy.total - tax(**given, spouse=spouse).income_levy.total == 10_000
    later = given | {"fiscal_year": "R8"}
    assert tax(**later) == tax(**later, spouse=spouse)
