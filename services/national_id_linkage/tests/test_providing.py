"""Provision: a request leaves one record and gets one answer, within the table, the file and the question."""

from datetime import date
from typing import Any

import pytest
from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.exchange import (
    RESIDENT_FACTS,
    DisasterExceptionRow,
    ExchangeRecordRow,
    FactsProvided,
    ProvisionHeld,
    ProvisionRefused,
)
from kumiai_contracts.exchange_notices import ProvisionRequestNotice
from kumiai_contracts.resident_affairs import ProtectionRow
from kumiai_national_id_linkage.domain.exchange_refusals import TEXTS
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.providing import decide_held, provide
from kumiai_national_id_linkage.domain.records import as_the_resident_sees_it, expired, keep_until


def record_of(decision: Decision) -> ExchangeRecordRow:
    assert isinstance(decision, Accepted), decision
    (event,) = decision.events
    assert isinstance(event, FactsProvided | ProvisionHeld | ProvisionRefused)
    return event.record


def code_of(decision: Decision) -> str:
    assert isinstance(decision, Refused)
    return decision.reasons[0].code


def protection(cases: Any, state: str) -> ProtectionRow:
    return ProtectionRow.trusted(addressee_number=cases.person, state=state)


def test_a_lawful_request_is_answered_from_the_version_that_holds_with_what_was_asked(cases: Any) -> None:
    state = cases.state(cases.version(2, **{"total-income": "3600000"}))
    record = record_of(provide(state, cases.request(), cases.context(), cases.table))
    assert (record.outcome, record.items, record.version) == ("answered", ("total-income",), 2)
    assert (record.side, record.inquirer, record.provider) == ("provider", cases.there, cases.here)
    assert record.basis == "table/2024-05-27"
    assert record.keep_until == date(2033, 6, 15)
    assert len(record.exchange_digest) == 64


def test_items_beyond_the_table_are_not_given_even_where_they_are_on_file(cases: Any) -> None:
    request = cases.request(items=("taxable-income", "total-income"))
    record = record_of(provide(cases.state(), request, cases.context(), cases.table))
    assert (record.requested_items, record.items) == (("taxable-income", "total-income"), ("total-income",))
    only = record_of(provide(cases.state(), cases.request(items=("taxable-income",)), cases.context(), cases.table))
    assert (only.outcome, only.reason, only.items) == ("refused", "items-not-in-table", ())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"procedure": "JT00000000000077"}, "procedure-not-in-table"),
        ({"fact_kind": RESIDENT_FACTS}, "fact-kind-not-in-table"),
        ({"code": "00" * 16}, "code-unknown"),
        ({"scope": "2025"}, "fact-not-found"),
    ],
)
def test_a_refusal_is_recorded_with_its_reason_and_gives_nothing(
    cases: Any, changed: dict[str, Any], reason: str
) -> None:
    record = record_of(provide(cases.state(), cases.request(**changed), cases.context(), cases.table))
    assert (record.outcome, record.reason, record.items, record.version) == ("refused", reason, (), 0)
    assert record.exchange_digest, "both sides compare refusals, too"
    assert reason in TEXTS


def test_a_person_whose_code_the_network_never_confirmed_is_not_told_about(cases: Any) -> None:
    state = ExchangeState((cases.version(),), {cases.code: cases.person})
    assert record_of(provide(state, cases.request(), cases.context(), cases.table)).reason == "code-not-acquired"


@pytest.mark.parametrize("measure", ["provisional", "decided"])
def test_a_protected_resident_is_never_answered_automatically(cases: Any, measure: str) -> None:
    record = record_of(provide(cases.state(protection(cases, measure)), cases.request(), cases.context(), cases.table))
    assert (record.outcome, record.items, record.exchange_digest) == ("held", (), "")
    assert record_of(
        provide(cases.state(protection(cases, "ended")), cases.request(), cases.context(), cases.table)
    ).outcome == "answered"  # fmt: skip


def test_a_person_decides_about_what_was_held_and_stands_in_the_record(cases: Any) -> None:
    state = cases.state(protection(cases, "decided"))
    held = record_of(provide(state, cases.request(), cases.context(), cases.table))
    allowed = frozenset({"total-income"})
    given = decide_held(state, held, provide=True, allowed=allowed, now=cases.time(hours=1), party="guardian")
    assert isinstance(given, FactsProvided)
    assert (given.record.decided_by, given.record.items, given.record.reason) == ("guardian", ("total-income",), "")
    withheld = decide_held(state, held, provide=False, allowed=allowed, now=cases.time(hours=1), party="guardian")
    assert (withheld.record.outcome, withheld.record.hidden, withheld.record.items) == ("withheld", True, ())


def test_a_replayed_request_gets_no_second_answer_and_another_one_under_its_number_none_at_all(cases: Any) -> None:
    state = cases.state()
    decision = provide(state, cases.request(), cases.context(), cases.table)
    assert isinstance(decision, Accepted)
    state.apply(decision.events[0])
    assert code_of(provide(state, cases.request(), cases.context(hours=1), cases.table)) == "request-replayed"
    other = cases.request(items=("assessment",))
    assert code_of(provide(state, other, cases.context(), cases.table)) == "request-number-reused"
    elsewhere = cases.request(sender="8000020130001001")
    assert record_of(provide(state, elsewhere, cases.context(), cases.table)), "another body has numbers of its own"


@pytest.mark.parametrize(
    ("sent", "accepted", "expires", "reason"),
    [
        (-300, 0, 86400, "sender-clock-off"),
        (300, 0, 86400, "sender-clock-off"),
        (300, 300, 86400, "network-clock-off"),
        (-90000, -90000, -10, "request-expired"),
        (-80000, -80000, 10, ""),
    ],
)
def test_clocks_five_minutes_off_and_expired_requests_are_refused_but_not_late_ones(
    cases: Any, sent: int, accepted: int, expires: int, reason: str
) -> None:
    request = cases.request(
        sent_at=cases.time(seconds=sent),
        accepted_at=cases.time(seconds=accepted),
        expires_at=cases.time(seconds=expires),
    )
    assert record_of(provide(cases.state(), request, cases.context(), cases.table)).reason == reason


def test_a_time_that_no_clock_shows_is_refused_and_breaks_nothing(cases: Any) -> None:
    request: ProvisionRequestNotice = cases.request(sent_at="2026-06-31T25:00:00.000000Z")
    assert record_of(provide(cases.state(), request, cases.context(), cases.table)).reason == "sender-clock-off"


def test_a_request_for_another_receiver_is_not_taken(cases: Any) -> None:
    assert code_of(provide(cases.state(), cases.request(), cases.context("151009"), cases.table)) == "not-the-receiver"


def test_a_disaster_exception_opens_its_items_to_its_inquirer_until_it_ends_and_only_once_two_agreed(
    cases: Any,
) -> None:
    asked = DisasterExceptionRow(
        exception="0a" * 16,
        inquirer=cases.there,
        fact_kind=cases.request().fact_kind,
        items=("total-income",),
        reason="地震による安否確認",
        asked_by="first",
        asked_at=cases.time(),
        approved_by=None,
        approved_at=None,
        until=None,
    )
    agreed = asked.model_copy(
        update={"approved_by": "second", "approved_at": cases.time(), "until": cases.time(hours=1)}
    )
    outside = cases.request(procedure="JT00000000000077", items=("taxable-income", "total-income"))

    def outcome(row: DisasterExceptionRow, **shift: float) -> tuple[str, str, tuple[str, ...]]:
        record = record_of(provide(cases.state(row), outside, cases.context(**shift), cases.table))
        return record.outcome, record.basis, record.items

    assert outcome(asked) == ("refused", "", ())
    assert outcome(agreed) == ("answered", f"disaster/{'0a' * 16}", ("total-income",))
    assert outcome(agreed, hours=2)[0] == "refused"
    protected = cases.state(agreed, protection(cases, "decided"))
    assert record_of(provide(protected, outside, cases.context(), cases.table)).outcome == "held"


def test_the_resident_sees_who_was_told_what_and_never_what_is_hidden_or_undecided(cases: Any) -> None:
    record = record_of(provide(cases.state(), cases.request(), cases.context(), cases.table))
    shown = as_the_resident_sees_it(record)
    assert shown is not None and shown["items"] == ("total-income",) and shown["inquirer"] == cases.there
    assert not {"version", "basis", "decided_by", "request_digest", "addressee_number"} & set(shown)
    for changed in ({"hidden": True}, {"outcome": "held"}, {"outcome": "withheld"}, {"outcome": "requested"}):
        assert as_the_resident_sees_it(record.model_copy(update=changed)) is None


def test_a_record_of_a_29_february_is_kept_to_the_day_after_seven_years() -> None:
    assert keep_until(date(2028, 2, 29)) == date(2035, 3, 1)


def test_of_an_expired_record_nothing_is_left_but_that_there_was_one(cases: Any) -> None:
    state = cases.state()
    record = record_of(provide(state, cases.request(), cases.context(), cases.table))
    left = expired(record)
    assert left.key_values() == record.key_values()
    told = {cases.person, record.request_digest, record.exchange_digest, *record.items, record.scope} - {""}
    assert not told & {str(value) for value in left.model_dump().values()} and left.items == left.requested_items == ()
    assert as_the_resident_sees_it(left) is None
    state.put(left)
    assert code_of(provide(state, cases.request(), cases.context(), cases.table)) == "request-number-reused"
