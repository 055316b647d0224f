"""The people of a simulated municipality: households as the system used before had them. Seeded and deterministic."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from kumiai_contracts.resident import Address, CarryOverNotice, Person, Sex

from kumiai_demo.addresses import address_in
from kumiai_demo.age_structure import children_ages, head_age, household_kind, spouse_age
from kumiai_demo.names import Name, family_name, given_name

HEAD = "世帯主"
CENSUS = date(2025, 12, 31)
"""The day on which the ages hold: all who are carried over live here on 1 January 2026 (賦課期日 of R8)."""

_SPOUSE = {Sex.MALE: "夫", Sex.FEMALE: "妻"}
_PARENT = {Sex.MALE: "父", Sex.FEMALE: "母"}
_SEXES = (Sex.MALE, Sex.FEMALE)


@dataclass(frozen=True, slots=True)
class Household:
    """世帯: people who live together; the first is the head (世帯主)."""

    family: Name
    members: tuple[Person, ...]
    address: Address
    since: date
    """住民となった年月日 of all of them."""

    def carry_over(self, notified: date, place: str, operator: str) -> CarryOverNotice:
        """The notice (移行) that takes the household over."""
        return CarryOverNotice(
            effective_date=self.since,
            notified_date=notified,
            place=place,
            operator=operator,
            persons=self.members,
            address=self.address,
        )


def age_on(person: Person, day: date) -> int:
    """Years of age on a day."""
    born = date.fromisoformat(person.birth_date)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def population(seed: int, code: str, residents: int) -> list[Household]:
    """Households of a municipality with exactly so many residents in all."""
    rng = Random(f"population/{seed}/{code}")
    households: list[Household] = []
    missing = residents
    while missing:
        found = household(rng, code)
        if len(found.members) > missing:
            found = Household(found.family, found.members[:missing], found.address, found.since)
        households.append(found)
        missing -= len(found.members)
    return households


def household(rng: Random, code: str) -> Household:
    """One household with its address."""
    kind = household_kind(rng)
    family = family_name(rng)
    members = tuple(_members(rng, family, kind.kind, head_age(rng, kind)))
    youngest = max(date.fromisoformat(person.birth_date) for person in members)
    earliest = max(youngest, CENSUS - timedelta(days=365 * 30))
    since = earliest + timedelta(days=rng.randint(0, (CENSUS - earliest).days))
    return Household(family, members, address_in(rng, code), since)


def person(rng: Random, family: Name, sex: Sex, birth_date: date, relationship: str) -> Person:
    """A person of a family."""
    name = family.joined(given_name(rng, sex))
    return Person(
        name=name.written, name_kana=name.kana, birth_date=birth_date.isoformat(), sex=sex, relationship=relationship
    )


def _members(rng: Random, family: Name, kind: str, age: int) -> Iterator[Person]:
    sex = rng.choices(_SEXES, weights=(0.15, 0.85) if kind == "single-parent" else (0.72, 0.28))[0]
    mother_age = age
    yield person(rng, family, sex, _born(rng, age), HEAD)
    if kind in ("couple", "couple-with-children", "three-generations"):
        other = Sex.FEMALE if sex is Sex.MALE else Sex.MALE
        spouses_age = spouse_age(rng, age)
        mother_age = age if sex is Sex.FEMALE else spouses_age
        yield person(rng, family, other, _born(rng, spouses_age), _SPOUSE[other])
    if kind in ("couple-with-children", "single-parent", "three-generations"):
        for child in children_ages(rng, mother_age):
            yield person(rng, family, rng.choice(_SEXES), _born(rng, child), "子")
    if kind == "three-generations":
        parent = rng.choices(_SEXES, weights=(0.3, 0.7))[0]
        yield person(rng, family, parent, _born(rng, age + rng.randint(23, 34)), _PARENT[parent])


def _born(rng: Random, age: int) -> date:
    """A day of birth of somebody of that age on the day of the census."""
    return date(CENSUS.year - age, 1, 1) + timedelta(days=rng.randint(0, 364))
