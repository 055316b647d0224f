"""Mergers (市町村合併): when a member may take over another, and when that is done. Pure.

Invariants: a predecessor's streams have closed for good before anybody is taken over; nobody is left behind when it is
called complete; each step may be repeated and then changes nothing.
"""

from datetime import date

from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.leaving import LeaveRow, LeaveState
from kumiai_contracts.membership import MemberRow
from kumiai_contracts.merging import ClosedHead, MergerBegun, MergerCompleted, MergerRow
from kumiai_contracts.model import RowSet
from kumiai_contracts.receipts import Reason

from kumiai_membership.domain import leaving
from kumiai_membership.domain.refusals import refusal

_SEALED: frozenset[LeaveState] = frozenset(("sealed", "verified"))
"""The bundle stands at the closed heads, and membership has signed it."""


def begin(
    state: RowSet,
    successor: str,
    predecessor: str,
    of_predecessor: RowSet,
    effective_date: date,
    bundle_hash: str,
    by: str,
    today: date,
    now: str,
) -> Decision:
    """引継ぎの開始: from a predecessor that is leaving altogether, whose bundle is sealed at its closed heads."""
    reasons: list[Reason] = []
    if state.get(MemberRow) is None:
        reasons.append(refusal("not-a-member", "/municipality"))
    elif leaving.has_left(state) or leaving.under_way(state) is not None:
        reasons.append(refusal("leave-under-way", "/municipality"))
    if successor == predecessor:
        reasons.append(refusal("merges-with-itself", "/predecessor"))
    before = state.get(MergerRow, predecessor)
    if before is not None and not reasons:
        same = (before.bundle_hash, before.effective_date) == (bundle_hash, effective_date)
        return Accepted(()) if same else Refused((refusal("merger-differs", "/bundle_hash"),))
    leave = leaving.under_way(of_predecessor)
    if leave is None or not leave.altogether or leave.state not in _SEALED:
        reasons.append(refusal("predecessor-not-sealed", "/predecessor"))
    elif leave.bundle_hash != bundle_hash:
        reasons.append(refusal("bundle-differs", "/bundle_hash"))
    if effective_date > today:
        reasons.append(refusal("merger-in-future", "/effective_date"))
    if reasons or leave is None:
        return Refused(tuple(reasons))
    return Accepted((MergerBegun(merger=_begun(of_predecessor, leave, predecessor, effective_date, by, now)),))


def complete(
    state: RowSet, predecessor: str, people: tuple[int, int], live: int, assessments: int, now: str
) -> Decision:
    """引継ぎの完了: as many people are in the successor's stream as the predecessor's bundle holds.

    `people` is how many were to be taken over, and how many are found.
    """
    before = state.get(MergerRow, predecessor)
    if before is None:
        return Refused((refusal("merger-unknown", "/predecessor"),))
    if people[0] != people[1]:
        return Refused((refusal("merger-incomplete", "/people"),))
    if before.state == "completed":
        return Accepted(())
    done = {"state": "completed", "completed_at": now, "people": people[0], "live": live, "assessments": assessments}
    return Accepted((MergerCompleted(merger=before.model_copy(update=done)),))


def _begun(
    of_predecessor: RowSet, leave: LeaveRow, predecessor: str, effective_date: date, by: str, now: str
) -> MergerRow:
    heads = tuple(
        ClosedHead(stream=row.stream, incarnation=row.incarnation, position=row.position, hash=row.hash)
        for row in leaving.closed_of(of_predecessor, leave)
    )
    assert leave.bundle_hash is not None  # a sealed leave has one
    return MergerRow(
        predecessor=predecessor,
        effective_date=effective_date,
        bundle_hash=leave.bundle_hash,
        heads=heads,
        state="begun",
        begun_at=now,
        begun_by=by,
        completed_at=None,
        people=0,
        live=0,
        assessments=0,
    )
