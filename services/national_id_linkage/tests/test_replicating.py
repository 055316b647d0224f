"""Replicas: a version for whatever differs, none for what doesn't, and no version ever changes."""

from typing import Any

from kumiai_contracts.examples import valid_examples
from kumiai_contracts.exchange import RESIDENT_FACTS, TAX_FACTS, FactsReplicated
from kumiai_contracts.resident import HouseholdRow, ResidentEvent
from kumiai_contracts.resident_amendments import ResidentMoveOutConfirmed, ResidentNationalityChanged
from kumiai_contracts.resident_households import HouseholdsMerged
from kumiai_contracts.taxation import AssessmentEvent
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.replicating import replicate
from kumiai_national_id_linkage.handlers import NationalIdLinkage


def taken(state: ExchangeState, event: Any, cases: Any) -> list[tuple[str, str, int, dict[str, str]]]:
    """The versions that an event adds, after the state has taken them over."""
    found = []
    for own in replicate(state, event, cases.context()):
        assert isinstance(own, FactsReplicated)
        state.apply(own)
        found += [
            (row.fact_kind, row.scope, row.version, {fact.item: fact.value for fact in row.items})
            for row in own.versions
        ]
    return found


def assessed(**changed: Any) -> AssessmentEvent:
    event = valid_examples()["taxation.resident-tax-assessed.v1"]
    assert isinstance(event, AssessmentEvent)
    return event.model_copy(update={"assessment": event.assessment.model_copy(update=changed)})


def test_a_correction_adds_a_version_and_a_repetition_none(cases: Any) -> None:
    state = ExchangeState()
    ((kind, scope, version, items),) = taken(state, assessed(), cases)
    assert (kind, scope, version, items["total-income"]) == (TAX_FACTS, "2026", 1, "3560000")
    assert taken(state, assessed(), cases) == []
    ((_, _, version, items),) = taken(state, assessed(version=2, total_income=3_600_000), cases)
    assert (version, items["total-income"]) == (2, "3600000")
    ((_, scope, version, _),) = taken(state, assessed(fiscal_year=2025), cases)
    assert (scope, version) == ("2025", 1), "another year is another fact"


def test_a_version_says_from_which_event_it_came_and_when(cases: Any) -> None:
    (own,) = replicate(ExchangeState(), assessed(), cases.context())
    assert isinstance(own, FactsReplicated)
    assert (own.versions[0].source, own.versions[0].as_of) == (cases.context().cause, cases.time())


def test_a_household_that_grows_gives_a_version_to_everybody_in_it(cases: Any) -> None:
    carried = valid_examples()["resident.carried-over.v1"]
    assert isinstance(carried, ResidentEvent)
    state = ExchangeState()
    first = taken(state, carried, cases)
    size = str(len(carried.households[0].members))
    assert {(kind, items["household-size"]) for kind, _, _, items in first} == {(RESIDENT_FACTS, size)}

    newcomer = carried.residents[0].model_copy(update={"addressee_number": "0000000019", "relationship": "子"})
    grown = HouseholdRow(
        household_number=carried.households[0].household_number,
        head=carried.households[0].head,
        members=(*carried.households[0].members, "0000000019"),
    )
    born = carried.model_copy(update={"residents": (newcomer,), "households": (grown,)})
    second = taken(state, born, cases)
    assert len(second) == len(carried.residents) + 1
    assert {items["household-size"] for *_, items in second} == {str(int(size) + 1)}
    assert taken(state, born.model_copy(update={"households": ()}), cases) == [], (
        "nothing that anybody asks for changed"
    )


def test_a_record_that_ends_and_begins_anew_is_replicated_as_it_begins(cases: Any) -> None:
    state = ExchangeState()
    event = valid_examples()["resident.nationality-changed.v1"]
    assert isinstance(event, ResidentEvent)
    ((_, _, version, items),) = taken(state, event, cases)
    assert (version, items["status"]) == (1, "resident")


def test_whoever_is_replicated_follows_every_event_about_residents() -> None:
    followed = NationalIdLinkage.reacts_to
    assert {ResidentNationalityChanged, HouseholdsMerged, ResidentMoveOutConfirmed} <= followed
