"""Comparing records (記録の突合): an inquirer says what it has on record, the provider holds it against its own.

Invariant: an exchange that only one side has, or that the two have differently, stays an open difference until a later
comparison finds both alike.
"""

from collections.abc import Iterable, Iterator

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.exchange import ExchangeRecordRow
from kumiai_contracts.institutions import municipality_of
from kumiai_contracts.recall import DifferenceKind, RecordDifferenceRow, RecordDigestsNotice, RecordsCompared

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


def digests(records: Iterable[ExchangeRecordRow]) -> Iterator[tuple[str, str]]:
    """What an inquirer says of its records: those that a provider decided about."""
    return ((record.request_number, record.exchange_digest) for record in records if record.exchange_digest)


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
