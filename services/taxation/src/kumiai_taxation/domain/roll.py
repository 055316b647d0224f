"""The roll (課税台帳): who is taxed here, from which reports, and which version of the assessment counts.

Invariant: an assessment is never overwritten. Whatever changes its ground adds a version and says the difference.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from kumiai_contracts.model import Event, Row
from kumiai_contracts.resident import ResidentRow, Status
from kumiai_contracts.taxation import (
    AssessmentRow,
    IncomeReportRow,
    ResidentTaxAssessed,
    ResidentTaxAssessmentCancelled,
    TaxationEvent,
)

PersonYear = tuple[int, str]
"""(fiscal year, 宛名番号)"""


class TaxationState:
    """The histories, reports and assessments of the people in question."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._histories: dict[str, list[ResidentRow]] = {}
        self._reports: dict[PersonYear, dict[str, IncomeReportRow]] = {}
        self._assessments: dict[PersonYear, list[AssessmentRow]] = {}
        for row in rows:
            self._put(row)

    def history(self, addressee_number: str) -> Sequence[ResidentRow]:
        """異動履歴 of a person in the order of the history numbers; empty if the registry doesn't know the person."""
        return self._histories.get(addressee_number, ())

    def reports(self, fiscal_year: int, addressee_number: str) -> list[IncomeReportRow]:
        """The reports that count, one for each employer."""
        return list(self._reports.get((fiscal_year, addressee_number), {}).values())

    def latest(self, fiscal_year: int, addressee_number: str) -> AssessmentRow | None:
        """The version of the assessment that counts."""
        versions = self._assessments.get((fiscal_year, addressee_number))
        return versions[-1] if versions else None

    def fiscal_years(self, addressee_number: str) -> list[int]:
        """The fiscal years for which the person was assessed, in order."""
        return sorted(year for year, person in self._assessments if person == addressee_number)

    def apply(self, event: Event) -> None:
        """Evolve: take over a report and an assessment."""
        if isinstance(event, TaxationEvent):
            for row in event.rows():
                self._put(row)

    def _put(self, row: Row) -> None:
        match row:
            case ResidentRow():
                self._histories.setdefault(row.addressee_number, []).append(row)
            case IncomeReportRow():
                self._reports.setdefault((row.fiscal_year, row.addressee_number), {})[row.employer] = row
            case AssessmentRow():
                self._assessments.setdefault((row.fiscal_year, row.addressee_number), []).append(row)


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


def next_version(state: TaxationState, assessed: AssessmentRow, report: IncomeReportRow) -> ResidentTaxAssessed:
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
