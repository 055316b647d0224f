"""`python -m kumiai_local`: up, down, status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Annotated

import typer
from rich.table import Table

from kumiai_local.errors import StackError
from kumiai_local.layout import default_layout
from kumiai_local.ownership import end_everything, owner
from kumiai_local.processes import lives, read_records
from kumiai_local.progress import console, step
from kumiai_local.supervisor import STARTED_MARK, run

app = typer.Typer(help="The local stack: Kafka, PostgreSQL and the services on this machine.", no_args_is_help=True)

DETACHED_START_S = 300.0
STOP_S = 120.0


@app.command()
def up(
    only_stack: Annotated[bool, typer.Option(help="Kafka and PostgreSQL, provisioned, without the services.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes for each service.")] = 1,
    detach: Annotated[bool, typer.Option(help="Return when all is ready and leave it running.")] = False,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", hidden=True)] = True,
) -> None:
    """Start the stack and the services. Exit codes: 0 stopped as asked, 1 could not start."""
    try:
        if detach:
            _detach(only_stack, workers)
        else:
            run(default_layout(), only_stack=only_stack, workers=workers, stay_with_parent=follow)
    except StackError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def down() -> None:
    """Stop what runs in this checkout, in order, whoever started it."""
    layout = default_layout()
    holder = owner(layout)
    if holder is not None:
        with step("Stopping"):
            os.kill(holder, signal.SIGTERM)
            deadline = time.monotonic() + STOP_S
            while lives(holder) and time.monotonic() < deadline:
                time.sleep(0.1)
    end_everything(layout)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What runs in this checkout. Exit codes: 0 something runs, 3 nothing does."""
    layout = default_layout()
    running = [record for record in read_records(layout.processes) if record.process() is not None]
    stack_file = layout.stack_file
    if as_json:
        addresses = json.loads(stack_file.read_text()) if stack_file.exists() else None
        found = {"owner": owner(layout), "stack": addresses, "processes": {r.name: r.pid for r in running}}
        typer.echo(json.dumps(found, ensure_ascii=False))
    elif running:
        table = Table("process", "pid", "log", title=str(layout.root))
        for record in running:
            table.add_row(record.name, str(record.pid), str(layout.logs / f"{record.name}.log"))
        console.print(table)
    else:
        console.print("Nothing runs here; `make up` starts it.")
    if not running:
        raise typer.Exit(3)


def _detach(only_stack: bool, workers: int) -> None:
    """Start `up` as a process without a terminal and wait until everything serves."""
    layout = default_layout().prepare()
    mark = layout.run / STARTED_MARK
    if owner(layout) is not None and mark.exists():
        console.print("It runs already: `make status` shows what, `make down` stops it.")
        return
    mark.unlink(missing_ok=True)
    log = layout.logs / "up.log"
    command = [sys.executable, "-m", "kumiai_local", "up", "--no-follow", "--workers", str(workers)]
    with log.open("wb") as output, step("Starting the federation"):
        process = subprocess.Popen(
            [*command, *(["--only-stack"] if only_stack else [])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        deadline = time.monotonic() + DETACHED_START_S
        try:
            while not mark.exists():
                if process.poll() is not None:
                    raise StackError(log.read_text(errors="replace").strip())
                if time.monotonic() > deadline:
                    raise StackError(f"not ready within {DETACHED_START_S:.0f} s; see {log}")
                time.sleep(0.1)
        except BaseException:  # Ctrl-C, too: what was begun without a terminal would go on in silence
            process.terminate()
            process.wait(STOP_S)
            raise
    console.print("It runs; `make down` stops it.")


if __name__ == "__main__":
    app()
