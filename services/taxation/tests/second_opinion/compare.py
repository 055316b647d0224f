"""Compares the rules with a second calculation in SQL, over random cases.

`python compare.py SECOND.sql --url postgresql://… [--cases N --seed S]`. The file holds statements (functions), a line
`-- query`, and one query over `tax_case(id integer, body jsonb)`, the body being a case. It returns `id` and any of
the columns in OUTPUTS; an amount of two bodies has two columns. Every difference is listed by field, with the
first cases that show it. Exit code 1 if there is any.
"""

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import asyncpg
from kumiai_taxation.case import read_case
from kumiai_taxation.resident_tax import assess_case, assessment_document

sys.path.insert(0, str(Path(__file__).parent))
from cases import cases

AMOUNTS = ("employment_income", "total_income", "deductions_total", "taxable_income", "forest_environment_tax", "total")
SPLIT = ("gross", "adjustment", "donation_credit", "income_levy", "per_capita")
TERMS = ("special_collection", "ordinary_collection")
OUTPUTS = (*AMOUNTS, *(f"{name}_{body}" for name in SPLIT for body in ("municipal", "prefectural")), *TERMS)
SHOWN = 3
"""Cases that are shown of each field that differs."""

Outputs = dict[str, Any]
Difference = tuple[int, Any, Any]
"""(case, what the rules say, what the SQL says)"""


def outputs_of(case: dict[str, Any]) -> Outputs:
    """What the rules say of a case, by column."""
    read = read_case({name: value for name, value in case.items() if name != "id"})
    result = read if isinstance(read, tuple) else assess_case(read)
    if isinstance(result, tuple):
        raise ValueError(f"case {case['id']} is refused: {result[0].code} {result[0].pointer}")
    document = assessment_document(result)
    found = {name: document[name] for name in (*AMOUNTS, *TERMS)}
    for name in SPLIT:
        found |= {f"{name}_{body}": amount for body, amount in document[name].items()}
    return found


def differences(ours: dict[int, Outputs], theirs: dict[int, Outputs]) -> dict[str, list[Difference]]:
    """Every difference by field; a case that the SQL leaves out differs in `missing`."""
    found: dict[str, list[Difference]] = defaultdict(list)
    for number, expected in ours.items():
        given = theirs.get(number)
        if given is None:
            found["missing"].append((number, True, None))
            continue
        for name, value in given.items():
            if name != "id" and value != expected[name]:
                found[name].append((number, expected[name], value))
    return dict(found)


async def second_opinion(url: str, sql: str, given: list[dict[str, Any]]) -> dict[int, Outputs]:
    """What the SQL says of the cases. Everything happens in a transaction that is rolled back."""
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("create temporary table tax_case (id integer primary key, body jsonb not null)")
        records = [(case["id"], json.dumps(case)) for case in given]
        await connection.copy_records_to_table("tax_case", records=records)
        *before, query = [part for part in sql.split("\n-- query\n") if part.strip()]
        for statements in before:
            await connection.execute(statements)
        return {record["id"]: _plain(record) for record in await connection.fetch(query)}
    finally:
        await transaction.rollback()
        await connection.close()


def _plain(record: "asyncpg.Record") -> Outputs:
    return {name: list(value) if isinstance(value, list) else int(value) for name, value in record.items()}


def main() -> int:
    """Compare and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sql", type=Path, help="statements, a line `-- query`, and the query")
    parser.add_argument("--url", required=True)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    given = list(cases(arguments.cases, arguments.seed))
    theirs = asyncio.run(second_opinion(arguments.url, arguments.sql.read_text("utf-8"), given))
    found = differences({case["id"]: outputs_of(case) for case in given}, theirs)
    by_number = {case["id"]: case for case in given}
    for field, listed in sorted(found.items()):
        print(f"{field}: {len(listed)} of {len(given)} differ")
        for number, ours, sql_s in listed[:SHOWN]:
            print(f"  rules {ours}, SQL {sql_s}: {json.dumps(by_number[number], ensure_ascii=False)}")
    print(f"{len(given)} cases, {len(found)} fields differ")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
