"""Statistics (人口統計): population on a day, and a month's movements, which have to add up.

Counted from the movements that stand, so a cancelled one is never counted. The check adds what is counted in one way to
what is counted in another: opening and closing from how people stood, entries and removals from what moved them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from kumiai_contracts.civil_dates import age_on
from kumiai_contracts.resident import Status

UNKNOWN = "unknown"
OLDEST = 100
"""From which age on no classes of five years are told apart."""
BROAD_BANDS = ((15, "0-14"), (65, "15-64"), (1000, "65+"))


class Standing(NamedTuple):
    """How somebody stood on a day, as far as a statistic needs it."""

    status: str
    household_number: str
    birth_date: str
    sex: str


class Moved(NamedTuple):
    """How many movements a month had for one reason."""

    before: str
    """Whether they were on the live record before the movement; `removed` for whoever had no record."""
    status: str
    """And after it."""
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
    by_age_band: Mapping[str, Mapping[str, int]]
    """By classes of five years (五歳階級, 0-4 to 100+), then by sex."""
    by_broad_band: Mapping[str, Mapping[str, int]]
    """年少人口 (0-14), 生産年齢人口 (15-64), 老年人口 (65+), then by sex."""
    by_household_size: Mapping[int, int]
    """世帯人員: how many households have so many members."""


def population(standing: Iterable[Standing], day: date) -> Population:
    """Count everybody who was on the live record."""
    live = [each for each in standing if each.status == Status.RESIDENT]
    sizes = Counter(each.household_number for each in live)
    aged = [(age_on(each.birth_date, day), each.sex) for each in live]
    return Population(
        day,
        len(live),
        len(sizes),
        dict(sorted(Counter(each.sex for each in live).items())),
        _counted(aged, str),
        _counted(aged, _five_years),
        _counted(aged, _broadly),
        dict(sorted(Counter(sizes.values()).items())),
    )


def _counted(aged: Iterable[tuple[int | None, str]], named: Callable[[int], str]) -> dict[str, dict[str, int]]:
    """People by age and sex, the youngest first and those of unknown age last."""
    found: dict[str, Counter[str]] = {}
    for age, sex in sorted(aged, key=lambda each: (each[0] is None, each[0] or 0)):
        found.setdefault(UNKNOWN if age is None else named(age), Counter())[sex] += 1
    return {name: dict(sorted(sexes.items())) for name, sexes in found.items()}


def _five_years(age: int) -> str:
    first = age - age % 5
    return f"{first}-{first + 4}" if age < OLDEST else f"{OLDEST}+"


def _broadly(age: int) -> str:
    return next(name for until, name in BROAD_BANDS if age < until)


def month(opening: Population, closing: Population, moved: Iterable[Moved]) -> dict[str, Any]:
    """A month's table, with the check that opening + entries − removals = closing."""
    entries: Counter[str] = Counter()
    removals: Counter[str] = Counter()
    amendments: Counter[str] = Counter()
    for each in moved:
        if each.before == each.status:
            amendments[each.reason] += each.people
        else:
            (entries if each.status == Status.RESIDENT else removals)[each.reason] += each.people
    expected = opening.people + entries.total() - removals.total()
    return {
        "opening": opening.people,
        "entries": dict(sorted(entries.items())),
        "removals": dict(sorted(removals.items())),
        "amendments": dict(sorted(amendments.items())),
        "closing": closing.people,
        "adds_up": expected == closing.people,
    }


def bounds(text: str) -> tuple[date, date]:
    """The day before a month begins and its last day, for `YYYY-MM`. Raises ValueError for a text that is none."""
    first = date.fromisoformat(f"{text}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first - timedelta(days=1), following - timedelta(days=1)
