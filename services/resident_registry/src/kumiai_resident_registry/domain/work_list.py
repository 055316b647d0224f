"""Work list (要処理一覧): what waits for a person's decision. Nothing waits unseen.

An item is opened by the decision that leads to it and settled by the one that ends it. Those of a household without a
head and of an unidentified character settle by themselves when the record says so, and never by a click.
"""

import re
from collections.abc import Iterable, Iterator

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.model import Event, RowSet
from kumiai_contracts.resident import HouseholdRow, ResidentEvent, ResidentRow
from kumiai_contracts.resident_affairs import WorkItemNotice, WorkItemRow, WorkItemsChanged

from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.state import RegistryState

_HEAD = "head/"
_CODE = "resident-code/"
_BY_THE_RECORD = ("head-undecided", "character-unidentified", "resident-code-missing")
"""Kinds that only a movement or a mapping settles."""


def head_item(household_number: str) -> str:
    """The item of a household whose head somebody has to decide."""
    return f"{_HEAD}{household_number}"


def household_of(item: str) -> str | None:
    """The 世帯番号 that a head's item is about; None for an item of another kind."""
    number = item.removeprefix(_HEAD)
    return number if number != item and re.fullmatch("[0-9]{10}", number) else None


def character_item(system: str, code_point: str) -> str:
    """The item of a character that somebody has to identify."""
    return f"character/{system}/{code_point}"


def code_item(addressee_number: str) -> str:
    """The item of somebody for whom the pool had no 住民票コード."""
    return f"{_CODE}{addressee_number}"


def person_of(item: str) -> str | None:
    """宛名番号 of the person whom an item is about; None if it is about nobody alone."""
    return item.removeprefix(_CODE) if item.startswith(_CODE) else None


def same_person_item(addressee_number: str) -> str:
    """The item of somebody who may have been on the record before, under another number."""
    return f"same-person/{addressee_number}"


def unmatched_item(reference: str) -> str:
    """The item of a 転入通知 of which nobody knows whose 転出 it confirms."""
    return f"move-in/{reference}"


def unsent_item(reference: str, *, withdrawn: bool) -> str:
    """The item of a 転入通知 that a person has to send outside, or to take back there."""
    return f"move-in-{'unsaid' if withdrawn else 'unsent'}/{reference}"


def withdrawn_item(reference: str) -> str:
    """The item of a 転入通知 that was taken back after it had confirmed a 転出."""
    return f"move-in-withdrawn/{reference}"


def unconfirmed_item(row: ResidentRow) -> str:
    """The item of a planned 転出 that nobody has confirmed in time: one for each 転出, so it never comes back."""
    return f"move-out/{row.addressee_number}/{row.history_number}"


def opened(affairs: RowSet, kind: str, item: str, keys: Iterable[str], context: Context) -> Iterator[WorkItemRow]:
    """The item, open; nothing if it waits already."""
    known = affairs.get(WorkItemRow, item)
    if known is None or known.state == "settled":
        yield WorkItemRow.trusted(
            item=item,
            kind=kind,
            keys=tuple(keys),
            state="open",
            assignee=None,
            decision=None,
            opened_at=context.now,
            changed_at=context.now,
        )


def settled(affairs: RowSet, item: str, decision: str, context: Context) -> Iterator[WorkItemRow]:
    """The item, settled; nothing if it does not wait."""
    known = affairs.get(WorkItemRow, item)
    if known is not None and known.state != "settled":
        yield known.model_copy(update={"state": "settled", "decision": decision, "changed_at": context.now})


def changed(items: Iterable[WorkItemRow]) -> Iterator[Event]:
    """The event that says so, if there is anything to say."""
    rows = tuple(items)
    if rows:
        yield WorkItemsChanged.trusted(items=rows)


def heads(residents: RegistryState, affairs: RowSet, decision: Accepted, context: Context) -> Iterator[Event]:
    """Households that have come to be without a head, or have one again, by a movement."""
    return changed(
        item
        for event in decision.events
        if isinstance(event, ResidentEvent)
        for household in event.households
        for item in _head(residents, affairs, household, context)
    )


def is_undecided(household: HouseholdRow | None) -> bool:
    """Whether somebody has to decide who the head is (世帯主未設定)."""
    return household is not None and household.head is None and len(household.members) > 1


def handle(affairs: RowSet, notice: WorkItemNotice, context: Context) -> Decision:
    """A person takes an item, or settles it."""
    item = affairs.get(WorkItemRow, notice.item)
    if item is None:
        return refused([refusal("unknown-work-item", "/item")])
    reasons = []
    if item.state == "settled":
        reasons.append(refusal("work-item-settled", "/item"))
    if (notice.assignee is None) == (notice.decision is None):
        reasons.append(refusal("assignee-or-decision", ""))
    if notice.decision is not None and item.kind in _BY_THE_RECORD:
        reasons.append(refusal("settled-by-the-record", "/decision"))
    if reasons:
        return refused(reasons)
    if notice.decision is None:
        update = {"state": "assigned", "assignee": notice.assignee}
    else:
        update = {"state": "settled", "decision": notice.decision}
    return Accepted(tuple(changed([item.model_copy(update={**update, "changed_at": context.now})])))


def _head(
    residents: RegistryState, affairs: RowSet, household: HouseholdRow, context: Context
) -> Iterator[WorkItemRow]:
    number = household.household_number
    if is_undecided(household):
        yield from opened(affairs, "head-undecided", head_item(number), (number,), context)
    elif is_undecided(residents.household(number)):
        yield from settled(affairs, head_item(number), "by-movement", context)
