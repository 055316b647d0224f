"""Migration: a municipality's residents with their histories, from a CSV file to the last receipt."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from random import Random

from benchmarks.bundling import StepFailed, kumiai
from benchmarks.federation import Federation
from benchmarks.usage import cpu_by_name, processes

ROWS_EACH = 3
_SIZES = (1, 2, 1, 3, 2, 4, 1, 3)
_TERMS = ("世帯主", "妻", "子", "子")


@dataclass(frozen=True)
class Imported:
    """One import."""

    rows: int
    seconds: float
    """From the start of the command to its end."""
    rss_mb: float
    """Highest resident memory of the importer."""
    cpu_s: dict[str, float]
    """Processor seconds that each process of the federation used meanwhile."""


def measure(federation: Federation, municipality: str, residents: int, folder: Path) -> Imported:
    """Write a file of so many residents and import it. Raises StepFailed unless every row is accepted."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "residents.csv"
    rows = write_residents(path, residents)
    kumiai(federation, "credentials", municipality)
    running = processes(federation.layout)
    before = cpu_by_name(running)
    step = kumiai(federation, "import", "residents", municipality, str(path), "--system", "bench-juki")
    used = {name: round(seconds - before[name], 1) for name, seconds in cpu_by_name(running).items()}
    if (step.said["accepted"], step.said["refused"]) != (rows, 0):
        raise StepFailed(f"{step.said['accepted']} of {rows} rows were accepted")
    return Imported(rows, step.seconds, step.rss_mb, used)


def write_residents(path: Path, residents: int) -> int:
    """A file of households of one to four people, each with three history rows; how many rows it has."""
    rng, rows, number, household = Random("import"), 0, 0, 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for size in cycle(_SIZES):
            members = min(size, residents - number)
            if not members:
                return rows
            household += 1
            for n in range(members):
                number += 1
                for row in _history(rng, number, household, _TERMS[n]):
                    if writer is None:
                        writer = csv.DictWriter(file, list(row))
                        writer.writeheader()
                    writer.writerow(row)
                    rows += 1
    return rows


def _history(rng: Random, number: int, household: int, term: str) -> list[dict[str, str]]:
    born = date(1940, 1, 1) + timedelta(days=rng.randrange(25_000))
    came = date(2009, 1, 1) + timedelta(days=rng.randrange(2_000))
    found = []
    for n, reason in enumerate(("domestic-move-in", "change-of-address", "minor-amendment")):
        day = (came + timedelta(days=900 * n)).isoformat()
        found.append(
            {
                "person_number": f"{number:08}",
                "household_number": f"H{household:07}",
                "history_number": str(n + 1),
                "status": "resident",
                "relationship": term,
                "name": f"苫小牧 太郎{number}",
                "name_kana": "トマコマイ タロウ",
                "birth_date": born.isoformat(),
                "sex": "male" if number % 2 else "female",
                "resident_since": came.isoformat(),
                "address_since": day,
                "address_prefecture": "北海道",
                "address_municipality": "苫小牧市",
                "address_town": f"旭町{household % 40}丁目",
                "address_number": f"{household % 900}番{n}号",
                "previous_prefecture": "北海道" if n == 0 else "",
                "previous_municipality": "札幌市中央区" if n == 0 else "",
                "reason": reason,
                "effective_date": day,
                "notified_date": day,
                "processed_date": day,
            }
        )
    return found
