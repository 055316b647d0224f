"""Work lists (要処理一覧): what waits for a person at the registry and at taxation, and who does it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import httpx
import typer
from kumiai_contracts.civil_dates import in_eras
from kumiai_contracts.fields import ADDRESSEE_DIGITS
from kumiai_contracts.membership import Purpose

from kumiai_cli.federation import Credentials, Federation, find_federation, reach, read_credentials
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import REFUSED, USAGE, Failure, out, reporting, say, show_json, table_of
from kumiai_cli.shown import in_japan

app = typer.Typer(help="Work lists (要処理一覧): what waits for a person, and who does it.", no_args_is_help=True)
REGISTRY, TAXATION = "resident-registry", "taxation"
PURPOSES = {REGISTRY: Purpose.RESIDENT_SERVICES, TAXATION: Purpose.TAXATION}
"""Services with a work list, and for which purpose (利用目的) each is read."""
STATES = ("open", "assigned", "settled", "")
A_PAGE = 500
Item = Annotated[str, typer.Argument(metavar="ITEM", help="The item's name, as the registry's list shows it.")]


@app.command("list")
def items(
    code: Code,
    service: Annotated[
        str, typer.Option(help=f"{REGISTRY} or {TAXATION}; if none is named, all that you have the purpose of.")
    ] = "",
    state: Annotated[
        str, typer.Option(help="open, assigned or settled; empty for all. Taxation lists open ones alone.")
    ] = "open",
    as_json: Json = False,
) -> None:
    """What waits for a person, all of it. The registry's are settled with the commands beside this one, taxation's
    by a notice, taxation-notice.settle-work-item.v1.

    kumiai worklist list 131016

    kumiai worklist list 131016 --service taxation
    """
    with reporting(as_json):
        if state not in STATES:
            raise Failure(f"{state} is no state of an item; choose from {', '.join(filter(None, STATES))}.", USAGE)
        owner = read_credentials(parse_code(code))
        federation = find_federation(owner)
        listed: dict[str, list[dict[str, Any]]] = {}
        waiting: list[dict[str, Any]] = []
        for name in _asked(federation, owner, service):
            with federation.system(name, owner) as client:
                pages = list(_pages(client, f"/v1/{code}/work-items", state=state, purpose=PURPOSES[name]))
            rows = [row for page in pages for row in page["work_items"]]
            # Taxation knows no other state to ask for; whoever wants those settled is not shown the open ones.
            listed[name] = [row for row in rows if state in ("", row["state"])]
            waiting += pages[0].get("waiting", [])
        if as_json:
            rows = [{"service": name, **row} for name, found in listed.items() for row in found]
            show_json({"work_items": rows, "waiting": waiting})
        else:
            _show(listed, waiting)


@app.command("show")
def show_item(code: Code, item: Item, as_json: Json = False) -> None:
    """Whom an item is about: who might be head of a household, or whom somebody may be the same as.

    kumiai worklist show 131016 head/0000005207
    """
    with reporting(as_json):
        kind, _, about = item.partition("/")
        if kind == "head":
            numbers = _registry(code, f"households/{about}")["members"]
        else:
            # Items are listed in the order of their names, so the first one from a name on is the one itself.
            page = _registry(code, "work-items", state="", after=item[:-1])["work_items"]
            keys: list[str] = next((row["keys"] for row in page if row["item"] == item), [])
            numbers = [key for key in keys if len(key) == ADDRESSEE_DIGITS and key.isdigit()]
        if not numbers:
            raise Failure(
                f"{item} is about nobody on the record; for what was told see: kumiai residents moves.", USAGE
            )
        people = [_registry(code, f"residents/{number}") for number in numbers]
        if as_json:
            show_json({"item": item, "people": people})
            return
        table = table_of("number", "name", "relationship", "born")
        for row in people:
            shown = row.get("identified_name", row["name"])
            table.add_row(row["addressee_number"], shown, row["relationship"], in_eras(row["birth_date"]))
        out.print(table)


@app.command()
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


@app.command()
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


@app.command()
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
    with reach(REGISTRY, owner) as client:
        asked = client.post(f"/v1/{code}/work-items", params={"purpose": PURPOSES[REGISTRY]}, json=deed)
        receipt: dict[str, Any] = asked.raise_for_status().json()
    if as_json:
        show_json(receipt)
    else:
        say(f"Done: {', '.join(caused['type'] for caused in receipt['caused'])}.")


def _asked(federation: Federation, owner: Credentials, service: str) -> Sequence[str]:
    """The service that was named, or those that the party may see: asking another would be recorded as refused."""
    if service:
        if service not in PURPOSES:
            raise Failure(f"{service} has no work list; choose from {', '.join(PURPOSES)}.", USAGE)
        return (service,)
    granted = federation.purposes(owner)
    found = [name for name, purpose in PURPOSES.items() if purpose in granted]
    if not found:
        needed = " or ".join(PURPOSES.values())
        raise Failure(f"{owner.municipality}/{owner.party} has not the purpose of a work list: {needed}.", REFUSED)
    return found


def _pages(client: httpx.Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """All pages of a list, each going on after the last item's name."""
    after = ""
    while True:
        page = client.get(path, params={**query, "after": after, "limit": A_PAGE}).raise_for_status().json()
        yield page
        if len(page["work_items"]) < A_PAGE:
            return
        after = _name(page["work_items"][-1])


def _name(row: dict[str, Any]) -> str:
    return str(row.get("item") or row["work_item"])


def _show(listed: dict[str, list[dict[str, Any]]], waiting: list[dict[str, Any]]) -> None:
    registry = table_of("item", "kind", "state", "assignee", "since", title=REGISTRY)
    for row in listed.get(REGISTRY, ()):
        registry.add_row(row["item"], row["kind"], row["state"], row["assignee"] or "", in_japan(row["opened_at"], 10))
    taxation = table_of("item", "year", "number", "code", "why", title=TAXATION)
    for row in listed.get(TAXATION, ()):
        number = row["addressee_number"] or ""
        taxation.add_row(row["work_item"], str(row["fiscal_year"]), number, row["code"], row["ja"])
    for table in (registry, taxation):
        if table.row_count:
            out.print(table)
    for row in waiting:
        say(f"{row['kind']}: {row['items']} {row['state']}, the oldest since {in_japan(row['since'], 10)}")
    if TAXATION in listed:
        say(f"taxation: {len(listed[TAXATION])} open")
    if not waiting and not any(listed.values()):
        say("Nothing waits.")


def _registry(code: str, path: str, **query: Any) -> dict[str, Any]:
    owner = read_credentials(parse_code(code))
    with reach(REGISTRY, owner) as client:
        asked = client.get(f"/v1/{code}/{path}", params={**query, "purpose": PURPOSES[REGISTRY]})
        found: dict[str, Any] = asked.raise_for_status().json()
        return found
