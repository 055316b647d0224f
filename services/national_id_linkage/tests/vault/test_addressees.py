"""Two who are one person, one who was two: numbers follow, nobody gets two, and every reader can follow both ways."""

from datetime import date

import pytest
from kumiai_contracts.addressees import AddresseesMerged, AddresseesParted, MergeNotice, PartNotice
from kumiai_contracts.decision import Accepted, Context, Decision, Refused
from kumiai_contracts.linkage import AddresseeLinkRow
from kumiai_contracts.my_number import HeldNumberRow
from kumiai_national_id_linkage.domain.addressees import merge, part
from kumiai_national_id_linkage.domain.my_number import HeldNumbers
from kumiai_national_id_linkage.domain.numbering import LinkageState
from sender import CHIYODA, ONE, THREE, TWO

NUMBER = {ONE: "000000000000013", TWO: "000000000000021", THREE: "000000000000030"}
CONTEXT = Context(CHIYODA, date(2026, 5, 11), "2026-05-11T00:15:42.310587Z", "national-id-linkage-receipts:1:1", bytes)
DESK = {"place": "本庁", "operator": "desk/1"}


class Town:
    """Three addressees, and the numbers that are held of some."""

    def __init__(self, *held: tuple[str, str]) -> None:
        links = [
            AddresseeLinkRow(
                line_of_business="resident-registry", addressee_number=person, integrated_addressee_number=number
            )
            for person, number in NUMBER.items()
        ]
        rows = [
            HeldNumberRow(commitment=f"{n:064x}", integrated_addressee_number=NUMBER[person], state=state)  # type: ignore[arg-type]
            for n, (person, state) in enumerate(held)
        ]
        self.numbering, self.held = LinkageState(links, last=3), HeldNumbers(rows=rows)

    def _apply(self, decision: Decision) -> Decision:
        for event in decision.events if isinstance(decision, Accepted) else ():
            self.numbering.apply(event)
            self.held.apply(event)
        return decision

    def merge(self, stays: str, ends: str) -> Decision:
        notice = MergeNotice(addressee_number=stays, other=ends, **DESK)
        return self._apply(merge(self.numbering, self.held, notice, CONTEXT))

    def part(self, person: str, *, takes: bool = False) -> Decision:
        notice = PartNotice(addressee_number=person, takes_my_number=takes, **DESK)
        return self._apply(part(self.numbering, self.held, notice, CONTEXT))

    def numbers(self) -> list[str | None]:
        return [self.numbering.number_of(person) for person in NUMBER]


def code_of(decision: Decision) -> str:
    assert isinstance(decision, Refused)
    return decision.reasons[0].code


def test_after_a_merge_one_number_stands_for_both_and_the_link_stays() -> None:
    town = Town()
    decision = town.merge(ONE, TWO)
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, AddresseesMerged)
    assert event.keys() == {NUMBER[ONE], NUMBER[TWO]}
    assert town.numbers() == [NUMBER[ONE], NUMBER[ONE], NUMBER[THREE]]
    assert town.numbering.own_number_of(TWO) == NUMBER[TWO]


def test_who_was_merged_into_somebody_follows_when_that_one_is_merged() -> None:
    town = Town()
    town.merge(ONE, TWO)
    decision = town.merge(THREE, ONE)
    assert isinstance(decision, Accepted)
    assert town.numbers() == [NUMBER[THREE]] * 3
    assert town.numbering.merged_into(NUMBER[ONE]) == (), "one look is enough to find the number that holds"


def test_merging_twice_changes_nothing_and_nobody_is_merged_with_himself() -> None:
    town = Town()
    town.merge(ONE, TWO)
    for stays, ends in ((ONE, TWO), (TWO, ONE)):
        assert town.merge(stays, ends) == Accepted(())
    assert code_of(town.merge(ONE, ONE)) == "merged-with-itself"


def test_the_number_that_is_held_moves_with_its_history() -> None:
    town = Town((TWO, "current"), (TWO, "replaced"))
    town.merge(ONE, TWO)
    assert [row.state for row in town.held.of(NUMBER[ONE])] == ["current", "replaced"]
    assert town.held.of(NUMBER[TWO]) == ()


def test_two_who_have_a_number_each_are_not_one_person() -> None:
    assert code_of(Town((ONE, "current"), (TWO, "current")).merge(ONE, TWO)) == "numbers-differ"
    assert isinstance(Town((ONE, "current"), (TWO, "replaced")).merge(ONE, TWO), Accepted)


@pytest.mark.parametrize("takes", (False, True))
def test_parting_gives_the_number_of_before_back_and_the_my_number_to_whom_it_belongs(takes: bool) -> None:
    town = Town((ONE, "current"))
    town.merge(ONE, TWO)
    decision = town.part(TWO, takes=takes)
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, AddresseesParted)
    assert event.merged_number.merged_into is None
    assert town.numbers() == list(NUMBER.values())
    assert (town.held.current_of(NUMBER[TWO]) is not None) is takes
    assert (town.held.current_of(NUMBER[ONE]) is None) is takes
    town.merge(TWO, ONE)
    assert town.numbers() == [NUMBER[TWO], NUMBER[TWO], NUMBER[THREE]], "and they may be merged the other way"


def test_only_whoever_was_merged_can_be_parted() -> None:
    town = Town()
    assert code_of(town.part(ONE)) == "not-merged"
    town.merge(ONE, TWO)
    assert code_of(town.part(ONE)) == "not-merged"
    town.part(TWO)
    assert code_of(town.part(TWO)) == "not-merged"


def test_whoever_has_no_number_is_named() -> None:
    stranger = "0000000043"
    town = Town()
    refusals = [town.merge(stranger, ONE), town.merge(ONE, stranger), town.part(stranger)]
    assert [code_of(decision) for decision in refusals] == ["addressee-not-numbered"] * 3
    assert [decision.reasons[0].pointer for decision in refusals if isinstance(decision, Refused)] == [
        "/addressee_number",
        "/other",
        "/addressee_number",
    ]


def test_a_merge_gives_no_number_to_anybody_else() -> None:
    town = Town()
    town.merge(ONE, THREE)
    assert town.numbering.last == 3
