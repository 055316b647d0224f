"""Residents (住民) and the work list, as a municipality's own people see them. Every read is recorded."""

from typing import Annotated, Any

import typer
from rich.table import Table

from kumiai_cli.federation import find_federation, read_credentials
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import out, reporting, say, show_json

app = typer.Typer(help="Residents (住民): find and look at them, for a purpose.", no_args_is_help=True)
worklist = typer.Typer(help="Work list (要処理一覧): what waits for a person.", no_args_is_help=True)
Purpose = Annotated[str, typer.Option(help="利用目的; recorded with every read.")]


@app.command()
def search(
    code: Code,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its beginning, in kanji or kana.")],
    purpose: Purpose = "resident-services",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Find people by name, however it is written.

    kumiai residents search 131016 わたなべ
    """
    with reporting(as_json):
        found = _get(code, "residents", name=name, purpose=purpose, limit=limit)
        if as_json:
            show_json(found)
            return
        table = Table("number", "name", "kana", "born", "status", "protected")
        for row in found["residents"]:
            shown = row.get("identified_name", row["name"])
            table.add_row(row["addressee_number"], shown, row["name_kana"], row["birth_date"], row["status"],
                          "支援" if row["protected"] else "")  # fmt: skip
        out.print(table)


@app.command()
def show(
    code: Code,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="宛名番号.")],
    purpose: Purpose = "resident-services",
    as_of: Annotated[str, typer.Option(help="How it stood on this day, YYYY-MM-DD.")] = "",
    known: Annotated[str, typer.Option(help="As it was known by the end of this day.")] = "",
    as_json: Json = False,
) -> None:
    """One person's row, now or as of a day.

    kumiai residents show 131016 0000010413 --as-of 2026-01-01
    """
    with reporting(as_json):
        days = {name: day for name, day in (("as_of", as_of), ("known", known)) if day}
        found = _get(code, f"residents/{number}", purpose=purpose, **days)
        if as_json:
            show_json(found)
            return
        for name, value in found.items():
            out.print(f"{name}: {value}", highlight=False)


@worklist.command("list")
def items(
    code: Code,
    state: Annotated[str, typer.Option(help="open, assigned or settled; empty for all.")] = "open",
    as_json: Json = False,
) -> None:
    """What waits for a person.

    kumiai worklist list 131016
    """
    with reporting(as_json):
        found = _get(code, "work-items", state=state, purpose="resident-services")
        if as_json:
            show_json(found)
            return
        table = Table("item", "kind", "state", "assignee", "since")
        for row in found["work_items"]:
            table.add_row(row["item"], row["kind"], row["state"], row["assignee"] or "", row["opened_at"][:10])
        out.print(table)
        if not found["work_items"]:
            say("Nothing waits.")


def _get(code: str, path: str, **query: Any) -> dict[str, Any]:
    owner = read_credentials(parse_code(code))
    with find_federation(owner).system("resident-registry", owner) as client:
        found: dict[str, Any] = client.get(f"/v1/{code}/{path}", params=query).raise_for_status().json()
        return found
