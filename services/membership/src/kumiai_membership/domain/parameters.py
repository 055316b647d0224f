"""Which settings of parameters hold: the rules about a municipality's own values.

Invariant: a setting is added, never changed, and only if something differs by it, so every command may be repeated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args

from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.membership import MemberRow, ServiceName
from kumiai_contracts.model import RowSet
from kumiai_contracts.parameter_catalogue import Parameter, find, value_text
from kumiai_contracts.parameters import BadValue, ParameterRow, ParametersSet
from kumiai_contracts.receipts import Reason

from kumiai_membership.domain import leaving
from kumiai_membership.domain.refusals import refusal

MOST_DAYS_AHEAD = 10 * 366
MOST_SETTINGS = 1_000
"""Settings of one municipality: they are read whole."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A setting as it is asked for."""

    service: str
    name: str
    value: Any
    """The value; None for the standard again."""
    valid_from: date
    reason: str


def set_parameters(state: RowSet, wanted: Sequence[Wanted], late: bool, by: str, today: date, now: str) -> Decision:
    """パラメータ設定: all of them or none.

    A day that has passed needs `late`: what services have issued by then stays as it was, and is theirs to correct.
    """
    if state.get(MemberRow) is None:
        return Refused((refusal("not-a-member", "/municipality"),))
    if leaving.has_left(state):
        return Refused((refusal("has-left", "/municipality"),))
    if not wanted:
        return Refused((refusal("no-parameter", "/parameters"),))
    known = state.all(ParameterRow)
    reasons = [reason for n, each in enumerate(wanted) for reason in _against(state, each, late, today, n)]
    if len(known) + len(wanted) > MOST_SETTINGS:
        reasons.append(refusal("too-many-settings", "/parameters"))
    if reasons:
        return Refused(tuple(reasons))
    rows: list[ParameterRow] = []
    for each in wanted:
        value = None if each.value is None else value_text(each.value)
        if _standing([*known, *rows], each) == value:
            continue
        service: ServiceName = each.service  # type: ignore[assignment]  # the catalogue has it
        rows.append(
            ParameterRow(
                version=len(known) + len(rows) + 1,
                service=service,
                name=each.name,
                value=value,
                valid_from=each.valid_from,
                reason=each.reason.strip(),
                set_by=by,
                set_at=now,
                late=each.valid_from < today,
            )
        )
    return Accepted((ParametersSet(parameters=tuple(rows)),) if rows else ())


def _standing(rows: Sequence[ParameterRow], wanted: Wanted) -> str | None:
    """The value that was last set for that very day, else the one of the last day before, else the standard's None."""
    same = [row for row in rows if (row.service, row.name) == (wanted.service, wanted.name)]
    before = [row for row in same if row.valid_from <= wanted.valid_from]
    last = max(before, key=lambda row: (row.valid_from, row.version), default=None)
    return last.value if last is not None else None


def _against(state: RowSet, wanted: Wanted, late: bool, today: date, n: int) -> Iterator[Reason]:
    at = f"/parameters/{n}"
    if wanted.service not in get_args(ServiceName):
        yield refusal("service-unknown", f"{at}/service")
        return
    refused = leaving.refused_change(state, wanted.service)
    if refused is not None:
        yield from refused.reasons
    parameter = find(wanted.service, wanted.name)
    if parameter is None:
        yield refusal("parameter-unknown", f"{at}/name")
        return
    yield from _bad_value(parameter, wanted, at)
    if not 0 < len(wanted.reason.strip()) <= 200:
        yield refusal("text-missing", f"{at}/reason")
    if parameter.starts == "fiscal-year" and (wanted.valid_from.month, wanted.valid_from.day) != (4, 1):
        yield refusal("valid-from-not-a-fiscal-year", f"{at}/valid_from")
    if wanted.valid_from < today and not late:
        yield refusal("valid-from-has-passed", f"{at}/valid_from")
    if wanted.valid_from > today + timedelta(days=MOST_DAYS_AHEAD):
        yield refusal("valid-from-too-far", f"{at}/valid_from")


def _bad_value(parameter: Parameter, wanted: Wanted, at: str) -> Iterator[Reason]:
    if wanted.value is None:
        return
    try:
        parameter.check(wanted.value)
        value_text(wanted.value)
    except BadValue as error:
        yield refusal(error.code, f"{at}/value{error.pointer}"[:200])
