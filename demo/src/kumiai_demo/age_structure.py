"""How old people are and with whom they live: our approximation of Japan's published figures.

Kinds of household: the 2020 census (国勢調査, 一般世帯の家族類型) has 38 % one person, 20 % couples, 25 % couples with
children, 9 % single parents with children, 8 % others; for the others, three generations stand here. The ages of the
heads are drawn from bands that we chose so that the sum comes near the population estimate of October 2024 (人口推計):
11 % under 15, 60 % from 15 to 64, 29 % from 65 on. A demonstration needs no more; nothing is derived from persons.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["single", "couple", "couple-with-children", "single-parent", "three-generations"]


@dataclass(frozen=True, slots=True)
class HouseholdKind:
    """A kind of household, its share of all households, and how old its head is."""

    kind: Kind
    share: float
    head_ages: tuple[tuple[int, int, float], ...]
    """Bands of age: from, to, weight."""


KINDS = (
    HouseholdKind("single", 0.38, ((18, 29, 0.16), (30, 44, 0.14), (45, 64, 0.20), (65, 79, 0.28), (80, 95, 0.22))),
    HouseholdKind("couple", 0.20, ((24, 34, 0.06), (35, 54, 0.08), (55, 64, 0.14), (65, 79, 0.50), (80, 92, 0.22))),
    HouseholdKind("couple-with-children", 0.25, ((26, 34, 0.13), (35, 44, 0.27), (45, 58, 0.34), (59, 70, 0.26))),
    HouseholdKind("single-parent", 0.09, ((25, 39, 0.20), (40, 54, 0.40), (55, 72, 0.40))),
    HouseholdKind("three-generations", 0.08, ((34, 44, 0.30), (45, 58, 0.70))),
)

CHILDREN = ((1, 0.46), (2, 0.43), (3, 0.11))
"""How many children live in a household that has any."""


def household_kind(rng: Random) -> HouseholdKind:
    """A kind of household by its share."""
    return rng.choices(KINDS, weights=[kind.share for kind in KINDS])[0]


def head_age(rng: Random, kind: HouseholdKind) -> int:
    """Years of age of the head of a household of that kind."""
    low, high, _ = rng.choices(kind.head_ages, weights=[weight for *_, weight in kind.head_ages])[0]
    return rng.randint(low, high)


def spouse_age(rng: Random, age: int) -> int:
    """Years of age of the spouse."""
    return max(18, age + rng.randint(-6, 4))


def children_ages(rng: Random, mother_age: int) -> list[int]:
    """Years of age of the children who live at home, the eldest first: born when the mother was 23 to 38."""
    count = rng.choices([n for n, _ in CHILDREN], weights=[weight for _, weight in CHILDREN])[0]
    ages = {mother_age - rng.randint(23, 38) for _ in range(count)}
    # Most grown children have left home, but a kind of household that has children has at least one.
    return sorted((age for age in ages if 0 <= age <= 34), reverse=True) or [max(0, mother_age - 26)]
