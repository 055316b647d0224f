"""Residents (住民) and the work list, as a municipality's own people see them. Every read is recorded."""

from typing import Annotated, Any

import typer
from kumiai_contracts.fields import ADDRESSEE_DIGITS

from kumiai_cli.federation import find_federation, read_credentials
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import USAGE, Failure, out, reporting, say, show_json, table_of

app = typer.Typer(help="Residents (住民): find and look at them, for a purpose.", no_args_is_help=True)
worklist = typer.Typer(help="Work list (要処理一覧): what waits for a person, and who does it.", no_args_is_help=True)
DESK = "resident-services"
Item = Annotated[str, typer.Argument(metavar="ITEM", help="The item's name, as the list shows it.")]
Purpose = Annotated[str, typer.Option(help="利用目的; recorded with every read.")]
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
        table = table_of("number", "name", "kana", "born", "status", "protected")
        for row in found["residents"]:
            shown = row.get("identified_name", row["name"])
            table.add_row(row["addressee_number"], shown, row["name_kana"], row["birth_date"], row["status"],
                          "支援" if row["protected"] else "")  # fmt: skip
        out.print(table)


@app.command()
def at(
    code: Code,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Town and number, or their beginning.")],
    purpose: Purpose = DESK,
    as_of: AsOf = "",
    known: Known = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Who lives at an address, or lived there on a day, however it is written. Whom the purpose may not see there, it
    does not find.

    kumiai residents at 131016 丸の内1-2-3 --as-of 2026-01-01
    """
    with reporting(as_json):
        found = _get(code, "addresses", address=address, purpose=purpose, limit=limit, **_moment(as_of, known))
        if as_json:
            show_json(found)
            return
        table = table_of("number", "name", "household", "relationship", "since")
        for row in found["residents"]:
            shown = row.get("identified_name", row["name"])
            table.add_row(row["addressee_number"], shown, row["household_number"], row["relationship"],
                          row.get("address_since", ""))  # fmt: skip
        out.print(table)


@app.command()
def accesses(
    code: Code,
    number: Annotated[str, typer.Option(metavar="NUMBER", help="About this 宛名番号 alone.")] = "",
    after: Annotated[int, typer.Option(help="What follows after this id.")] = 0,
    as_json: Json = False,
) -> None:
    """Who read about whom, when and why (利用記録).

    kumiai residents accesses 131016 --number 0000010413
    """
    with reporting(as_json):
        found = _get(code, "access-records", addressee_number=number, after=after, limit=500, purpose=DESK)
        if as_json:
            show_json(found)
            return
        table = table_of("id", "when", "who", "why", "did", "about")
        for row in found["accesses"]:
            about = " ".join(row["addressee_numbers"][:5]) + (" …" if len(row["addressee_numbers"]) > 5 else "")
            table.add_row(str(row["id"]), row["at"][:19], row["party"], row["purpose"], row["action"], about)
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
    as_json: Json = False,
) -> None:
    """One person's row, now or as of a day.

    kumiai residents show 131016 0000010413 --as-of 2026-01-01
    """
    with reporting(as_json):
        reduced = {"characters": characters} if characters else {}
        found = _get(code, f"residents/{number}", purpose=purpose, **_moment(as_of, known), **reduced)
        if as_json:
            show_json(found)
            return
        for name, value in found.items():
            out.print(f"{name}: {value}", highlight=False)


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
    """A month's statistics (人口統計): movements by reason, population by age, and whether it all adds up.

    kumiai residents month 131016 2026-04
    """
    with reporting(as_json):
        found = _get(code, f"statistics/{month}", purpose=DESK)
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
        entries, removals = (sum(found[name].values()) for name in ("entries", "removals"))
        end = "which adds up" if found["adds_up"] else "which does NOT add up"
        say(f"{found['opening']} + {entries} - {removals} = {found['closing']}, {end}")


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
            shown = [row.get(name, "") for name in ("other", "day", "name", "birth_date")]
            table.add_row(row["reference"], *shown, row["addressee_number"] or "")
        out.print(table)
        if not found:
            say("None.")


@worklist.command("list")
def items(
    code: Code,
    state: Annotated[str, typer.Option(help="open, assigned or settled; empty for all.")] = "open",
    as_json: Json = False,
) -> None:
    """What waits for a person, all of it, and how much waits in all.

    kumiai worklist list 131016
    """
    with reporting(as_json):
        found = _get(code, "work-items", state=state, purpose=DESK)
        listed, after = found["work_items"], found["after"]
        while after is not None:
            page = _get(code, "work-items", state=state, after=after, purpose=DESK)
            listed, after = [*listed, *page["work_items"]], page["after"]
        if as_json:
            show_json({"work_items": listed, "waiting": found["waiting"]})
            return
        table = table_of("item", "kind", "state", "assignee", "since")
        for row in listed:
            table.add_row(row["item"], row["kind"], row["state"], row["assignee"] or "", row["opened_at"][:10])
        out.print(table)
        for row in found["waiting"]:
            say(f"{row['kind']}: {row['items']} {row['state']}, the oldest since {row['since'][:10]}")
        if not found["waiting"]:
            say("Nothing waits.")


@worklist.command("show")
def show_item(code: Code, item: Item, as_json: Json = False) -> None:
    """Whom an item is about: who might be head of a household, or whom somebody may be the same as.

    kumiai worklist show 131016 head/0000005207
    """
    with reporting(as_json):
        kind, _, about = item.partition("/")
        if kind == "head":
            numbers = _get(code, f"households/{about}", purpose=DESK)["members"]
        else:
            # Items are listed in the order of their names, so the first one from a name on is the one itself.
            page = _get(code, "work-items", state="", after=item[:-1], purpose=DESK)["work_items"]
            keys: list[str] = next((row["keys"] for row in page if row["item"] == item), [])
            numbers = [key for key in keys if len(key) == ADDRESSEE_DIGITS and key.isdigit()]
        if not numbers:
            raise Failure(
                f"{item} is about nobody on the record; for what was told see: kumiai residents moves.", USAGE
            )
        people = [_get(code, f"residents/{number}", purpose=DESK) for number in numbers]
        if as_json:
            show_json({"item": item, "people": people})
            return
        table = table_of("number", "name", "relationship", "born")
        for row in people:
            shown = row.get("identified_name", row["name"])
            table.add_row(row["addressee_number"], shown, row["relationship"], row["birth_date"])
        out.print(table)


@worklist.command()
def take(
    code: Code,
    item: Item,
    by: Annotated[str, typer.Option(help="Who takes it; whoever asks, if nobody is named.")] = "",
    as_json: Json = False,
) -> None:
    """Take an item: it is somebody's from then on.

    kumiai worklist take 131016 head/0000005207 --by sato
    """
    with reporting(as_json):
        _done(code, {"item": item, "assignee": by or read_credentials(parse_code(code)).party}, as_json)


@worklist.command()
def settle(
    code: Code,
    item: Item,
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="A code, such as another-person.")],
    as_json: Json = False,
) -> None:
    """Settle an item with what was decided. Those that the record itself settles are refused.

    kumiai worklist settle 131016 same-person/0000010413 another-person
    """
    with reporting(as_json):
        _done(code, {"item": item, "decision": decision}, as_json)


@worklist.command()
def head(
    code: Code,
    item: Item,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="宛名番号 of who becomes head (世帯主).")],
    relationship: Annotated[
        list[str] | None, typer.Option(metavar="NUMBER=TERM", help="続柄 of another member to that head; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Decide who is head of a household that has none; what follows from before need not be stated.

    kumiai worklist head 131016 head/0000005207 0000010421 --relationship 0000010430=子
    """
    with reporting(as_json):
        pairs = [pair.partition("=") for pair in relationship or ()]
        if not all(who and term for who, _, term in pairs):
            raise Failure("A relationship is NUMBER=TERM, such as 0000010430=子.", USAGE)
        _done(code, {"item": item, "head": number, "relationships": {who: term for who, _, term in pairs}}, as_json)


def _done(code: str, deed: dict[str, Any], as_json: bool) -> None:
    owner = read_credentials(parse_code(code))
    with find_federation(owner).system("resident-registry", owner) as client:
        asked = client.post(f"/v1/{code}/work-items", params={"purpose": DESK}, json=deed)
        receipt: dict[str, Any] = asked.raise_for_status().json()
    if as_json:
        show_json(receipt)
    else:
        say(f"Done: {', '.join(caused['type'] for caused in receipt['caused'])}.")


def _get(code: str, path: str, **query: Any) -> dict[str, Any]:
    owner = read_credentials(parse_code(code))
    with find_federation(owner).system("resident-registry", owner) as client:
        found: dict[str, Any] = client.get(f"/v1/{code}/{path}", params=query).raise_for_status().json()
        return found
