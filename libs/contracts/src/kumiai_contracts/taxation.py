"""Taxation (税): employment-income reports, and the events of the stream `taxation`."""

from typing import Annotated, ClassVar

from pydantic import Field

from kumiai_contracts.fields import AddresseeNumber, CivilDate, FiscalYear, ShortText, Yen
from kumiai_contracts.model import Event, Frozen, Notice, Row

STREAM = "taxation"
SERVICE = "taxation"


class Spouse(Frozen):
    """配偶者, as the report has it."""

    birth_date: CivilDate
    """生年月日."""
    income: Yen
    """合計所得金額, yen."""


class Dependant(Frozen):
    """扶養親族, as the report has it."""

    birth_date: CivilDate
    """生年月日."""
    income: Yen = 0
    """合計所得金額, yen."""
    living_together_ascendant: bool = False
    """同居老親等."""


class EmploymentIncomeReport(Notice):
    """給与支払報告書: what an employer paid to an employee in the calendar year before the fiscal year."""

    type: ClassVar[str] = "taxation-notice.employment-income-report.v1"
    service: ClassVar[str] = SERVICE

    fiscal_year: FiscalYear
    """年度, by its calendar year: 2026 for what was paid in 2025."""
    addressee_number: AddresseeNumber
    """宛名番号 of the employee."""
    employer: ShortText
    """指定番号 of the employer (特別徴収義務者)."""
    salary: Yen
    """給与収入, yen."""
    social_insurance: Yen = 0
    """社会保険料, yen."""
    life_insurance_new: Yen = 0
    """新生命保険料 paid, yen."""
    earthquake_insurance: Yen = 0
    """地震保険料 paid, yen."""
    spouse: Spouse | None = None
    """配偶者; None without one to deduct."""
    dependants: Annotated[tuple[Dependant, ...], Field(max_length=20)] = ()
    """扶養親族, at most 20."""


class IncomeReportRow(Row):
    """課税資料: the report that counts for a person, fiscal year and employer; a later one takes its place."""

    table: ClassVar[str] = "income_report"
    key: ClassVar[tuple[str, ...]] = ("fiscal_year", "addressee_number", "employer")

    fiscal_year: FiscalYear
    """年度, by its calendar year."""
    addressee_number: AddresseeNumber
    """宛名番号 of the employee."""
    employer: ShortText
    """指定番号 of the employer (特別徴収義務者)."""
    salary: Yen
    """給与収入, yen."""
    social_insurance: Yen
    """社会保険料, yen."""
    life_insurance_new: Yen
    """新生命保険料 paid, yen."""
    earthquake_insurance: Yen
    """地震保険料 paid, yen."""
    spouse: Spouse | None
    """配偶者, if the report has one."""
    dependants: tuple[Dependant, ...]
    """扶養親族."""


class LevyRow(Row):
    """What the assessments share: the amounts of one assessment, yen."""

    fiscal_year: FiscalYear
    """年度, by its calendar year."""
    addressee_number: AddresseeNumber
    """宛名番号 of the tax payer."""
    version: Annotated[int, Field(ge=1)]
    """1 for the first assessment; a correction adds a version and never overwrites one."""
    cancelled: bool
    """課税取消し: the person was not to be taxed here; every amount is 0."""
    rule_version: ShortText
    """The parameters that were used."""
    employment_income: Yen
    """給与所得."""
    total_income: Yen
    """総所得金額等."""
    deductions_total: Yen
    """所得控除合計."""
    taxable_income: Yen
    """課税総所得金額."""
    income_levy_municipal: Yen
    """市町村民税所得割."""
    income_levy_prefectural: Yen
    """道府県民税所得割."""
    per_capita_municipal: Yen
    """市町村民税均等割."""
    per_capita_prefectural: Yen
    """道府県民税均等割."""
    forest_environment_tax: Yen
    """森林環境税."""
    total: Yen
    """年税額."""
    special_collection: tuple[Yen, ...]
    """特別徴収: twelve months from June."""
    ordinary_collection: tuple[Yen, ...]
    """普通徴収: four terms."""


class AssessmentRow(LevyRow):
    """個人住民税の賦課: one version of a person's assessment, with what it came to."""

    table: ClassVar[str] = "assessment"
    key: ClassVar[tuple[str, ...]] = ("fiscal_year", "addressee_number", "version")


class TaxationEvent(Event):
    """What all events of the stream `taxation` share."""

    stream: ClassVar[str] = STREAM

    assessment: AssessmentRow
    """賦課: the version that holds from now on."""

    def subject(self) -> str:
        """The 宛名番号 of the tax payer."""
        return self.assessment.addressee_number


class ResidentTaxAssessed(TaxationEvent):
    """賦課: a person was assessed, for the first time or again, from the reports that are in."""

    type: ClassVar[str] = "taxation.resident-tax-assessed.v1"

    income_report: IncomeReportRow
    """課税資料: the report that led to it."""
    difference: int
    """増減額: the new total less the one before, yen."""


class ResidentTaxAssessmentCancelled(TaxationEvent):
    """課税取消し: the registry no longer has the person living here on 1 January."""

    type: ClassVar[str] = "taxation.resident-tax-assessment-cancelled.v1"

    difference: int
    """増減額: never positive, yen."""
