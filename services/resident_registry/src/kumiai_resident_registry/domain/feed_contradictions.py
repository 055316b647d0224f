"""Whether a feed's event follows from the state (整合性): history numbers, who is on the live record, households.

The federation does not judge whether the law allows a movement; that is the own system's affair.
"""

from collections.abc import Iterator

from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import HouseholdRow, Reason, ResidentRow, Status
from kumiai_contracts.resident_feed import FedMovement, FeedProtectionNotice

from kumiai_resident_registry.domain.refusals import refusal
from kumiai_resident_registry.domain.refusals_feed import feed_refusal
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.state import RegistryState, is_live

_ENTERS = frozenset(
    (
        Reason.CARRIED_OVER,
        Reason.DOMESTIC_MOVE_IN,
        Reason.MOVE_IN_FROM_ABROAD,
        Reason.BIRTH,
        Reason.EX_OFFICIO_ENTRY,
        Reason.NATURALISED_ENTRY,
        Reason.NATIONALITY_LOST_ENTRY,
        Reason.CANCELLED_REMOVAL,
    )
)
_LEAVES = frozenset(
    (
        Reason.DOMESTIC_MOVE_OUT,
        Reason.MOVE_OUT_ABROAD,
        Reason.DEATH,
        Reason.EX_OFFICIO_REMOVAL,
        Reason.NATURALISED_REMOVAL,
        Reason.NATIONALITY_LOST_REMOVAL,
        Reason.CANCELLED_ENTRY,
    )
)
_ANEW = frozenset((Reason.RENEWED, Reason.RECREATED))
_ON_THE_RECORD = frozenset(
    (
        Reason.CHANGE_OF_ADDRESS,
        Reason.CHANGE_OF_HEAD,
        Reason.HOUSEHOLD_SPLIT,
        Reason.HOUSEHOLD_MERGE,
        Reason.CHANGE_OF_HOUSEHOLD,
    )
)


def contradictions(state: RegistryState, movement: FedMovement) -> Iterator[Refusal]:
    """Everything in which a movement does not follow from the state; `movement` may name people more than once."""
    after: dict[str, ResidentRow] = {}
    for n, row in enumerate(movement.residents):
        before = after.get(row.addressee_number) or state.current(row.addressee_number)
        yield from _of_person(before, row, f"/event/residents/{n}")
        after[row.addressee_number] = row
    for n, carried in enumerate(movement.numbers):
        if state.carried(carried.system, carried.kind, carried.old_number) not in (None, carried.number):
            yield refusal("carried-over-already", f"/event/numbers/{n}/old_number")
    told = {household.household_number: n for n, household in enumerate(movement.households)}
    left = [last.household_number for number in after if (last := state.current(number)) is not None]
    for number in dict.fromkeys((*told, *left, *[row.household_number for row in after.values()])):
        place = told.get(number)
        household = state.household(number) if place is None else movement.households[place]
        yield from _of_household(state, after, number, household, place)


def strangers(state: RegistryState, notice: FeedProtectionNotice) -> Iterator[Refusal]:
    """Protected people whom the record does not know."""
    for n, row in enumerate(notice.protections):
        if state.current(row.addressee_number) is None:
            yield refusal("unknown-resident", f"/protections/{n}/addressee_number")


def _of_person(before: ResidentRow | None, row: ResidentRow, at: str) -> Iterator[Refusal]:
    following = before.history_number + 1 if before else 1
    if row.history_number != following:
        yield feed_refusal("history-number-not-next", f"{at}/history_number", next=following)
    if row.reason in _ENTERS:
        if is_live(before):
            yield feed_refusal("already-on-live-record", f"{at}/addressee_number")
        elif row.status is not Status.RESIDENT:
            yield feed_refusal("status-does-not-follow", f"{at}/status")
    elif before is None:
        yield refusal("unknown-resident", f"{at}/addressee_number")
    elif not is_live(before) and _needs_live_record(before, row):
        yield refusal("not-on-live-record", f"{at}/addressee_number")
    elif row.status is not _status_after(before, row):
        yield feed_refusal("status-does-not-follow", f"{at}/status")


def _needs_live_record(before: ResidentRow, row: ResidentRow) -> bool:
    if row.reason is Reason.DOMESTIC_MOVE_OUT and before.planned_on is not None:
        return False  # 転出確定 is told of somebody who has moved out
    return row.reason in _LEAVES or row.reason in _ON_THE_RECORD


def _status_after(before: ResidentRow, row: ResidentRow) -> Status:
    if row.reason in _LEAVES:
        return Status.REMOVED
    if row.reason in _ANEW:
        return Status.REMOVED if is_live(before) else Status.RESIDENT
    return before.status


def _of_household(
    state: RegistryState, after: dict[str, ResidentRow], number: str, household: HouseholdRow | None, n: int | None
) -> Iterator[Refusal]:
    before = state.household(number)
    people = dict.fromkeys([*(before.members if before else ()), *after])
    rows = [row for person in people if (row := after.get(person) or state.current(person)) is not None]
    here = {row.addressee_number: row for row in rows if is_live(row) and row.household_number == number}
    if household is None:
        if here:
            yield feed_refusal("household-not-told", "/event/households")
        return
    at = "/event/households" if n is None else f"/event/households/{n}"
    if len(household.members) != len(here) or set(household.members) != set(here):
        yield feed_refusal("household-not-told" if n is None else "members-do-not-follow", at)
        return
    heads = [row.addressee_number for row in here.values() if row.relationship == HEAD]
    if heads != ([household.head] if household.head is not None else []):
        yield feed_refusal("household-not-told" if n is None else "head-does-not-follow", at)
