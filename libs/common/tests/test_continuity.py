"""A reader applies what follows, skips what it knows, and believes nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_common.continuity import ReaderPosition, continue_from
from kumiai_common.log import Head
from kumiai_contracts.chain import origin
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.linkage import AddresseeLinkRow, IntegratedAddresseeNumberAssigned
from kumiai_contracts.operations import IncarnationBegun

TIME = "2026-04-01T00:00:00.000000Z"


def number(n: int) -> IntegratedAddresseeNumberAssigned:
    link = AddresseeLinkRow.model_construct(
        line_of_business="resident-registry", addressee_number=f"{n:010d}", integrated_addressee_number=f"{n:015d}"
    )
    return IntegratedAddresseeNumberAssigned(links=(link,))


def head(stream: str = "linkage") -> Head:
    return Head("131016", stream, 1, 0, origin("131016", stream, 1))


def history(count: int, at: Head | None = None) -> list[StoredEvent]:
    at = at or head()
    return [at.append(number(n), time=TIME) for n in range(1, count + 1)]


START = ReaderPosition.start("131016", "linkage")


def after(events: list[StoredEvent], count: int) -> ReaderPosition:
    if count == 0:
        return ReaderPosition.start("131016", "linkage")
    last = events[count - 1]
    return ReaderPosition("131016", "linkage", last.incarnation, last.position, last.hash)


@given(st.integers(0, 8), st.integers(0, 8))
def test_every_way_of_cutting_a_stream_in_two_applies_all_of_it_once(total: int, cut: int) -> None:
    events = history(total)
    cut = min(cut, total)
    going_on = continue_from(after(events, cut), events)
    assert going_on.verdict == "fits"
    assert list(going_on.apply) == events[cut:]


def test_a_repeat_is_skipped() -> None:
    events = history(3)
    assert continue_from(after(events, 3), events).apply == ()


def test_what_stands_before_a_gap_is_applied_and_the_gap_is_named() -> None:
    events = history(5)
    going_on = continue_from(START, [events[0], events[1], events[3]])
    assert going_on.verdict == "gap"
    assert list(going_on.apply) == events[:2]


def test_two_swapped_events_are_a_gap() -> None:
    events = history(3)
    going_on = continue_from(START, [events[0], events[2], events[1]])
    assert (going_on.verdict, len(going_on.apply)) == ("gap", 1)


@pytest.mark.parametrize("field", ["body", "subject", "type", "time", "dataschema", "cause"])
def test_a_changed_event_contradicts(field: str) -> None:
    events = history(2)
    changed = events[1]._replace(**{field: b"{}" if field == "body" else "another"})
    assert continue_from(START, [events[0], changed]).verdict == "contradiction"


def test_a_rewritten_past_is_seen_at_the_position_that_was_applied_last() -> None:
    events = history(3)
    other = history(2) and [head().append(number(9), time=TIME)]
    rewritten = head()
    rewritten_events = [rewritten.append(number(n), time=TIME) for n in (7, 8, 9)]
    assert other[0].hash != events[0].hash
    assert continue_from(after(events, 3), rewritten_events).verdict == "contradiction"


def test_another_municipality_in_the_envelope_contradicts() -> None:
    stray = history(1)[0]._replace(municipality="011002")
    assert continue_from(START, [stray]).verdict == "contradiction"


def test_a_new_incarnation_goes_on_from_the_hash_that_is_left() -> None:
    at = head()
    events = history(3, at)
    at.incarnation = 2
    begun = at.append(IncarnationBegun(published_up_to=5), time=TIME, continued=1)
    going_on = continue_from(after(events, 3), [begun, at.append(number(4), time=TIME)])
    assert going_on.verdict == "fits"
    assert [event.incarnation for event in going_on.apply] == [2, 2]


def test_a_reader_that_is_ahead_of_a_new_incarnation_stops() -> None:
    old = history(5)
    at = Head("131016", "linkage", 1, 3, old[2].hash)
    at.incarnation = 2
    renewed = [at.append(IncarnationBegun(published_up_to=5), time=TIME, continued=1)]
    renewed += [at.append(number(n), time=TIME) for n in (4, 5, 6)]
    assert continue_from(after(old, 5), renewed).verdict == "contradiction"


def test_positions_follow_without_a_gap() -> None:
    assert all(later.position == earlier.position + 1 for earlier, later in pairwise(history(10)))
