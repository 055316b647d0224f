"""移行（賦課・課税資料）: what another system assessed and collected is recorded as it is, and changed by nobody but a
person. A report of a year that nobody had assessed there leads to what every report leads to."""

from typing import Any

from kumiai_contracts.decision import Accepted, Context, Decision, Refused
from kumiai_contracts.model import Row
from kumiai_contracts.receipts import Reason
from kumiai_contracts.taxation import AssessmentRow, IncomeReported
from kumiai_contracts.taxation_carry_over import (
    CARRIED_OVER,
    AssessmentCarriedOver,
    AssessmentCarryOverNotice,
    IncomeReportCarryOverNotice,
    OpenBalanceRow,
)

from kumiai_taxation.deciding import consequences, row_of
from kumiai_taxation.domain import refusals
from kumiai_taxation.domain.roll import TaxationState, is_carried_over

_PARTS = (
    "income_levy_municipal",
    "income_levy_prefectural",
    "per_capita_municipal",
    "per_capita_prefectural",
    "forest_environment_tax",
)


def carry_over_assessment(state: TaxationState, notice: AssessmentCarryOverNotice, context: Context) -> Decision:
    """The first version of an assessment that was made elsewhere, and what of it is open."""
    number = _meant(state, notice)
    reasons = _faults(notice, context)
    if number is None:
        reasons.append(refusals.unknown_old_number("/old_number"))
    elif state.latest(notice.fiscal_year, number) is not None:
        reasons.append(refusals.assessed_already("/fiscal_year"))
    if reasons or number is None:
        return Refused(tuple(reasons))
    row = AssessmentRow(
        **_same(AssessmentRow, notice),
        addressee_number=number,
        version=1,
        cancelled=False,
        rule_version=f"{CARRIED_OVER}{notice.system}",
        special_collection=(),
        ordinary_collection=(),
        birth_date=state.birth_date(number),
    )
    balance = OpenBalanceRow(**_same(OpenBalanceRow, notice), addressee_number=number)
    return Accepted((AssessmentCarriedOver(assessment=row, difference=row.total, balance=balance),))


def carry_over_report(state: TaxationState, notice: IncomeReportCarryOverNotice, context: Context) -> Decision:
    """A report as it stood elsewhere: beside the assessment that was made from it, or for one to come."""
    number = _meant(state, notice)
    if number is None:
        return Refused((refusals.unknown_old_number("/old_number"),))
    row = row_of(notice.report, number)
    same = [old for old in state.revisions(row.fiscal_year, number, row.employer) if old.revision == row.revision]
    if same:
        return Accepted(()) if same == [row] else Refused((refusals.revision_differs("/report/revision"),))
    if is_carried_over(state.latest(row.fiscal_year, number)):
        return Accepted((IncomeReported(income_report=row),))
    # It was taken in before: what the rules have against it is for a person, and nothing is lost.
    return Accepted(consequences(state, row, context))


def _same(kind: type[Row], notice: AssessmentCarryOverNotice) -> dict[str, Any]:
    """The columns of a row that stand in the notice as they are."""
    names = kind.model_fields.keys() - {"addressee_number"}
    return {name: getattr(notice, name) for name in names if hasattr(notice, name)}


def _meant(state: TaxationState, notice: AssessmentCarryOverNotice | IncomeReportCarryOverNotice) -> str | None:
    """宛名番号 of whom a notice is about; None if nobody knows."""
    number = notice.addressee_number
    if number is None:
        return state.carried(notice.system, notice.old_number)
    return number if state.knows(number) and not state.history(number) else None


def _faults(notice: AssessmentCarryOverNotice, context: Context) -> list[Reason]:
    found = []
    if notice.total != sum(getattr(notice, part) for part in _PARTS):
        found.append(refusals.total_does_not_add_up("/total"))
    for name in ("special_collected", "open_balance"):
        if getattr(notice, name) > notice.total:
            found.append(refusals.more_than_total(f"/{name}"))
    if notice.balance_on > context.today:
        found.append(refusals.balance_in_future("/balance_on"))
    return found
