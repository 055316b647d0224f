"""Resident tax of a case (個人住民税の計算): from JSON to the assessment and its working, as documents.

The command line and the service both come through here.
"""

from dataclasses import fields
from typing import Any

from kumiai_taxation.domain.resident_tax import Assessment, Case, Refused, Step, assess, explain, refusal
from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.own_parameters import STANDARD, OwnParameters
from kumiai_taxation.parameters import UnknownFiscalYear

Refusals = tuple[Refused, ...]


def assess_case(case: Case, own: OwnParameters = STANDARD) -> Assessment | Refusals:
    """The tax of a case, or why there is none."""
    try:
        result = assess(case, own.of(case.fiscal_year, case.municipality))
    except UnknownFiscalYear:
        return (_unknown_year(case),)
    return (result,) if isinstance(result, Refused) else result


def refusals_of_case(case: Case, own: OwnParameters = STANDARD) -> Refusals:
    """Why a case is not assessed, without computing what can be."""
    try:
        refused = refusal(case, own.of(case.fiscal_year, case.municipality))
    except UnknownFiscalYear:
        return (_unknown_year(case),)
    return () if refused is None else (refused,)


def explain_case(case: Case, own: OwnParameters = STANDARD) -> list[Step] | Refusals:
    """The working of a case's tax, or why there is none."""
    try:
        steps = explain(case, own.of(case.fiscal_year, case.municipality))
    except UnknownFiscalYear:
        return (_unknown_year(case),)
    return (steps,) if isinstance(steps, Refused) else list(steps)


def assessment_document(assessment: Assessment) -> dict[str, Any]:
    """The assessment as JSON values."""
    return _document(assessment)


def working_document(steps: list[Step]) -> list[dict[str, Any]]:
    """The working as JSON values."""
    return [{**_document(step), "inputs": {name: _json(value) for name, value in step.inputs}} for step in steps]


def refusals_document(refusals: Refusals) -> list[dict[str, Any]]:
    """Refusals as JSON values."""
    return [_document(refused) for refused in refusals]


def _document(value: Any) -> dict[str, Any]:
    return {f.name: _json(getattr(value, f.name)) for f in fields(value)}


def _json(value: Any) -> Any:
    if isinstance(value, Split):
        return {"municipal": value.municipal, "prefectural": value.prefectural}
    return list(value) if isinstance(value, tuple) else value


def _unknown_year(case: Case) -> Refused:
    return Refused(
        "unknown-fiscal-year",
        "/fiscal_year",
        f"{case.fiscal_year}年度の税制パラメータがありません。",
        f"there are no parameters for the fiscal year {case.fiscal_year}.",
    )
