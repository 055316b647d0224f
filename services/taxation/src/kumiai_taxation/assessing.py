"""From reports to an assessment: what the stream knows of a person becomes a case for the resident-tax rules."""

from datetime import date

from kumiai_contracts.receipts import Reason
from kumiai_contracts.resident import ResidentRow
from kumiai_contracts.taxation import AssessmentRow, IncomeReportRow
from kumiai_contracts.taxation import Dependant as ReportedDependant
from kumiai_contracts.taxation import Spouse as ReportedSpouse

from kumiai_taxation.domain.resident_tax import Assessment, Case
from kumiai_taxation.domain.resident_tax.case import Dependant, Income, Payments, Spouse, Taxpayer
from kumiai_taxation.resident_tax import assess_read

RULE_VERSION = "1"
"""Raised whenever the rules compute another amount from the same parameters."""


class NotADay(ValueError):
    """生年月日 that no calendar has, or that is unknown in part: a person has to decide what to tax by."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


def assess_reports(
    municipality: str, person: ResidentRow, reports: list[IncomeReportRow]
) -> AssessmentRow | tuple[Reason, ...]:
    """The assessment (version 1) of a person from the reports of one fiscal year, or the reasons why there is none.

    Several employers' amounts are added; the family is taken from the report with the highest salary, which is the
    one that the employee has handed the declaration of dependants to (給与所得者の扶養控除等申告書).
    """
    try:
        case = _case(municipality, person, reports)
    except NotADay as error:
        return (
            Reason(
                code="birth-date-not-a-day",
                pointer=error.pointer,
                ja="生年月日が暦の日付ではないため、年齢を判定できません。担当者が税額を決定してください。",
                en="The date of birth is no day of the calendar, so there is no age; a person has to decide the tax.",
            ),
        )
    result = assess_read(case)
    if isinstance(result, Assessment):
        return _row(reports[0].fiscal_year, person.addressee_number, case.fiscal_year, result)
    return tuple(
        Reason(code=refused.code, pointer=_into_notice(refused.pointer), ja=refused.ja, en=refused.en)
        for refused in result
    )


def _case(municipality: str, person: ResidentRow, reports: list[IncomeReportRow]) -> Case:
    main = max(reports, key=lambda report: report.salary)
    return Case(
        fiscal_year=f"R{main.fiscal_year - 2018}",
        municipality=municipality,
        taxpayer=Taxpayer(_day(person.birth_date, "/addressee_number")),
        income=Income(salary=sum(report.salary for report in reports)),
        spouse=_spouse(main.spouse) if main.spouse else None,
        dependants=tuple(_dependant(n, dependant) for n, dependant in enumerate(main.dependants)),
        deductions=Payments(
            social_insurance=sum(report.social_insurance for report in reports),
            life_general_new=sum(report.life_insurance_new for report in reports),
            earthquake=sum(report.earthquake_insurance for report in reports),
        ),
    )


def _spouse(spouse: ReportedSpouse) -> Spouse:
    return Spouse(_day(spouse.birth_date, "/spouse/birth_date"), spouse.income, living_together=True)


def _dependant(n: int, dependant: ReportedDependant) -> Dependant:
    return Dependant(
        _day(dependant.birth_date, f"/dependants/{n}/birth_date"),
        dependant.income,
        living_together=dependant.living_together_ascendant,
        ascendant=dependant.living_together_ascendant,
    )


def _day(civil_date: str, pointer: str) -> date:
    try:
        return date.fromisoformat(civil_date)
    except ValueError:
        raise NotADay(pointer) from None


def _into_notice(pointer: str) -> str:
    """A pointer into the case as a pointer into the report, which has the same names one level higher."""
    for prefix in ("/income", "/deductions", "/taxpayer"):
        if pointer.startswith(prefix + "/"):
            return pointer.removeprefix(prefix)
    return pointer


def _row(fiscal_year: int, addressee_number: str, rules: str, result: Assessment) -> AssessmentRow:
    return AssessmentRow(
        fiscal_year=fiscal_year,
        addressee_number=addressee_number,
        version=1,
        cancelled=False,
        rule_version=f"{rules}/{RULE_VERSION}",
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
    )
