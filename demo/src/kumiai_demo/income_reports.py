"""Employment-income reports (給与支払報告書): what employers paid in 2025, consistent with the household."""

from collections.abc import Iterator
from datetime import date
from random import Random

from kumiai_contracts.resident import Person
from kumiai_contracts.taxation import Dependant, EmploymentIncomeReport, Spouse

from kumiai_demo.population import CENSUS, age_on
from kumiai_demo.script import Draft, Home, Script

FISCAL_YEAR = 2026
"""R8 (令和8年度): the tax of those who lived here on 1 January 2026, on the income of 2025."""

EMPLOYERS = tuple(f"{number:08}" for number in range(20310007, 20310007 + 40 * 613, 613))
"""指定番号 of employers: made up."""

_SPOUSES = ("夫", "妻")
_SPOUSE_INCOME_LIMIT = 1_330_000
"""合計所得金額 above which neither 配偶者控除 nor 配偶者特別控除 is due, so nobody declares the spouse."""


def reports(rng: Random, home: Home) -> list[Script]:
    """A script for each person of the household who worked in 2025; now and then the employer corrects the report."""
    salaries = {n: _salary(rng, person) for n, person in enumerate(home.people) if _worked(rng, person)}
    main = max(salaries.keys() & set(_couple(home.people)), key=lambda n: salaries[n], default=None)
    return [_reporting(rng, home, n, salary, salaries if n == main else None) for n, salary in salaries.items()]


def _reporting(rng: Random, home: Home, n: int, salary: int, family: dict[int, int] | None) -> Script:
    """The report of one person, and what the employer or another employer says later."""
    report = EmploymentIncomeReport(
        fiscal_year=FISCAL_YEAR,
        addressee_number=home.numbers[n],
        employer=rng.choice(EMPLOYERS),
        salary=salary,
        social_insurance=salary * 148 // 1000 if salary >= 1_060_000 else 0,
        life_insurance_new=rng.choice((0, 0, 24_000, 60_000, 90_000)),
        earthquake_insurance=rng.choice((0, 0, 0, 20_000)),
        spouse=None if family is None else _spouse(home.people, n, family),
        dependants=() if family is None else tuple(_dependants(home.people, n, family)),
    )
    yield Draft(report, cause=home.event)
    chance = rng.random()
    if chance < 0.05:
        corrected = max(100_000, salary + rng.choice((-120_000, 60_000, 240_000)))
        yield Draft(report.model_copy(update={"salary": corrected}), cause=home.event)
    elif chance < 0.08:
        other = rng.choice([employer for employer in EMPLOYERS if employer != report.employer])
        second = report.model_copy(
            update={
                "employer": other,
                "salary": rng.randrange(200_000, 900_000, 10_000),
                "social_insurance": 0,
                "life_insurance_new": 0,
                "earthquake_insurance": 0,
                "spouse": None,
                "dependants": (),
            }
        )
        yield Draft(second, cause=home.event)


def _worked(rng: Random, person: Person) -> bool:
    age = age_on(person, CENSUS)
    share = 0.0 if age < 18 else 0.55 if age < 23 else 0.84 if age < 60 else 0.6 if age < 70 else 0.18
    return rng.random() < (share if age < 80 else 0.0)


def _salary(rng: Random, person: Person) -> int:
    """給与収入 of the year in yen: log-normal around 4.2 million, students and pensioners less; at most 7.4 million."""
    age = age_on(person, CENSUS)
    middle = 900_000 if age < 23 else 4_200_000 if age < 60 else 2_400_000
    return int(min(7_400_000, max(120_000, middle * rng.lognormvariate(0, 0.45)))) // 1000 * 1000


def _couple(people: tuple[Person, ...]) -> list[int]:
    """The head and, if there is one, the head's spouse."""
    return [0, *[m for m, person in enumerate(people) if person.relationship in _SPOUSES]]


def _spouse(people: tuple[Person, ...], n: int, salaries: dict[int, int]) -> Spouse | None:
    """The other one of the couple, where that one's income is low enough."""
    pair = _couple(people)
    if len(pair) != 2:
        return None
    other = pair[1 - pair.index(n)]
    income = max(0, salaries.get(other, 0) - 650_000)
    if income > _SPOUSE_INCOME_LIMIT:
        return None
    return Spouse(birth_date=people[other].birth_date, income=income)


def _dependants(people: tuple[Person, ...], n: int, salaries: dict[int, int]) -> Iterator[Dependant]:
    """Everybody else in the household who earned nothing: children, and parents who live with them."""
    for m, person in enumerate(people):
        if m == n or m in salaries or person.relationship not in ("子", "父", "母"):
            continue
        parent = person.relationship in ("父", "母")
        old = date.fromisoformat(person.birth_date) < date(FISCAL_YEAR - 70, 1, 2)
        yield Dependant(birth_date=person.birth_date, living_together_ascendant=parent and old)
