"""Comparing records (記録の突合): an inquirer says what it has on record, the provider holds it against its own.

Invariant: an exchange that only one side has, or that the two have differently, stays an open difference until a later
comparison finds both alike. Every exchange that was answered is told to its provider, however late the answer came.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.exchange import ExchangeRecordRow
from kumiai_contracts.institutions import municipality_of
from kumiai_contracts.recall import (
    DifferenceKind,
    RecordDifferenceRow,
    RecordDigestsNotice,
    RecordDigestsReceiptNotice,
    RecordsCompared,
    RecordsSummarised,
    RecordSummaryAcknowledged,
    RecordSummaryRow,
)

from kumiai_national_id_linkage.domain.exchange_refusals import refused
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState


def compare(state: ExchangeState, notice: RecordDigestsNotice, context: Context) -> Decision:
    """Every difference of the period, and every earlier one that is none any more."""
    if municipality_of(notice.receiver) != context.municipality:
        return refused("not-the-receiver", "/receiver")
    ours = {
        record.request_number: record.exchange_digest
        for record in state.provided_to(notice.sender)
        if record.exchange_digest
    }
    covered = {
        record.request_number
        for record in state.provided_to(notice.sender)
        if record.exchange_digest and notice.since <= (record.decided_at or "") < notice.until
    }
    theirs = {each.request_number: each.digest for each in notice.records}
    found = dict(_differences(ours, covered, theirs))
    known = {row.request_number: row for row in state.differences(notice.sender) if row.state == "open"}
    rows = [
        RecordDifferenceRow(
            inquirer=notice.sender, request_number=number, kind=kind, state="open", found_at=context.now
        )
        for number, kind in sorted(found.items())
        if number not in known or known[number].kind != kind
    ]
    settled = [
        row.model_copy(update={"state": "settled"})
        for number, row in sorted(known.items())
        if number not in found and number in covered | theirs.keys()
    ]
    event = RecordsCompared(
        inquirer=notice.sender,
        since=notice.since,
        until=notice.until,
        compared=len(covered | theirs.keys()),
        differences=(*rows, *settled),
    )
    return Accepted((event,))


def late_summary(state: ExchangeState, record: ExchangeRecordRow) -> RecordsSummarised | None:
    """The summary of one instant, for an answer whose own period was summarised before it came; None where it was not.

    Another that comes later, decided at the same instant, makes the period longer: no receipt is taken for another's.
    """
    told = max((row.until for row in state.summaries(record.provider)), default="")
    decided = record.decided_at or ""
    if decided >= told:
        return None
    before = state.summary(record.provider, decided)
    until = _after(before.until if before else decided)
    if until is None:
        return None
    row = RecordSummaryRow(provider=record.provider, since=decided, until=until, acknowledged_at=None)
    return RecordsSummarised(summary=row)


def take_receipt(state: ExchangeState, notice: RecordDigestsReceiptNotice, context: Context) -> Decision:
    """A provider has compared what it was told."""
    found = state.summary(notice.sender, notice.since)
    if found is None:
        return refused("summary-unknown", "/since")
    if found.until != notice.until or found.acknowledged_at is not None:
        return Accepted(())  # what was told since under the same beginning is still to be acknowledged
    row = found.model_copy(update={"acknowledged_at": context.now})
    return Accepted((RecordSummaryAcknowledged(summary=row),))


def _after(instant: str) -> str | None:
    """A microsecond later; None for a text that is no instant."""
    try:
        later = datetime.fromisoformat(instant) + timedelta(microseconds=1)
    except ValueError:
        return None
    return later.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _differences(
    ours: dict[str, str], covered: set[str], theirs: dict[str, str]
) -> Iterator[tuple[str, DifferenceKind]]:
    for number in covered | theirs.keys():
        if number not in ours:
            yield number, "missing-here"
        elif number not in theirs:
            yield number, "missing-there"
        elif ours[number] != theirs[number]:
            yield number, "different"
