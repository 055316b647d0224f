"""Numbering: everybody gets one number, keeps it, and the number only counts."""

from kumiai_contracts.examples import valid_examples
from kumiai_contracts.identifiers import addressee_check_digit, has_check_digit
from kumiai_contracts.resident import ResidentEvent
from kumiai_national_id_linkage.domain.numbering import BODY_DIGITS, LinkageState, number_newcomers


def arrival(*addressee_numbers: str) -> ResidentEvent:
    event = valid_examples()["resident.carried-over.v1"]
    assert isinstance(event, ResidentEvent)
    row = event.residents[0]
    rows = tuple(row.model_copy(update={"addressee_number": number}) for number in addressee_numbers)
    return event.model_copy(update={"residents": rows})


def numbered(state: LinkageState, *addressee_numbers: str) -> dict[str, str]:
    """The numbers given for an arrival, after the state has taken them over."""
    given = {}
    for event in number_newcomers(state, arrival(*addressee_numbers)):
        state.apply(event)
        given |= {link.addressee_number: link.integrated_addressee_number for link in event.links}
    return given


ONE, TWO, THREE = "0000000019", "0000000027", "0000000035"


def test_newcomers_are_counted_in_the_order_in_which_the_event_names_them() -> None:
    given = numbered(LinkageState(), TWO, ONE)
    assert list(given) == [TWO, ONE]
    assert [int(number[:-1]) for number in given.values()] == [1, 2]


def test_a_number_ends_in_its_check_digit() -> None:
    (number,) = numbered(LinkageState(), ONE).values()
    assert has_check_digit(number, BODY_DIGITS + 1, addressee_check_digit)


def test_whoever_has_a_number_keeps_it() -> None:
    state = LinkageState()
    first = numbered(state, ONE, TWO)
    assert numbered(state, ONE, TWO) == {}
    assert state.number_of(ONE) == first[ONE]


def test_only_those_without_a_number_get_one_and_the_count_goes_on() -> None:
    state = LinkageState()
    numbered(state, ONE, TWO)
    given = numbered(state, TWO, THREE)
    assert list(given) == [THREE]
    assert int(given[THREE][:-1]) == 3


def test_somebody_named_twice_in_an_event_gets_one_number() -> None:
    assert len(numbered(LinkageState(), ONE, ONE)) == 1


def test_counting_goes_on_after_the_highest_number_loaded() -> None:
    (number,) = numbered(LinkageState(last=41), ONE).values()
    assert int(number[:-1]) == 42
