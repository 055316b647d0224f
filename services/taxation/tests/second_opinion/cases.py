"""Random cases in the case format, as JSON lines: `python cases.py 100000 7 > cases.jsonl`.

The same seed gives the same cases. Amounts lie on and around the edges of the brackets as often as between them. Only
what the facts give rules for.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

MUNICIPALITIES = ("131016", "151009", "141003", "281000", "133035", "133078")
"""Standard, designated, with a surcharge, with a higher per capita levy, and of the second and third class of area."""
EDGES = {
    "salary": (551_000, 651_000, 741_000, 1_000_000, 1_100_000, 1_190_000, 1_619_000, 1_628_000, 1_800_000, 1_900_000,
               2_191_000, 2_200_000, 3_600_000, 6_600_000, 8_500_000),
    "income": (350_000, 450_000, 480_000, 580_000, 620_000, 950_000, 1_000_000, 1_050_000, 1_100_000, 1_230_000,
               1_330_000),
    "insurance": (12_000, 15_000, 32_000, 40_000, 56_000, 70_000),
    "earthquake": (5_000, 15_000, 20_000, 50_000),
}  # fmt: skip


def cases(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many cases, each with an `id` that is not part of the case format."""
    random = Random(seed)
    for n in range(count):
        yield {"id": n, **_case(random)}


def _case(random: Random) -> dict[str, Any]:
    year = random.choice((7, 8, 9))
    income_year = 2017 + year
    state = random.choices(("none", "widow", "single_parent", "married"), (45, 5, 10, 40))[0]
    taxpayer: dict[str, Any] = {
        "birth_date": _born(random, income_year, 17, 90),
        "disability": _disability(random),
    }
    if state == "widow":
        taxpayer["widow"] = True
    if state == "single_parent":
        taxpayer["single_parent"] = random.choice(("mother", "father"))
    case: dict[str, Any] = {
        "fiscal_year": f"R{year}",
        "municipality": random.choice(MUNICIPALITIES),
        "taxpayer": taxpayer,
        "income": {"salary": _amount(random, EDGES["salary"], 14_000_000)},
        "deductions": _deductions(random),
        "credits": {"donations": _amount(random, (2_000,), 150_000) if random.random() < 0.3 else 0},
        "dependants": [_relative(random, income_year) for _ in range(random.choices((0, 1, 2, 3), (50, 25, 18, 7))[0])],
    }
    if state == "married":
        spouse = _relative(random, income_year)
        spouse.pop("ascendant")
        case["spouse"] = spouse | {"birth_date": _born(random, income_year, 20, 90)}
    return case


def _deductions(random: Random) -> dict[str, int]:
    given = {"social_insurance": random.randrange(0, 1_200_000)}
    for name in ("life_general_new", "life_general_old", "life_medical", "life_pension_new", "life_pension_old"):
        if random.random() < 0.3:
            given[name] = _amount(random, EDGES["insurance"], 120_000)
    for name in ("earthquake", "earthquake_old"):
        if random.random() < 0.3:
            given[name] = _amount(random, EDGES["earthquake"], 60_000)
    return given


def _relative(random: Random, income_year: int) -> dict[str, Any]:
    age = random.choice((3, 15, 16, 18, 19, 22, 23, 45, 69, 70, 85))
    return {
        "birth_date": _born(random, income_year, age, age),
        "income": 0 if random.random() < 0.6 else _amount(random, EDGES["income"], 1_400_000),
        "disability": _disability(random),
        "living_together": random.random() < 0.5,
        "ascendant": age >= 45 and random.random() < 0.6,
    }


def _born(random: Random, income_year: int, youngest: int, oldest: int) -> str:
    """A birth date by which the person has that age on 31 December; 1 and 2 January come more often than other days."""
    age = random.randint(youngest, oldest)
    if random.random() < 0.1:
        return f"{income_year + 1 - age}-01-01"
    if random.random() < 0.1:
        return f"{income_year - age}-01-02"
    return f"{income_year - age}-{random.randint(2, 12):02}-{random.randint(1, 28):02}"


def _disability(random: Random) -> str:
    return random.choices(("none", "ordinary", "special"), (90, 6, 4))[0]


def _amount(random: Random, edges: tuple[int, ...], most: int) -> int:
    if random.random() < 0.5:
        return max(0, random.choice(edges) + random.choice((-1, 0, 1, random.randint(-5_000, 5_000))))
    return random.randrange(0, most)


def main() -> None:
    """Write the cases to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int)
    given = parser.parse_args()
    for case in cases(given.count, given.seed):
        sys.stdout.write(json.dumps(case, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
