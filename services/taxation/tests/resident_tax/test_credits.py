"""Donations and housing loan."""

from collections.abc import Callable
from typing import Any

import pytest
from kumiai_taxation.domain.resident_tax import Assessment
from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.domain.resident_tax.credits import special_rate
from kumiai_taxation.parameters import load

Tax = Callable[..., Assessment]


@pytest.mark.parametrize(
    ("measure", "rate"),
    [
        (-1, 90_000),
        (0, 84_895),
        (1_950_000, 84_895),
        (1_950_001, 79_790),
        (3_300_000, 79_790),
        (3_300_001, 69_580),
        (6_950_000, 69_580),
        (6_950_001, 66_517),
        (9_000_000, 66_517),
        (9_000_001, 56_307),
        (18_000_000, 56_307),
        (18_000_001, 49_160),
        (40_000_000, 49_160),
        (40_000_001, 44_055),
    ],
)
def test_the_special_part_follows_the_income_tax_rate(measure: int, rate: int) -> None:
    assert special_rate(measure, load("R8").donation) == rate


def test_the_personal_differences_are_taken_off_before_the_rate_is_chosen(tax: Tax) -> None:
    """Taxable 1,999,000 less 50,000 is within 1,950,000: 48,000 × 84.895 % × 3/5 = 24,449.76, up."""
    result = tax(income={"business": 2_429_000}, credits={"donations": 50_000})
    assert result.taxable_income == 1_999_000
    assert result.donation_credit == Split(2_880 + 23_688, 1_920 + 15_792)
    smaller = tax(income={"business": 2_429_000}, credits={"donations": 22_000})
    assert smaller.donation_credit == Split(1_200 + 10_188, 800 + 6_792)


def test_a_designated_city_bears_four_fifths(tax: Tax) -> None:
    result = tax(municipality="151009", income={"business": 5_000_000}, credits={"donations": 30_000})
    assert result.donation_credit == Split(2_240 + 15_586, 560 + 3_897)


def test_the_special_part_is_capped_at_a_fifth_of_the_levy_after_adjustment(tax: Tax) -> None:
    without = tax(income={"business": 2_429_000})
    result = tax(income={"business": 2_429_000}, credits={"donations": 400_000})
    assert without.gross == Split(119_940, 79_960)
    assert without.adjustment == Split(1_500, 1_000)
    assert result.donation_credit == Split(23_880 + 23_688, 15_920 + 15_792)


def test_the_basic_part_counts_thirty_per_cent_of_the_income_at_most(tax: Tax) -> None:
    result = tax(income={"business": 1_000_000}, credits={"donations_basic": 900_000})
    assert result.donation_credit == Split(17_880, 11_920)


@pytest.mark.parametrize("given", [0, 1, 2_000])
def test_the_donor_bears_two_thousand(tax: Tax, given: int) -> None:
    assert tax(income={"business": 5_000_000}, credits={"donations": given}).donation_credit == Split(0, 0)


@pytest.mark.parametrize(
    "donations",
    [
        {"amount": 22_000, "one_stop": True},
        [{"amount": 22_000, "one_stop": True}],
        [{"amount": 20_000, "one_stop": True}, {"amount": 2_000, "one_stop": True}],
    ],
)
def test_a_list_of_gifts_is_their_sum(tax: Tax, donations: Any) -> None:
    given: dict[str, Any] = {"income": {"business": 2_429_000}}
    assert tax(**given, credits={"donations": donations}) == tax(
        **given, credits={"donations": 22_000, "one_stop": True}
    )


def test_one_stop_adds_the_income_tax_s_part(tax: Tax) -> None:
    given: dict[str, Any] = {"income": {"business": 2_429_000}}
    plain = tax(**given, credits={"donations": 22_000}).donation_credit
    whole = tax(**given, credits={"donations": 22_000, "one_stop": True}).donation_credit
    assert whole.total - plain.total == 613 + 409
    assert 20_000 <= whole.total <= 20_005


@pytest.mark.parametrize(
    ("loan", "special", "taxable", "credit"),
    [
        (50_000, False, None, (30_000, 20_000)),
        (200_000, False, None, (58_500, 39_000)),
        (200_000, True, None, (81_900, 54_600)),
        (200_000, False, 1_000_000, (30_000, 20_000)),
        (200_000, True, 1_000_000, (42_000, 28_000)),
        (1, False, None, (1, 1)),
    ],
)
def test_the_housing_loan_is_credited_up_to_its_limit(
    tax: Tax, loan: int, special: bool, taxable: int | None, credit: tuple[int, int]
) -> None:
    credits = {"housing_loan": loan, "housing_loan_special": special, "income_tax_taxable": taxable}
    without, result = tax(income={"business": 4_430_000}), tax(income={"business": 4_430_000}, credits=credits)
    assert result.income_levy == Split(
        (without.gross.municipal - without.adjustment.municipal - credit[0]) // 100 * 100,
        (without.gross.prefectural - without.adjustment.prefectural - credit[1]) // 100 * 100,
    )


def test_credits_never_make_a_levy_negative(tax: Tax) -> None:
    result = tax(income={"business": 900_000}, credits={"donations": 10**12 - 1, "housing_loan": 10**12 - 1})
    assert result.income_levy.municipal >= 0
    assert result.income_levy.prefectural >= 0
