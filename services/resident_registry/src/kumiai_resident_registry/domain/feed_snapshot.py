"""Snapshots of an own system (照合データ): who of a range is on the live record, compared with the fold."""

from collections.abc import Mapping
from itertools import pairwise

from kumiai_contracts.receipts import Reason
from kumiai_contracts.resident_feed import SNAPSHOT_MOST, FeedSnapshotNotice, row_digest, snapshot_hash

from kumiai_resident_registry.domain.refusals_feed import feed_refusal
from kumiai_resident_registry.domain.state import RegistryState, is_live

MOST_NAMED = 20
"""How many people a receipt names; the others stand in the list of what has diverged."""


def holds(notice: FeedSnapshotNotice) -> bool:
    """Whether a snapshot holds in itself: everybody once, in order, within its range, and the hash over it."""
    numbers = [line.addressee_number for line in notice.residents]
    ordered = all(one < other for one, other in pairwise(numbers))
    within = all(notice.first <= number <= notice.last for number in numbers)
    return ordered and within and notice.first <= notice.last and snapshot_hash(notice.residents) == notice.hash


def differences(state: RegistryState, notice: FeedSnapshotNotice) -> Mapping[str, str] | None:
    """宛名番号 of everybody of the range who differs, with the code of the difference.

    None where more people are on the record than a snapshot may name. The state must hold everybody of the range.
    """
    ours = {
        row.addressee_number: row_digest(row)
        for row in state.people()
        if is_live(row) and notice.first <= row.addressee_number <= notice.last
    }
    if len(ours) > SNAPSHOT_MOST:
        return None
    theirs = {line.addressee_number: line.row for line in notice.residents}
    found = dict.fromkeys(theirs.keys() - ours.keys(), "snapshot-person-unknown")
    found |= dict.fromkeys(ours.keys() - theirs.keys(), "snapshot-person-missing")
    found |= {
        number: "snapshot-row-differs" for number in ours.keys() & theirs.keys() if ours[number] != theirs[number]
    }
    return dict(sorted(found.items()))


def reasons(differing: Mapping[str, str]) -> list[Reason]:
    """How many differ, and who the first of them are."""
    named = [feed_refusal(code, "/residents", number=number) for number, code in list(differing.items())[:MOST_NAMED]]
    return [feed_refusal("snapshot-differs", "/residents", count=len(differing)), *named]
