"""Income (所得): from what was earned to the total income (合計所得金額)."""

from dataclasses import dataclass
from datetime import date

from kumiai_taxation.domain.resident_tax.arithmetic import by_table, row_upto, up
from kumiai_taxation.domain.resident_tax.case import Case, Disability
from kumiai_taxation.domain.resident_tax.parameters import FiscalYearParameters


@dataclass(frozen=True, slots=True)
class Incomes:
    """The kinds of income; `total` is 合計所得金額, here also 総所得金額等 since losses carried forward are refused."""

    employment: int
    """給与所得, before 所得金額調整控除"""
    salary_adjustment: int
    """所得金額調整控除 (子ども・特別障害者等)"""
    salary_pension_adjustment: int
    """所得金額調整控除 (給与と年金)"""
    pension: int
    """公的年金等に係る雑所得"""
    business: int
    other: int
    total: int


def age_at_year_end(birth_date: date, year: int) -> int:
    """Age on 31 December. One ages on the day before the birthday (年齢計算ニ関スル法律), so 1 January still counts."""
    return year - birth_date.year + (birth_date.month == 1 and birth_date.day == 1)


def employment_income(salary: int, p: FiscalYearParameters) -> int:
    """給与所得: 所得税法28条, below 6.6 million by its 別表第五."""
    return by_table(salary, p.employment_income)


def pension_income(pension: int, age: int, besides: int, p: FiscalYearParameters) -> int:
    """公的年金等に係る雑所得: by age and by the total income besides pensions."""
    if not pension:
        return 0
    table = p.pension_income_from_65 if age >= p.pension_age else p.pension_income_under_65
    rise = row_upto(besides, p.pension_other_income, p.pension_other_income_beyond)
    return max(0, by_table(pension, table) + rise)


def incomes(case: Case, p: FiscalYearParameters) -> Incomes:
    """Every kind of income and their total."""
    earned = case.income
    employment = employment_income(earned.salary, p)
    adjustment = 0
    rule = p.salary_adjustment
    if earned.salary > rule.over and _raises_children_or_cares(case, p):
        adjustment = min(employment, up(min(earned.salary, rule.upto) - rule.over, rule.rate))
    besides = employment - adjustment + earned.business + earned.other
    pension = pension_income(earned.pension, age_at_year_end(case.taxpayer.birth_date, p.income_year), besides, p)
    both = 0
    if pension and employment:
        cap = p.salary_pension_adjustment
        both = max(0, min(employment, cap) + min(pension, cap) - cap)
    return Incomes(employment, adjustment, both, pension, earned.business, earned.other, besides - both + pension)


def _raises_children_or_cares(case: Case, p: FiscalYearParameters) -> bool:
    """措置法41条の3の11第1項: special disability of oneself, spouse or dependant, or a dependant below 23."""
    if case.taxpayer.disability is Disability.SPECIAL:
        return True
    limit = p.relative_income_limit
    spouse = case.spouse
    if spouse is not None and spouse.income <= limit and spouse.disability is Disability.SPECIAL:
        return True
    return any(
        d.income <= limit
        and (
            d.disability is Disability.SPECIAL
            or age_at_year_end(d.birth_date, p.income_year) < p.salary_adjustment.child_under
        )
        for d in case.dependants
    )
