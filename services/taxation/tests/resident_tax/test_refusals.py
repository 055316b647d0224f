"""What is not assessed, and the pointer to the reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from kumiai_taxation.case import Credits, Deductions, Income, parse_case
from kumiai_taxation.case_schema import NAME, main, schema_text
from kumiai_taxation.domain.resident_tax import Case, Refused

BORN = {"birth_date": "1990-01-01"}


@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        ({"income": {"salary": -1}}, "negative", "/income/salary"),
        ({"income": {"salary": 1.5}}, "not-whole-yen", "/income/salary"),
        ({"income": {"salary": 1.0}}, "not-whole-yen", "/income/salary"),
        ({"income": {"salary": "1"}}, "not-whole-yen", "/income/salary"),
        ({"income": {"salary": True}}, "not-whole-yen", "/income/salary"),
        ({"income": {"salary": 10**12}}, "too-large", "/income/salary"),
        ({"dependants": [BORN] * 40}, "too-many", "/dependants"),
        ({"dependants": [BORN, {}]}, "missing", "/dependants/1/birth_date"),
        ({"dependants": [{"birth_date": "2026-01-01"}]}, "birth-date-after-income-year", "/dependants/0/birth_date"),
        ({"spouse": {"birth_date": "2030-01-01"}}, "birth-date-after-income-year", "/spouse/birth_date"),
        ({"taxpayer": {"birth_date": "2026-01-01"}}, "birth-date-after-income-year", "/taxpayer/birth_date"),
        ({"taxpayer": {"birth_date": "1894-12-31"}}, "birth-date-too-early", "/taxpayer/birth_date"),
        ({"spouse": {"birth_date": "0001-01-01"}}, "birth-date-too-early", "/spouse/birth_date"),
        ({"dependants": [BORN, {"birth_date": "1700-01-01"}]}, "birth-date-too-early", "/dependants/1/birth_date"),
        ({"taxpayer": {"birth_date": "2025-02-29"}}, "invalid-date", "/taxpayer/birth_date"),
        ({"taxpayer": {"birth_date": "2020-W01-1"}}, "invalid-date", "/taxpayer/birth_date"),
        ({"taxpayer": {"disability": "heavy"}}, "unknown-value", "/taxpayer/disability"),
        ({"taxpayer": {"widow": 1}}, "not-a-flag", "/taxpayer/widow"),
        ({"taxpayer": {"widow": True, "single_parent": "mother"}}, "contradiction", "/taxpayer/widow"),
        (
            {"deductions": {"medical_paid": 1, "self_medication_paid": 1}},
            "contradiction",
            "/deductions/self_medication_paid",
        ),
        ({"municipality": "131017"}, "unknown-municipality", "/municipality"),
        ({"municipality": "141011"}, "unknown-municipality", "/municipality"),
        ({"municipality": "13101"}, "unknown-municipality", "/municipality"),
        ({"fiscal_year": "R6"}, "unknown-fiscal-year", "/fiscal_year"),
        ({"fiscal_year": "2026"}, "unknown-fiscal-year", "/fiscal_year"),
        ({"fiscal_year": "../R8"}, "unknown-fiscal-year", "/fiscal_year"),
        ({"colour": 1}, "unknown-field", "/colour"),
        ({"rates": {"city_rate": 0.1234567}}, "invalid-rate", "/rates/city_rate"),
        ({"rates": {"city_rate": -1}}, "invalid-rate", "/rates/city_rate"),
        ({"deductions": {"life_medical": 1, "life_deduction": 1}}, "contradiction", "/deductions/life_deduction"),
        ({"credits": {"donations": [{"amount": -1}]}}, "invalid-donation", "/credits/donations"),
        (
            {"credits": {"donations": [{"amount": 1}, {"amount": 1, "one_stop": True}]}},
            "contradiction",
            "/credits/donations",
        ),
        ({"taxpayer": {"single_parent": "aunt"}}, "unknown-value", "/taxpayer/single_parent"),
        ({"income": {"salary": 10**12 - 1, "business": 2_000_000}}, "too-large", "/income"),
        ({"deductions": {"social_insurance": 10**12 - 1}}, "too-large", "/deductions"),
        ({"income": {"retirement": 1}}, "not-implemented", "/income/retirement"),
        ({"income": {"stocks": 1}}, "not-implemented", "/income/stocks"),
        ({"deductions": {"loss_carried_forward": 1}}, "not-implemented", "/deductions/loss_carried_forward"),
        ({"credits": {"foreign_tax_credit": 1}}, "not-implemented", "/credits/foreign_tax_credit"),
        ({"dependants": [BORN | {"overseas": True}]}, "not-implemented", "/dependants/0/overseas"),
    ],
)
def test_a_bad_case_is_refused_with_a_pointer(
    refused: Callable[..., tuple[Refused, ...]], given: dict[str, Any], code: str, pointer: str
) -> None:
    (reason,) = refused(**given)
    assert (reason.code, reason.pointer) == (code, pointer)
    assert reason.ja
    assert reason.en


AMOUNTS = [
    *(("income", name) for name in Income.model_fields),
    *(("deductions", name) for name in Deductions.model_fields),
    *(("credits", name) for name in Credits.model_fields if name not in ("one_stop", "housing_loan_special")),
    *(("rates", name) for name in ("city_kintou", "pref_kintou")),
]


@pytest.mark.parametrize(("part", "name"), AMOUNTS)
@pytest.mark.parametrize(("amount", "code"), [(-1, "negative"), (0.5, "not-whole-yen"), (10**12, "too-large")])
def test_no_amount_is_negative_fractional_or_absurd(
    refused: Callable[..., tuple[Refused, ...]], part: str, name: str, amount: float, code: str
) -> None:
    (reason,) = refused(**{part: {name: amount}})
    assert (reason.code, reason.pointer) == (code, f"/{part}/{name}")


@pytest.mark.parametrize(("amount", "code"), [(-1, "negative"), (0.5, "not-whole-yen"), (10**12, "too-large")])
def test_no_relative_s_income_is_either(refused: Callable[..., tuple[Refused, ...]], amount: float, code: str) -> None:
    relatives = {"spouse": BORN | {"income": amount}, "dependants": [BORN, BORN | {"income": amount}]}
    found = [(reason.code, reason.pointer) for reason in refused(**relatives)]
    assert found == [(code, "/spouse/income"), (code, "/dependants/1/income")]


def test_every_fault_of_a_case_is_named_at_once(refused: Callable[..., tuple[Refused, ...]]) -> None:
    assert len(refused(income={"salary": -1, "pension": 0.5}, colour=1)) == 3


def test_twenty_dependants_are_taken(case: Callable[..., Case]) -> None:
    assert len(case(dependants=[BORN] * 20).dependants) == 20


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"a":NaN}', b'{"a":1,"a":2}', b"\xff"])
def test_what_is_no_case_is_refused(body: bytes) -> None:
    assert isinstance(parse_case(body), tuple)


@pytest.mark.parametrize("rate", [0.02025, 2.025, "2.025%"])
def test_a_rate_can_be_written_in_three_ways(case: Callable[..., Case], rate: Any) -> None:
    rates = case(rates={"pref_rate": rate}).rates
    assert rates is not None
    assert rates.pref_rate == 2_025


def test_a_fiscal_year_can_be_given_by_its_calendar_year(case: Callable[..., Case]) -> None:
    assert case(fiscal_year=2026) == case(fiscal_year="R8")


def test_the_schema_file_is_up_to_date(tmp_path: Path) -> None:
    schemas = Path(__file__).parents[2] / "schemas"
    assert main([str(schemas), "--check"]) == 0
    assert main([str(tmp_path), "--check"]) == 1
    assert main([str(tmp_path)]) == 0
    assert (tmp_path / NAME).read_text() == schema_text()


def test_the_schema_takes_what_the_parser_takes(document: Callable[..., dict[str, Any]]) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    full = document(
        fiscal_year=2026,
        income={"salary": 1},
        spouse=BORN | {"disability": True},
        rates={"city_rate": 0.06, "pref_rate": "4%"},
    )
    validator.validate(full)
    assert not validator.is_valid(document(income={"salary": -1}))
    assert not validator.is_valid(document(colour=1))
