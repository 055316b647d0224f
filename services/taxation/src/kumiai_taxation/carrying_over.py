"""移行（賦課）: what another system assessed and collected is recorded as it is, and changed by nobody but a person."""

from kumiai_contracts.decision import Accepted, Context, Decision, Refused
from kumiai_contracts.receipts import Reason
from kumiai_contracts.taxation import AssessmentRow
from kumiai_contracts.taxation_carry_over import (
    CARRIED_OVER,
    AssessmentCarriedOver,
    AssessmentCarryOverNotice,
    OpenBalanceRow,
)

from kumiai_taxation.domain import refusals
from kumiai_taxation.domain.roll import TaxationState

_PARTS = (
    "income_levy_municipal",
    "income_levy_prefectural",
    "per_capita_municipal",
    "per_capita_prefectural",
    "forest_environment_tax",
)


def carry_over_assessment(state: TaxationState, notice: AssessmentCarryOverNotice, context: Context) -> Decision:
    """The first version of an assessment that was made elsewhere, and what of it is open."""
    number = state.carried(notice.system, notice.old_number)
    reasons = _faults(notice, context)
    if number is None:
        reasons.append(refusals.unknown_old_number("/old_number"))
    elif state.latest(notice.fiscal_year, number) is not None:
        reasons.append(refusals.assessed_already("/fiscal_year"))
    if reasons or number is None:
        return Refused(tuple(reasons))
    given = {name: getattr(notice, name) for name in AssessmentRow.model_fields if hasattr(notice, name)}
    row = AssessmentRow(
        **given,
        addressee_number=number,
        version=1,
        cancelled=False,
        rule_version=f"{CARRIED_OVER}{notice.system}",
        special_collection=(),
        ordinary_collection=(),
        birth_date=state.birth_date(number),
    )
    held = {name: getattr(notice, name) for name in OpenBalanceRow.model_fields if hasattr(notice, name)}
    balance = OpenBalanceRow(**held, addressee_number=number)
    return Accepted((AssessmentCarriedOver(assessment=row, difference=row.total, balance=balance),))


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
