"""What holds for every case."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kumiai_taxation.case import read_case
from kumiai_taxation.domain.resident_tax import Assessment, Refused, assess, explain
from kumiai_taxation.parameters import load

AMOUNT = st.one_of(st.integers(0, 3_000_000), st.integers(0, 30_000_000), st.integers(0, 10**11))
SMALL = st.one_of(st.just(0), st.integers(0, 2_000_000))
DAY = st.dates(min_value=date(1920, 1, 1), max_value=date(2024, 12, 31)).map(str)
DISABILITY = st.sampled_from(["none", "none", "ordinary", "special"])
RELATIVE = {"birth_date": DAY, "income": SMALL, "disability": DISABILITY, "living_together": st.booleans()}
PAID = [
    "social_insurance", "small_enterprise_mutual_aid", "life_general_new", "life_general_old", "life_medical",
    "life_pension_new", "life_pension_old", "earthquake", "earthquake_old", "medical_paid",
]  # fmt: skip
CASE = st.fixed_dictionaries(
    {
        "fiscal_year": st.sampled_from(["R7", "R8", "R9"]),
        "municipality": st.sampled_from(["131016", "151009", "141003", "231002", "281000", "016098", "142042"]),
        "taxpayer": st.fixed_dictionaries({"birth_date": DAY, "disability": DISABILITY, "student": st.booleans()}),
        "income": st.fixed_dictionaries({}, optional=dict.fromkeys(["salary", "pension", "business", "other"], AMOUNT)),
        "deductions": st.fixed_dictionaries({}, optional=dict.fromkeys(PAID, SMALL)),
        "dependants": st.lists(st.fixed_dictionaries(RELATIVE | {"ascendant": st.booleans()}), max_size=4),
        "credits": st.fixed_dictionaries(
            {}, optional={"donations": AMOUNT, "housing_loan": SMALL, "one_stop": st.booleans()}
        ),
    },
    optional={"spouse": st.fixed_dictionaries(RELATIVE)},
)


def assessed(document: dict[str, Any]) -> Assessment:
    case = read_case(document)
    assert not isinstance(case, tuple), case
    result = assess(case, load(case.fiscal_year))
    assert not isinstance(result, Refused)
    return result


@settings(max_examples=300, deadline=None)
@given(CASE)
def test_the_parts_add_up_and_nothing_is_negative(document: dict[str, Any]) -> None:
    r = assessed(document)
    assert r.total == r.income_levy.total + r.per_capita.total + r.forest_environment_tax
    assert sum(r.special_collection) == sum(r.ordinary_collection) == r.total
    assert len(r.special_collection) == 12
    assert len(r.ordinary_collection) == 4
    numbers = [
        r.total_income, r.deductions_total, r.taxable_income, *r.special_collection, *r.ordinary_collection,
    ]  # fmt: skip
    for split in (r.gross, r.adjustment, r.donation_credit, r.income_levy, r.per_capita):
        numbers += [split.municipal, split.prefectural]
    assert min(numbers) >= 0
    assert r.income_levy.municipal % 100 == r.income_levy.prefectural % 100 == 0
    assert r.taxable_income % 1_000 == 0
    assert r.income_levy.municipal <= r.gross.municipal
    assert r.income_levy.prefectural <= r.gross.prefectural


@settings(max_examples=300, deadline=None)
@given(CASE)
def test_the_working_never_disagrees_with_the_assessment(document: dict[str, Any]) -> None:
    r = assessed(document)
    case = read_case(document)
    assert not isinstance(case, tuple)
    steps = explain(case, load(case.fiscal_year))
    assert not isinstance(steps, Refused)
    shown = {step.key: step.result for step in steps}
    for name in ("employment_income", "total_income", "deductions_total", "taxable_income", "income_levy", "per_capita",
                 "forest_environment_tax", "total", "special_collection", "ordinary_collection"):  # fmt: skip
        assert shown[name] == getattr(r, name)
    for name in ("gross", "adjustment", "donation_credit"):
        if getattr(r, name).total:
            assert shown[name] == getattr(r, name)
    amounts = [step.result for step in steps if step.key.startswith("deduction:")]
    assert sum(a for a in amounts if isinstance(a, int)) == r.deductions_total
    assert all(step.ja and step.en and step.rule for step in steps)


EDGES = (
    100_000, 450_000, 550_999, 600_000, 650_999, 740_999, 1_000_000, 1_100_000, 1_299_999, 1_350_000, 1_619_000,
    1_627_999, 1_900_000, 2_190_999, 2_199_999, 2_430_000, 3_300_000, 3_599_999, 4_099_999, 5_000_000, 6_599_999,
    7_699_999, 8_500_000, 9_000_000, 9_500_000, 10_000_000, 10_950_000, 11_950_000, 18_050_000, 20_000_000, 24_000_000,
    24_500_000, 25_000_000, 25_950_000, 26_950_000,
)  # fmt: skip
NEAR_AN_EDGE = st.builds(
    lambda edge, n: max(0, edge + n), st.sampled_from(EDGES), st.one_of(st.integers(-3, 3), st.integers(-5_000, 5_000))
)
KIND = st.sampled_from(["salary", "pension", "business", "other"])


@settings(max_examples=600, deadline=None)
@given(CASE, KIND, st.one_of(NEAR_AN_EDGE, AMOUNT), st.one_of(st.integers(1, 1_000), st.integers(1, 5_000_000)))
def test_the_tax_never_falls_when_an_income_rises(document: dict[str, Any], kind: str, low: int, more: int) -> None:
    """Any income, any year, whatever else there is. Donations are the law's own exception: see the next two tests."""
    loan = {"housing_loan": document["credits"].get("housing_loan", 0)}
    plain = document | {"credits": loan}
    high = min(low + more, 10**11)
    before, after = (assessed(plain | {"income": plain["income"] | {kind: amount}}).total for amount in (low, high))
    assert before <= after


@settings(max_examples=300, deadline=None)
@given(st.integers(480_000, 60_000_000), st.integers(1, 1_000), st.integers(2_001, 20_000_000), KIND)
def test_with_a_donation_a_yen_more_means_at_most_two_hundred_less(
    low: int, more: int, donations: int, kind: str
) -> None:
    """The basic part counts 30 % of the income, by the yen, while the levy moves by thousands: a known exception."""
    given: dict[str, Any] = {"fiscal_year": "R8", "municipality": "131016", "taxpayer": {"birth_date": "1980-05-05"}}
    given["credits"] = {"donations": donations}
    before, after = (assessed(given | {"income": {kind: amount}}).total for amount in (low, low + more))
    assert before - after <= 200


@pytest.mark.parametrize(
    ("measure", "less"), [(1_950_000, 2_600), (3_300_000, 11_000), (6_950_000, 8_300), (9_000_000, 44_300)]
)
def test_the_one_stop_part_jumps_where_the_income_tax_s_rate_does(measure: int, less: int) -> None:
    """申告特例控除 with the special part at its cap: the other known exception, at each edge."""
    given: dict[str, Any] = {"fiscal_year": "R8", "municipality": "131016", "taxpayer": {"birth_date": "1980-05-05"}}
    given["credits"] = {"donations": 20_000_000, "one_stop": True}
    edge = measure + 50_000 + 430_000
    before, after = (assessed(given | {"income": {"business": income}}).total for income in (edge, edge + 1_000))
    assert before - after == less


def test_the_basic_part_of_a_donation_makes_the_tax_fall_inside_a_thousand() -> None:
    given: dict[str, Any] = {"fiscal_year": "R8", "municipality": "131016", "taxpayer": {"birth_date": "1980-05-05"}}
    given["credits"] = {"donations": 3_000_000}
    steps = [assessed(given | {"income": {"business": income}}).total for income in range(2_244_000, 2_245_000, 37)]
    assert max(a - b for a, b in pairwise(steps)) > 0


@settings(max_examples=200, deadline=None)
@given(CASE)
def test_the_order_of_the_dependants_does_not_matter(document: dict[str, Any]) -> None:
    turned = document | {"dependants": document["dependants"][::-1]}
    assert assessed(document) == assessed(turned)


def test_an_explained_case_shows_sources(case: Callable[..., Any]) -> None:
    steps = explain(case(income={"salary": 5_000_000}, municipality="141003"), load("R8"))
    assert not isinstance(steps, Refused)
    by_key = {step.key: step for step in steps}
    assert "水源環境保全税" in by_key["gross"].source
    assert "みどり税" in by_key["per_capita"].source
    assert by_key["gross"].inputs == (("taxable_income", 3_130_000), ("city_rate", "8%"), ("pref_rate", "2.025%"))
