"""Residents (住民), as a municipality's own people see them. Every read is recorded."""

from typing import Annotated, Any

import typer
from kumiai_contracts.civil_dates import in_eras
from rich.table import Table

from kumiai_cli.federation import reach, read_acting
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import err, out, reporting, say, show_json, table_of
from kumiai_cli.shown import address_of, in_japan, parse_month, parse_number

app = typer.Typer(help="Residents (住民): find and look at them, for a purpose.", no_args_is_help=True)
DESK = "resident-services"
Purpose = Annotated[str, typer.Option(help="利用目的; recorded with every read.")]
As = Annotated[
    str,
    typer.Option(
        "--as", metavar="PARTY", help="A clerk with a key here; the municipality's own system, if nobody is named."
    ),
]
_CIVIL_DATES = ("birth_date", "resident_since", "address_since")
_MOVEMENT = (
    "history_number",
    "reason",
    "effective_date",
    "processed_date",
    "status",
    "household_number",
    "relationship",
    "cancels",
)
AsOf = Annotated[str, typer.Option(help="How it stood on this day, YYYY-MM-DD.")]
Known = Annotated[
    str, typer.Option(help="As it was known by the end of this day, or by an instant: 2026-04-01T17:15:00+09:00.")
]


@app.command()
def search(
    code: Code,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its beginning, in kanji or kana.")],
    purpose: Purpose = DESK,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    as_party: As = "",
    as_json: Json = False,
) -> None:
    """Find people by name, however it is written.

    kumiai residents search 131016 わたなべ
    """
    with reporting(as_json):
        found = _get(code, "residents", as_party, name=name, purpose=purpose, limit=limit)
        if as_json:
            show_json(found)
            return
        table = table_of("number", "name", "kana", "born", "status", "protected")
        for row in found["residents"]:
            shown = row.get("identified_name", row["name"])
            table.add_row(row["addressee_number"], shown, row["name_kana"], in_eras(row["birth_date"]), row["status"],
                          "支援" if row["protected"] else "")  # fmt: skip
        _show_found(table, "Nobody has a name that begins so.")


@app.command()
def at(
    code: Code,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Town and number, or their beginning.")],
    purpose: Purpose = DESK,
    as_of: AsOf = "",
    known: Known = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    as_party: As = "",
    as_json: Json = False,
) -> None:
    """Who lives at an address, or lived there on a day, however it is written. Whom the purpose may not see there, it
    does not find.

    kumiai residents at 131016 丸の内1-2-3 --as-of 2026-01-01
    """
    with reporting(as_json):
        found = _get(
            code, "addresses", as_party, address=address, purpose=purpose, limit=limit, **_moment(as_of, known)
        )
        if as_json:
            show_json(found)
            return
        table = table_of("number", "name", "household", "relationship", "since")
        for row in found["residents"]:
            shown = row.get("identified_name", row["name"])
            table.add_row(row["addressee_number"], shown, row["household_number"], row["relationship"],
                          row.get("address_since", ""))  # fmt: skip
        _show_found(table, "Nobody is found there.")


@app.command()
def accesses(
    code: Code,
    number: Annotated[str, typer.Option(metavar="NUMBER", help="About this 宛名番号 alone.")] = "",
    after: Annotated[int, typer.Option(help="What follows after this id.")] = 0,
    as_json: Json = False,
) -> None:
    """Who read about whom, when and why, and who was refused (利用記録).

    kumiai residents accesses 131016 --number 0000010413
    """
    with reporting(as_json):
        about = parse_number(number) if number else ""
        found = _get(code, "access-records", addressee_number=about, after=after, limit=500, purpose=DESK)
        if as_json:
            show_json(found)
            return
        table = table_of("id", "when (Japan)", "who", "why", "did", "about", "refused")
        for row in found["accesses"]:
            about = " ".join(row["addressee_numbers"][:5]) + (" …" if len(row["addressee_numbers"]) > 5 else "")
            when = in_japan(row["at"], 19)
            table.add_row(
                str(row["id"]), when, row["party"], row["purpose"], row["action"], about, row["refused"],
                style="yellow" if row["refused"] else "",
            )  # fmt: skip
        out.print(table)


@app.command()
def show(
    code: Code,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="宛名番号.")],
    purpose: Purpose = DESK,
    as_of: AsOf = "",
    known: Known = "",
    characters: Annotated[
        str,
        typer.Option(metavar="SET", help="Names reduced to jis-x-0208, jis-x-0213, shift-jis-windows or unicode-bmp."),
    ] = "",
    as_party: As = "",
    as_json: Json = False,
) -> None:
    """One person's row, now or as of a day.

    kumiai residents show 131016 0000010413 --as-of 2026-01-01
    """
    with reporting(as_json):
        reduced = {"characters": characters} if characters else {}
        found = _get(
            code, f"residents/{parse_number(number)}", as_party, purpose=purpose, **_moment(as_of, known), **reduced
        )
        if as_json:
            show_json(found)
            return
        for name, value in found.items():
            if value is not None:
                out.print(f"{name}: {_readable(name, value)}", highlight=False, markup=False)


@app.command()
def history(
    code: Code,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="宛名番号.")],
    purpose: Purpose = DESK,
    as_party: As = "",
    as_json: Json = False,
) -> None:
    """Every row of a person (異動履歴), the current one last.

    kumiai residents history 131016 0000010413
    """
    with reporting(as_json):
        found = _get(code, f"residents/{parse_number(number)}/history", as_party, purpose=purpose)
        if as_json:
            show_json(found)
            return
        table = table_of("", "reason", "effective", "processed", "status", "household", "relationship", "takes back")
        for row in found["history"]:
            shown = [str(row.get(name) or "") for name in _MOVEMENT]
            table.add_row(*shown)
        out.print(table)


@app.command()
def household(
    code: Code,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="世帯番号.")],
    purpose: Purpose = DESK,
    as_of: AsOf = "",
    known: Known = "",
    as_party: As = "",
    as_json: Json = False,
) -> None:
    """A household's head and members, now or as of a day.

    kumiai residents household 131016 0000005207
    """
    with reporting(as_json):
        household_number = parse_number(number, "世帯番号")
        found = _get(code, f"households/{household_number}", as_party, purpose=purpose, **_moment(as_of, known))
        if as_json:
            show_json(found)
            return
        say(f"Head (世帯主): {found['head'] or 'not set (世帯主未設定)'}")
        say(f"Members: {', '.join(found['members']) or 'none'}")


@app.command()
def gaiji(
    code: Code,
    every: Annotated[bool, typer.Option("--all", help="Those that are identified, too.")] = False,
    as_json: Json = False,
) -> None:
    """Private-use characters (外字) that nobody has identified yet, by the system that they came from.

    kumiai residents gaiji 131016
    """
    with reporting(as_json):
        found = _get(code, "gaiji", purpose=DESK)
        if as_json:
            show_json(found)
            return
        table = table_of("system", "code point", "character", "MJ", "people")
        for row in found["gaiji" if every else "unidentified"]:
            shown = (row["system"], row["code_point"], row["character"] or "", row["mj"] or "", str(row["people"]))
            table.add_row(*shown)
        out.print(table)
        say(f"{found['identified']} identified, {len(found['unidentified'])} not")


@app.command()
def month(
    code: Code,
    month: Annotated[str, typer.Argument(metavar="MONTH", help="YYYY-MM.")],
    as_json: Json = False,
) -> None:
    """A month's statistics (人口統計): movements by reason, people by age, households by size, and whether it adds up.

    kumiai residents month 131016 2026-04
    """
    with reporting(as_json):
        found = _get(code, f"statistics/{parse_month(month)}", purpose=DESK)
        if as_json:
            show_json(found)
            return
        moved = table_of("", "reason", "people")
        for name in ("entries", "removals", "amendments"):
            for reason, people in found[name].items():
                moved.add_row(name, reason, str(people))
        out.print(moved)
        ages = table_of("age", "male", "female")
        for band, sexes in found["population"]["by_age_band"].items():
            ages.add_row(band, str(sexes.get("male", 0)), str(sexes.get("female", 0)))
        out.print(ages)
        sizes = table_of("household of", "households")
        for size, households in found["population"]["by_household_size"].items():
            sizes.add_row(size, str(households))
        out.print(sizes)
        entries, removals = (sum(found[name].values()) for name in ("entries", "removals"))
        end = "which adds up" if found["adds_up"] else "which does NOT add up"
        say(f"{found['opening']} + {entries} - {removals} = {found['closing']}, {end}")


def _show_found(table: Table, nobody: str) -> None:
    """The table; an empty one would leave open whether anybody was looked for."""
    if table.row_count:
        out.print(table)
    else:
        err.print(nobody)


def _readable(name: str, value: Any) -> Any:
    """A field of somebody's row as a clerk reads it."""
    if name in _CIVIL_DATES:
        return f"{value} ({in_eras(value)})"
    return address_of(value) if name.endswith("address") else value


def _moment(as_of: str, known: str) -> dict[str, str]:
    return {name: value for name, value in (("as_of", as_of), ("known", known)) if value}


@app.command()
def moves(
    code: Code,
    which: Annotated[str, typer.Argument(help="announced (転出予定), told or sent (転入通知).")] = "announced",
    state: Annotated[str, typer.Option(help="open, met or withdrawn.")] = "open",
    as_json: Json = False,
) -> None:
    """Moves between municipalities: who is expected here, who was told to have arrived elsewhere, what was sent.

    kumiai residents moves 131016 announced
    """
    with reporting(as_json):
        page = _get(code, f"moves-between/{which}", state=state, purpose=DESK)
        found = page["moves"]
        while page["after"] is not None:
            page = _get(code, f"moves-between/{which}", state=state, after=page["after"], purpose=DESK)
            found = [*found, *page["moves"]]
        if as_json:
            show_json({"moves": found})
            return
        table = table_of("reference", "other", "day", "name", "born", "number here")
        for row in found:
            shown = [row.get(name, "") for name in ("other", "day", "name")]
            born = in_eras(row["birth_date"]) if "birth_date" in row else ""
            table.add_row(row["reference"], *shown, born, row["addressee_number"] or "")
        out.print(table)
        if not found:
            say("None.")


def _get(code: str, path: str, as_party: str = "", **query: Any) -> dict[str, Any]:
    owner = read_acting(parse_code(code), as_party)
    with reach("resident-registry", owner) as client:
        found: dict[str, Any] = client.get(f"/v1/{code}/{path}", params=query).raise_for_status().json()
        return found
