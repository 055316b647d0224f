"""What a decision says, and the state after it."""

from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.model import RowSet


def events(decision: Decision) -> list[type]:
    """The types of an accepted decision's events."""
    assert isinstance(decision, Accepted), decision
    return [type(event) for event in decision.events]


def codes(decision: Decision) -> list[str]:
    """Why a decision refuses."""
    assert isinstance(decision, Refused), decision
    return [reason.code for reason in decision.reasons]


def after(state: RowSet, *decisions: Decision) -> RowSet:
    """The state with the events of accepted decisions applied, one decision after the other."""
    for decision in decisions:
        assert isinstance(decision, Accepted), decision
        for event in decision.events:
            state.apply(event)
    return state
