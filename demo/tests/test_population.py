"""The simulated people look like people, and are the same with the same seed."""

from datetime import date

import pytest
from kumiai_contracts.municipalities import municipality
from kumiai_contracts.registry import parse_notice
from kumiai_contracts.resident import CarryOverNotice
from kumiai_demo.addresses import NoTowns, towns
from kumiai_demo.population import CENSUS, HEAD, Household, age_on, population

MEMBERS = ("131016", "202029", "142051")


@pytest.fixture(scope="module")
def households() -> list[Household]:
    return population(1, "131016", 3000)


def test_the_same_seed_makes_the_same_people(households: list[Household]) -> None:
    assert population(1, "131016", 3000) == households
    assert population(2, "131016", 3000) != households


def test_there_are_exactly_as_many_residents_as_asked_for(households: list[Household]) -> None:
    assert sum(len(household.members) for household in households) == 3000


def test_every_household_has_one_head_and_is_a_valid_notice(households: list[Household]) -> None:
    for household in households:
        assert [person.relationship for person in household.members].count(HEAD) == 1
        notice = household.carry_over(date(2026, 4, 1), "本庁", "desk/1")
        assert parse_notice(CarryOverNotice, notice.body()) == notice


def test_nobody_became_a_resident_before_birth_or_after_the_census(households: list[Household]) -> None:
    for household in households:
        births = [date.fromisoformat(person.birth_date) for person in household.members]
        assert max(births) <= household.since <= CENSUS


def test_the_age_structure_is_near_the_published_one(households: list[Household]) -> None:
    ages = [age_on(person, CENSUS) for household in households for person in household.members]
    young, old = (sum(low <= age <= high for age in ages) / len(ages) for low, high in ((0, 14), (65, 120)))
    assert 0.08 <= young <= 0.14
    assert 0.24 <= old <= 0.33


def test_parents_are_older_than_their_children(households: list[Household]) -> None:
    for household in households:
        head = household.members[0]
        children = [person for person in household.members if person.relationship == "子"]
        assert all(child.birth_date > head.birth_date for child in children)


@pytest.mark.parametrize("code", MEMBERS)
def test_addresses_lie_in_the_municipality(code: str) -> None:
    found = towns(code)
    assert len(found) > 30
    assert {town.municipality for town in found} == {code}
    assert {town.city for town in found} == {municipality(code).name}


def test_a_code_without_towns_is_an_error() -> None:
    with pytest.raises(NoTowns):
        towns("999999")
