"""The assessment (賦課決定の計算): the rules in the law's order.

Invariant: `assess` and the working of `explain` are views of the one `compute`, so they can not disagree.
"""

from dataclasses import dataclass, replace
from datetime import date

from kumiai_taxation.domain.resident_tax import refusals
from kumiai_taxation.domain.resident_tax.arithmetic import MAX_YEN, NOTHING, Split
from kumiai_taxation.domain.resident_tax.case import Case, RateOverrides
from kumiai_taxation.domain.resident_tax.collection import instalments
from kumiai_taxation.domain.resident_tax.credits import (
    NO_DONATION,
    DonationCredit,
    donation_credit,
    housing_loan_credit,
)
from kumiai_taxation.domain.resident_tax.deductions import Deduction, deductions, relatives
from kumiai_taxation.domain.resident_tax.exemptions import Exemptions, exemptions
from kumiai_taxation.domain.resident_tax.income import Incomes, incomes
from kumiai_taxation.domain.resident_tax.levy import (
    adjustment_base,
    adjustment_credit,
    gross_levy,
    less,
    pro_rata,
    reduction,
    rounded,
    taxable_income,
)
from kumiai_taxation.domain.resident_tax.parameters import FiscalYearParameters, Municipality
from kumiai_taxation.domain.resident_tax.refusals import Refused

OLDEST = 130
"""Years. Whoever would be older has a wrong date of birth."""


@dataclass(frozen=True, slots=True)
class Levy:
    """所得割 from the taxable income to the rounded levy."""

    difference: int
    """人的控除差の合計"""
    adjustment_base: int
    gross: Split
    adjustment: Split
    adjusted: Split
    """What the adjustment deduction leaves: the donations' cap is a share of it"""
    housing_loan: Split
    donation: DonationCredit
    credited: Split
    """What all credits leave: it is compared with the limit of exemption"""
    reduction: Split
    """所得割の調整額 (附則3条の3)"""
    fixed_cut: Split
    income_levy: Split


@dataclass(frozen=True, slots=True)
class Computation:
    """Everything that was computed on the way, for the assessment and for its working."""

    municipality: Municipality
    incomes: Incomes
    deductions: list[Deduction]
    deductions_total: int
    taxable_income: int
    exemptions: Exemptions
    levy: Levy
    per_capita: Split
    forest_environment_tax: int
    total: int
    special_collection: tuple[int, ...]
    ordinary_collection: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """税額: the result in yen. An exempt person has zeros from `gross` on."""

    employment_income: int
    """給与所得 (before 所得金額調整控除, which is already taken off the total)"""
    total_income: int
    deductions_total: int
    taxable_income: int
    gross: Split
    adjustment: Split
    donation_credit: Split
    income_levy: Split
    per_capita: Split
    forest_environment_tax: int
    total: int
    special_collection: tuple[int, ...]
    """June to May"""
    ordinary_collection: tuple[int, ...]


def assess(case: Case, parameters: FiscalYearParameters) -> Assessment | Refused:
    """Assess a case, or say why not."""
    c = compute(case, parameters)
    if isinstance(c, Refused):
        return c
    return Assessment(
        c.incomes.employment,
        c.incomes.total,
        c.deductions_total,
        c.taxable_income,
        c.levy.gross,
        c.levy.adjustment,
        c.levy.donation.total,
        c.levy.income_levy,
        c.per_capita,
        c.forest_environment_tax,
        c.total,
        c.special_collection,
        c.ordinary_collection,
    )


def compute(case: Case, p: FiscalYearParameters) -> Computation | Refused:
    """Compute everything in the law's order."""
    refused = refusal(case, p)
    if refused is not None:
        return refused
    municipality = p.municipalities[case.municipality]
    if case.rates is not None:
        municipality = _with_rates(municipality, case.rates)
    income = incomes(case, p)
    found = deductions(case, income, p)
    deducted = sum(d.amount for d in found)
    if income.total > MAX_YEN:
        return refusals.absurd_sum("/income", MAX_YEN)
    if deducted > MAX_YEN:
        return refusals.absurd_sum("/deductions", MAX_YEN)
    taxable = taxable_income(income.total, deducted, p.taxable_unit)
    exempt = exemptions(case.taxpayer, income.total, relatives(case, p), municipality, p)
    levy = (
        NO_LEVY
        if exempt.levy
        else _levy(
            case,
            municipality,
            p,
            total_income=income.total,
            taxable=taxable,
            difference=p.adjustment.basic_difference + sum(d.difference for d in found),
            limit=exempt.levy_limit,
        )
    )
    per_capita = NOTHING if exempt.per_capita else municipality.per_capita
    forest = 0 if exempt.forest else p.forest_environment_tax
    total = levy.income_levy.total + per_capita.total + forest
    per_capita_only = not levy.income_levy.total
    return Computation(
        municipality,
        income,
        found,
        deducted,
        taxable,
        exempt,
        levy,
        per_capita,
        forest,
        total,
        instalments(total, p.special_collection, per_capita_only=per_capita_only),
        instalments(total, p.ordinary_collection, per_capita_only=per_capita_only),
    )


NO_LEVY = Levy(0, 0, NOTHING, NOTHING, NOTHING, NOTHING, NO_DONATION, NOTHING, NOTHING, NOTHING, NOTHING)


def _levy(
    case: Case,
    municipality: Municipality,
    p: FiscalYearParameters,
    *,
    total_income: int,
    taxable: int,
    difference: int,
    limit: int,
) -> Levy:
    shares = municipality.shares
    gross = gross_levy(taxable, municipality.rates)
    base = adjustment_base(taxable, difference, total_income, p.adjustment)
    adjustment = adjustment_credit(base, gross, shares)
    adjusted = less(gross, adjustment)
    housing = housing_loan_credit(case.credits, taxable, shares, p.housing_loan)
    donation = donation_credit(
        case.credits,
        p.donation,
        shares,
        total_income=total_income,
        taxable=taxable,
        difference=difference,
        levy=adjusted,
    )
    credited = less(less(adjusted, housing), donation.total)
    reduced = reduction(credited, total_income, limit)
    left = less(credited, reduced)
    cut = _fixed_cut(case, total_income, left, p)
    left = rounded(less(left, cut), p.levy_unit)
    return Levy(difference, base, gross, adjustment, adjusted, housing, donation, credited, reduced, cut, left)


def _fixed_cut(case: Case, total_income: int, levy: Split, p: FiscalYearParameters) -> Split:
    """R7 only: 10,000 yen for a spouse within the limit whose deduction the taxpayer's own income forbids."""
    rule = p.fixed_cut
    if rule is None or not rule.income_over < total_income <= rule.income_upto:
        return NOTHING
    if case.spouse is None or case.spouse.income > p.relative_income_limit:
        return NOTHING
    cut = pro_rata(rule.amount, levy)
    # the prefecture's part is rounded up, the municipality takes the rest
    return Split(min(rule.amount, levy.total) - cut.prefectural, cut.prefectural)


def refusal(case: Case, p: FiscalYearParameters) -> Refused | None:
    """Why a case is not computed, seen before anything is."""
    return _beyond_the_rules(case, p) or _contradiction(case) or _impossible_birth(case, p)


def _beyond_the_rules(case: Case, p: FiscalYearParameters) -> Refused | None:
    municipality = p.municipalities.get(case.municipality)
    if municipality is None:
        return refusals.unknown_municipality(case.municipality)
    if municipality.code in p.ended:
        return refusals.parameter_missing(municipality.code, p.fiscal_year, p.ended[municipality.code])
    if case.fiscal_year != p.fiscal_year:
        return refusals.other_fiscal_year(case.fiscal_year, p.fiscal_year)
    if case.not_implemented:
        return refusals.not_implemented(case.not_implemented[0])
    return None


def _contradiction(case: Case) -> Refused | None:
    if case.taxpayer.widow and case.taxpayer.single_parent is not None:
        return refusals.widow_and_single_parent("/taxpayer/widow")
    if case.deductions.medical_paid and case.deductions.self_medication_paid:
        return refusals.medical_twice("/deductions/self_medication_paid")
    return None


def _impossible_birth(case: Case, p: FiscalYearParameters) -> Refused | None:
    spouse = () if case.spouse is None else (("/spouse", case.spouse),)
    people = (("/taxpayer", case.taxpayer), *spouse, *((f"/dependants/{n}", d) for n, d in enumerate(case.dependants)))
    first, last = date(p.income_year - OLDEST, 1, 1), date(p.income_year, 12, 31)
    for pointer, person in people:
        if person.birth_date > last:
            return refusals.born_after_the_year(f"{pointer}/birth_date", p.income_year)
        if person.birth_date < first:
            return refusals.born_too_early(f"{pointer}/birth_date", OLDEST)
    return None


def _with_rates(m: Municipality, given: RateOverrides) -> Municipality:
    return replace(
        m,
        area_class=m.area_class if given.area_class is None else given.area_class,
        own_exemption=m.own_exemption if given.area_class is None else None,
        rates=_overridden(m.rates, given.city_rate, given.pref_rate),
        per_capita=_overridden(m.per_capita, given.city_kintou, given.pref_kintou),
    )


def _overridden(split: Split, municipal: int | None, prefectural: int | None) -> Split:
    return Split(
        split.municipal if municipal is None else municipal,
        split.prefectural if prefectural is None else prefectural,
    )
