"""Deductions from income (所得控除), each with its difference to the income tax's deduction (人的控除差)."""

from dataclasses import dataclass
from enum import StrEnum

from kumiai_taxation.domain.resident_tax.arithmetic import row_upto
from kumiai_taxation.domain.resident_tax.case import Case, Dependant, Disability, SingleParent, Spouse, Taxpayer
from kumiai_taxation.domain.resident_tax.income import Incomes, age_at_year_end
from kumiai_taxation.domain.resident_tax.insurance import (
    casualty_deduction,
    earthquake_deduction,
    life_deduction,
    medical_deduction,
)
from kumiai_taxation.domain.resident_tax.parameters import FiscalYearParameters, Personal


class Kind(StrEnum):
    """所得控除の種類."""

    CASUALTY = "casualty"
    MEDICAL = "medical"
    SOCIAL_INSURANCE = "social_insurance"
    SMALL_ENTERPRISE = "small_enterprise_mutual_aid"
    LIFE = "life_insurance"
    EARTHQUAKE = "earthquake_insurance"
    DISABILITY = "disability"
    WIDOW = "widow"
    SINGLE_PARENT = "single_parent"
    STUDENT = "student"
    SPOUSE = "spouse"
    SPOUSE_SPECIAL = "spouse_special"
    DEPENDANT = "dependant"
    SPECIFIED_RELATIVE = "specified_relative"
    BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Deduction:
    """One deduction: for which part of the case, how much, and its personal difference."""

    kind: Kind
    amount: int
    difference: int = 0
    pointer: str = ""


def deductions(case: Case, incomes: Incomes, p: FiscalYearParameters) -> list[Deduction]:
    """Every deduction that is not zero, in the order of the law."""
    paid = case.deductions
    total = incomes.total
    found = [
        Deduction(kind, amount)
        for kind, amount in (
            (Kind.CASUALTY, casualty_deduction(paid, total, p.casualty)),
            (Kind.MEDICAL, medical_deduction(paid, total, p.medical)),
            (Kind.SOCIAL_INSURANCE, paid.social_insurance),
            (Kind.SMALL_ENTERPRISE, paid.small_enterprise_mutual_aid),
            (Kind.LIFE, life_deduction(paid, p.life_insurance)),
            (Kind.EARTHQUAKE, earthquake_deduction(paid, p.earthquake_insurance)),
        )
        if amount
    ]
    found += _of_oneself(case.taxpayer, incomes, p)
    if case.spouse is not None:
        found += _of_spouse(case.spouse, total, p)
    for n, dependant in enumerate(case.dependants):
        found += _of_dependant(dependant, f"/dependants/{n}", p)
    basic = row_upto(total, p.basic_deduction, 0)
    if basic:
        # its difference is part of the adjustment deduction's own rule, whatever the amount
        found.append(Deduction(Kind.BASIC, basic))
    return found


def relatives(case: Case, p: FiscalYearParameters) -> int:
    """n: 同一生計配偶者 and 扶養親族 within the income limit, children under 16 included."""
    limit = p.relative_income_limit
    spouse = case.spouse is not None and case.spouse.income <= limit
    return spouse + sum(d.income <= limit for d in case.dependants)


def _of_oneself(taxpayer: Taxpayer, incomes: Incomes, p: FiscalYearParameters) -> list[Deduction]:
    found = []
    if taxpayer.disability is not Disability.NONE:
        rule = p.disability_special if taxpayer.disability is Disability.SPECIAL else p.disability
        found.append(_personal(Kind.DISABILITY, rule, "/taxpayer/disability"))
    if incomes.total <= p.single_income_limit:
        if taxpayer.widow:
            found.append(_personal(Kind.WIDOW, p.widow, "/taxpayer/widow"))
        if taxpayer.single_parent is not None:
            rule = p.single_mother if taxpayer.single_parent is SingleParent.MOTHER else p.single_father
            found.append(_personal(Kind.SINGLE_PARENT, rule, "/taxpayer/single_parent"))
    if (
        taxpayer.student
        and incomes.total <= p.student_income_limit
        and incomes.pension + incomes.other <= p.student_unearned_limit
    ):
        found.append(_personal(Kind.STUDENT, p.student, "/taxpayer/student"))
    return found


def _of_spouse(spouse: Spouse, total_income: int, p: FiscalYearParameters) -> list[Deduction]:
    found = []
    bracket = next((n for n, limit in enumerate(p.spouse_taxpayer_limits) if total_income <= limit), None)
    if spouse.income <= p.relative_income_limit:
        found += _disability_of_relative(spouse, "/spouse", p)
        if bracket is not None:
            elderly = age_at_year_end(spouse.birth_date, p.income_year) >= p.spouse_elderly_age
            amounts = p.spouse_deduction_elderly if elderly else p.spouse_deduction
            differences = p.spouse_difference_elderly if elderly else p.spouse_difference
            found.append(Deduction(Kind.SPOUSE, amounts[bracket], differences[bracket], "/spouse"))
    elif bracket is not None:
        amount = row_upto(spouse.income, p.spouse_special, (0, 0, 0))[bracket]
        if amount:
            difference = row_upto(spouse.income, p.spouse_special_difference, (0, 0, 0))[bracket]
            found.append(Deduction(Kind.SPOUSE_SPECIAL, amount, difference, "/spouse"))
    return found


def _of_dependant(dependant: Dependant, pointer: str, p: FiscalYearParameters) -> list[Deduction]:
    age = age_at_year_end(dependant.birth_date, p.income_year)
    if dependant.income > p.relative_income_limit:
        rule = p.specified_relative
        amount = row_upto(dependant.income, rule.rows, 0) if rule.age_from <= age <= rule.age_upto else 0
        return [Deduction(Kind.SPECIFIED_RELATIVE, amount, 0, pointer)] if amount else []
    found = _disability_of_relative(dependant, pointer, p)
    band = next((b for b in p.dependants if b.age_from <= age <= b.age_upto), None)
    if band is not None:
        together = band.living_together_ascendant
        if together is not None and dependant.living_together and dependant.ascendant:
            found.append(_personal(Kind.DEPENDANT, together, pointer))
        else:
            found.append(Deduction(Kind.DEPENDANT, band.amount, band.difference, pointer))
    return found


def _disability_of_relative(relative: Spouse | Dependant, pointer: str, p: FiscalYearParameters) -> list[Deduction]:
    """Also for a child under 16, for whom there is no other deduction."""
    if relative.disability is Disability.NONE:
        return []
    if relative.disability is Disability.ORDINARY:
        rule = p.disability
    else:
        rule = p.disability_special_living_together if relative.living_together else p.disability_special
    return [_personal(Kind.DISABILITY, rule, f"{pointer}/disability")]


def _personal(kind: Kind, rule: Personal, pointer: str) -> Deduction:
    return Deduction(kind, rule.amount, rule.difference, pointer)
