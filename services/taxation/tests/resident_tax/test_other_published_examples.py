"""Examples that further municipalities publish, each figure that their pages show.

Some pages are of a fiscal year before R7 whose rules for these figures are the same (R3 to R6); their per capita levy
had 500 yen for each body more, and no forest environment tax. Until R2 the deductions from a salary and from a pension
were 100,000 higher, the basic deduction 100,000 lower and there was no adjustment of salary and pension: what is
taxable is the same, so of such pages only that and what follows from it is held. Named: municipality, the page's title
and its date.
"""

from collections.abc import Callable
from typing import Any

import pytest
from kumiai_taxation.domain.resident_tax import Assessment
from kumiai_taxation.domain.resident_tax.arithmetic import Split

Tax = Callable[..., Assessment]

SPOUSE = {"birth_date": "1982-03-03"}
AGED = {19: "2005-06-01", 18: "2006-06-01", 17: "2007-06-01", 16: "2008-06-01", 14: "2010-06-01", 20: "2004-06-01"}


def children(*ages: int) -> list[dict[str, str]]:
    """Dependants by their age at the end of 2024."""
    return [{"birth_date": AGED[age]} for age in ages]


PUBLISHED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "小諸市, 市・県民税額の計算方法, 令和7年度": (
        {
            "municipality": "202088",
            "income": {"salary": 4_250_000},
            "deductions": {"social_insurance": 580_000, "life_general_old": 100_000, "life_medical": 30_000},
            "spouse": SPOUSE,
            "dependants": children(19, 17, 14),
        },
        {"per_capita": Split(3_000, 1_500), "forest_environment_tax": 1_000},
    ),
    "安城市, 税額計算, 2024-11-21": (
        {
            "municipality": "232122",
            "income": {"salary": 6_050_000},
            "deductions": {"social_insurance": 236_930, "life_general_new": 120_000},
            "spouse": SPOUSE,
            "dependants": children(20, 17),
        },
        {
            "employment_income": 4_398_400,
            "deductions_total": 1_804_930,
            "taxable_income": 2_593_000,
            "gross": Split(155_580, 103_720),
            "adjustment": Split(1_500, 1_000),
            "income_levy": Split(154_000, 102_700),
            "per_capita": Split(3_000, 1_500),
            "forest_environment_tax": 1_000,
        },
    ),
    "松江市, 税額の計算の具体例, 2023-02-01 (business; the sum is the same in R7)": (
        {
            "municipality": "322016",
            "income": {"business": 3_495_000},
            "deductions": {"social_insurance": 420_000, "life_general_old": 100_000},
            "spouse": SPOUSE,
            "dependants": children(19, 17, 14),
        },
        {
            "deductions_total": 1_995_000,
            "taxable_income": 1_500_000,
            "gross": Split(90_000, 60_000),
            "adjustment": Split(9_900, 6_600),
            "income_levy": Split(80_100, 53_400),
            "total": 139_000,
        },
    ),
    "見附市, 市・県民税の計算例": (
        {
            "municipality": "152111",
            "income": {"salary": 4_370_000},
            "deductions": {"social_insurance": 420_000, "life_general_old": 100_000},
            "spouse": SPOUSE,
            "dependants": children(19, 16),
        },
        {
            "employment_income": 3_054_400,
            "deductions_total": 1_995_000,
            "taxable_income": 1_059_000,
            "adjustment": Split(9_900, 6_600),
        },
    ),
    "八戸市, 住民税の計算, 2023-12-28": (
        {
            "municipality": "022039",
            "income": {"salary": 3_775_000},
            "deductions": {"social_insurance": 354_862, "life_general_old": 140_360, "earthquake": 100_000},
            "spouse": SPOUSE,
            "dependants": children(17, 14),
        },
        {
            "employment_income": 2_577_600,
            "deductions_total": 1_504_862,
            "taxable_income": 1_072_000,
            "gross": Split(64_320, 42_880),
        },
    ),
    "尼崎市, 公的年金受給者の計算方法, 2024-08-26 (R3)": (
        {
            "municipality": "282022",
            "taxpayer": {"birth_date": "1949-05-05"},
            "income": {"pension": 3_200_000},
            "deductions": {"social_insurance": 350_000, "life_general_old": 30_000, "medical_paid": 200_000},
            "spouse": {"birth_date": "1952-05-05"},
        },
        {
            "total_income": 2_100_000,
            "deductions_total": 1_282_500,
            "taxable_income": 817_000,
            "gross": Split(49_020, 32_680),
            "adjustment": Split(4_500, 3_000),
        },
    ),
    "春日井市, 住民税の計算例 1": (
        {
            "municipality": "232068",
            "income": {"salary": 8_000_000},
            "deductions": {"social_insurance": 800_000, "life_general_old": 100_000, "life_pension_old": 100_000},
            "spouse": SPOUSE,
            "dependants": children(20, 17, 14),
        },
        {
            "employment_income": 6_100_000,
            "deductions_total": 2_410_000,
            "taxable_income": 3_690_000,
            "gross": Split(221_400, 147_600),
            "adjustment": Split(1_500, 1_000),
            "income_levy": Split(219_900, 146_600),
        },
    ),
    "相模原市, 市・県民税・森林環境税の計算例 (before the cut of R6)": (
        {
            "municipality": "141500",
            "income": {"salary": 5_000_000},
            "deductions": {
                "social_insurance": 500_000,
                "life_general_old": 120_000,
                "life_pension_new": 70_000,
                "life_medical": 60_000,
            },
            "spouse": SPOUSE,
            "dependants": children(17, 14),
        },
        {
            "employment_income": 3_560_000,
            "deductions_total": 1_660_000,
            "taxable_income": 1_900_000,
            "gross": Split(152_000, 38_475),
            "adjustment": Split(6_000, 1_500),
            "income_levy": Split(146_000, 36_900),
            "per_capita": Split(3_000, 1_300),
        },
    ),
    "豊橋市, 寄附金税額控除(ふるさと納税)計算例 (R3 to R5: per capita 3,500 and 2,000)": (
        {
            "municipality": "232017",
            "income": {"salary": 7_000_000},
            "deductions": {"social_insurance": 700_000},
            "spouse": SPOUSE,
            "dependants": children(16, 14),
            "credits": {"donations": 40_000},
            "rates": {"city_kintou": 3_500, "pref_kintou": 2_000},
        },
        {
            "employment_income": 5_200_000,
            "deductions_total": 1_790_000,
            "taxable_income": 3_410_000,
            "gross": Split(204_600, 136_400),
            "adjustment": Split(1_500, 1_000),
            "donation_credit": Split(20_473, 13_649),
            "income_levy": Split(182_600, 121_700),
            "total": 309_800 + 1_000,
        },
    ),
    "横浜市, 令和7年度市民税・県民税・森林環境税の計算(例), 2025-01-28": (
        {
            "municipality": "141003",
            "income": {"salary": 5_500_000},
            "deductions": {"social_insurance": 394_800, "life_general_new": 90_000, "earthquake": 20_000},
            "spouse": SPOUSE,
            "dependants": children(17, 14),
        },
        {
            "employment_income": 3_960_000,
            "deductions_total": 1_522_800,
            "taxable_income": 2_437_000,
            "gross": Split(194_960, 49_349),
        },
    ),
    "粕屋町, 町県民税の計算例(給与所得者), 2025-12-19 (R7)": (
        {
            "municipality": "403491",
            "income": {"salary": 6_650_000},
            "deductions": {
                "social_insurance": 535_300,
                "life_general_old": 30_000,
                "life_general_new": 30_000,
                "life_pension_old": 110_000,
                "life_medical": 80_000,
                "earthquake": 10_000,
            },
            "spouse": SPOUSE | {"income": 250_000},
            "dependants": children(19, 16),
        },
        {
            "employment_income": 4_885_000,
            "deductions_total": 535_300 + 70_000 + 5_000 + 330_000 + 780_000 + 430_000,
        },
    ),
    "海老名市, 市・県民税を試算してみましょう ケース1, 2024-01-15": (
        {
            "municipality": "142158",
            "income": {"salary": 6_000_000},
            "deductions": {
                "social_insurance": 785_000,
                "life_general_old": 20_000,
                "life_general_new": 15_000,
                "life_pension_old": 65_000,
                "life_pension_new": 30_000,
            },
            "spouse": SPOUSE,
            "dependants": [*children(17, 20), {"birth_date": "2009-06-01"}],
        },
        {"employment_income": 4_360_000, "deductions_total": 2_386_750},
    ),
    "秦野市, ふるさと寄附金税制, 2023-09-19": (
        {
            "municipality": "142115",
            "income": {"salary": 7_000_000},
            "deductions": {"social_insurance": 800_000, "life_deduction": 28_000},
            "spouse": SPOUSE,
            "dependants": children(19, 17),
            "credits": {"donations": 60_000},
        },
        {"total_income": 5_200_000, "deductions_total": 2_368_000, "taxable_income": 2_832_000},
    ),
    "吹田市, 計算例 (until R2: salary and pension, a parent aged 85 in the household)": (
        {
            "municipality": "272051",
            "taxpayer": {"birth_date": "1962-05-05"},
            "income": {"salary": 5_000_000, "pension": 2_000_000},
            "deductions": {
                "social_insurance": 125_600,
                "life_general_old": 100_000,
                "earthquake": 20_000,
                "earthquake_old": 30_000,
            },
            "spouse": {"birth_date": "1972-03-03"},
            "dependants": [
                {"birth_date": "2009-06-01"},
                *children(20),
                {"birth_date": "2001-06-01"},
                {"birth_date": "1939-06-01", "living_together": True, "ascendant": True},
            ],
        },
        {"taxable_income": 2_514_000, "adjustment": Split(1_500, 1_000)},
    ),
    "岐阜市, 計算例(1)給与所得のある人, 2017-02-01": (
        {
            "municipality": "212016",
            "income": {"salary": 4_000_000},
            "deductions": {
                "social_insurance": 300_000,
                "life_general_old": 54_000,
                "life_medical": 115_000,
                "life_pension_old": 204_000,
            },
            "spouse": SPOUSE | {"income": 350_000},
            "dependants": [*children(17), {"birth_date": "2011-06-01"}],
        },
        {
            "taxable_income": 1_300_000,
            "gross": Split(78_000, 52_000),
            "adjustment": Split(4_500, 3_000),
            "income_levy": Split(73_500, 49_000),
        },
    ),
    "湖西市, 税額計算事例 (until R2)": (
        {
            "municipality": "222216",
            "income": {"salary": 5_500_000},
            "deductions": {"social_insurance": 450_000, "life_deduction": 35_000},
            "spouse": SPOUSE,
            "dependants": children(17),
        },
        {
            "taxable_income": 2_385_000,
            "gross": Split(143_100, 95_400),
            "adjustment": Split(1_500, 1_000),
            "income_levy": Split(141_600, 94_400),
        },
    ),
    "あきる野市, 税額の計算例 設例1 (R8: the difference for the adjustment is 330,000, none for 特定親族特別控除)": (
        {
            "fiscal_year": "R8",
            "municipality": "132284",
            "income": {"salary": 7_000_000},
            "deductions": {
                "social_insurance": 700_000,
                "life_general_new": 100_000,
                "life_medical": 32_000,
                "earthquake": 40_000,
            },
            "spouse": SPOUSE | {"income": 580_000},
            "dependants": [
                {"birth_date": "2003-06-01", "income": 1_100_000},
                {"birth_date": "2005-06-01", "income": 950_000},
                {"birth_date": "2006-06-01"},
                {"birth_date": "2008-06-01"},
            ],
        },
        {
            "total_income": 5_200_000,
            "deductions_total": 2_970_000,
            "taxable_income": 2_230_000,
            "gross": Split(133_800, 89_200),
            "adjustment": Split(3_000, 2_000),
        },
    ),
}


@pytest.mark.parametrize("source", PUBLISHED)
def test_a_published_example_comes_out_to_the_yen(tax: Tax, source: str) -> None:
    given, published = PUBLISHED[source]
    result = tax(**{"fiscal_year": "R7"} | given)
    assert {name: getattr(result, name) for name in published} == published
