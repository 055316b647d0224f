"""Whose system keeps the record: from shared to own and back, each an event, and a repetition none."""

from kumiai_contracts.decision import Accepted, Refused
from kumiai_contracts.membership import MunicipalityJoined, PartyRegistered, ServiceSubscribed, SubscriptionRow
from kumiai_contracts.model import RowSet
from kumiai_contracts.own_system import OwnSystemBegun, OwnSystemEnded
from kumiai_membership.domain import own_systems, rules

from tests.support.decisions import after, codes, events

REGISTRY = "resident-registry"
NOW = "2026-04-01T00:00:00.000000Z"
LATER = "2026-04-02T00:00:00.000000Z"
CHIYODA = "131016"
KEY = "A" * 43


def member(*services: str) -> RowSet:
    return after(RowSet(), rules.join(RowSet(), CHIYODA, "千代田区", "東京都", services or (REGISTRY,), KEY, NOW))


def joined(services: tuple[str, ...], own: tuple[str, ...]) -> Accepted | Refused:
    everything = tuple(dict.fromkeys((*services, *own)))
    decision = rules.join(RowSet(), CHIYODA, "千代田区", "東京都", everything, KEY, NOW)
    return own_systems.joining_with(decision, own, NOW)


def test_a_municipality_joins_with_taxation_and_its_own_registry() -> None:
    decision = joined(("taxation",), (REGISTRY,))
    assert events(decision) == [MunicipalityJoined, PartyRegistered, OwnSystemBegun]
    state = after(RowSet(), decision)
    assert own_systems.kept_by_own(state) == [REGISTRY]
    assert {row.service for row in state.all(SubscriptionRow) if row.active} == {REGISTRY, "taxation"}


def test_only_the_registry_can_be_kept_by_an_own_system() -> None:
    assert codes(joined((REGISTRY,), ("taxation",))) == ["own-system-not-possible"]
    assert codes(joined((), ("archive",))) == ["service-unknown"]
    for rule in (own_systems.begin, own_systems.end):
        assert codes(rule(member(), "taxation", NOW)) == ["own-system-not-possible"]
        assert codes(rule(RowSet(), REGISTRY, NOW)) == ["not-a-member"]


def test_from_shared_to_own_and_back_each_time_once() -> None:
    state = member(REGISTRY, "taxation")
    assert events(own_systems.end(state, REGISTRY, NOW)) == []
    for _ in range(2):
        after(state, own_systems.begin(state, REGISTRY, NOW))
        assert own_systems.kept_by_own(state) == [REGISTRY]
        assert events(own_systems.begin(state, REGISTRY, LATER)) == []
        ended = own_systems.end(state, REGISTRY, LATER)
        assert events(ended) == [OwnSystemEnded]
        after(state, ended)
        assert own_systems.kept_by_own(state) == []


def test_an_own_system_comes_with_the_subscription_and_ends_to_count_without_it() -> None:
    state = member("taxation")
    decision = own_systems.begin(state, REGISTRY, NOW)
    assert ServiceSubscribed in events(decision) and OwnSystemBegun in events(decision)
    after(state, decision)
    after(state, rules.unsubscribe(state, REGISTRY, LATER))
    assert own_systems.kept_by_own(state) == []
