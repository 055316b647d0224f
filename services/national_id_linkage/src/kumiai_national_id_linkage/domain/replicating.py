"""Replicas (副本): facts that other bodies may ask for, taken over from the streams, version by version.

Invariant: a version is never changed. What differs from the version before it is a new one, so a correction, too; what
doesn't differ is none.
"""

from collections.abc import Iterator

from kumiai_contracts.decision import Context
from kumiai_contracts.exchange import (
    RESIDENT_FACTS,
    TAX_FACTS,
    FactItem,
    FactsReplicated,
    FactVersionRow,
)
from kumiai_contracts.resident import HouseholdRow, ResidentEvent, ResidentRow, Status
from kumiai_contracts.taxation import AssessmentEvent, AssessmentRow

from kumiai_national_id_linkage.domain.exchange_state import ExchangeState

Fact = tuple[str, str, str, dict[str, str]]
"""Kind, person, scope, items."""


def replicate(
    state: ExchangeState, event: ResidentEvent | AssessmentEvent, context: Context
) -> tuple[FactsReplicated, ...]:
    """The versions that an event of another stream adds."""
    facts = _tax_facts(event.assessment) if isinstance(event, AssessmentEvent) else _resident_facts(state, event)
    versions = [row for fact in facts if (row := _version(state, fact, context)) is not None]
    return (FactsReplicated(versions=tuple(versions)),) if versions else ()


def _version(state: ExchangeState, fact: Fact, context: Context) -> FactVersionRow | None:
    kind, person, scope, values = fact
    items = tuple(FactItem(item=item, value=value) for item, value in sorted(values.items()))
    before = state.latest(kind, person, scope)
    if before is not None and before.items == items:
        return None
    return FactVersionRow(
        fact_kind=kind,
        addressee_number=person,
        scope=scope,
        version=before.version + 1 if before else 1,
        items=items,
        source=context.cause,
        as_of=context.now,
    )


def _tax_facts(row: AssessmentRow) -> Iterator[Fact]:
    yield (
        TAX_FACTS,
        row.addressee_number,
        str(row.fiscal_year),
        {
            "assessment": "cancelled" if row.cancelled else "assessed",
            "employment-income": str(row.employment_income),
            "total-income": str(row.total_income),
            "deductions-total": str(row.deductions_total),
            "taxable-income": str(row.taxable_income),
            "municipal-income-levy": str(row.income_levy_municipal),
            "municipal-per-capita-levy": str(row.per_capita_municipal),
            "annual-tax": str(row.total),
        },
    )


def _resident_facts(state: ExchangeState, event: ResidentEvent) -> Iterator[Fact]:
    households = {household.household_number: household for household in event.households}
    # Where a record ends and begins anew, the event has two rows of the person; the last one holds.
    named = {row.addressee_number: row for row in event.residents}
    for row in named.values():
        yield RESIDENT_FACTS, row.addressee_number, "", _resident(state, row, households.get(row.household_number))
    # Whoever the event does not name still lives in a household that has grown or shrunk.
    for household in event.households:
        for person in household.members:
            before = state.latest(RESIDENT_FACTS, person, "")
            if person not in named and before is not None:
                items = {fact.item: fact.value for fact in before.items}
                yield RESIDENT_FACTS, person, "", items | {"household-size": str(len(household.members))}


def _resident(state: ExchangeState, row: ResidentRow, household: HouseholdRow | None) -> dict[str, str]:
    removed = row.status is Status.REMOVED
    items = {
        "status": row.status.value,
        "resident-since": row.resident_since,
        "relationship": row.relationship,
        "household-size": "0" if removed else _size(state, row, household),
    }
    return items | ({"removed-on": row.removed_on.isoformat()} if row.removed_on else {})


def _size(state: ExchangeState, row: ResidentRow, household: HouseholdRow | None) -> str:
    """How many live in the household: as the event says, or as before where it says nothing about it."""
    if household is not None:
        return str(len(household.members))
    before = state.latest(RESIDENT_FACTS, row.addressee_number, "")
    known = {fact.item: fact.value for fact in before.items} if before else {}
    return known.get("household-size", "1")
