"""Inquiry: the granted, lawful part of what is requested is asked once; an answer is taken once, from who was asked."""

from typing import Any

import pytest
from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.exchange import (
    CodeAcquired,
    CodeRequested,
    FactItem,
    FactsProvided,
    InquiryAnswered,
    InquiryRequested,
)
from kumiai_contracts.exchange_notices import AnswerNotice, CodeIssuedNotice, CodeRequestNotice, NetworkRefusalNotice
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.inquiring import (
    grant,
    inquire,
    request_codes,
    take_answer,
    take_code,
    take_network_refusal,
)
from kumiai_national_id_linkage.domain.providing import facts_of, provide


def code_of(decision: Decision) -> str:
    assert isinstance(decision, Refused)
    return decision.reasons[0].code


def asked(cases: Any, *granted: str, **changed: Any) -> tuple[ExchangeState, Decision]:
    state = cases.state(cases.grant(*(granted or ("assessment", "total-income"))))
    return state, inquire(state, cases.inquiry(**changed), cases.context(), cases.table)


def waiting(cases: Any) -> ExchangeState:
    """A state in which the inquiry r-1 has been sent."""
    state, decision = asked(cases)
    assert isinstance(decision, Accepted)
    state.apply(decision.events[0])
    return state


def answer(cases: Any, **changed: Any) -> AnswerNotice:
    base = {
        "request_number": "r-1",
        "outcome": "answered",
        "decided_at": cases.time(),
        "reason": "",
        "facts": (FactItem(item="total-income", value="3560000"),),
    }
    return AnswerNotice(**cases.delivered() | base | changed)


def test_only_what_is_requested_granted_and_lawful_is_asked(cases: Any) -> None:
    items = ("assessment", "taxable-income", "total-income")
    _, decision = asked(cases, "taxable-income", "total-income", items=items)
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, InquiryRequested)
    assert event.record.requested_items == ("total-income",)
    assert event.record.outcome == "requested"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"inquirer": "8000020130001001"}, "inquirer-not-yours"),
        ({"procedure": "JT00000000000077"}, "procedure-not-in-table"),
        ({"items": ("taxable-income",)}, "items-not-in-table"),
        ({"addressee_number": "0000000027"}, "code-not-acquired"),
    ],
)
def test_an_inquiry_in_anothers_name_or_outside_the_law_is_refused(
    cases: Any, changed: dict[str, Any], code: str
) -> None:
    assert code_of(asked(cases, **changed)[1]) == code


def test_without_a_grant_nobody_asks_and_a_grant_can_be_taken_back(cases: Any) -> None:
    state = cases.state()
    assert code_of(inquire(state, cases.inquiry(), cases.context(), cases.table)) == "procedure-not-granted"


def test_asking_again_under_the_same_number_asks_once(cases: Any) -> None:
    state = waiting(cases)
    assert inquire(state, cases.inquiry(), cases.context(), cases.table) == Accepted(())
    other = cases.inquiry(items=("assessment",))
    assert code_of(inquire(state, other, cases.context(), cases.table)) == "request-number-reused"


def test_an_answer_is_sealed_and_taken_once(cases: Any) -> None:
    state = waiting(cases)
    decision = take_answer(state, answer(cases), cases.context())
    assert isinstance(decision, Accepted)
    (event,), (part,) = decision.events, decision.sealed
    assert isinstance(event, InquiryAnswered)
    assert (event.record.outcome, event.record.answer) == ("answered", part.commitment)
    assert b"3560000" in part.part and b"3560000" not in event.body()
    state.apply(event)
    assert take_answer(state, answer(cases), cases.context(hours=2)) == Accepted(())
    changed = answer(cases, facts=(FactItem(item="total-income", value="1"),))
    assert code_of(take_answer(state, changed, cases.context())) == "answer-contradicts"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"request_number": "r-2"}, "inquiry-unknown"),
        ({"sender": "8000020130001001"}, "not-the-provider"),
        ({"facts": (FactItem(item="annual-tax", value="1"),)}, "answer-wider-than-asked"),
        ({"outcome": "refused"}, "answer-wider-than-asked"),
    ],
)
def test_an_answer_from_another_body_or_with_more_than_was_asked_is_not_taken(
    cases: Any, changed: dict[str, Any], code: str
) -> None:
    assert code_of(take_answer(waiting(cases), answer(cases, **changed), cases.context())) == code


def test_both_sides_come_to_the_same_digest_of_what_passed(cases: Any) -> None:
    """The provider's record and the one that the inquirer makes of the answer agree; another value does not."""
    there = provide(cases.state(), cases.request(), cases.context(), cases.table)
    assert isinstance(there, Accepted)
    (provided,) = there.events
    assert isinstance(provided, FactsProvided)
    facts = facts_of(cases.version(), provided.record.items)

    def digest(facts: tuple[FactItem, ...]) -> str:
        state = ExchangeState((cases.acquired(), cases.grant("total-income")))
        sent = inquire(
            state, cases.inquiry(inquirer=cases.there, provider=cases.here), cases.context("151009"), cases.table
        )
        assert isinstance(sent, Accepted)
        state.apply(sent.events[0])
        notice = answer(cases, sender=cases.here, receiver=cases.there, facts=facts)
        taken = take_answer(state, notice, cases.context("151009"))
        assert isinstance(taken, Accepted) and isinstance(taken.events[0], InquiryAnswered)
        return taken.events[0].record.exchange_digest

    assert digest(facts) == provided.record.exchange_digest
    assert digest((FactItem(item="total-income", value="1"),)) != provided.record.exchange_digest


def test_the_networks_own_refusal_ends_an_inquiry_with_its_reason(cases: Any) -> None:
    refusal = NetworkRefusalNotice(**cases.delivered(), request_number="r-1", reason="procedure-not-in-table")
    decision = take_network_refusal(waiting(cases), refusal, cases.context())
    assert isinstance(decision, Accepted) and isinstance(decision.events[0], InquiryAnswered)
    record = decision.events[0].record
    assert (record.outcome, record.reason, record.basis) == ("refused", "procedure-not-in-table", "network")


def test_an_acquisition_number_is_used_once_and_says_nothing_about_the_person(cases: Any) -> None:
    state = ExchangeState()
    known = frozenset((cases.person, "0000000027"))
    notice = CodeRequestNotice(addressee_numbers=(cases.person, "0000000027", cases.person))
    decision = request_codes(state, notice, cases.context(), known)
    assert isinstance(decision, Accepted) and isinstance(decision.events[0], CodeRequested)
    rows = decision.events[0].acquisitions
    assert len({row.acquisition_number for row in rows}) == 2
    assert not any(row.addressee_number in row.acquisition_number for row in rows)
    state.apply(decision.events[0])

    def issued(number: str) -> CodeIssuedNotice:
        return CodeIssuedNotice(**cases.delivered(), acquisition_number=number)

    taken = take_code(state, issued(rows[0].acquisition_number), cases.context())
    assert isinstance(taken, Accepted) and isinstance(taken.events[0], CodeAcquired)
    state.apply(taken.events[0])
    assert state.has_code(cases.person) and not state.has_code("0000000027")
    assert take_code(state, issued(rows[0].acquisition_number), cases.context()) == Accepted(())
    assert code_of(take_code(state, issued("ee" * 16), cases.context())) == "acquisition-number-unknown"
    again = request_codes(state, notice, cases.context(), known)
    assert isinstance(again, Accepted) and isinstance(again.events[0], CodeRequested)
    assert [row.addressee_number for row in again.events[0].acquisitions] == ["0000000027"]
    stranger = CodeRequestNotice(addressee_numbers=("0000000035",))
    assert code_of(request_codes(state, stranger, cases.context(), known)) == "unknown-addressee"


def test_a_grant_is_whole_and_none_takes_it_back(cases: Any) -> None:
    from kumiai_contracts.exchange_notices import ProcedureGrantNotice

    inquiry = cases.inquiry()
    state = cases.state()
    for items, expected in ((("total-income",), frozenset({"total-income"})), ((), frozenset())):
        notice = ProcedureGrantNotice(procedure=inquiry.procedure, fact_kind=inquiry.fact_kind, items=items)
        decision = grant(notice, cases.context())
        assert isinstance(decision, Accepted)
        state.apply(decision.events[0])
        assert state.granted(inquiry.procedure, inquiry.fact_kind) == expected
