"""Taxation (税): employment-income reports, and the events of the stream `taxation`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kumiai_contracts.fields import (
    AddresseeNumber,
    CivilDate,
    Commitment,
    FiscalYear,
    MunicipalityCode,
    PersonName,
    ShortText,
    Timestamp,
    Yen,
)
from kumiai_contracts.model import Event, Frozen, Notice, Row
from kumiai_contracts.resident import Address

STREAM = "taxation"
SERVICE = "taxation"


Disability = Literal["none", "ordinary", "special"]
"""障害の区分: 障害者 (`ordinary`) or 特別障害者 (`special`)."""

ReportKind = Literal["employment", "pension", "tax-return", "resident-tax-return"]
"""資料の種類: 給与支払報告書, 公的年金等支払報告書, 確定申告書, 住民税申告書."""

NotComputed = Literal[
    "retirement",
    "forestry",
    "capital_gains",
    "stocks",
    "futures",
    "dividends",
    "interest",
    "occasional",
    "loss_carried_forward",
    "dividend_credit",
    "foreign_tax_credit",
    "withheld_dividend_levy",
    "overseas",
]
"""What a report may hold and the rules here do not compute: a person decides, by the work list."""

Revision = Annotated[int, Field(ge=1, le=9999)]
"""改訂: 1 for the first, higher for a correction; the highest that came counts, in whatever order they come."""


class Spouse(Frozen):
    """配偶者, as the report has it."""

    birth_date: CivilDate
    """生年月日."""
    income: Yen
    """合計所得金額, yen."""
    disability: Disability = "none"
    """障害."""
    living_together: bool = True
    """同居."""


class Dependant(Frozen):
    """扶養親族, as the report has it."""

    birth_date: CivilDate
    """生年月日."""
    income: Yen = 0
    """合計所得金額, yen."""
    living_together_ascendant: bool = False
    """同居老親等."""
    disability: Disability = "none"
    """障害."""
    living_together: bool = False
    """同居, for a special disability."""


class FurtherItems(Frozen):
    """What a report holds besides salary, insurance and family: amounts in yen, and the tax payer's own state."""

    pension: Yen = 0
    """公的年金等収入, before any deduction."""
    business: Yen = 0
    """事業・不動産・農業所得, after expenses."""
    other: Yen = 0
    """その他の総合課税の所得, after expenses."""
    small_enterprise_mutual_aid: Yen = 0
    """小規模企業共済等掛金."""
    life_general_old: Yen = 0
    """一般生命保険料（旧）."""
    life_medical: Yen = 0
    """介護医療保険料."""
    life_pension_new: Yen = 0
    """個人年金保険料（新）."""
    life_pension_old: Yen = 0
    """個人年金保険料（旧）."""
    earthquake_old: Yen = 0
    """旧長期損害保険料."""
    medical_paid: Yen = 0
    """医療費."""
    medical_reimbursed: Yen = 0
    """医療費を補填する金額."""
    self_medication_paid: Yen = 0
    """セルフメディケーション税制の対象額."""
    donations: Yen = 0
    """ふるさと納税."""
    donations_basic: Yen = 0
    """基本控除だけの寄附金."""
    one_stop: bool = False
    """ワンストップ特例."""
    housing_loan: Yen = 0
    """所得税から控除しきれなかった住宅借入金等特別控除."""
    housing_loan_special: bool = False
    """Its limit of 7 % holds."""
    disability: Disability = "none"
    """本人の障害."""
    widow: bool = False
    """寡婦."""
    single_parent: Literal["mother", "father"] | None = None
    """ひとり親."""
    student: bool = False
    """勤労学生."""
    public_assistance: bool = False
    """生活扶助 on 1 January."""
    not_computed: Annotated[tuple[NotComputed, ...], Field(max_length=13)] = ()
    """Kinds of income, losses and credits with rules of their own, which are there."""


class ReportedPerson(Frozen):
    """本人, as a report names somebody whose 宛名番号 its sender does not know."""

    name: PersonName
    """氏名."""
    name_kana: PersonName
    """氏名の振り仮名."""
    birth_date: CivilDate
    """生年月日."""


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


class IncomeReport(Notice):
    """課税資料: a report of any kind, first, corrected or withdrawn, for somebody known here or not.

    Amounts of a withdrawn report don't count. Who has no 宛名番号 here goes to the work list.
    """

    type: ClassVar[str] = "taxation-notice.income-report.v1"
    service: ClassVar[str] = SERVICE

    fiscal_year: FiscalYear
    """年度, by its calendar year."""
    kind: ReportKind
    """資料の種類."""
    reporter: ShortText
    """指定番号 of the payer, or the number of the return: one report per person, year and reporter counts."""
    revision: Revision = 1
    """改訂."""
    withdrawn: bool = False
    """取下げ: the reporter takes everything back."""
    addressee_number: AddresseeNumber | None = None
    """宛名番号, if the sender knows it."""
    person: ReportedPerson | None = None
    """本人, if it doesn't."""
    residence: MunicipalityCode | None = None
    """1月1日の住所地 as reported; another municipality than this one gets the report."""
    salary: Yen = 0
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
    further: FurtherItems | None = None
    """その他の事項."""


class NonResidentTaxpayerNotice(Notice):
    """住登外者の登録: somebody is taxed here without being registered here (地方税法294条3項)."""

    type: ClassVar[str] = "taxation-notice.non-resident-taxpayer.v1"
    service: ClassVar[str] = SERVICE

    addressee_number: AddresseeNumber | None = None
    """宛名番号 of an entry to change; None for a new one, which gets its number."""
    name: PersonName
    """氏名."""
    name_kana: PersonName
    """氏名の振り仮名."""
    birth_date: CivilDate
    """生年月日."""
    address: Address
    """住所 where the person lives."""
    from_year: FiscalYear
    """The first 年度 taxed here."""
    until_year: FiscalYear | None = None
    """The last 年度 taxed here; None while it goes on."""
    registered_in: MunicipalityCode | None = None
    """住民登録地: who is told that this municipality taxes."""


class SettleWorkItem(Notice):
    """要確認事項の処理: a clerk has looked at a work item."""

    type: ClassVar[str] = "taxation-notice.settle-work-item.v1"
    service: ClassVar[str] = SERVICE

    work_item: ShortText
    """要確認事項, as the work list names it."""
    resolution: Literal["done", "match", "forward"]
    """処理済み, 宛名番号の特定, or 回送 to the municipality that taxes."""
    addressee_number: AddresseeNumber | None = None
    """宛名番号 of the person that the report is about, for `match`."""
    municipality: MunicipalityCode | None = None
    """回送先, for `forward`."""


class IncomeReportRow(Row):
    """課税資料: one revision of a report for a person and fiscal year; the highest revision of a payer counts."""

    table: ClassVar[str] = "income_report"
    key: ClassVar[tuple[str, ...]] = ("fiscal_year", "addressee_number", "employer", "revision")

    fiscal_year: FiscalYear
    """年度, by its calendar year."""
    addressee_number: AddresseeNumber
    """宛名番号 of the person."""
    employer: ShortText
    """指定番号 of the payer (特別徴収義務者), or the number of the return."""
    revision: Revision = 1
    """改訂."""
    kind: ReportKind = "employment"
    """資料の種類."""
    withdrawn: bool = False
    """取下げ."""
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
    further: FurtherItems | None = None
    """その他の事項."""


class UnmatchedReportRow(Row):
    """対象者不明の課税資料: a report whose person is not known here, as it came, until its work item is settled."""

    table: ClassVar[str] = "unmatched_report"
    key: ClassVar[tuple[str, ...]] = ("work_item",)

    work_item: ShortText
    """要確認事項 that waits for it."""
    report: IncomeReport
    """課税資料."""


class WorkItemRow(Row):
    """要確認事項: something that the rules leave to a person."""

    table: ClassVar[str] = "tax_work_item"
    key: ClassVar[tuple[str, ...]] = ("work_item",)

    work_item: ShortText
    """Its name: what led to it."""
    fiscal_year: FiscalYear
    """年度."""
    addressee_number: AddresseeNumber | None
    """宛名番号; None while nobody knows who it is."""
    code: ShortText
    """Why, for programs, such as `not-implemented`."""
    pointer: ShortText
    """JSON pointer to the part of the report that it is about; empty for the whole."""
    ja: str
    """Why, for a clerk, in Japanese."""
    en: str
    """Why, in English."""
    state: Literal["open", "done", "matched", "forwarded"]
    """未処理, or how it was settled."""
    forwarded_to: MunicipalityCode | None = None
    """回送先."""


class NonResidentTaxpayerRow(Row):
    """住登外者: an addressee entry of taxation's own."""

    table: ClassVar[str] = "non_resident_taxpayer"
    key: ClassVar[tuple[str, ...]] = ("addressee_number",)

    addressee_number: AddresseeNumber
    """宛名番号; its first digit is 9, which the registry never gives."""
    name: PersonName
    """氏名."""
    name_kana: PersonName
    """氏名の振り仮名."""
    birth_date: CivilDate
    """生年月日."""
    address: Commitment
    """住所: the commitment of the sealed part."""
    from_year: FiscalYear
    """The first 年度 taxed here."""
    until_year: FiscalYear | None
    """The last 年度 taxed here; None while it goes on."""
    registered_in: MunicipalityCode | None
    """住民登録地."""


class TaxRunRow(Row):
    """当初賦課: a municipality's assessment run of a fiscal year and how far it has come."""

    table: ClassVar[str] = "tax_run"
    key: ClassVar[tuple[str, ...]] = ("fiscal_year",)

    fiscal_year: FiscalYear
    """年度, by its calendar year."""
    state: Literal["collecting", "frozen", "assessed", "confirmed", "issuing", "issued"]
    """資料収集中, 固定, 計算済み, 確認済み, 決定中, 決定済み."""
    changed_at: Timestamp
    """When the state last changed, UTC."""
    changed_by: ShortText
    """Who changed it: a party, or `taxation`."""
    rule_version: ShortText = ""
    """The rules and parameters of the calculation."""
    payers: Annotated[int, Field(ge=0)] = 0
    """People with a report on the frozen roll: assessed, exempt and refused together."""
    assessed: Annotated[int, Field(ge=0)] = 0
    """課税."""
    exempt: Annotated[int, Field(ge=0)] = 0
    """非課税."""
    refused: Annotated[int, Field(ge=0)] = 0
    """要確認: on the work list."""
    amount: Annotated[int, Field(ge=0)] = 0
    """税額合計, yen."""
    last_year_amount: Annotated[int, Field(ge=0)] = 0
    """The same people's tax of the year before, yen."""
    outliers: Annotated[int, Field(ge=0)] = 0
    """前年比較の要確認者."""


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

    birth_date: CivilDate | None = None
    """生年月日 by which the ages were reckoned."""
    reports: tuple[ShortText, ...] = ()
    """課税資料 that it is made from, each as `reporter/revision`: with them the working can be shown again."""


class TaxationEvent(Event):
    """What all events of the stream `taxation` share."""

    stream: ClassVar[str] = STREAM


class AssessmentEvent(TaxationEvent):
    """What the events share that add a version of an assessment."""

    assessment: AssessmentRow
    """賦課: the version that holds from now on."""
    difference: int
    """増減額: the new total less the one before, yen."""

    def subject(self) -> str:
        """The 宛名番号 of the tax payer."""
        return self.assessment.addressee_number


class ResidentTaxAssessed(AssessmentEvent):
    """賦課: a person was assessed, for the first time or again, from the reports that are in."""

    type: ClassVar[str] = "taxation.resident-tax-assessed.v1"

    income_report: IncomeReportRow | None = None
    """課税資料: the report that led to it; None in a run, or where the registry led to it."""


class ResidentTaxAssessmentCancelled(AssessmentEvent):
    """課税取消し: the person is not to be taxed here, or no report is left; the difference is never positive."""

    type: ClassVar[str] = "taxation.resident-tax-assessment-cancelled.v1"


class IncomeReported(TaxationEvent):
    """課税資料の受理: a report was taken in; an assessment follows by itself, in the run, or by a person."""

    type: ClassVar[str] = "taxation.income-reported.v1"

    income_report: IncomeReportRow
    """課税資料."""

    def subject(self) -> str:
        """The 宛名番号 of the person."""
        return self.income_report.addressee_number


class WorkItemRaised(TaxationEvent):
    """要確認: the rules leave something to a person."""

    type: ClassVar[str] = "taxation.work-item-raised.v1"

    work_item: WorkItemRow
    """要確認事項."""
    unmatched_report: UnmatchedReportRow | None = None
    """The report, if it is kept here because nobody knows whose it is."""


class WorkItemSettled(TaxationEvent):
    """要確認の処理: a person, or a later calculation, has settled it."""

    type: ClassVar[str] = "taxation.work-item-settled.v1"

    work_item: WorkItemRow
    """要確認事項."""


class IncomeReportForwarded(TaxationEvent):
    """課税資料の回送: another municipality taxes; this is the sending half, by which that one's service takes it."""

    type: ClassVar[str] = "taxation.income-report-forwarded.v1"

    work_item: WorkItemRow
    """要確認事項, with where it was forwarded to."""
    unmatched_report: UnmatchedReportRow
    """The report, as it came."""


class NonResidentTaxpayerEntered(TaxationEvent):
    """住登外者の登録: somebody who is taxed here without being registered here has an entry, new or changed."""

    type: ClassVar[str] = "taxation.non-resident-taxpayer-entered.v1"

    taxpayer: NonResidentTaxpayerRow
    """住登外者."""


class TaxRunAdvanced(TaxationEvent):
    """当初賦課の進行: the run of a fiscal year has come to its next state."""

    type: ClassVar[str] = "taxation.tax-run-advanced.v1"

    run: TaxRunRow
    """当初賦課."""
