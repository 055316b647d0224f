"""The rules of membership."""

from typing import get_args

import pytest
from kumiai_contracts.decision import Decision
from kumiai_contracts.membership import (
    MunicipalityJoined,
    PartyRegistered,
    PartyRevoked,
    PartyRow,
    Purpose,
    Role,
    ServiceName,
    ServiceSubscribed,
    ServiceUnsubscribed,
    SubscriptionRow,
)
from kumiai_contracts.model import RowSet
from kumiai_contracts.topics import FEDERATION
from kumiai_membership.domain import refusals, rules

from tests.support.decisions import after, codes, events

NOW = "2026-04-01T00:00:00.000000Z"
LATER = "2026-04-02T00:00:00.000000Z"
CHIYODA = "131016"
KEY = "A" * 43
OTHER_KEY = "B" * 43


def member(*services: str) -> RowSet:
    chosen = services or ("resident-registry",)
    return after(RowSet(), rules.join(RowSet(), CHIYODA, "千代田区", "東京都", chosen, KEY, NOW))


def federation() -> RowSet:
    return after(RowSet(), operator(RowSet(), "alice", KEY))


def operator(state: RowSet, party: str, key: str) -> Decision:
    return rules.register_party(state, FEDERATION, party, "person", key, (Role.OPERATOR,), (Purpose.OPERATION,), NOW)


def test_a_municipality_joins_with_its_services_and_a_system_that_may_act_for_it() -> None:
    decision = rules.join(RowSet(), CHIYODA, "千代田区", "東京都", ["taxation", "resident-registry"], KEY, NOW)
    assert events(decision) == [MunicipalityJoined, PartyRegistered]
    state = after(RowSet(), decision)
    assert [row.service for row in state.all(SubscriptionRow)] == ["resident-registry", "taxation"]
    system = state.get(PartyRow, "system")
    assert system is not None
    assert system.purposes == (Purpose.REPLICATION, Purpose.RESIDENT_SERVICES, Purpose.TAXATION)


def test_a_service_named_twice_is_subscribed_once() -> None:
    assert len(member("taxation", "taxation").all(SubscriptionRow)) == 1


@pytest.mark.parametrize("code", ["131017", "13101", "", "１３１０１６", FEDERATION, "13101x"])
def test_only_a_real_municipality_code_joins(code: str) -> None:
    assert codes(rules.join(RowSet(), code, "千代田区", "東京都", ["taxation"], KEY, NOW)) == [
        "municipality-code-invalid"
    ]


def test_everything_that_is_wrong_with_an_application_is_said_at_once() -> None:
    found = codes(rules.join(member(), "131017", " ", "", ["tax"], KEY, NOW))
    assert found == ["municipality-code-invalid", "already-member", "service-unknown", "text-missing", "text-missing"]
    assert codes(rules.join(RowSet(), CHIYODA, "千代田区", "東京都", [], KEY, NOW)) == ["no-service"]


def test_subscribing_later_gives_the_system_the_purpose_for_it() -> None:
    decision = rules.subscribe(member(), "taxation", LATER)
    assert events(decision) == [ServiceSubscribed, PartyRegistered]
    system = after(member(), decision).get(PartyRow, "system")
    assert system is not None
    assert Purpose.TAXATION in system.purposes


def test_commands_that_change_nothing_give_no_event() -> None:
    state = member("taxation")
    assert events(rules.subscribe(state, "taxation", LATER)) == []
    assert events(rules.unsubscribe(state, "resident-registry", LATER)) == []

    def clerk(now: str) -> Decision:
        return rules.register_party(
            state, CHIYODA, "hanako", "person", OTHER_KEY, (Role.CLERK,), (Purpose.TAXATION,), now
        )

    after(state, clerk(NOW))
    assert events(clerk(LATER)) == []


def test_a_service_is_left_and_taken_up_again() -> None:
    state = member("taxation")
    assert events(rules.unsubscribe(state, "taxation", LATER)) == [ServiceUnsubscribed]
    after(state, rules.unsubscribe(state, "taxation", LATER))
    assert events(rules.unsubscribe(state, "taxation", LATER)) == []
    assert events(rules.subscribe(state, "taxation", LATER)) == [ServiceSubscribed]


def test_who_is_no_member_can_do_nothing() -> None:
    assert codes(rules.subscribe(RowSet(), "taxation", NOW)) == ["not-a-member"]
    assert codes(rules.unsubscribe(RowSet(), "taxation", NOW)) == ["not-a-member"]
    assert codes(rules.renew_system_key(RowSet(), KEY, NOW)) == ["not-a-member"]
    refused = rules.register_party(RowSet(), CHIYODA, "a", "person", KEY, (Role.CLERK,), (), NOW)
    assert codes(refused) == ["not-a-member"]


def test_a_service_that_does_not_exist_is_named_as_such() -> None:
    assert codes(rules.subscribe(member(), "membership", NOW)) == ["service-unknown"]


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        ("person", (Role.OPERATOR,)),
        ("person", (Role.SERVICE,)),
        ("person", (Role.SYSTEM,)),
        ("system", (Role.CLERK,)),
        ("person", (Role.CLERK, Role.OPERATOR)),
        ("person", ()),
    ],
)
def test_nobody_in_a_municipality_gets_the_rights_of_the_federation(kind: rules.Kind, roles: tuple[Role, ...]) -> None:
    decision = rules.register_party(member(), CHIYODA, "mallory", kind, OTHER_KEY, roles, (), NOW)
    assert codes(decision) == ["role-not-allowed"]


def test_an_operator_never_gets_a_purpose_that_opens_records() -> None:
    for purpose in (Purpose.RESIDENT_SERVICES, Purpose.TAXATION, Purpose.REPLICATION):
        decision = rules.register_party(
            RowSet(), FEDERATION, "bob", "person", KEY, (Role.OPERATOR,), (Purpose.OPERATION, purpose), NOW
        )
        assert codes(decision) == ["purpose-not-allowed"]
    clerk = rules.register_party(member(), CHIYODA, "c", "person", OTHER_KEY, (Role.CLERK,), (Purpose.OPERATION,), NOW)
    assert codes(clerk) == ["purpose-not-allowed"]


def test_a_revoked_party_comes_back_with_a_new_key_only() -> None:
    state = member()
    assert events(rules.revoke_party(state, CHIYODA, "system", LATER)) == [PartyRevoked]
    after(state, rules.revoke_party(state, CHIYODA, "system", LATER))
    assert events(rules.revoke_party(state, CHIYODA, "system", LATER)) == []

    def again(key: str) -> Decision:
        return rules.register_party(state, CHIYODA, "system", "system", key, (Role.SYSTEM,), (), LATER)

    assert codes(again(KEY)) == ["key-was-revoked"]
    assert events(again(OTHER_KEY)) == [PartyRegistered]


def test_a_renewed_key_keeps_the_rights() -> None:
    state = member("taxation")
    before = state.get(PartyRow, "system")
    renewed = after(state, rules.renew_system_key(state, OTHER_KEY, LATER)).get(PartyRow, "system")
    assert before is not None
    assert renewed == before.model_copy(update={"public_key": OTHER_KEY, "changed_at": LATER})


def test_the_last_operator_is_not_revoked() -> None:
    state = federation()
    assert codes(rules.revoke_party(state, FEDERATION, "alice", LATER)) == ["last-operator"]
    after(state, operator(state, "bob", OTHER_KEY))
    assert events(rules.revoke_party(state, FEDERATION, "alice", LATER)) == [PartyRevoked]


def test_an_unknown_party_is_not_revoked() -> None:
    assert codes(rules.revoke_party(member(), CHIYODA, "nobody", NOW)) == ["party-not-found"]


def test_every_service_has_the_purpose_for_which_its_records_are_read() -> None:
    assert set(rules.PURPOSE_OF) == set(get_args(ServiceName))


def test_every_refusal_speaks_both_languages() -> None:
    for ja, en in refusals.TEXTS.values():
        assert ja.endswith("。")
        assert en.isascii()
        assert en.endswith(".")
