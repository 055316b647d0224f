"""Random cases in the case format, as JSON lines: `python cases.py 100000 7 > cases.jsonl`.

The same seed gives the same cases. Amounts lie on and around the edges of the brackets as often as between them.
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
               2_191_000, 2_200_000, 3_600_000, 6_600_000, 8_500_000, 10_000_000, 10_950_000, 11_450_000, 11_950_000,
               20_000_000, 25_950_000, 26_450_000, 26_950_000),
    "pension": (600_000, 1_100_000, 1_300_000, 3_300_000, 4_100_000, 7_700_000, 10_000_000),
    "gains": (100_000, 450_000, 1_350_000, 5_000_000, 9_000_000, 10_000_000, 18_050_000, 20_000_000, 24_000_000,
              25_000_000),
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
        "student": random.random() < 0.05,
        "public_assistance": random.random() < 0.01,
    }
    if state == "widow":
        taxpayer["widow"] = True
    if state == "single_parent":
        taxpayer["single_parent"] = random.choice(("mother", "father"))
    case: dict[str, Any] = {
        "fiscal_year": f"R{year}",
        "municipality": random.choice(MUNICIPALITIES),
        "taxpayer": taxpayer,
        "income": _income(random),
        "deductions": _deductions(random),
        "credits": _credits(random),
        "dependants": [_relative(random, income_year) for _ in range(random.choices((0, 1, 2, 3), (50, 25, 18, 7))[0])],
    }
    if state == "married":
        spouse = _relative(random, income_year)
        spouse.pop("ascendant")
        case["spouse"] = spouse | {"birth_date": _born(random, income_year, 20, 90)}
    return case


def _income(random: Random) -> dict[str, int]:
    """A salary mostly; a pension, business or other income instead of it or besides."""
    most = random.choices((3_000_000, 14_000_000, 60_000_000), (30, 50, 20))[0]
    kinds = random.choices(
        (("salary",), ("pension",), ("salary", "pension"), ("business",), ("salary", "other"),
         ("salary", "pension", "business", "other")),
        (55, 12, 12, 8, 8, 5),
    )[0]  # fmt: skip
    return {
        kind: _amount(random, EDGES.get(kind, EDGES["gains"]), 12_000_000 if kind == "pension" else most)
        for kind in kinds
    }


def _credits(random: Random) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if random.random() < 0.3:
        given["donations"] = _amount(random, (2_000,), random.choice((150_000, 3_000_000)))
        given["one_stop"] = random.random() < 0.3
    if random.random() < 0.1:
        given["donations_basic"] = _amount(random, (2_000,), 150_000)
    if random.random() < 0.2:
        given["housing_loan"] = _amount(random, (97_500, 136_500), 400_000)
        given["housing_loan_special"] = random.random() < 0.5
        if random.random() < 0.5:
            given["income_tax_taxable"] = _amount(random, (1_950_000,), 4_000_000)
    return given


def _deductions(random: Random) -> dict[str, int]:
    given = {"social_insurance": random.randrange(0, 1_200_000)}
    for name in ("life_general_new", "life_general_old", "life_medical", "life_pension_new", "life_pension_old"):
        if random.random() < 0.3:
            given[name] = _amount(random, EDGES["insurance"], 120_000)
    for name in ("earthquake", "earthquake_old"):
        if random.random() < 0.3:
            given[name] = _amount(random, EDGES["earthquake"], 60_000)
    if random.random() < 0.1:
        given["small_enterprise_mutual_aid"] = random.randrange(0, 816_000)
    if random.random() < 0.15:
        given["medical_paid"] = _amount(random, (100_000, 2_100_000), 600_000)
        given["medical_reimbursed"] = random.randrange(0, 100_000)
    elif random.random() < 0.05:
        given["self_medication_paid"] = _amount(random, (12_000, 100_000), 120_000)
    if random.random() < 0.03:
        given["casualty_loss"] = random.randrange(0, 3_000_000)
        given["casualty_disaster_expense"] = _amount(random, (50_000,), 200_000)
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
