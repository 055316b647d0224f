"""From reports to an assessment: what the stream knows of a person becomes a case for the resident-tax rules.

Invariant: the case depends on the counting reports, the date of birth and the year alone, and its tax on the rule
version besides, so that it can be made again from what an assessment names, and its working shown.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from kumiai_contracts.receipts import Reason
from kumiai_contracts.taxation import AssessmentRow, IncomeReportRow

from kumiai_taxation.domain.resident_tax import Assessment, Case, Refused
from kumiai_taxation.domain.resident_tax.case import (
    Credits,
    Dependant,
    Disability,
    Income,
    Payments,
    SingleParent,
    Spouse,
    Taxpayer,
)
from kumiai_taxation.own_parameters import STANDARD, OwnParameters
from kumiai_taxation.resident_tax import assess_case, refusals_of_case

Report = Mapping[str, Any]
"""A report as its columns by name, nested values as mappings."""
NOT_FOR_THE_SENDER = frozenset(("not-implemented", "birth-date-not-a-day", "unknown-fiscal-year", "parameter-missing"))
"""Refusals of the rules that no other report would mend: they are for a person's work list."""


class NotADay(ValueError):
    """生年月日 that no calendar has, or that is unknown in part: a person has to decide what to tax by."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


def assess_reports(
    municipality: str,
    addressee_number: str,
    birth_date: str,
    reports: Sequence[IncomeReportRow],
    own: OwnParameters = STANDARD,
) -> AssessmentRow | tuple[Reason, ...]:
    """The assessment (version 1) of a person from the counting reports of one fiscal year, or why there is none."""
    columns = [report.model_dump() for report in reports]
    return assess_columns(municipality, reports[0].fiscal_year, addressee_number, birth_date, columns, own)


def assess_columns(
    municipality: str,
    fiscal_year: int,
    addressee_number: str,
    birth_date: str,
    reports: Sequence[Report],
    own: OwnParameters = STANDARD,
) -> AssessmentRow | tuple[Reason, ...]:
    """The same from the reports' columns."""
    try:
        case = case_of(municipality, fiscal_year, birth_date, reports)
    except NotADay as error:
        return (_not_a_day(error.pointer),)
    result = assess_case(case, own)
    if isinstance(result, Assessment):
        return _row(own.rules_of(fiscal_year), fiscal_year, addressee_number, birth_date, reports, result)
    return _reasons(result)


def faults_of(
    municipality: str, birth_date: str, report: IncomeReportRow, own: OwnParameters = STANDARD
) -> tuple[Reason, ...]:
    """What is wrong with a report whatever else is known of the person, and its sender can mend."""
    try:
        case = case_of(municipality, report.fiscal_year, birth_date, [report.model_dump()])
    except NotADay:
        return ()
    reasons = _reasons(refusals_of_case(case, own))
    return tuple(reason for reason in reasons if reason.code not in NOT_FOR_THE_SENDER)


def _reasons(refusals: Sequence[Refused]) -> tuple[Reason, ...]:
    return tuple(
        Reason(code=refused.code, pointer=_into_notice(refused.pointer), ja=refused.ja, en=refused.en)
        for refused in refusals
    )


def _not_a_day(pointer: str) -> Reason:
    return Reason(
        code="birth-date-not-a-day",
        pointer=pointer,
        ja="生年月日が暦の日付ではないため、年齢を判定できません。担当者が税額を決定してください。",
        en="The date of birth is no day of the calendar, so there is no age; a person has to decide the tax.",
    )


def case_of(municipality: str, fiscal_year: int, birth_date: str, reports: Sequence[Report]) -> Case:
    """課税事案 of a person: the reports' amounts added, the family of the report with the highest salary.

    That is the employer to whom the employee has handed the declaration of dependants (給与所得者の扶養控除等申告書).
    What is true of the person in one report is true. Raises NotADay.
    """
    main = max(reports, key=_salary)
    further = [report["further"] for report in reports if report["further"] is not None]
    spouse = main["spouse"]
    income, payments, credits = _NO_INCOME, _NO_PAYMENTS, _NO_CREDITS
    taxpayer = Taxpayer(_day(birth_date, "/addressee_number"))
    not_implemented: tuple[str, ...] = ()
    if further:
        income = {name: _sum(further, name) for name in _NO_INCOME}
        payments = {name: _sum(further, name) for name in _NO_PAYMENTS}
        credits = {name: _sum(further, name) for name in _NO_CREDITS}
        credits |= {name: any(items[name] for items in further) for name in ("one_stop", "housing_loan_special")}
        taxpayer = _taxpayer(taxpayer.birth_date, further)
        not_implemented = tuple(f"/further/{name}" for items in further for name in items["not_computed"])
    return Case(
        fiscal_year=f"R{fiscal_year - 2018}",
        municipality=municipality,
        taxpayer=taxpayer,
        income=Income(salary=_sum(reports, "salary"), **income),
        spouse=None if spouse is None else _spouse(spouse),
        dependants=tuple(_dependant(n, dependant) for n, dependant in enumerate(main["dependants"])),
        deductions=Payments(
            social_insurance=_sum(reports, "social_insurance"),
            life_general_new=_sum(reports, "life_insurance_new"),
            earthquake=_sum(reports, "earthquake_insurance"),
            **payments,
        ),
        credits=Credits(**credits),
        not_implemented=not_implemented,
    )


_NO_INCOME = dict.fromkeys(("pension", "business", "other"), 0)
_NO_PAYMENTS = dict.fromkeys(
    (
        "small_enterprise_mutual_aid",
        "life_general_old",
        "life_medical",
        "life_pension_new",
        "life_pension_old",
        "earthquake_old",
        "medical_paid",
        "medical_reimbursed",
        "self_medication_paid",
    ),
    0,
)
_NO_CREDITS: dict[str, Any] = dict.fromkeys(("donations", "donations_basic", "housing_loan"), 0)


def _salary(report: Report) -> int:
    salary: int = report["salary"]
    return salary


def _sum(items: Sequence[Report], name: str) -> int:
    return sum(item[name] for item in items)


def _taxpayer(birth_date: date, further: Sequence[Report]) -> Taxpayer:
    disabilities = {items["disability"] for items in further}
    single = next((items["single_parent"] for items in further if items["single_parent"] is not None), None)
    return Taxpayer(
        birth_date,
        next((kind for kind in (Disability.SPECIAL, Disability.ORDINARY) if kind in disabilities), Disability.NONE),
        widow=any(items["widow"] for items in further),
        single_parent=single and SingleParent(single),
        student=any(items["student"] for items in further),
        public_assistance=any(items["public_assistance"] for items in further),
    )


def _spouse(spouse: Report) -> Spouse:
    return Spouse(
        _day(spouse["birth_date"], "/spouse/birth_date"),
        spouse["income"],
        Disability(spouse["disability"]),
        living_together=spouse["living_together"],
    )


def _dependant(n: int, dependant: Report) -> Dependant:
    together = dependant["living_together_ascendant"]
    return Dependant(
        _day(dependant["birth_date"], f"/dependants/{n}/birth_date"),
        dependant["income"],
        Disability(dependant["disability"]),
        living_together=together or dependant["living_together"],
        ascendant=together,
    )


def _day(civil_date: str, pointer: str) -> date:
    try:
        return date.fromisoformat(civil_date)
    except ValueError:
        raise NotADay(pointer) from None


def _into_notice(pointer: str) -> str:
    """A pointer into the case as one into the report, whose person is known by the number alone."""
    if pointer == "/taxpayer/birth_date":
        return "/addressee_number"
    for prefix in ("/deductions/", "/taxpayer/"):
        if pointer.startswith(prefix):
            return "/further/" + pointer.removeprefix(prefix)
    return pointer


def _row(
    rules: str,
    fiscal_year: int,
    addressee_number: str,
    birth_date: str,
    reports: Sequence[Report],
    result: Assessment,
) -> AssessmentRow:
    """Trusted: the rules' results are whole yen, and the rest was checked where it came from."""
    return AssessmentRow.trusted(
        fiscal_year=fiscal_year,
        addressee_number=addressee_number,
        version=1,
        cancelled=False,
        rule_version=rules,
        employment_income=result.employment_income,
        total_income=result.total_income,
        deductions_total=result.deductions_total,
        taxable_income=result.taxable_income,
        income_levy_municipal=result.income_levy.municipal,
        income_levy_prefectural=result.income_levy.prefectural,
        per_capita_municipal=result.per_capita.municipal,
        per_capita_prefectural=result.per_capita.prefectural,
        forest_environment_tax=result.forest_environment_tax,
        total=result.total,
        special_collection=result.special_collection,
        ordinary_collection=result.ordinary_collection,
        birth_date=birth_date,
        reports=tuple(f"{report['employer']}/{report['revision']}" for report in reports),
    )
