"""The roll (課税台帳): who is taxed here, from which reports, and which version of the assessment counts.

Invariant: an assessment is never overwritten. Whatever changes its ground adds a version and says the difference.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from kumiai_contracts.model import Event, Row
from kumiai_contracts.parameters import ParameterRow
from kumiai_contracts.resident import ResidentRow, Status
from kumiai_contracts.resident_carry_over import CarriedNumberRow
from kumiai_contracts.taxation import (
    AssessmentRow,
    IncomeReportRow,
    NonResidentTaxpayerRow,
    ResidentTaxAssessed,
    ResidentTaxAssessmentCancelled,
    TaxationEvent,
    TaxRunRow,
    UnmatchedReportRow,
    WorkItemRow,
)
from kumiai_contracts.taxation_carry_over import CARRIED_OVER

PersonYear = tuple[int, str]
"""(fiscal year, 宛名番号)"""
LONGEST_REPORTER = 195
"""Characters of a 指定番号: an assessment names each report as `reporter/revision`, in 200 at most."""
RETURNS = ("tax-return", "resident-tax-return")
"""申告書, the one that goes before the others first: it holds everything, so payers' reports don't count beside it."""


class TaxationState:
    """The histories, reports, assessments, work items and runs that the notices and events in question need."""

    def __init__(self, rows: Iterable[Row] = (), assessed_years: tuple[int, ...] = ()) -> None:
        self.assessed_years = assessed_years
        """The fiscal years of which there are assessments; looked up only where somebody asks for it."""
        self._settings: dict[int, ParameterRow] = {}
        self._histories: dict[str, list[ResidentRow]] = {}
        self._non_residents: dict[str, NonResidentTaxpayerRow] = {}
        self._reports: dict[PersonYear, dict[str, list[IncomeReportRow]]] = {}
        self._assessments: dict[PersonYear, list[AssessmentRow]] = {}
        self._work_items: dict[str, WorkItemRow] = {}
        self._unmatched: dict[str, UnmatchedReportRow] = {}
        self._runs: dict[int, TaxRunRow] = {}
        self._carried: dict[tuple[str, str], str] = {}
        for row in rows:
            self._put(row)

    @property
    def settings(self) -> tuple[ParameterRow, ...]:
        """The municipality's settings of taxation's parameters, in the order of their versions."""
        return tuple(self._settings.values())

    def know(self, row: ParameterRow) -> None:
        """Remember a setting."""
        self._settings[row.version] = row

    def history(self, addressee_number: str) -> Sequence[ResidentRow]:
        """異動履歴 of a person in the order of the history numbers; empty if the registry doesn't know the person."""
        return self._histories.get(addressee_number, ())

    def knows(self, addressee_number: str) -> bool:
        """Whether the registry or taxation itself has an entry of this number."""
        return addressee_number in self._histories or addressee_number in self._non_residents

    def carried(self, system: str, old_number: str) -> str | None:
        """宛名番号 of whoever has this number in the system used before."""
        return self._carried.get((system, old_number))

    def birth_date(self, addressee_number: str) -> str:
        """生年月日 of somebody known, as it is known now."""
        history = self.history(addressee_number)
        return history[-1].birth_date if history else self._non_residents[addressee_number].birth_date

    def taxable_here(self, addressee_number: str, fiscal_year: int) -> bool:
        """Whether this municipality taxes the person: here on 1 January, or entered as taxed here nevertheless."""
        entry = self._non_residents.get(addressee_number)
        if entry is not None:
            return entry.from_year <= fiscal_year <= (entry.until_year or fiscal_year)
        return lived_here(self.history(addressee_number), assessment_date(fiscal_year))

    def revisions(self, fiscal_year: int, addressee_number: str, reporter: str) -> Sequence[IncomeReportRow]:
        """Every revision of a reporter's report, as they came."""
        return self._reports.get((fiscal_year, addressee_number), {}).get(reporter, ())

    def reporters(self, fiscal_year: int, addressee_number: str) -> Iterable[Sequence[IncomeReportRow]]:
        """Every reporter's revisions for a person and fiscal year."""
        return self._reports.get((fiscal_year, addressee_number), {}).values()

    def reports(self, fiscal_year: int, addressee_number: str) -> list[IncomeReportRow]:
        """The reports that count: the last revision of each reporter, unless withdrawn."""
        held = self._reports.get((fiscal_year, addressee_number), {})
        return counting(max(revisions, key=lambda row: row.revision) for _, revisions in sorted(held.items()))

    def versions(self, fiscal_year: int, addressee_number: str) -> Sequence[AssessmentRow]:
        """Every version of the assessment, in order."""
        return self._assessments.get((fiscal_year, addressee_number), ())

    def latest(self, fiscal_year: int, addressee_number: str) -> AssessmentRow | None:
        """The version of the assessment that counts."""
        versions = self._assessments.get((fiscal_year, addressee_number))
        return versions[-1] if versions else None

    def fiscal_years(self, addressee_number: str) -> list[int]:
        """The fiscal years for which there is a report or an assessment of the person, in order."""
        known = self._assessments.keys() | self._reports.keys()
        return sorted(year for year, person in known if person == addressee_number)

    def run(self, fiscal_year: int) -> TaxRunRow | None:
        """当初賦課 of a fiscal year, if the municipality has opened it."""
        return self._runs.get(fiscal_year)

    def work_item(self, name: str) -> WorkItemRow | None:
        """要確認事項 by its name."""
        return self._work_items.get(name)

    def unmatched(self, work_item: str) -> UnmatchedReportRow | None:
        """The report that waits with a work item."""
        return self._unmatched.get(work_item)

    def apply(self, event: Event) -> None:
        """Evolve: take over what one of taxation's own events makes true."""
        if isinstance(event, TaxationEvent):
            for row in event.rows():
                self._put(row)

    def _put(self, row: Row) -> None:
        match row:
            case ResidentRow():
                self._histories.setdefault(row.addressee_number, []).append(row)
            case IncomeReportRow():
                held = self._reports.setdefault((row.fiscal_year, row.addressee_number), {})
                held.setdefault(row.employer, []).append(row)
            case AssessmentRow():
                self._assessments.setdefault((row.fiscal_year, row.addressee_number), []).append(row)
            case NonResidentTaxpayerRow():
                self._non_residents[row.addressee_number] = row
            case WorkItemRow():
                self._work_items[row.work_item] = row
            case UnmatchedReportRow():
                self._unmatched[row.work_item] = row
            case ParameterRow():
                self.know(row)
            case TaxRunRow():
                self._runs[row.fiscal_year] = row
            case CarriedNumberRow(kind="person"):
                self._carried[row.system, row.old_number] = row.number


def counting(reports: Iterable[IncomeReportRow]) -> list[IncomeReportRow]:
    """Of each reporter's last revision those that make the assessment: one return alone, else all that payers sent."""
    standing = [report for report in reports if not report.withdrawn]
    for kind in RETURNS:
        returns = [report for report in standing if report.kind == kind]
        if returns:
            return returns[-1:]
    return standing


def is_carried_over(assessment: AssessmentRow | None) -> bool:
    """Whether another system made it, by rules of its own."""
    return assessment is not None and assessment.rule_version.startswith(CARRIED_OVER)


def assessment_date(fiscal_year: int) -> date:
    """賦課期日: 1 January of the fiscal year (地方税法39条, 318条)."""
    return date(fiscal_year, 1, 1)


def lived_here(history: Sequence[ResidentRow], day: date) -> bool:
    """Whether the person was on the record on a day, as it is known now: movements taken back never were."""
    taken_back = {row.cancels for row in history if row.cancels is not None}
    standing = [
        row
        for row in history
        if row.cancels is None and row.history_number not in taken_back and row.effective_date <= day
    ]
    return bool(standing) and standing[-1].status is Status.RESIDENT


def next_version(
    state: TaxationState, assessed: AssessmentRow, report: IncomeReportRow | None = None
) -> ResidentTaxAssessed:
    """The assessment as the next version of the person's and year's, with the difference from the one before."""
    before = state.latest(assessed.fiscal_year, assessed.addressee_number)
    return ResidentTaxAssessed(
        assessment=assessed.model_copy(update={"version": before.version + 1 if before else 1}),
        income_report=report,
        difference=assessed.total - (before.total if before else 0),
    )


def cancelled(before: AssessmentRow) -> ResidentTaxAssessmentCancelled:
    """The next version, which takes the assessment back: every amount is 0."""
    nothing = {
        name: 0 for name, field in AssessmentRow.model_fields.items() if field.annotation is int and name not in _KEPT
    }
    row = before.model_copy(
        update={
            **nothing,
            "version": before.version + 1,
            "cancelled": True,
            "special_collection": (0,) * len(before.special_collection),
            "ordinary_collection": (0,) * len(before.ordinary_collection),
        }
    )
    return ResidentTaxAssessmentCancelled(assessment=row, difference=-before.total)


_KEPT = frozenset(("fiscal_year", "version"))
