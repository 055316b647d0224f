"""The working of a stored assessment (計算過程の再現): made again from the reports and the date of birth it names.

Invariant: a working is only shown if it comes to exactly what was stored.
"""

from typing import Any

from kumiai_contracts.taxation import AssessmentRow, IncomeReportRow

from kumiai_taxation.assessing import assess_columns, case_of
from kumiai_taxation.domain.roll import TaxationState
from kumiai_taxation.own_parameters import OwnParameters
from kumiai_taxation.resident_tax import explain_case, working_document


class Disagrees(ValueError):
    """The working can't be shown, and why."""


def working_of(municipality: str, state: TaxationState, row: AssessmentRow) -> list[dict[str, Any]]:
    """The steps of an assessment. Raises Disagrees."""
    if row.cancelled:
        raise Disagrees("cancelled")
    own = OwnParameters(state.settings).known_by(row.rule_version)
    if row.rule_version != own.rules_of(row.fiscal_year):
        raise Disagrees("made by other rules")
    if row.birth_date is None or not row.reports:
        raise Disagrees("what it was made from is not stored")
    columns = [_report(state, row, name).model_dump() for name in row.reports]
    again = assess_columns(municipality, row.fiscal_year, row.addressee_number, row.birth_date, columns, own)
    if isinstance(again, tuple) or again.model_copy(update={"version": row.version}) != row:
        raise Disagrees("the rules come to something else")
    steps = explain_case(case_of(municipality, row.fiscal_year, row.birth_date, columns), own)
    assert isinstance(steps, list)
    return working_document(steps)


def _report(state: TaxationState, row: AssessmentRow, name: str) -> IncomeReportRow:
    reporter, _, revision = name.rpartition("/")
    for report in state.revisions(row.fiscal_year, row.addressee_number, reporter):
        if report.revision == int(revision):
            return report
    raise Disagrees("a report that it was made from is missing")
