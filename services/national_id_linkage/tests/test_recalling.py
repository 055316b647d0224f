"""Recalls and comparisons: everybody who was told, once; what the two sides have differently, until they agree."""

from collections.abc import Iterable
from typing import Any

import pytest
from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.exchange import ExchangeRecordRow, FactsProvided
from kumiai_contracts.exchange_notices import AnswerNotice
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.recall import (
    RecallNotice,
    RecallNotificationRow,
    RecallReceiptNotice,
    RecordDifferenceRow,
    RecordDigest,
    RecordDigestsNotice,
    RecordDigestsReceiptNotice,
    RecordsCompared,
    RecordsSummarised,
    RecordSummaryAcknowledged,
    RecordSummaryRow,
)
from kumiai_national_id_linkage.domain.comparing import compare
from kumiai_national_id_linkage.domain.comparing import take_receipt as take_digests_receipt
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.inquiring import inquire, take_answer
from kumiai_national_id_linkage.domain.providing import provide
from kumiai_national_id_linkage.domain.recall_file import BadRecallFile, Wrong, read
from kumiai_national_id_linkage.domain.recalling import (
    REQUESTS_A_PART,
    Told,
    notified,
    take_recall,
    take_receipt,
    targets_listed,
)
from kumiai_national_id_linkage.recall_routes import WhatWasWrong, name_of

RECALL = "0a" * 16
BODIES = [institution_of(code) for code in ("131016", "151009", "011002")]


def rows(told: Iterable[Told], before: Iterable[RecallNotificationRow] = ()) -> list[RecallNotificationRow]:
    return [
        row for event in notified(RECALL, told, before, "2026-06-15T00:00:00.000000Z") for row in event.notifications
    ]


def test_everybody_who_was_told_is_notified_once_each_body_in_parts() -> None:
    told = [Told(BODIES[n % 3], f"r-{n:05}") for n in range(7000)]
    found = rows(reversed(told))
    assert {(row.inquirer, number) for row in found for number in row.request_numbers} == set(told)
    assert sum(len(row.request_numbers) for row in found) == 7000
    assert max(len(row.request_numbers) for row in found) == REQUESTS_A_PART
    assert [row.part for row in found if row.inquirer == BODIES[1]] == [1, 2, 3]


def test_who_was_told_in_the_meantime_is_notified_later_and_nobody_a_second_time() -> None:
    first = rows([Told(BODIES[0], "r-1"), Told(BODIES[0], "r-2")])
    (later,) = rows([Told(BODIES[0], "r-1"), Told(BODIES[0], "r-2"), Told(BODIES[0], "r-3")], first)
    assert (later.part, later.request_numbers) == (2, ("r-3",))
    assert rows([Told(BODIES[0], "r-1")], first) == []


def test_the_people_concerned_are_listed_in_events_that_fit_a_message() -> None:
    targets = [(with_check_digit(f"{n:09}", addressee_check_digit), "2026", 2) for n in range(5001)]
    events = list(targets_listed(RECALL, targets))
    assert [len(event.targets) for event in events] == [2000, 2000, 1001]
    assert max(len(event.body()) for event in events) < 512 * 1024


def test_a_recall_file_is_taken_whole_or_not_at_all_and_its_first_bad_line_is_named() -> None:
    head = "addressee_number,scope,until_version"
    assert read(f"{head}\n0000000019,2021,2\n\n0000000027,,1".encode()) == [
        ("0000000019", "2021", 2),
        ("0000000027", "", 1),
    ]
    for bad, said in (
        ("number,year", "first line"),
        (head, "from 1 to"),
        (f"{head}\n0000000019,2021,2\n0000000018,2021,2", "line 3"),
        (f"{head}\n0000000019,2021,0", "line 2"),
        (f"{head}\n0000000019,21,1", "line 2"),
        (f"{head}\n0000000019,2021", "line 2"),
        (f"{head}\n0000000019,2021,1\n0000000019,2021,2", "line 3 names"),
    ):
        with pytest.raises(BadRecallFile, match=said):
            read(bad.encode())
    with pytest.raises(BadRecallFile, match="UTF-8"):
        read(head.encode("utf-16"))


def test_a_receipt_is_taken_once_and_only_from_the_body_that_was_notified(cases: Any) -> None:
    (row,) = rows([Told(cases.there, "r-1")])
    state = ExchangeState((row,))
    receipt = RecallReceiptNotice(**cases.delivered(), recall=RECALL, part=1)
    taken = take_receipt(state, receipt, cases.context())
    assert isinstance(taken, Accepted)
    state.apply(taken.events[0])
    assert take_receipt(state, receipt, cases.context(hours=1)) == Accepted(())
    elsewhere = receipt.model_copy(update={"sender": cases.here})
    assert code_of(take_receipt(state, elsewhere, cases.context())) == "recall-unknown"


def test_a_recall_is_on_record_once_and_only_about_inquiries_that_were_made(cases: Any) -> None:
    state = cases.state(cases.grant("total-income"))
    asked = inquire(state, cases.inquiry(), cases.context(), cases.table)
    assert isinstance(asked, Accepted)
    state.apply(asked.events[0])
    notice = RecallNotice(**cases.delivered(), recall=RECALL, part=1, fact_kind=cases.inquiry().fact_kind,
                          items=("total-income",), reason="集計誤り", request_numbers=("r-1",))  # fmt: skip
    taken = take_recall(state, notice, cases.context())
    assert isinstance(taken, Accepted)
    state.apply(taken.events[0])
    assert take_recall(state, notice, cases.context()) == Accepted(())
    wrong = notice.model_copy(update={"part": 2, "request_numbers": ("r-1", "r-9")})
    assert code_of(take_recall(state, wrong, cases.context())) == "inquiry-unknown"


def code_of(decision: Decision) -> str:
    assert isinstance(decision, Refused)
    return decision.reasons[0].code


def provided(cases: Any, *numbers: str) -> ExchangeState:
    """A state in which these requests were answered at the moment of the decision."""
    state: ExchangeState = cases.state()
    for number in numbers:
        decision = provide(state, cases.request(request_number=number), cases.context(), cases.table)
        assert isinstance(decision, Accepted) and isinstance(decision.events[0], FactsProvided)
        state.apply(decision.events[0])
    return state


def digest(state: ExchangeState, cases: Any, number: str) -> str:
    record = state.record("provider", cases.there, number)
    assert isinstance(record, ExchangeRecordRow)
    return record.exchange_digest


def compared(state: ExchangeState, cases: Any, **theirs: str) -> list[RecordDifferenceRow]:
    records = tuple(RecordDigest(request_number=number.replace("_", "-"), digest=d) for number, d in theirs.items())
    notice = RecordDigestsNotice(
        **cases.delivered(), since=cases.time(hours=-1), until=cases.time(hours=1), records=records
    )
    decision = compare(state, notice, cases.context())
    assert isinstance(decision, Accepted) and isinstance(decision.events[0], RecordsCompared)
    state.apply(decision.events[0])
    return list(decision.events[0].differences)


def test_two_sides_that_agree_have_no_difference(cases: Any) -> None:
    state = provided(cases, "r-1", "r-2")
    assert compared(state, cases, r_1=digest(state, cases, "r-1"), r_2=digest(state, cases, "r-2")) == []


def test_what_one_side_lacks_or_has_differently_is_found_and_settled_once_both_agree(cases: Any) -> None:
    state = provided(cases, "r-1", "r-2")
    found = compared(state, cases, r_2="ab" * 32, r_3="cd" * 32)
    kinds = {row.request_number: row.kind for row in found}
    assert kinds == {"r-1": "missing-there", "r-2": "different", "r-3": "missing-here"}
    assert compared(state, cases, r_2="ab" * 32, r_3="cd" * 32) == [], "it is known already"
    good = {"r_1": digest(state, cases, "r-1"), "r_2": digest(state, cases, "r-2")}
    settled = compared(state, cases, **good, r_3="cd" * 32)
    assert {(row.request_number, row.state) for row in settled} == {("r-1", "settled"), ("r-2", "settled")}


def test_what_was_decided_outside_the_period_is_not_missed(cases: Any) -> None:
    state = provided(cases, "r-1")
    notice = RecordDigestsNotice(**cases.delivered(), since=cases.time(hours=1), until=cases.time(hours=2), records=())
    decision = compare(state, notice, cases.context())
    assert isinstance(decision, Accepted) and isinstance(decision.events[0], RecordsCompared)
    assert (decision.events[0].compared, decision.events[0].differences) == (0, ())


def late(cases: Any, *told: RecordSummaryRow, decided: str) -> tuple[ExchangeState, list[Any]]:
    """An answer arrives from a provider who has been told these periods; what follows."""
    state = cases.state(cases.grant("total-income"), *told)
    asked = inquire(state, cases.inquiry(), cases.context(), cases.table)
    assert isinstance(asked, Accepted)
    state.apply(asked.events[0])
    notice = AnswerNotice(
        **cases.delivered(), request_number="r-1", outcome="refused", decided_at=decided, reason="fact-not-found",
        facts=(),
    )  # fmt: skip
    taken = take_answer(state, notice, cases.context(hours=2))
    assert isinstance(taken, Accepted)
    for event in taken.events:
        state.apply(event)
    return state, list(taken.events)


def summary(cases: Any, since: str, until: str) -> RecordSummaryRow:
    return RecordSummaryRow(provider=cases.there, since=since, until=until, acknowledged_at=None)


def test_an_answer_that_comes_after_its_day_was_told_is_told_by_itself(cases: Any) -> None:
    day = summary(cases, cases.time(days=-1), cases.time(hours=1))
    _, events = late(cases, day, decided=cases.time())
    (told,) = [event for event in events if isinstance(event, RecordsSummarised)]
    assert told.summary.since == cases.time() < told.summary.until < cases.time(seconds=1)
    for known in ((), (summary(cases, cases.time(days=-2), cases.time(days=-1)),)):
        _, events = late(cases, *known, decided=cases.time())
        assert len(events) == 1, "its day is yet to be told"


def test_a_second_late_answer_of_the_same_instant_makes_the_period_longer(cases: Any) -> None:
    day, before = (
        summary(cases, cases.time(days=-1), cases.time(hours=1)),
        summary(cases, cases.time(), cases.time(seconds=1)),
    )
    state, _ = late(cases, day, before, decided=cases.time())
    now = state.summary(cases.there, cases.time())
    assert now is not None and now.until > before.until
    receipt = RecordDigestsReceiptNotice(**cases.delivered(), since=before.since, until=before.until)
    assert take_digests_receipt(state, receipt, cases.context()) == Accepted(()), "of what was told before"
    taken = take_digests_receipt(state, receipt.model_copy(update={"until": now.until}), cases.context())
    assert isinstance(taken, Accepted) and isinstance(taken.events[0], RecordSummaryAcknowledged)
    state.apply(taken.events[0])
    again = take_digests_receipt(state, receipt.model_copy(update={"until": now.until}), cases.context(hours=1))
    assert again == Accepted(())


def test_a_receipt_for_records_that_nobody_was_told_is_refused(cases: Any) -> None:
    receipt = RecordDigestsReceiptNotice(**cases.delivered(), since=cases.time(), until=cases.time(hours=1))
    assert code_of(take_digests_receipt(cases.state(), receipt, cases.context())) == "summary-unknown"


def test_a_recalls_name_follows_from_the_request_that_opens_it(cases: Any) -> None:
    said = {"fact_kind": cases.inquiry().fact_kind, "items": ("total-income",), "reason": "集計誤りのため"}
    wrong, targets = WhatWasWrong(**said), [Wrong("0000000019", "2026", 1), Wrong("0000000027", "2026", 2)]
    name = name_of("131016", wrong, targets)
    assert name == name_of("131016", wrong, targets[::-1])
    assert name != name_of("131016", wrong, targets[:1])
    assert name != name_of("142051", wrong, targets)
    named = WhatWasWrong(**said, request="2026-06-15/1")
    assert name_of("131016", named, targets) == name_of("131016", named, targets[:1]) != name
