"""Numbers of the lines of business: each means one person, who was carried over and numbered before."""

from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.linkage import AddresseeLinkRow
from kumiai_contracts.linkage_numbers import BusinessNumberNotice
from kumiai_contracts.resident_carry_over import CarriedNumberRow
from kumiai_national_id_linkage.domain.business_numbers import link
from kumiai_national_id_linkage.domain.numbering import LinkageState

ONE, TWO = "0000000019", "0000000027"
OWN = {ONE: "000000000000018", TWO: "000000000000026"}


def state() -> LinkageState:
    links = [
        AddresseeLinkRow(line_of_business="resident-registry", addressee_number=n, integrated_addressee_number=own)
        for n, own in OWN.items()
    ]
    carried = [
        CarriedNumberRow(system="old-juki", kind="person", old_number=old, number=number)
        for old, number in (("A1", ONE), ("A2", TWO), ("A3", "0000000035"))
    ]
    return LinkageState(links, carried=carried)


def notice(old_number: str = "A1", number: str = "K-1") -> BusinessNumberNotice:
    return BusinessNumberNotice(
        place="本庁",
        operator="import",
        business="national-health-insurance",
        number=number,
        system="old-juki",
        old_number=old_number,
    )


def codes(decision: Decision) -> list[tuple[str, str]]:
    assert isinstance(decision, Refused)
    return [(reason.code, reason.pointer) for reason in decision.reasons]


def test_a_number_is_tied_to_the_person_once() -> None:
    town = state()
    linked = link(town, notice())
    assert isinstance(linked, Accepted)
    (event,) = linked.events
    town.apply(event)
    assert town.business_number("national-health-insurance", "K-1") == OWN[ONE]
    assert link(town, notice()) == Accepted(())


def test_a_number_never_stands_for_another_person() -> None:
    town = state()
    linked = link(town, notice())
    assert isinstance(linked, Accepted)
    town.apply(linked.events[0])
    assert codes(link(town, notice("A2"))) == [("number-of-another", "/number")]


def test_nobody_is_guessed() -> None:
    assert codes(link(state(), notice("B9"))) == [("unknown-old-number", "/old_number")]
    assert codes(link(state(), notice("A3"))) == [("addressee-not-numbered", "/old_number")]
