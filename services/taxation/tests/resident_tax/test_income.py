"""Income tables at every edge."""

from collections.abc import Callable
from datetime import date

import pytest
from kumiai_taxation.domain.resident_tax import Assessment
from kumiai_taxation.domain.resident_tax.income import age_at_year_end, employment_income, pension_income
from kumiai_taxation.parameters import load

R7 = [
    (0, 0),
    (550_999, 0),
    (551_000, 1_000),
    (1_618_999, 1_068_999),
    (1_619_000, 1_069_000),
    (1_619_999, 1_069_000),
    (1_620_000, 1_070_000),
    (1_621_999, 1_070_000),
    (1_622_000, 1_072_000),
    (1_623_999, 1_072_000),
    (1_624_000, 1_074_000),
    (1_627_999, 1_074_000),
    (1_628_000, 1_076_800),
    (1_799_999, 1_177_600),
    (1_800_000, 1_180_000),
    (1_803_999, 1_180_000),
    (1_804_000, 1_182_800),
]
R8 = [
    (650_999, 0),
    (651_000, 1_000),
    (1_899_999, 1_249_999),
    (1_900_000, 1_250_000),
    (1_903_999, 1_250_000),
    (1_904_000, 1_252_800),
]
R9 = [
    (740_999, 0),
    (741_000, 1_000),
    (2_190_999, 1_450_999),
    (2_191_000, 1_451_000),
    (2_192_999, 1_451_000),
    (2_193_000, 1_453_000),
    (2_195_999, 1_453_000),
    (2_196_000, 1_456_000),
    (2_199_999, 1_456_000),
    (2_200_000, 1_460_000),
]
ALL_YEARS = [
    (3_599_999, 2_437_200),
    (3_600_000, 2_440_000),
    (6_599_999, 4_836_800),
    (6_600_000, 4_840_000),
    (6_600_001, 4_840_000),
    (8_499_999, 6_549_999),
    (8_500_000, 6_550_000),
    (8_500_001, 6_550_001),
    (10**12 - 1, 10**12 - 1_950_001),
]


@pytest.mark.parametrize(
    ("year", "salary", "income"),
    [(year, *row) for year, rows in (("R7", R7), ("R8", R8), ("R9", R9)) for row in rows + ALL_YEARS],
)
def test_employment_income_follows_the_table_of_its_year(year: str, salary: int, income: int) -> None:
    assert employment_income(salary, load(year)) == income


@pytest.mark.parametrize(
    ("age", "besides", "pension", "income"),
    [
        (64, 0, 600_000, 0),
        (64, 0, 600_001, 1),
        (64, 0, 1_299_999, 699_999),
        (64, 0, 1_300_000, 700_000),
        (64, 0, 1_300_001, 700_000),
        (64, 0, 4_099_999, 2_799_999),
        (64, 0, 4_100_000, 2_800_000),
        (64, 0, 7_699_999, 5_859_999),
        (64, 0, 7_700_000, 5_860_000),
        (64, 0, 9_999_999, 8_044_999),
        (64, 0, 10_000_000, 8_045_000),
        (65, 0, 1_100_000, 0),
        (65, 0, 1_100_001, 1),
        (65, 0, 3_299_999, 2_199_999),
        (65, 0, 3_300_000, 2_200_000),
        (65, 0, 4_099_999, 2_799_999),
        (65, 0, 4_100_000, 2_800_000),
        (65, 0, 7_699_999, 5_859_999),
        (65, 0, 7_700_000, 5_860_000),
        (65, 0, 9_999_999, 8_044_999),
        (65, 0, 10_000_000, 8_045_000),
        (65, 0, 10_000_001, 8_045_001),
        (65, 10_000_000, 2_000_000, 900_000),
        (65, 10_000_001, 2_000_000, 1_000_000),
        (65, 20_000_000, 2_000_000, 1_000_000),
        (65, 20_000_001, 2_000_000, 1_100_000),
        (64, 10_000_001, 500_000, 0),
        (64, 10_000_001, 500_001, 1),
        (64, 20_000_001, 400_001, 1),
    ],
)
def test_pension_income_follows_age_and_other_income(age: int, besides: int, pension: int, income: int) -> None:
    assert pension_income(pension, age, besides, load("R8")) == income


@pytest.mark.parametrize(
    ("born", "age"), [(date(1960, 12, 31), 65), (date(1961, 1, 1), 65), (date(1961, 1, 2), 64), (date(1960, 2, 29), 65)]
)
def test_one_ages_on_the_day_before_the_birthday(born: date, age: int) -> None:
    assert age_at_year_end(born, 2025) == age


@pytest.mark.parametrize(
    ("salary", "adjustment"),
    [
        (8_500_000, 0),
        (8_500_001, 1),
        (8_500_010, 1),
        (8_500_011, 2),
        (9_999_990, 149_999),
        (9_999_991, 150_000),
        (10_000_000, 150_000),
        (10_000_001, 150_000),
    ],
)
def test_a_child_lowers_the_income_of_a_high_salary(
    tax: Callable[..., Assessment], salary: int, adjustment: int
) -> None:
    result = tax(income={"salary": salary}, dependants=[{"birth_date": "2003-01-02"}])
    assert result.employment_income - result.total_income == adjustment
    older = tax(income={"salary": salary}, dependants=[{"birth_date": "2003-01-01"}])
    assert older.total_income == older.employment_income


def test_special_disability_lowers_the_income_of_a_high_salary(tax: Callable[..., Assessment]) -> None:
    assert tax(income={"salary": 9_000_000}, taxpayer={"disability": "special"}).total_income == 7_000_000
    assert tax(income={"salary": 9_000_000}, taxpayer={"disability": "ordinary"}).total_income == 7_050_000


@pytest.mark.parametrize(
    ("salary", "pension", "total"),
    [
        (2_000_000, 1_100_000, 1_320_000),
        (2_000_000, 2_000_000, 2_120_000),
        (700_000, 1_150_001, 100_000),
        (700_000, 1_150_000, 100_000),
        (700_000, 1_160_000, 100_000),
    ],
)
def test_salary_and_pension_together_are_adjusted(
    tax: Callable[..., Assessment], salary: int, pension: int, total: int
) -> None:
    result = tax(income={"salary": salary, "pension": pension}, taxpayer={"birth_date": "1955-05-05"})
    assert result.total_income == total
