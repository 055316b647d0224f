"""Recall (訂正通知): who was told something wrong follows from the records, and everybody who was is notified once.

Invariant: a request is notified if, and only if, it was answered with a wrong item of a wrong version; whoever has been
notified about it is not notified about it again by the same recall.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.recall import (
    RecallAcknowledged,
    RecallNotice,
    RecallNotificationRow,
    RecallNotified,
    RecallReceiptNotice,
    RecallReceived,
    RecallTargetRow,
    RecallTargetsListed,
    ReceivedRecallRow,
)

from kumiai_national_id_linkage.domain.exchange_refusals import refused
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState

REQUESTS_A_PART = 1000
"""Requests that a body acknowledges at once."""
REQUESTS_AN_EVENT = 5000
TARGETS_AN_EVENT = 2000
"""What fits a message on Kafka."""


class Told(NamedTuple):
    """Somebody was told something wrong: one line of a recall's list."""

    inquirer: str
    request_number: str


def targets_listed(recall: str, targets: Iterable[tuple[str, str, int]]) -> Iterator[RecallTargetsListed]:
    """The people concerned, as (宛名番号, 年度, the last wrong version), in events that fit a message."""
    rows = [
        RecallTargetRow(recall=recall, addressee_number=person, scope=scope, until_version=version)
        for person, scope, version in targets
    ]
    for start in range(0, len(rows), TARGETS_AN_EVENT):
        yield RecallTargetsListed(targets=tuple(rows[start : start + TARGETS_AN_EVENT]))


def notified(
    recall: str, told: Iterable[Told], before: Iterable[RecallNotificationRow], now: str
) -> Iterator[RecallNotified]:
    """Notifications of whoever has not been notified yet, by body, in parts; the numbers of parts go on."""
    earlier = list(before)
    done = {(row.inquirer, number) for row in earlier for number in row.request_numbers}
    last = {row.inquirer: max(each.part for each in earlier if each.inquirer == row.inquirer) for row in earlier}
    rows: list[RecallNotificationRow] = []
    missing = sorted(set(told) - done)
    for inquirer, lines in groupby(missing, key=lambda line: line.inquirer):
        numbers = [line.request_number for line in lines]
        for n, start in enumerate(range(0, len(numbers), REQUESTS_A_PART), start=last.get(inquirer, 0) + 1):
            rows.append(
                RecallNotificationRow(
                    recall=recall,
                    inquirer=inquirer,
                    part=n,
                    request_numbers=tuple(numbers[start : start + REQUESTS_A_PART]),
                    notified_at=now,
                    acknowledged_at=None,
                )
            )
    yield from (RecallNotified(notifications=tuple(chunk)) for chunk in _fitting(rows))


def take_receipt(state: ExchangeState, notice: RecallReceiptNotice, context: Context) -> Decision:
    """A body has the notification on its record."""
    found = state.notification(notice.recall, notice.sender, notice.part)
    if found is None:
        return refused("recall-unknown", "/recall")
    if found.acknowledged_at is not None:
        return Accepted(())
    row = found.model_copy(update={"acknowledged_at": context.now})
    return Accepted((RecallAcknowledged(notification=row),))


def take_recall(state: ExchangeState, notice: RecallNotice, context: Context) -> Decision:
    """What another body told this municipality was wrong. Its receipt follows from the event."""
    if state.received_recall(notice.sender, notice.recall, notice.part) is not None:
        return Accepted(())
    if any(state.record("inquirer", notice.receiver, number) is None for number in notice.request_numbers):
        return refused("inquiry-unknown", "/request_numbers")
    row = ReceivedRecallRow(
        provider=notice.sender,
        recall=notice.recall,
        part=notice.part,
        fact_kind=notice.fact_kind,
        items=notice.items,
        reason=notice.reason,
        request_numbers=notice.request_numbers,
        received_at=context.now,
    )
    return Accepted((RecallReceived(received=row),))


def _fitting(rows: Iterable[RecallNotificationRow]) -> Iterator[list[RecallNotificationRow]]:
    chunk: list[RecallNotificationRow] = []
    size = 0
    for row in rows:
        if chunk and size + len(row.request_numbers) > REQUESTS_AN_EVENT:
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += len(row.request_numbers)
    if chunk:
        yield chunk
