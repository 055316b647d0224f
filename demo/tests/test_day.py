"""A working day: what is right is right by the contracts, and what is wrong is wrong in exactly the way it says."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import count
from random import Random

import pytest
from kumiai_contracts.envelope import EnvelopeError, NoticeEnvelope
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Notice
from kumiai_contracts.registry import NOTICES, BodyError, parse_notice
from kumiai_contracts.strict_json import StrictJsonError
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_demo.day import KINDS, Day, Item
from kumiai_demo.message import Message
from kumiai_demo.movements import Office
from kumiai_demo.plan import Plan
from kumiai_demo.population import population
from kumiai_demo.script import Draft, Home, Learned, answer_of

CODE = "131016"
TODAY = date(2026, 4, 10)
_numbers = count(1)


def number() -> str:
    return with_check_digit(f"{next(_numbers):09}", addressee_check_digit)


def envelope(notice: Notice, cause: str = "") -> NoticeEnvelope:
    return NoticeEnvelope(f"id-{next(_numbers)}", "urn:test", notice.type, CODE, cause=cause)


@pytest.fixture(scope="module")
def homes() -> list[Home]:
    return [
        Home(number(), tuple(number() for _ in found.members), found.members, found.address, "resident:1:1")
        for found in population(1, CODE, 1500)
    ]


@pytest.fixture(scope="module")
def items(homes: list[Home]) -> list[Item]:
    plan = Plan(CODE, ("resident-registry", "taxation"), "run", movements=200)
    return Day(plan, Office(CODE, Random(1), TODAY, count(1)), envelope).items(homes)


def messages(items: list[Item]) -> Iterator[Message]:
    for item in items:
        if isinstance(item, Message):
            yield item
        elif isinstance(item, tuple):
            yield from item


@pytest.fixture(scope="module")
def drafts(items: list[Item]) -> list[Draft]:
    found = []
    for item in items:
        if isinstance(item, Message | tuple):
            continue
        draft = answer_of(item, None)
        while draft is not None:
            found.append(draft)
            people = getattr(draft.notice, "persons", ())
            learned = Learned(tuple(number() for _ in people), number(), "resident:1:2")
            draft = answer_of(item, learned if draft.wait else None)
    return found


def refusal(message: Message) -> str | None:
    """The code by which the contracts alone refuse a message."""
    try:
        found = NoticeEnvelope.from_headers(message.headers)
        if found.municipality != CODE:
            return "municipality-mismatch"
        kind = NOTICES.get(found.type)
        if kind is None:
            return "type-unknown"
        parse_notice(kind, message.body)
    except (EnvelopeError, StrictJsonError) as error:
        return error.code
    except BodyError as error:
        return error.faults[0][0]
    return None


def test_every_draft_is_valid_by_the_contracts(drafts: list[Draft]) -> None:
    for draft in drafts:
        assert parse_notice(type(draft.notice), draft.notice.body()) == draft.notice


def test_every_movement_that_the_checker_follows_and_a_report_of_income_occur(drafts: list[Draft]) -> None:
    assert {draft.notice.type for draft in drafts} == {
        "resident-notice.move-in.v1",
        "resident-notice.move-out.v1",
        "resident-notice.birth.v1",
        "resident-notice.death.v1",
        "resident-notice.change-of-address.v1",
        "resident-notice.change-of-head.v1",
        "resident-notice.cancel-movement.v1",
        "resident-notice.household-split.v1",
        "resident-notice.household-merge.v1",
        "resident-notice.change-of-household.v1",
        "taxation-notice.employment-income-report.v1",
    }


def test_no_two_cases_have_the_same_reference(drafts: list[Draft]) -> None:
    references = [draft.notice.operator for draft in drafts if hasattr(draft.notice, "operator")]
    assert len(set(references)) == len(references)


def test_income_reports_name_what_the_sender_has_seen(drafts: list[Draft]) -> None:
    reports = [draft for draft in drafts if isinstance(draft.notice, EmploymentIncomeReport)]
    assert reports
    assert all(draft.cause for draft in reports)


def test_about_two_percent_is_wrong_and_of_every_kind_alike(items: list[Item], drafts: list[Draft]) -> None:
    kinds = Counter(message.kind for message in messages(items) if message.kind not in ("good", "unknown-tax-payer"))
    assert len(kinds) == KINDS + 1
    assert set(kinds.values()) == {kinds["body-nul"]}
    assert 0.01 <= kinds.total() / (len(drafts) + 700) <= 0.04


def test_what_is_malformed_is_refused_with_the_code_it_is_meant_for(items: list[Item]) -> None:
    by_rules = {"unknown-resident", "unknown-tax-payer", "move-before-birth", "date-in-2099", "id-reused", "good"}
    for message in messages(items):
        code = refusal(message)
        if message.kind in by_rules:
            assert code is None, message.kind
        elif message.answerable:
            assert {code} == message.codes


def test_what_can_not_be_answered_has_no_id_to_answer_to(items: list[Item]) -> None:
    unanswerable = [message for message in messages(items) if not message.answerable]
    assert {message.kind for message in unanswerable} == {"id-missing", "id-not-utf8"}
    for message in unanswerable:
        with pytest.raises(EnvelopeError) as raised:
            NoticeEnvelope.from_headers(message.headers)
        assert raised.value.pointer == "/ce_id"
