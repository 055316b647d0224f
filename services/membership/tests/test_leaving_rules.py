"""The rules of leaving: which step may follow which, and what erasure needs."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.leaving import (
    AcknowledgementKeyRow,
    CertificateRow,
    LeaveRow,
    ReaderBehind,
    ServiceClosedRow,
    ServiceErasedRow,
    acknowledgement_statement,
)
from kumiai_contracts.membership import PartyRow, SubscriptionRow
from kumiai_contracts.model import RowSet
from kumiai_membership.domain import leaving, rules
from kumiai_membership.signatures import is_signed

from tests.support.decisions import after, codes

CHIYODA = "131016"
NOW, LATER, DEADLINE = "2027-04-01T00:00:00.000000Z", "2027-04-10T00:00:00.000000Z", "2027-04-15T00:00:00.000000Z"
OWN, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
BUNDLE, ANOTHER = "ab" * 32, "cd" * 32
ORDER = ("resident-registry", "taxation", "national-id-linkage")
STREAMS = {"resident-registry": "resident", "taxation": "taxation", "national-id-linkage": "linkage"}
Step = Callable[[RowSet], Decision]


def key_of(private: Ed25519PrivateKey) -> str:
    return public_key_text(private.public_key())


def member(*services: str, key: Ed25519PrivateKey | None = OWN) -> RowSet:
    given_key = key_of(key) if key else None
    return after(
        RowSet(), rules.join(RowSet(), CHIYODA, "千代田区", "東京都", services or ORDER, "A" * 43, NOW, given_key)
    )


def leave_of(state: RowSet) -> LeaveRow:
    return max(state.all(LeaveRow), key=lambda row: row.leave)


def closed(service: str, leave: int = 1) -> ServiceClosedRow:
    receipts = 0 if service == "national-id-linkage" else 3
    return ServiceClosedRow(
        leave=leave,
        service=service,  # type: ignore[arg-type]
        stream=STREAMS[service],
        incarnation=1,
        position=7,
        hash="11" * 32,
        receipts_incarnation=1,
        receipts_position=receipts,
        receipts_hash="22" * 32,
        parked=0,
        closed_at=NOW,
    )


def heads_of(state: RowSet) -> dict[str, leaving.Place]:
    return leaving.closed_heads(state, leave_of(state))


def acknowledged(
    state: RowSet, by: Ed25519PrivateKey = OWN, bundle: str = BUNDLE, now: str = NOW, leave: int = 1
) -> Decision:
    signature = by.sign(acknowledgement_statement(CHIYODA, leave, bundle)).hex()
    return leaving.acknowledge(state, CHIYODA, bundle, signature, is_signed, now)


def erased(place: str, leave: int = 1) -> ServiceErasedRow:
    return ServiceErasedRow(leave=leave, place=place, erased=(), erased_at=NOW)


def request(state: RowSet, *services: str) -> Decision:
    return leaving.request(state, services or None, f"{CHIYODA}/system", DEADLINE, NOW)


def advanced(state: RowSet, to: str, *services: str) -> RowSet:
    """A leave as far as a state, each step by its own rule."""
    steps: dict[str, list[Step]] = {
        "requested": [lambda s: request(s, *services)],
        "closing": [lambda s: leaving.begin_closing(s, NOW)],
        "closed": [
            (lambda s, service=service: leaving.close_service(s, closed(service, leave_of(s).leave), NOW))  # type: ignore[misc]
            for service in services or ORDER
        ],
        "exported": [lambda s: leaving.export(s, BUNDLE, heads_of(s), NOW)],
        "sealed": [lambda s: leaving.seal(s, BUNDLE, "5f" * 64, NOW)],
        "verified": [lambda s: acknowledged(s, leave=leave_of(s).leave)],
        "erasing": [lambda s: leaving.begin_erasure(s, (), NOW)],
        "erased": [_erase_everything, lambda s: leaving.finish(s, NOW)],
        "certified": [lambda s: leaving.certify(s, certificate(s), NOW)],
    }
    for name, found in steps.items():
        for step in found:
            after(state, step(state))
        assert leave_of(state).state == name
        if name == to:
            break
    return state


def _erase_everything(state: RowSet) -> Decision:
    for place in leaving.places(leave_of(state)):
        after(state, leaving.erase_place(state, erased(place, leave_of(state).leave)))
    return Accepted(())


def certificate(state: RowSet) -> CertificateRow:
    leave = leave_of(state)
    return CertificateRow(
        leave=leave.leave,
        bundle_hash=leave.bundle_hash or "",
        acknowledgement=leave.acknowledgement or "",
        acknowledged_with=leave.acknowledged_with or "",
        remains=(),
        backups_until=LATER,
        issued_at=NOW,
        signature="5f" * 64,
    )


STATES = ("requested", "closing", "closed", "exported", "sealed", "verified", "erasing", "erased", "certified")


def test_a_municipality_leaves_altogether_step_by_step_and_nobody_acts_for_it_afterwards() -> None:
    state = advanced(member(), "certified")
    assert leaving.has_left(state)
    assert leaving.out_of_kafka(state.all(LeaveRow), state.all(ServiceErasedRow)) == (frozenset(ORDER), True)
    assert all(party.revoked for party in state.all(PartyRow))
    assert not any(row.active for row in state.all(SubscriptionRow))
    assert codes(rules.subscribe(state, "taxation", NOW)) == ["has-left"]
    assert codes(rules.renew_system_key(state, "B" * 43, NOW)) == ["has-left"]
    assert codes(request(state)) == ["has-left"]
    again = rules.join(state, CHIYODA, "千代田区", "東京都", ["taxation"], "A" * 43, NOW)
    assert codes(again) == ["has-left"]


def test_whoever_leaves_one_service_keeps_the_others() -> None:
    state = advanced(member(), "certified", "taxation")
    assert {row.service for row in state.all(SubscriptionRow) if row.active} == {
        "resident-registry",
        "national-id-linkage",
    }
    assert not any(party.revoked for party in state.all(PartyRow))
    assert leaving.places(leave_of(state)) == ("taxation", "kafka")
    assert codes(rules.subscribe(state, "taxation", NOW)) == ["service-was-erased"]
    assert codes(request(state, "taxation")) == ["service-not-taken"]
    # Later it leaves altogether: what is erased already is not closed again, but every place is looked at.
    after(state, request(state))
    assert leave_of(state).services == ("resident-registry", "national-id-linkage")
    assert leaving.places(leave_of(state)) == (*ORDER, "kafka", "membership")


def test_whoever_has_left_every_service_one_by_one_has_nothing_to_close_when_it_leaves_altogether() -> None:
    state = member()
    for service in ORDER:
        advanced(state, "certified", service)
    after(state, request(state), leaving.begin_closing(after(state, request(state)), NOW))
    assert (leave_of(state).services, leave_of(state).state) == ((), "closed")


@pytest.mark.parametrize("state_", STATES[:6])
def test_a_leave_is_cancelled_until_erasure_begins_and_may_be_asked_for_again(state_: str) -> None:
    state = advanced(member(), state_)
    after(state, leaving.cancel(state, NOW))
    assert leave_of(state).state == "cancelled"
    assert leaving.cancel(state, NOW) == Accepted(())
    assert all(row.active for row in state.all(SubscriptionRow))
    after(state, request(state))
    assert (leave_of(state).leave, leave_of(state).state, leave_of(state).bundle_hash) == (2, "requested", None)


@pytest.mark.parametrize("state_", ["erasing", "erased"])
def test_after_erasure_has_begun_nothing_is_cancelled(state_: str) -> None:
    assert codes(leaving.cancel(advanced(member(), state_), NOW)) == ["erasure-has-begun"]


def test_a_step_that_is_repeated_changes_nothing() -> None:
    nothing = Accepted(())
    state = advanced(member(), "requested")
    assert request(state) == nothing
    assert codes(request(state, "taxation")) == ["leave-under-way"]
    advanced_to = advanced(member(), "closing")
    assert leaving.begin_closing(advanced_to, NOW) == nothing
    after(advanced_to, leaving.close_service(advanced_to, closed("taxation"), NOW))
    assert leaving.close_service(advanced_to, closed("taxation"), NOW) == nothing
    assert leaving.export(advanced(member(), "sealed"), BUNDLE, {}, NOW) == nothing
    assert acknowledged(advanced(member(), "verified")) == nothing
    assert leaving.begin_erasure(advanced(member(), "erasing"), (), NOW) == nothing


def test_services_close_in_any_order_and_with_the_last_everything_is_closed() -> None:
    state = advanced(member(), "closing")
    for service, left in zip(reversed(ORDER), (2, 1, 0), strict=True):
        after(state, leaving.close_service(state, closed(service), NOW))
        assert len(leaving.waiting_for(state, leave_of(state))) == left
    assert leave_of(state).state == "closed"


def test_a_closing_of_another_leave_is_not_taken_for_this_one() -> None:
    state = advanced(member(), "closing")
    assert codes(leaving.close_service(state, closed("taxation", leave=2), NOW)) == ["not-in-this-state"]


@pytest.mark.parametrize("change", [{}, {"resident": (1, 6, "11" * 32)}, {"taxation-receipts": (1, 3, "33" * 32)}])
def test_a_bundle_of_other_heads_is_refused(change: dict[str, leaving.Place]) -> None:
    state = advanced(member(), "closed")
    heads = {**heads_of(state), **change} if change else {}
    wrong = sorted(change) or sorted(heads_of(state))
    decision = leaving.export(state, BUNDLE, heads, NOW)
    assert isinstance(decision, Refused)
    assert sorted(reason.pointer.removeprefix("/heads/") for reason in decision.reasons) == wrong


@pytest.mark.parametrize("hash_", ["", "AB" * 32, "ab" * 31, "ab" * 32 + "\n", "zz" * 32])
def test_a_bundle_without_an_identity_is_refused(hash_: str) -> None:
    state = advanced(member(), "closed")
    assert codes(leaving.export(state, hash_, heads_of(state), NOW)) == ["bundle-hash-invalid"]


def test_a_bundle_that_is_made_anew_takes_the_seal_of_the_one_before_away() -> None:
    state = advanced(member(), "sealed")
    after(state, leaving.export(state, ANOTHER, heads_of(state), NOW))
    assert (leave_of(state).state, leave_of(state).seal) == ("exported", None)
    assert codes(acknowledged(state)) == ["not-in-this-state"]
    assert codes(leaving.seal(state, BUNDLE, "5f" * 64, NOW)) == ["not-in-this-state"]


def test_an_acknowledgement_is_the_municipalitys_own_over_this_bundle_and_this_leave() -> None:
    state = advanced(member(), "sealed")
    assert codes(acknowledged(state, by=OTHER)) == ["acknowledgement-invalid"]
    assert codes(acknowledged(state, bundle=ANOTHER)) == ["bundle-differs"]
    assert codes(acknowledged(state, leave=2)) == ["acknowledgement-invalid"]
    for signature in ("", "zz", "5f" * 63, "5f" * 64):
        refused = leaving.acknowledge(state, CHIYODA, BUNDLE, signature, is_signed, NOW)
        assert codes(refused) == ["acknowledgement-invalid"]
    own = OWN.sign(acknowledgement_statement("131024", 1, BUNDLE)).hex()
    assert codes(leaving.acknowledge(state, CHIYODA, BUNDLE, own, is_signed, NOW)) == ["acknowledgement-invalid"]


def test_nothing_is_erased_without_an_acknowledgement() -> None:
    for state_ in STATES[:5]:
        assert codes(leaving.begin_erasure(advanced(member(), state_), (), LATER)) == ["acknowledgement-missing"]
    assert codes(leaving.begin_erasure(member(), (), LATER)) == ["no-leave"]
    assert codes(acknowledged(advanced(member(key=None), "sealed"))) == ["acknowledgement-key-missing"]


def test_a_key_that_was_not_given_at_joining_acknowledges_nothing_before_its_time() -> None:
    state = member(key=None)
    after(state, leaving.register_key(state, key_of(OWN), False, NOW, LATER))
    advanced(state, "sealed")
    assert codes(acknowledged(state)) == ["acknowledgement-key-too-new"]
    after(state, acknowledged(state, now=LATER))


def test_a_key_is_replaced_only_with_the_signature_of_the_one_before() -> None:
    state = member()
    assert leaving.register_key(state, key_of(OWN), False, NOW, LATER) == Accepted(())
    refused = leaving.register_key(state, key_of(OTHER), False, NOW, LATER)
    assert codes(refused) == ["acknowledgement-key-change-unsigned"]
    after(state, leaving.register_key(state, key_of(OTHER), True, NOW, LATER))
    key = state.get(AcknowledgementKeyRow)
    assert key is not None and (key.public_key, key.usable_from) == (key_of(OTHER), NOW)


def test_external_readers_are_waited_for_until_their_deadline_and_then_named() -> None:
    state = advanced(member(), "verified")
    behind = (ReaderBehind(group="lg.131016.ledger", topic="lg.131016.taxation.events", behind=3),)
    assert codes(leaving.begin_erasure(state, behind, LATER)) == ["readers-behind"]
    after(state, leaving.begin_erasure(state, behind, DEADLINE))
    assert leave_of(state).readers_behind == behind


def test_from_the_point_of_no_return_on_nobody_acts_for_whoever_leaves_altogether() -> None:
    assert not any(party.revoked for party in advanced(member(), "verified").all(PartyRow))
    assert all(party.revoked for party in advanced(member(), "erasing").all(PartyRow))
    assert not any(party.revoked for party in advanced(member(), "erasing", "taxation").all(PartyRow))


def test_kafka_is_emptied_after_the_databases_that_learn_from_it() -> None:
    state = advanced(member(), "erasing", "taxation")
    assert leaving.out_of_kafka(state.all(LeaveRow), state.all(ServiceErasedRow)) == (frozenset(), False)
    after(state, leaving.erase_place(state, erased("taxation")))
    assert leaving.out_of_kafka(state.all(LeaveRow), state.all(ServiceErasedRow)) == (frozenset(("taxation",)), False)


def test_a_leave_is_not_done_before_every_place_is_empty() -> None:
    state = advanced(member(), "erasing")
    for place in leaving.places(leave_of(state))[:-1]:
        after(state, leaving.erase_place(state, erased(place)))
        assert leaving.erase_place(state, erased(place)) == Accepted(())
        assert codes(leaving.finish(state, NOW)) == ["not-in-this-state"]
    assert codes(leaving.erase_place(state, erased("elsewhere"))) == ["not-in-this-state"]
    assert codes(leaving.certify(state, certificate(state), NOW)) == ["not-in-this-state"]


def test_a_subscription_does_not_change_while_its_service_is_being_left() -> None:
    state = advanced(member(), "requested", "taxation")
    assert codes(rules.unsubscribe(state, "taxation", NOW)) == ["leave-under-way"]
    after(state, rules.unsubscribe(state, "resident-registry", NOW))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(range(12)), max_size=40), st.booleans())
def test_whatever_comes_in_whatever_order_erasure_follows_only_an_acknowledged_bundle(
    choices: list[int], honest: bool
) -> None:
    state = member("resident-registry", "taxation")
    signer = OWN if honest else OTHER
    steps: list[Callable[[], Any]] = [
        lambda: request(state),
        lambda: request(state, "taxation"),
        lambda: leaving.begin_closing(state, NOW),
        lambda: leaving.close_service(state, closed("taxation", leave_of(state).leave), NOW),
        lambda: leaving.close_service(state, closed("resident-registry", leave_of(state).leave), NOW),
        lambda: leaving.close_service(state, closed("national-id-linkage", leave_of(state).leave), NOW),
        lambda: leaving.export(state, BUNDLE, heads_of(state), NOW),
        lambda: leaving.seal(state, BUNDLE, "5f" * 64, NOW),
        lambda: acknowledged(state, by=signer, leave=leave_of(state).leave),
        lambda: leaving.begin_erasure(state, (), NOW),
        lambda: leaving.erase_place(state, erased("taxation", leave_of(state).leave)),
        lambda: leaving.cancel(state, NOW),
    ]
    erasing: set[int] = set()
    for choice in choices:
        if choice > 2 and choice != 11 and not state.all(LeaveRow):
            continue
        decision = steps[choice]()
        if isinstance(decision, Refused):
            continue
        after(state, decision)
        for leave in state.all(LeaveRow):
            if leave.state == "erasing":
                assert honest and leave.acknowledgement and leave.bundle_hash
                assert set(leave.services) == {row.service for row in leaving.closed_of(state, leave)}
                erasing.add(leave.leave)
            assert not (leave.leave in erasing and leave.state == "cancelled")
        assert len([leave for leave in state.all(LeaveRow) if leave.state not in leaving.ENDED]) <= 1
