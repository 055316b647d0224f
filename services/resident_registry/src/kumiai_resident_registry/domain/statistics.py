"""Statistics (人口統計): population on a day, and a month's movements, which have to add up.

Counted from the movements that stand, so a cancelled one is never counted. The check adds what is counted in one way to
what is counted in another: opening and closing from how people stood, entries and removals from what moved them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from kumiai_contracts.civil_dates import age_on
from kumiai_contracts.resident import Status


class Standing(NamedTuple):
    """How somebody stood on a day, as far as a statistic needs it."""

    status: str
    household_number: str
    birth_date: str
    sex: str


class Moved(NamedTuple):
    """How many entered or left for one reason."""

    status: str
    reason: str
    sex: str
    people: int


@dataclass(frozen=True, slots=True)
class Population:
    """人口 on a day."""

    day: date
    people: int
    households: int
    by_sex: Mapping[str, int]
    by_age: Mapping[str, Mapping[str, int]]
    """By 満年齢, then by sex; `unknown` where the date of birth leaves it open."""
    by_household_size: Mapping[int, int]
    """世帯人員: how many households have so many members."""


def population(standing: Iterable[Standing], day: date) -> Population:
    """Count everybody who was on the live record."""
    live = [each for each in standing if each.status == Status.RESIDENT]
    sizes = Counter(each.household_number for each in live)
    ages: dict[str, Counter[str]] = {}
    for each in live:
        age = age_on(each.birth_date, day)
        ages.setdefault("unknown" if age is None else str(age), Counter())[each.sex] += 1
    return Population(
        day,
        len(live),
        len(sizes),
        dict(sorted(Counter(each.sex for each in live).items())),
        {
            age: dict(sorted(ages[age].items()))
            for age in sorted(ages, key=lambda age: (not age.isdigit(), age.zfill(3)))
        },
        dict(sorted(Counter(sizes.values()).items())),
    )


def month(opening: Population, closing: Population, moved: Iterable[Moved]) -> dict[str, Any]:
    """A month's table, with the check that opening + entries − removals = closing."""
    entries: Counter[str] = Counter()
    removals: Counter[str] = Counter()
    for each in moved:
        (entries if each.status == Status.RESIDENT else removals)[each.reason] += each.people
    expected = opening.people + entries.total() - removals.total()
    return {
        "opening": opening.people,
        "entries": dict(sorted(entries.items())),
        "removals": dict(sorted(removals.items())),
        "closing": closing.people,
        "adds_up": expected == closing.people,
    }


def bounds(text: str) -> tuple[date, date]:
    """The day before a month begins and its last day, for `YYYY-MM`. Raises ValueError for a text that is none."""
    first = date.fromisoformat(f"{text}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first - timedelta(days=1), following - timedelta(days=1)
