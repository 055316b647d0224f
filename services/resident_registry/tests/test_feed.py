"""The feed of an own system: gaps, repeats, contradictions, snapshots, and that each is mended again."""

from typing import Any

import pytest
from feed_in_memory import Fed, life, salted, snapshot_of
from hypothesis import given, settings
from kumiai_contracts.chain import commitment
from kumiai_contracts.examples import valid_examples
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.resident import Reason, ResidentRow, Status
from kumiai_contracts.resident_affairs import ProtectionRow
from kumiai_contracts.resident_carry_over import HistoryCarryOverNotice, ResidentHistoryCarriedOver
from kumiai_contracts.resident_feed import (
    FeedEventNotice,
    FeedPart,
    FeedProtectionNotice,
    row_digest,
    snapshot,
    snapshot_hash,
)
from kumiai_resident_registry.domain.refusals_feed import FEED_TEXTS
from registry_in_memory import TODAY, Registry, birth, cancel, change_address, death, move_in, move_out
from test_lives import lives

BY_THE_SERVICE = {"own-system-keeps-record", "shared-registry-keeps-record"}
"""Refused before the rules are asked."""
NEWCOMER = with_check_digit("000000777", addressee_check_digit)
"""A number that is right and that nobody has."""
seen: set[str] = set()


@pytest.fixture
def registry() -> Registry:
    """A family of three, a single, a birth, a move and a death."""
    made = Registry()
    father, mother, _ = made.family("世帯主", "妻", "子")
    (single,) = made.family("世帯主")
    made.accept(birth(made.number_of(father), day=TODAY))
    made.accept(change_address(mother))
    made.accept(death(single))
    return made


def refused(target: Fed, notice: Any) -> list[str]:
    codes = target.refuse(notice)
    seen.update(codes)
    return codes


def taken(registry: Registry, n: int | None = None) -> tuple[Fed, list[FeedEventNotice]]:
    """The federation after the first n events of a registry's life, and the whole life."""
    target, notices = Fed(), life(registry)
    for notice in notices[:n]:
        target.accept(notice)
    return target, notices


def with_row(notice: FeedEventNotice, n: int = 0, **changes: Any) -> FeedEventNotice:
    """The same event with another row."""
    rows = list(notice.event.residents)
    rows[n] = ResidentRow.model_validate(rows[n].model_dump() | changes)
    return notice.model_copy(update={"event": notice.event.model_copy(update={"residents": tuple(rows)})})


def at(notice: FeedEventNotice, sequence: int) -> FeedEventNotice:
    return notice.model_copy(update={"sequence": sequence})


@settings(max_examples=100, deadline=None)
@given(lives())
def test_whatever_the_shared_rules_make_is_taken_from_an_own_system_and_gives_the_same_people(
    registry: Registry,
) -> None:
    target, notices = taken(registry)
    assert len(target.events) == len(notices)
    without_movement = {"movement": ""}
    assert [row.model_copy(update=without_movement) for row in target.state.people()] == [
        row.model_copy(update=without_movement) for row in registry.state.people()
    ]
    target.accept(snapshot_of(registry, len(notices)))
    assert target.diverged == set()


def test_every_row_of_an_event_names_its_receipt(registry: Registry) -> None:
    target, _ = taken(registry, 1)
    assert {row.movement for row in target.events[0].residents} == {"resident-registry-receipts:1:1"}


def test_a_gap_is_refused_and_remembered_until_it_is_filled_in_order(registry: Registry) -> None:
    target, notices = taken(registry, 1)
    assert refused(target, notices[3]) == ["feed-gap"]
    assert (target.place.sequence, target.place.seen) == (1, 4)
    assert refused(target, notices[2]) == ["feed-gap"]
    for notice in notices[1:4]:
        target.accept(notice)
        assert (target.place.seen > target.place.sequence) == (notice.sequence < 4)
    assert target.diverged == set()


def test_a_number_that_was_used_is_refused_and_its_people_diverge_until_a_snapshot_agrees(registry: Registry) -> None:
    target, notices = taken(registry)
    assert refused(target, notices[0]) == ["feed-number-used"]
    assert target.diverged == {row.addressee_number for row in notices[0].event.residents}
    assert target.place.sequence == len(notices)
    target.accept(snapshot_of(registry, len(notices)))
    assert target.diverged == set()


def test_a_mistaken_number_far_beyond_is_forgotten_when_a_snapshot_agrees(registry: Registry) -> None:
    target, notices = taken(registry)
    assert refused(target, at(notices[0], 10**12)) == ["feed-gap"]
    target.accept(snapshot_of(registry, len(notices)))
    assert target.place.seen == target.place.sequence == len(notices)


def test_a_second_entry_of_a_living_person_contradicts_uses_up_its_number_and_holds_up_nobody_else(
    registry: Registry,
) -> None:
    target, notices = taken(registry, 2)
    again = at(with_row(notices[1], history_number=2), 3)
    assert refused(target, again) == ["already-on-live-record"]
    single = notices[1].event.residents[0].addressee_number
    assert (target.place.sequence, target.diverged) == (3, {single})
    for notice in notices[2:]:
        target.accept(at(notice, notice.sequence + 1))
    assert target.diverged == {single}
    target.accept(snapshot_of(registry, target.place.sequence, first=single, last=single))
    assert target.diverged == set()


def test_a_repeated_event_under_the_next_number_contradicts_by_its_history_number(registry: Registry) -> None:
    target, notices = taken(registry, 1)
    assert refused(target, at(notices[0], 2))[:2] == ["history-number-not-next", "already-on-live-record"]


def test_a_movement_of_a_stranger_or_of_somebody_removed_contradicts(registry: Registry) -> None:
    target, notices = taken(registry)
    died = notices[-1].event.residents[0]
    later = {"history_number": died.history_number + 1, "processed_date": TODAY}
    assert "not-on-live-record" in refused(target, at(with_row(notices[-1], **later), 6))
    stranger = NEWCOMER
    unknown = with_row(notices[-1], addressee_number=stranger, history_number=1)
    assert "unknown-resident" in refused(target, at(unknown, 7))


def test_a_status_that_does_not_follow_from_the_reason_contradicts(registry: Registry) -> None:
    target, notices = taken(registry, 4)
    alive = with_row(notices[4], status=Status.RESIDENT, removed_on=None)
    assert "status-does-not-follow" in refused(target, alive)
    target, notices = taken(registry, 1)
    dead = with_row(notices[1], status=Status.REMOVED, removed_on=TODAY)
    assert "status-does-not-follow" in refused(target, dead)


def test_households_are_those_who_live_there_with_their_head(registry: Registry) -> None:
    target, notices = taken(registry, 2)
    born = notices[2]
    household = born.event.households[0]

    def told(**changes: Any) -> FeedEventNotice:
        changed = (household.model_copy(update=changes),)
        return born.model_copy(update={"event": born.event.model_copy(update={"households": changed})})

    silent = born.model_copy(update={"event": born.event.model_copy(update={"households": ()})})
    assert refused(target, at(silent, 3)) == ["household-not-told"]
    assert refused(target, at(told(members=household.members[:-1]), 4)) == ["members-do-not-follow"]
    assert refused(target, at(told(members=(*household.members, household.head)), 5)) == ["members-do-not-follow"]
    assert refused(target, at(told(head=household.members[-1]), 6)) == ["head-does-not-follow"]
    target.accept(at(born, 7))


@pytest.mark.parametrize(
    ("n", "changes", "code"),
    [
        (0, {"movement": "x"}, "movement-given"),
        (0, {"addressee_number": with_check_digit("900000001", addressee_check_digit)}, "number-reserved"),
        (0, {"reason": Reason.BIRTH}, "reason-not-of-type"),
        (0, {"removed_on": TODAY}, "removed-on-does-not-fit"),
        (0, {"address": salted("somewhere")}, "part-missing"),
        (0, {"cancels": 1}, "cancels-nothing"),
        (0, {"relationship": "知人"}, "relationship-unknown"),
        (0, {"operator": "123456789018"}, "looks-like-my-number"),
    ],
)
def test_what_does_not_hold_in_itself_uses_up_no_number(
    registry: Registry, n: int, changes: dict[str, Any], code: str
) -> None:
    target, notices = taken(registry, 0)
    assert code in refused(target, with_row(notices[0], n, **changes))
    assert (target.place.sequence, target.place.seen) == (0, 1)
    target.accept(notices[0])
    assert target.place.seen == target.place.sequence


def test_parts_are_what_their_commitments_say(registry: Registry) -> None:
    target, notices = taken(registry, 0)
    (part,) = notices[0].parts

    def parted(*parts: FeedPart) -> FeedEventNotice:
        return notices[0].model_copy(update={"parts": parts})

    assert "part-missing" in refused(target, parted())
    assert "part-unused" in refused(target, parted(part, part.model_copy(update={"salt": salted("other")})))
    assert "part-unused" in refused(target, parted(part, part.model_copy(update={"name": "previous_address"})))
    assert "part-invalid" in refused(target, parted(part, part.model_copy(update={"part": "{}"})))
    accepted = target.accept(parted(part, part))
    assert [sealed.commitment for sealed in accepted.sealed] == [notices[0].event.residents[0].address]
    # The part of an address that is known already is neither needed nor stored again.
    child = next(notice for notice in notices if notice.event_type == "resident.born.v1")
    target.accept(notices[1])
    assert target.accept(child.model_copy(update={"parts": (part,)})).sealed == ()


def test_a_code_is_never_told_as_an_address(registry: Registry) -> None:
    target, notices = taken(registry, 0)
    code = FeedPart(name="resident_code", salt=salted("code"), part='"12345678903"')
    sealed = commitment(bytes.fromhex(code.salt), code.part.encode())
    parts = (*notices[0].parts, code)
    wrong = with_row(notices[0], resident_code=sealed, previous_address=sealed).model_copy(update={"parts": parts})
    assert refused(target, wrong) == ["part-missing"]
    target.accept(with_row(notices[0], resident_code=sealed).model_copy(update={"parts": parts}))
    later = with_row(notices[1], previous_address=sealed)
    assert refused(target, later) == ["part-missing"]


def test_protection_is_told_of_people_whom_the_record_knows(registry: Registry) -> None:
    target, notices = taken(registry, 1)
    number = notices[0].event.residents[1].addressee_number
    row = ProtectionRow(
        addressee_number=number,
        state="decided",
        applied_on=TODAY,
        starts_on=TODAY,
        ends_on=TODAY,
        ended_on=None,
        together_with=(),
    )
    target.accept(FeedProtectionNotice(sequence=2, protections=(row,)))
    stranger = row.model_copy(update={"addressee_number": NEWCOMER})
    assert refused(target, FeedProtectionNotice(sequence=3, protections=(stranger,))) == ["unknown-resident"]
    assert target.place.sequence == 3


def test_a_snapshot_names_who_differs_and_mends_who_agrees_again(registry: Registry) -> None:
    target, notices = taken(registry)
    elsewhere = Registry()
    elsewhere.family("世帯主", "妻", "子")
    wrong = snapshot_of(elsewhere, len(notices))
    codes = refused(target, wrong)
    assert codes[0] == "snapshot-differs"
    assert {"snapshot-person-missing", "snapshot-row-differs"} <= set(codes)
    assert target.diverged
    registry.accept(move_in("世帯主"))
    assert "snapshot-person-unknown" in refused(target, snapshot_of(registry, len(notices)))
    target.accept(life(registry)[-1])
    target.accept(snapshot_of(registry, len(notices) + 1))
    assert target.diverged == set()


def test_a_snapshot_of_a_range_says_nothing_of_others(registry: Registry) -> None:
    target, notices = taken(registry)
    refused(target, snapshot(len(notices), []))
    everybody = set(target.diverged)
    one = min(everybody)
    target.accept(snapshot_of(registry, len(notices), first=one, last=one))
    assert target.diverged == everybody - {one}


def test_a_snapshot_of_another_number_is_not_compared(registry: Registry) -> None:
    target, notices = taken(registry)
    assert refused(target, snapshot_of(registry, len(notices) - 1)) == ["snapshot-not-at-number"]
    assert target.place.seen == target.place.sequence
    assert refused(target, snapshot_of(registry, len(notices) + 2)) == ["snapshot-not-at-number"]
    assert target.place.seen == len(notices) + 2
    assert target.diverged == set()


def test_a_snapshot_that_does_not_hold_in_itself_is_not_compared(registry: Registry) -> None:
    target, notices = taken(registry)
    right = snapshot_of(registry, len(notices))
    turned = right.residents[::-1]
    for wrong in (
        {"hash": salted("other")},
        {"residents": turned, "hash": snapshot_hash(turned)},
        {"residents": right.residents[:1] * 2, "hash": snapshot_hash(right.residents[:1] * 2)},
        {"last": right.residents[0].addressee_number},
        {"first": "9", "last": "0"},
    ):
        assert refused(target, right.model_copy(update=wrong)) == ["snapshot-malformed"]
    assert target.diverged == set()


def test_a_range_of_more_people_than_a_snapshot_may_name_is_refused(registry: Registry) -> None:
    target, notices = taken(registry)
    row = registry.state.people()[0]
    target.state.know_people(
        row.model_copy(update={"addressee_number": f"{n:09}0", "history_number": 1}) for n in range(10_000, 11_001)
    )
    assert refused(target, snapshot(len(notices), [])) == ["snapshot-range-too-wide"]


def test_a_rows_digest_says_nothing_of_its_receipt(registry: Registry) -> None:
    row = registry.state.people()[0]
    assert row_digest(row) == row_digest(row.model_copy(update={"movement": "elsewhere"}))
    assert row_digest(row) != row_digest(row.model_copy(update={"name": "別人"}))


def test_the_shared_registry_cancels_later_what_an_own_system_handed_in(registry: Registry) -> None:
    target, notices = taken(registry)
    shared = Registry(state=target.state, receipts=target.receipts)
    died = notices[-1].event.residents[0]
    assert shared.refuse(cancel(died.addressee_number, died.history_number - 1)) == {
        ("history-number-not-current", "/history_number")
    }
    shared.accept(cancel(died.addressee_number, died.history_number))
    assert shared.row(died.addressee_number).status is Status.RESIDENT
    (first,) = [
        row for row in shared.state.people() if row.addressee_number == notices[0].event.residents[1].addressee_number
    ]
    shared.accept(cancel(first.addressee_number, first.history_number))
    assert shared.number_of(first.addressee_number) == notices[0].event.households[0].household_number


def test_a_history_comes_whole_with_the_numbers_of_before(registry: Registry) -> None:
    notice = valid_examples()["resident-notice.history-carry-over.v1"]
    assert isinstance(notice, HistoryCarryOverNotice)
    registry.accept(notice)
    target, notices = taken(registry)
    carried = next(event for event in registry.events if isinstance(event, ResidentHistoryCarriedOver))
    told = next(notice for notice in notices if notice.event_type == carried.type)
    assert [event.numbers for event in target.events if event.type == carried.type] == [carried.numbers]
    target.accept(snapshot_of(registry, len(notices)))

    elsewhere = Fed()
    without = told.model_copy(update={"sequence": 1, "event": told.event.model_copy(update={"numbers": ()})})
    assert "numbers-do-not-fit" in refused(elsewhere, without)
    other = (told.event.numbers[0].model_copy(update={"number": NEWCOMER}),)
    strange = told.model_copy(update={"sequence": 1, "event": told.event.model_copy(update={"numbers": other})})
    assert "numbers-do-not-fit" in refused(elsewhere, strange)
    person, household = told.event.residents[0].addressee_number, told.event.households[0].household_number
    body = told.body().replace(person.encode(), NEWCOMER.encode()).replace(household.encode(), NEWCOMER.encode())
    another = FeedEventNotice.model_validate_json(body)
    assert set(refused(target, at(another, len(notices) + 1))) == {"carried-over-already"}


def test_leaving_and_coming_back_follows(registry: Registry) -> None:
    (leaver,) = registry.family("世帯主")
    registry.accept(move_out(leaver))
    target, notices = taken(registry)
    back = at(with_row(notices[5], history_number=3), len(notices) + 1)
    target.accept(back)
    assert target.state.current(leaver) is not None


def test_every_refusal_of_the_feed_is_refused_here() -> None:
    assert seen & set(FEED_TEXTS) >= set(FEED_TEXTS) - BY_THE_SERVICE
