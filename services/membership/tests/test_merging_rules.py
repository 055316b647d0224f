"""The rules of mergers: whom a member may take over, from which bundle, and when it is done."""

from datetime import date
from typing import Any

import pytest
from kumiai_contracts.decision import Accepted, Decision
from kumiai_contracts.leaving import LeaveRow, ServiceClosedRow
from kumiai_contracts.merging import MergerRow
from kumiai_contracts.model import RowSet
from kumiai_membership.domain import merging, rules

from tests.support.decisions import after, codes

NOW, TODAY = "2027-04-01T00:00:00.000000Z", date(2027, 4, 1)
OLD, NEW = "131024", "131016"
BUNDLE, HASH = "ab" * 32, "cd" * 32


def member(code: str) -> RowSet:
    return after(RowSet(), rules.join(RowSet(), code, "市", "県", ["taxation"], "A" * 43, NOW))


def predecessor(state: str = "sealed", altogether: bool = True) -> RowSet:
    found = member(OLD)
    leave: dict[str, Any] = dict.fromkeys(("seal", "acknowledgement", "acknowledged_with"))
    leave |= {"leave": 1, "services": ("taxation",), "altogether": altogether, "state": state, "bundle_hash": BUNDLE}
    leave |= dict.fromkeys(("requested_at", "changed_at", "readers_until"), NOW)
    found.put(LeaveRow(**leave, requested_by="131024/system", readers_behind=()))
    found.put(
        ServiceClosedRow(
            leave=1,
            service="taxation",
            stream="taxation",
            incarnation=2,
            position=17,
            hash=HASH,
            receipts_incarnation=1,
            receipts_position=3,
            receipts_hash=HASH,
            parked=0,
            closed_at=NOW,
        )
    )
    return found


def begun(state: RowSet, of: RowSet | None = None, code: str = OLD, on: date = TODAY, bundle: str = BUNDLE) -> Decision:
    return merging.begin(state, NEW, code, of or predecessor(), on, bundle, "000001/operator", TODAY, NOW)


def test_the_heads_at_which_the_predecessor_closed_are_recorded_and_a_repetition_changes_nothing() -> None:
    state = after(member(NEW), begun(member(NEW)))
    (row,) = state.all(MergerRow)
    assert [(head.stream, head.incarnation, head.position, head.hash) for head in row.heads] == [
        ("taxation", 2, 17, HASH)
    ]
    assert begun(state) == Accepted(())
    assert codes(begun(state, bundle=HASH)) == ["merger-differs"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"of": predecessor("closed")}, "predecessor-not-sealed"),
        ({"of": predecessor("cancelled")}, "predecessor-not-sealed"),
        ({"of": predecessor("erasing")}, "predecessor-not-sealed"),
        ({"of": predecessor(altogether=False)}, "predecessor-not-sealed"),
        ({"of": RowSet()}, "predecessor-not-sealed"),
        ({"bundle": HASH}, "bundle-differs"),
        ({"code": NEW}, "merges-with-itself"),
        ({"on": date(2027, 4, 2)}, "merger-in-future"),
    ],
)
def test_only_a_sealed_predecessor_is_taken_over_and_not_before_its_day(changes: dict[str, Any], code: str) -> None:
    assert codes(begun(member(NEW), **changes)) == [code]


def test_only_a_member_that_stays_takes_over() -> None:
    assert codes(begun(RowSet())) == ["not-a-member"]
    assert codes(begun(predecessor())) == ["leave-under-way"]


def test_it_is_complete_when_nobody_is_left_behind() -> None:
    state = after(member(NEW), begun(member(NEW)))
    assert codes(merging.complete(state, OLD, (4, 3), 3, 2, NOW)) == ["merger-incomplete"]
    assert codes(merging.complete(state, "131032", (4, 4), 3, 2, NOW)) == ["merger-unknown"]
    state = after(state, merging.complete(state, OLD, (4, 4), 3, 2, NOW))
    (row,) = state.all(MergerRow)
    assert (row.state, row.people, row.live, row.assessments) == ("completed", 4, 3, 2)
    assert merging.complete(state, OLD, (4, 4), 3, 2, NOW) == Accepted(())
    assert begun(state) == Accepted(())
