"""`python -m benchmarks`: measure everything on a fresh federation, write `build/bench.json`."""

import json
from pathlib import Path
from typing import Annotated

import typer
from kumiai_local.layout import checkout
from kumiai_local.progress import console

from benchmarks.plan import FULL, QUICK
from benchmarks.suite import PARTS, Suite

app = typer.Typer(add_completion=False)
OUTPUT = checkout() / "build" / "bench.json"


@app.command()
def main(
    quick: Annotated[bool, typer.Option(help="Small loads, once each: two minutes, for a first look.")] = False,
    only: Annotated[str, typer.Option(help="Parts to run, separated by commas; all if empty.")] = "",
    stored: Annotated[int, typer.Option(help="Stored events at which growth is measured last; 0: as planned.")] = 0,
    payers: Annotated[
        str, typer.Option(help="Sizes of the tax runs, separated by commas, the result's last; as planned if empty.")
    ] = "",
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = OUTPUT,
) -> None:
    """Measure the federation's speed. Exit codes: 0 measured, 1 something did not work."""
    parts = frozenset(filter(None, only.split(",")))
    if unknown := parts.difference(PARTS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", param_hint="--only")
    plan = QUICK if quick else FULL
    if stored:
        plan = plan.until(stored)
    if payers:
        plan = plan.with_payers(tuple(int(size) for size in payers.split(",")))
    output.parent.mkdir(parents=True, exist_ok=True)
    suite = Suite(plan, lambda found: output.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n"))
    suite.run(parts)
    for name, value in suite.figures.items():
        if not isinstance(value, dict):
            console.print(f"{name:>20} {value}")
    console.print(f"All figures: {output}")


if __name__ == "__main__":
    app()
