"""Moves between two members: announced, told, confirmed; late, early, twice, out of order, taken back."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kumiai_contracts.identified import Identified
from kumiai_contracts.resident import CarryOverNotice, Status
from kumiai_contracts.resident_affairs import (
    ProtectionApplicationNotice,
    WorkItemNotice,
    WorkItemRow,
)
from kumiai_contracts.resident_between import MoveBetweenRow, MovesToldNotice, OverdueMoveOutsNotice
from registry_in_memory import AWAY, HOME, TODAY, cancel, confirm, person, when
from two_registries import ARRIVED, HERE, PLANNED, THERE, Two, arriving, leaving, not_taken

BETWEEN_CODES = {
    "previous-is-here",
    "previous-is-abroad",
    "announced-move-not-open",
    "reference-of-another",
    "sender-is-here",
    "looks-like-my-number",
}
"""What is refused here; what people who come back are refused with stands in `test_returning.py`."""


@pytest.fixture
def two() -> Two:
    return Two()


def test_a_move_out_is_announced_and_a_move_in_confirms_it_on_the_earlier_day(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    two.carry(two.a)
    (expected,) = two.b.moves("announced")
    assert expected.addressee_number is None
    arrived = two.b.accept(arriving())
    (row,) = two.b.moves("announced", "met")
    assert row.addressee_number == arrived.assigned[0].number
    two.carry(two.b)
    left = two.a.row(mover)
    assert (left.planned_on, left.confirmed_on, left.removed_on) == (PLANNED, ARRIVED, ARRIVED)
    assert left.history_number == 3
    assert not two.a.items("move-in-unmatched")


def test_whoever_arrives_later_than_planned_is_removed_on_the_planned_day(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover, planned=date(2026, 5, 10)))
    two.b.accept(arriving(on=date(2026, 5, 25)))
    two.settle()
    assert two.a.row(mover).removed_on == date(2026, 5, 10)
    assert two.a.row(mover).confirmed_on == date(2026, 5, 25)


def test_an_announcement_that_comes_after_the_people_is_met_at_once(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    arrived = two.b.accept(arriving())
    two.carry(two.b)
    two.carry(two.a)
    assert two.a.row(mover).confirmed_on == ARRIVED
    assert [row.addressee_number for row in two.b.moves("announced", "met")] == [arrived.assigned[0].number]


def test_who_arrives_before_the_move_out_is_notified_waits_and_is_confirmed_with_it(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.b.accept(arriving())
    two.carry(two.b)
    (item,) = two.a.items("move-in-unmatched")
    assert two.a.row(mover).status is Status.RESIDENT, "nobody is removed by what another municipality tells alone"
    two.a.accept(leaving(mover))
    assert two.a.row(mover).removed_on == ARRIVED
    assert two.a.affairs.get(WorkItemRow, item.item).state == "settled"  # type: ignore[union-attr]
    two.settle()
    assert two.b.moves("announced", "met")


def test_what_is_told_again_changes_nothing(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    two.b.accept(arriving())
    two.settle()
    before = (two.a.row(mover), len(two.a.events), len(two.b.events))
    two.again(two.a, 0)
    two.again(two.b, 0)
    assert (two.a.row(mover), len(two.a.events), len(two.b.events)) == before


def test_somebody_of_another_name_waits_for_a_person_who_confirms(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    two.b.accept(arriving(person(name="山田 太朗")))
    two.settle()
    assert two.a.row(mover).confirmed_on is None
    (item,) = two.a.items("move-in-unmatched")
    two.a.accept(WorkItemNotice(item=item.item, decision="confirmed", place="本庁", operator="clerk-1"))
    two.a.accept(confirm(mover, effective=ARRIVED))
    assert two.a.row(mover).removed_on == ARRIVED


def test_the_desk_names_the_announcement_though_the_name_is_written_otherwise(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    two.carry(two.a)
    (expected,) = two.b.moves("announced")
    known = (Identified(person=0, announced=expected.reference),)
    two.b.accept(arriving(person(name="山田 太朗")).model_copy(update={"identified": known}))
    two.carry(two.b)
    assert two.a.row(mover).confirmed_on == ARRIVED


def test_two_of_the_same_name_and_birth_are_told_apart_by_a_person(two: Two) -> None:
    for _ in range(2):
        two.a.accept(leaving(*two.a.family("世帯主")))
    two.carry(two.a)
    two.carry(two.a)
    two.b.accept(arriving())
    two.settle()
    assert len(two.a.items("move-in-unmatched")) == 1
    assert len(two.b.moves("announced")) == 2


def test_one_arrival_meets_one_announcement(two: Two) -> None:
    for _ in range(2):
        two.a.accept(leaving(*two.a.family("世帯主")))
    two.b.accept(arriving())
    two.settle()
    assert (len(two.b.moves("announced")), len(two.b.moves("announced", "met"))) == (1, 1)
    assert len(two.a.items("move-in-unmatched")) == 1


def test_a_family_is_announced_together_and_whoever_stays_behind_stays_expected(two: Two) -> None:
    numbers = two.a.family("世帯主", "妻")
    two.a.accept(leaving(*numbers))
    two.carry(two.a)
    first, second = two.b.moves("announced")
    two.b.accept(arriving().model_copy(update={"identified": (Identified(person=0, announced=first.reference),)}))
    two.settle()
    assert [two.a.row(number).confirmed_on for number in numbers] == [ARRIVED, None]
    assert two.b.moves("announced") == [second]


def test_a_move_out_that_is_cancelled_is_announced_no_more(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    two.a.accept(cancel(mover, 2, effective=PLANNED))
    two.settle()
    assert two.b.moves("announced", "withdrawn")
    two.b.accept(arriving())
    two.settle()
    assert two.a.row(mover).status is Status.RESIDENT
    assert two.a.items("move-in-unmatched"), "a person finds out who is where"


def test_what_is_taken_back_before_it_is_told_stays_taken_back(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    two.a.accept(cancel(mover, 2, effective=PLANNED))
    first, second = (two.a.letter(event).notice for event in two.a.post)
    two.b.accept(second)
    two.b.accept(first)
    assert two.b.moves("announced") == []
    assert len(two.b.moves("announced", "withdrawn")) == 1


def test_a_move_in_that_never_was_is_taken_back_and_a_person_looks_at_what_it_confirmed(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    two.carry(two.a)
    number = two.b.accept(arriving()).assigned[0].number
    two.carry(two.b)
    two.b.accept(cancel(number, 1, effective=ARRIVED))
    assert len(two.b.moves("announced")) == 1, "expected again"
    two.settle()
    assert [item.keys for item in two.a.items("move-in-withdrawn")] == [(mover,)]
    two.a.accept(cancel(mover, 3, effective=ARRIVED))
    two.b.accept(arriving(on=ARRIVED + timedelta(days=1)))
    two.settle()
    assert two.a.row(mover).confirmed_on == ARRIVED + timedelta(days=1)


def test_a_move_in_told_and_taken_back_before_anybody_saw_to_it_waits_no_more(two: Two) -> None:
    number = two.b.accept(arriving()).assigned[0].number
    two.b.accept(cancel(number, 1, effective=ARRIVED))
    two.settle()
    assert two.a.items("move-in-unmatched") == two.a.items("move-in-withdrawn") == []
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    assert two.a.row(mover).confirmed_on is None


def test_whoever_is_no_member_is_told_outside_and_announced_on_paper(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    not_taken(two.a)
    assert two.a.affairs.all(WorkItemRow) == [], "the 転出証明書 is with the person"
    number = two.b.accept(arriving(came_from="473821")).assigned[0].number
    not_taken(two.b)
    (item,) = two.b.items("move-in-unsent")
    assert item.keys == (number,)
    two.b.accept(WorkItemNotice(item=item.item, decision="sent", place="本庁", operator="clerk-1"))


def test_whoever_is_protected_is_neither_announced_nor_told_of_by_machine(two: Two) -> None:
    head, wife = two.a.family("世帯主", "妻")
    two.a.accept(
        ProtectionApplicationNotice(addressee_numbers=(wife,), applied_on=TODAY, place="本庁", operator="clerk-1")
    )
    two.a.accept(leaving(head, wife))
    assert not two.a.post
    assert two.a.affairs.all(MoveBetweenRow) == []


def test_no_message_and_no_event_about_it_says_where_anybody_lives_or_goes(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    (told,) = two.a.post
    body = told.body().decode()
    assert THERE not in body and PLANNED.isoformat() not in body
    letter = two.a.letter(told).notice.body().decode()
    addresses = {value for address in (HOME, AWAY) for value in address.model_dump().values() if value}
    assert not any(value in letter for value in addresses)
    two.carry(two.a)
    heard = two.b.events[-1].body().decode()
    assert "山田" not in heard and HERE not in json.loads(heard)["moves"][0]["content"]


def test_a_move_out_that_nobody_confirms_in_time_comes_onto_the_work_list_once(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover, to=None))
    notice = OverdueMoveOutsNotice(addressee_numbers=(mover,))
    two.a.today = PLANNED + timedelta(days=30)
    assert two.a.accept(notice).events == ()
    two.a.today += timedelta(days=1)
    two.a.accept(notice)
    (item,) = two.a.items("move-out-unconfirmed")
    assert item.keys == (mover,)
    two.a.accept(WorkItemNotice(item=item.item, decision="asked", place="本庁", operator="clerk-1"))
    assert two.a.accept(notice).events == (), "what a person has settled does not come back"


def test_what_was_overdue_is_settled_by_the_confirmation(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    two.a.today = PLANNED + timedelta(days=30 + 1)
    two.a.accept(OverdueMoveOutsNotice(addressee_numbers=(mover,)))
    two.b.accept(arriving())
    two.settle()
    assert two.a.items("move-out-unconfirmed") == []
    assert two.a.row(mover).confirmed_on == ARRIVED


def test_whoever_is_confirmed_dead_or_here_is_not_overdue(two: Two) -> None:
    confirmed, here, gone = (two.a.family("世帯主")[0] for _ in range(3))
    two.a.accept(leaving(confirmed))
    two.a.accept(confirm(confirmed, effective=ARRIVED))
    two.a.accept(leaving(gone))
    two.a.accept(cancel(gone, 2, effective=PLANNED))
    two.a.today = PLANNED + timedelta(days=365)
    assert two.a.accept(OverdueMoveOutsNotice(addressee_numbers=(confirmed, here, gone))).events == ()


def test_what_does_not_hold_is_refused_with_the_reason(two: Two) -> None:
    (mover,) = two.a.family("世帯主")
    two.a.accept(leaving(mover))
    (event,) = two.a.post
    told = two.a.letter(event).notice
    assert isinstance(told, MovesToldNotice)
    two.settle()
    (expected,) = two.b.moves("announced")
    known = (Identified(person=0, announced=expected.reference),)
    second = told.moves[0].model_copy(update={"name": "1234-5678-9018"})
    refused = [
        two.b.refuse(arriving(came_from=THERE)),
        two.b.refuse(arriving().model_copy(update={"origin": "abroad"})),
        two.b.refuse(arriving(came_from="473821").model_copy(update={"identified": known})),
        two.b.refuse(told.model_copy(update={"sender": "473821"})),
        two.b.refuse(told.model_copy(update={"sender": THERE})),
        two.b.refuse(told.model_copy(update={"moves": (*told.moves, second)})),
    ]
    assert refused == [
        {("previous-is-here", "/previous_municipality")},
        {("previous-is-abroad", "/previous_municipality")},
        {("announced-move-not-open", "/identified/0/announced")},
        {("reference-of-another", "/moves/0/reference")},
        {("sender-is-here", "/sender"), ("reference-of-another", "/moves/0/reference")},
        {("reference-of-another", "/moves/1/reference"), ("looks-like-my-number", "/moves/1/name")},
    ]
    assert {code for each in refused for code, _ in each} == BETWEEN_CODES


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_in_whatever_order_messages_and_desks_come_the_end_is_the_same(data: st.DataObject) -> None:
    two = Two()
    movers = [two.a.accept(_carried(name)).assigned[0].number for name in ("山田 太郎", "鈴木 花子")]
    steps = [
        *(lambda number=number: two.a.accept(leaving(number)) for number in movers),
        *(lambda name=name: two.b.accept(arriving(person(name=name))) for name in ("山田 太郎", "鈴木 花子")),
    ]
    steps = data.draw(st.permutations(steps))
    for step in steps:
        step()
        for town in (two.a, two.b):
            while town.post and data.draw(st.booleans()):
                two.carry(town)
            heard = two.sent[town.municipality]
            if heard and data.draw(st.booleans()):
                two.again(town, data.draw(st.integers(0, len(heard) - 1)))
    two.settle()
    for number in movers:
        assert (two.a.row(number).confirmed_on, two.a.row(number).removed_on) == (ARRIVED, ARRIVED)
    assert all(row.state == "met" for row in two.b.affairs.all(MoveBetweenRow) if row.kind == "announced")
    assert all(row.state == "met" for row in two.a.affairs.all(MoveBetweenRow))
    assert two.a.items("move-in-unmatched") == []


def _carried(name: str) -> CarryOverNotice:
    return CarryOverNotice(**when(date(2020, 4, 1)), persons=(person(name=name),), address=HOME)
