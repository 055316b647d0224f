"""How a command ends: exit codes, one line for a person, one JSON object for a machine."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import httpx
import typer
from rich.console import Console
from rich.table import Table

OK, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 3
EXIT_CODES = (
    "Exit codes: 0 done; 1 refused, or not complete; 2 the command itself is wrong; 3 the federation can't be reached."
)
WIDE = 200
"""Characters of a line where no terminal says how many it has: a file, a pipe."""
out = Console(width=None if sys.stdout.isatty() else WIDE)
err = Console(stderr=True)


class Failure(Exception):
    """A command that did not do what was asked, with its exit code and what to do about it."""

    def __init__(self, message: str, exit_code: int = REFUSED, **details: Any) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.details = details


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Turn what goes wrong into one line (or one JSON object) and an exit code."""
    try:
        yield
    except Failure as failure:
        _end(failure, as_json)
    except OSError as error:
        _end(Failure(f"{error.filename or 'A file'}: {error.strerror or 'can not be used'}.", USAGE), as_json)
    except httpx.HTTPStatusError as error:
        _end(failure_of(error.response), as_json)
    except httpx.TransportError as error:
        where = f"{error.request.url.scheme}://{error.request.url.netloc.decode()}" if error._request else "it"
        _end(Failure(f"Nothing answers at {where}. Is the federation running? (kumiai up)", UNREACHABLE), as_json)


def failure_of(response: httpx.Response) -> Failure:
    """What a service's refusal is to a person: its text, with the reasons and where they point."""
    try:
        problem: Mapping[str, Any] = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict) or "code" not in problem:
        return Failure(f"{response.request.url} answered {response.status_code}.")
    reasons = [f"{reason['en']} ({reason['code']} {reason['pointer']})" for reason in problem.get("reasons", ())]
    said = "\n".join(reasons) if reasons else f"{problem['en']} ({problem['code']})"
    if problem.get("detail"):
        said += f" [{problem['detail']}]"
    code = UNREACHABLE if response.status_code == 503 else REFUSED
    return Failure(said, code, problem=problem)


def show_json(value: Any) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def table_of(*headings: str, title: str | None = None, first: str | None = None) -> Table:
    """An empty table. What is too long for the terminal goes on in the next line: half a name is no name. What stands
    in a column `first` is copied from there, so it stays in one line.
    """
    table = Table(title=title)
    if first is not None:
        table.add_column(first, no_wrap=True)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def say(text: str) -> None:
    """A line for a person, as it is: not wrapped, so that a path in it can be copied."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _end(failure: Failure, as_json: bool) -> NoReturn:
    if as_json:
        show_json({"error": str(failure), "exit_code": failure.exit_code, **failure.details})
    else:
        err.print(str(failure), style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(failure.exit_code)
