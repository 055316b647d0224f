"""The working of a case on a screen (計算過程): what `kumiai tax assess CASE.json` shows."""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kumiai_taxation.case import parse_case
from kumiai_taxation.domain.resident_tax import Step
from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.resident_tax import (
    assess_case,
    assessment_document,
    explain_case,
    refusals_document,
    working_document,
)

REFUSED = 1
UNREADABLE = 2


def assess_file(path: Path, *, as_json: bool) -> int:
    """Assess the case in a file and show the result with its working. Returns the program's exit code."""
    try:
        case = parse_case(path.read_bytes())
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return UNREADABLE
    if isinstance(case, tuple):
        return _refused(case, as_json)
    assessment, steps = assess_case(case), explain_case(case)
    if isinstance(assessment, tuple) or isinstance(steps, tuple):
        return _refused(assessment if isinstance(assessment, tuple) else steps, as_json)
    if as_json:
        _print_json({**assessment_document(assessment), "working": working_document(steps)})
    else:
        _print_working(steps)
    return 0


def _refused(refusals: Any, as_json: bool) -> int:
    if as_json:
        _print_json({"refused": refusals_document(refusals)})
    else:
        for refused in refusals:
            print(f"{refused.pointer or '/'}: {refused.en} {refused.ja} ({refused.code})", file=sys.stderr)
    return REFUSED


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _print_working(steps: list[Step]) -> None:
    """A table of the steps, for 80 columns and more; each source once below it, by number."""
    sources = {source: n for n, source in enumerate(dict.fromkeys(s.source for s in steps if s.source), start=1)}
    table = Table(show_lines=False)
    table.add_column("step 計算", overflow="fold", ratio=2)
    table.add_column("result", justify="right", max_width=20)
    table.add_column("by which rule, from what", overflow="fold", ratio=3)
    for step in steps:
        rule = f"{step.rule} ({sources[step.source]})" if step.source else step.rule
        inputs = ", ".join(f"{name}\N{NO-BREAK SPACE}{_shown(value)}" for name, value in step.inputs)
        table.add_row(f"{step.en}\n{step.ja}", _shown(step.result), f"{rule}\n{inputs}" if inputs else rule)
    console = Console(highlight=False, markup=False)
    console.print(table)
    for source, n in sources.items():
        console.print(f"({n}) {source}")


def _shown(value: object) -> str:
    match value:
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case Split():
            return f"{value.municipal:,} / {value.prefectural:,}"
        case tuple():
            return " + ".join(_times(item, len(list(same))) for item, same in groupby(value))
    return str(value)


def _times(amount: int, count: int) -> str:
    return f"{amount:,}" if count == 1 else f"{amount:,} × {count}"
