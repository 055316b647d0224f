"""The tables of columns (項目表), made from the row models: what is documented is what is checked.

`python -m kumiai_cli.importing.document [--check]` writes them into docs/integrators/import.md.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from inspect import cleandoc
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from kumiai_contracts.docstrings import field_docstrings, member_docstrings
from kumiai_contracts.fields import CivilDate
from kumiai_contracts.resident_carry_over import OldNumber
from pydantic.fields import FieldInfo

from kumiai_cli.importing.kinds import KINDS
from kumiai_cli.importing.plan import Kind

HOW = "python -m kumiai_cli.importing.document"
BEGIN, END = "<!-- columns: made by " + HOW + " -->", "<!-- end of columns -->"
_PATTERNS = {
    get_args(CivilDate)[1].pattern: "YYYY-MM-DD, X for what is not known",
    get_args(OldNumber)[1].pattern: "1 to 30 of 0-9 A-Z a-z . _ -, beginning with a digit or letter",
}
"""What a pattern says, in words."""
LISTED = 6
"""The most codes that are listed in the row itself; longer lists follow the table."""


class Column(NamedTuple):
    """A column as it is documented."""

    name: str
    needed: bool
    form: str
    meaning: str


def table(kind: Kind) -> str:
    """A file's columns as a Markdown table, with the long lists of codes below it."""
    lines = [f"### `{kind.name}`: {kind.title}", "", cleandoc(kind.row.__doc__ or ""), ""]
    lines += ["| column | needed | form | meaning |", "|---|---|---|---|"]
    for column in columns(kind):
        needed = "yes" if column.needed else ""
        form = column.form.replace("|", "\\|")
        lines.append(f"| `{column.name}` | {needed} | {form} | {column.meaning} |")
    for name, codes in long_lists(kind).items():
        lines += ["", f"Codes of `{name}`:", "", *(f"- `{code}` {said}" for code, said in codes.items())]
    return "\n".join(lines)


def columns(kind: Kind) -> Iterator[Column]:
    """A file's columns, in their order."""
    meanings = field_docstrings(kind.row)
    for name, field in kind.row.model_fields.items():
        yield Column(name, field.is_required(), _form(field, _enum(field.annotation)), meanings.get(name, ""))


def long_lists(kind: Kind) -> dict[str, dict[str, str]]:
    """By column, the codes that are too many to stand in its row, each with what it means."""
    found = {}
    for name, field in kind.row.model_fields.items():
        enum = _enum(field.annotation)
        if enum is not None and len(enum) > LISTED:
            said = member_docstrings(enum)
            found[name] = {str(each.value): said.get(str(each.value), "").rstrip(".") for each in enum}
    return found


def documented(text: str) -> str:
    """The page with fresh tables. Raises ValueError if it has no place for them."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError("the page has no place for the columns")
    return before + BEGIN + "\n\n" + "\n\n".join(table(kind) for kind in KINDS.values()) + "\n\n" + END + after


def _form(field: FieldInfo, enum: type[Enum] | None) -> str:
    if enum is not None:
        return " or ".join(f"`{member.value}`" for member in enum) if len(enum) <= LISTED else "a code listed below"
    annotation = _without_none(field.annotation)
    limits = list(_limits([*field.metadata, *_inside(field.annotation)]))
    name = {"date": "YYYY-MM-DD, a day", "int": "whole number", "bool": "true or false", "str": "text"}
    base = name.get(getattr(annotation, "__name__", ""), "text")
    return ", ".join(dict.fromkeys(limits) if base == "text" and limits else [base, *limits])


def _limits(marks: Sequence[Any]) -> Iterator[str]:
    for mark in marks:
        if getattr(mark, "pattern", None):
            yield _PATTERNS.get(mark.pattern, f"`{mark.pattern}`")
        for attribute, said in (("ge", "at least"), ("le", "at most"), ("lt", "below")):
            if getattr(mark, attribute, None) is not None:
                yield f"{said} {getattr(mark, attribute)}"
        if getattr(mark, "max_length", None):
            yield f"at most {mark.max_length} characters"


def _inside(annotation: Any) -> list[Any]:
    return [mark for part in get_args(annotation) for mark in get_args(part)[1:]]


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation


def _enum(annotation: Any) -> type[Enum] | None:
    found = _without_none(annotation)
    return found if isinstance(found, type) and issubclass(found, Enum) else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code is 1 if the page is stale."""
    parser = argparse.ArgumentParser(prog=HOW, description="Write the tables of columns.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is stale")
    page = Path(__file__).parents[5] / "docs" / "integrators" / "import.md"
    chosen = parser.parse_args(arguments)
    text = page.read_text()
    fresh = documented(text)
    if chosen.check and fresh != text:
        print(f"{page.name} is stale: run {HOW}", file=sys.stderr)
        return 1
    if not chosen.check:
        page.write_text(fresh)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
