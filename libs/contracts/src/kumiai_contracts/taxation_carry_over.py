"""移行 of assessments (賦課), open balances (未納額) and reports (課税資料) from the system used before.

Invariant: what another system has decided and collected is recorded as it is. It is never calculated here, and what is
open is a fact of its day: collection itself is no part of taxation yet.
"""

from typing import ClassVar

from kumiai_contracts.fields import AddresseeNumber, CalendarDate, FiscalYear, ShortText, Yen
from kumiai_contracts.model import Notice, Row
from kumiai_contracts.resident import GaijiSystem
from kumiai_contracts.resident_carry_over import OldNumber
from kumiai_contracts.taxation import SERVICE, AssessmentEvent, IncomeReport

CARRIED_OVER = "carried-over/"
"""How `rule_version` of an assessment begins that another system made; its name follows."""


class OpenBalanceRow(Row):
    """未納額: what of a carried-over assessment was not paid on a day."""

    table: ClassVar[str] = "open_balance"
    key: ClassVar[tuple[str, ...]] = ("fiscal_year", "addressee_number")

    fiscal_year: FiscalYear
    """年度, by its calendar year."""
    addressee_number: AddresseeNumber
    """宛名番号."""
    special_collected: Yen
    """特別徴収税額: the part of the total that is deducted from a salary or pension."""
    open_balance: Yen
    """未納額."""
    balance_on: CalendarDate
    """基準日."""
    operator: ShortText
    """The clerk's or system's identifier in the municipality's own system."""


class AssessmentCarryOverNotice(Notice):
    """移行（賦課）: a person's assessment of a fiscal year and what of it is open, as the system before has it."""

    type: ClassVar[str] = "taxation-notice.assessment-carry-over.v1"
    service: ClassVar[str] = SERVICE

    system: GaijiSystem
    """旧システム whose number names the person."""
    old_number: OldNumber
    """旧宛名番号 of the person there."""
    addressee_number: AddresseeNumber | None = None
    """宛名番号 here of a 住登外者, whom no registry has carried over: then it counts, and not the old one."""
    operator: ShortText
    """The clerk's or system's identifier in the municipality's own system."""
    fiscal_year: FiscalYear
    """年度, by its calendar year."""
    employment_income: Yen = 0
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
    """年税額: the sum of the five before it."""
    special_collected: Yen = 0
    """特別徴収税額, at most the total."""
    open_balance: Yen = 0
    """未納額, at most the total."""
    balance_on: CalendarDate
    """基準日."""


class IncomeReportCarryOverNotice(Notice):
    """移行（課税資料）: the revision of a report that counts, as the system before has it.

    Where the year's assessment was carried over it is kept beside it; otherwise what follows is what follows from
    every report.
    """

    type: ClassVar[str] = "taxation-notice.income-report-carry-over.v1"
    service: ClassVar[str] = SERVICE

    system: GaijiSystem
    """旧システム whose number names the person."""
    old_number: OldNumber
    """旧宛名番号 of the person there."""
    addressee_number: AddresseeNumber | None = None
    """宛名番号 here of a 住登外者, whom no registry has carried over: then it counts, and not the old one."""
    report: IncomeReport
    """課税資料; whom it names does not count."""


class AssessmentCarriedOver(AssessmentEvent):
    """移行（賦課）: an assessment of the system before holds here, with what of it was open on a day."""

    type: ClassVar[str] = "taxation.assessment-carried-over.v1"

    balance: OpenBalanceRow
    """未納額."""
