"""What holds for every case."""

from collections.abc import Callable
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from kumiai_taxation.case import read_case
from kumiai_taxation.domain.resident_tax import Assessment, Refused, assess, explain
from kumiai_taxation.parameters import load

AMOUNT = st.one_of(st.integers(0, 3_000_000), st.integers(0, 30_000_000), st.integers(0, 10**12 - 1))
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


@settings(max_examples=300, deadline=None)
@given(CASE, AMOUNT, AMOUNT)
def test_the_tax_never_falls_when_the_salary_rises(document: dict[str, Any], one: int, other: int) -> None:
    """Without donations and beyond the law's own exceptions, which the documentation lists."""
    low, high = sorted((one, other))
    plain = document | {"credits": {}, "municipality": "131016", "fiscal_year": "R8"}
    assert assessed(plain | {"income": {"salary": low}}).total <= assessed(plain | {"income": {"salary": high}}).total


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
