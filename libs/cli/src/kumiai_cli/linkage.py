"""National-ID linkage (番号連携) for people: recalls of what was provided wrongly, and the records of exchanges."""

import csv
import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from kumiai_cli.federation import reach, read_credentials
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import USAGE, Failure, out, reporting, say, show_json, table_of

app = typer.Typer(
    help="National-ID linkage (番号連携): inquiries, what waits for a person, recalls and records.",
    no_args_is_help=True,
)
recall = typer.Typer(
    help="""Recalls (訂正通知): who was told something that was wrong, notified and tracked until everybody has it.

    WRONG.csv has the columns addressee_number, scope and until_version: whose fact of which fiscal year was wrong,
    up to which version.

      kumiai linkage recall list 131016 WRONG.csv --items total-income

      kumiai linkage recall open 131016 WRONG.csv --items total-income --reason 所得の集計誤り

      kumiai linkage recall status 131016
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(recall, name="recall")
SERVICE = "national-id-linkage"
PURPOSE = {"purpose": "national-id-linkage"}
TAX_FACTS = "TM00000000000002"
Wrong = Annotated[Path, typer.Argument(metavar="WRONG.csv", help="Columns: addressee_number, scope, until_version.")]
Items = Annotated[str, typer.Option(help="The items that were wrong, separated by commas.")]
Kind = Annotated[str, typer.Option("--kind", help="特定個人情報名; by default 地方税関係情報.")]


@recall.command("list")
def listed(code: Code, wrong: Wrong, items: Items, kind: Kind = TAX_FACTS, as_json: Json = False) -> None:
    """Who was told which version when, from the records. Nothing is opened and nobody notified.

    kumiai linkage recall list 131016 WRONG.csv --items total-income --json
    """
    with reporting(as_json):
        lines = _post(code, "recalls/preview", _content(wrong), kind=kind, items=items).text.split("\n")
        found = [json.loads(line) for line in lines if line]
        bodies = {line["inquirer"] for line in found}
        people = {line["addressee_number"] for line in found}
        if as_json:
            show_json({"bodies": len(bodies), "people": len(people), "requests": len(found), "told": found})
            return
        table = table_of("inquirer", "request", "addressee", "scope", "version", "items", "told at")
        for line in found:
            table.add_row(
                line["inquirer"],
                line["request_number"],
                line["addressee_number"],
                line["scope"],
                str(line["version"]),
                ", ".join(line["items"]),
                line["decided_at"],
            )
        out.print(table)
        say(f"{len(found):,} answers about {len(people):,} people to {len(bodies):,} bodies")


@recall.command("open")
def opened(
    code: Code,
    wrong: Wrong,
    items: Items,
    reason: Annotated[str, typer.Option(help="Why, for whoever is notified; nothing about a person.")],
    kind: Kind = TAX_FACTS,
    as_json: Json = False,
) -> None:
    """Record what was wrong, and notify everybody who was told.

    kumiai linkage recall open 131016 WRONG.csv --items total-income --reason 所得の集計誤り
    """
    with reporting(as_json):
        found = _post(code, "recalls", _content(wrong), kind=kind, items=items, reason=reason)
        _show(found.json(), as_json)


@recall.command()
def status(
    code: Code,
    name: Annotated[str, typer.Argument(metavar="[RECALL]", help="A recall's name; all of them without it.")] = "",
    as_json: Json = False,
) -> None:
    """How a recall stands: who has acknowledged, and who has not.

    kumiai linkage recall status 131016
    kumiai linkage recall status 131016 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    """
    with reporting(as_json):
        found = _get(code, f"recalls/{name}" if name else "recalls")
        if name or as_json:
            _show(found, as_json) if name else show_json(found)
            return
        table = table_of("recall", "opened", "by", "people", "items", "reason")
        for row in found["recalls"]:
            table.add_row(
                row["recall"],
                row["opened_at"][:16],
                row["opened_by"],
                f"{row['people']:,}",
                ", ".join(row["items"]),
                row["reason"],
            )
        out.print(table)


@recall.command()
def notify(
    code: Code,
    name: Annotated[str, typer.Argument(metavar="RECALL", help="The recall's name.")],
    as_json: Json = False,
) -> None:
    """Notify whoever was told the same since; nobody is notified twice.

    kumiai linkage recall notify 131016 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    """
    with reporting(as_json):
        _show(_post(code, f"recalls/{name}/notify", b"").json(), as_json)


InquiryFile = Annotated[Path, typer.Argument(metavar="INQUIRIES.csv", help="A batch inquiry file (一括照会ファイル).")]
ResultFile = Annotated[Path | None, typer.Option("--out", help="Write the result here instead of showing it.")]


@app.command()
def inquire(code: Code, file: InquiryFile, result: ResultFile = None, as_json: Json = False) -> None:
    """Ask other bodies what a file asks. Broken records are refused by themselves, and nothing is asked twice.

    kumiai linkage inquire 131016 INQUIRIES.csv --out taken.csv
    """
    with reporting(as_json):
        _result(_post(code, "inquiry-files", _content(file)).text, result, as_json)


@app.command()
def answers(code: Code, file: InquiryFile, result: ResultFile = None, as_json: Json = False) -> None:
    """The answers to a file that was sent in with `inquire`, as far as they have come.

    kumiai linkage answers 131016 INQUIRIES.csv --out answers.csv
    """
    with reporting(as_json):
        _result(_post(code, "inquiry-files/answers", _content(file)).text, result, as_json)


@app.command()
def records(
    code: Code,
    person: Annotated[str, typer.Option("--person", help="宛名番号: about this person only.")] = "",
    outcome: Annotated[str, typer.Option(help="requested, held, answered, withheld or refused.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Records of exchanges (情報提供等記録); with --outcome held, what waits for a person.

    kumiai linkage records 131016 --outcome held
    """
    with reporting(as_json):
        found = _get(code, "exchange-records", addressee_number=person, outcome=outcome, limit=limit)
        if as_json:
            show_json(found)
            return
        table = table_of("side", "inquirer", "request", "provider", "outcome", "reason", "items", "requested at")
        for row in found["records"]:
            table.add_row(
                row["side"],
                row["inquirer"],
                row["request_number"],
                row["provider"],
                row["outcome"],
                row["reason"],
                ", ".join(row["items"]),
                row["requested_at"][:19],
            )
        out.print(table)


@app.command()
def accesses(
    code: Code,
    person: Annotated[str, typer.Option("--person", help="宛名番号: about this person only.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Only those after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 100,
    as_json: Json = False,
) -> None:
    """Who read about whom, when and why, the vault included, and who was refused (利用記録).

    kumiai linkage accesses 131016 --person 0000000019
    """
    with reporting(as_json):
        found = _get(code, "access-records", addressee_number=person, after=after, limit=limit)
        if as_json:
            show_json(found)
            return
        table = table_of("no", "at", "party", "purpose", "action", "about", "refused")
        for row in found["accesses"]:
            people = row["addressee_numbers"]
            about = ", ".join(people[:3]) + (f" and {len(people) - 3} more" if len(people) > 3 else "")
            table.add_row(
                str(row["id"]),
                row["at"][:19],
                row["party"],
                row["purpose"],
                row["action"],
                about,
                row["refused"],
                style="yellow" if row["refused"] else "",
            )
        out.print(table)


@app.command()
def differences(code: Code, as_json: Json = False) -> None:
    """Exchanges of which the two sides have different records. None is as it should be.

    kumiai linkage differences 131016
    """
    with reporting(as_json):
        found = _get(code, "record-differences", limit=1000)
        if as_json:
            show_json(found)
        elif not found["differences"]:
            say("Both sides have the same.")
        else:
            table = table_of("inquirer", "request", "what", "found at")
            for row in found["differences"]:
                table.add_row(row["inquirer"], row["request_number"], row["kind"], row["found_at"][:19])
            out.print(table)
        if found["differences"]:
            raise typer.Exit(1)


def _result(text: str, path: Path | None, as_json: bool) -> None:
    head, *lines = csv.reader(text.splitlines())
    if path is not None:
        path.write_text(text, encoding="utf-8", newline="")
    if as_json:
        show_json({"lines": [dict(zip(head, line, strict=True)) for line in lines]})
    elif path is None:
        table = table_of(*head)
        for line in lines:
            table.add_row(*line)
        out.print(table)
    else:
        say(f"{len(lines):,} lines in {path}")


def _content(path: Path) -> bytes:
    """A file's content; the service says what is wrong with it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Failure(f"{path} can't be read: {error.strerror}", USAGE) from None


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    say(f"recall {found['recall']['recall']}: {found['recall']['reason']}")
    say(f"{found['requests']:,} answers to {found['bodies']:,} bodies; {found['open']:,} have not acknowledged")
    table = table_of("inquirer", "part", "requests", "notified", "acknowledged")
    for row in found["notifications"]:
        acknowledged = row["acknowledged_at"]
        table.add_row(
            row["inquirer"],
            str(row["part"]),
            f"{row['requests']:,}",
            row["notified_at"][:19],
            acknowledged[:19] if acknowledged else "open",
            style="" if acknowledged else "yellow",
        )
    out.print(table)


def items_of(text: str) -> list[str]:
    """特定個人情報の項目 that are given separated by commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


def _get(code: str, path: str, **query: Any) -> dict[str, Any]:
    owner = read_credentials(parse_code(code))
    with reach(SERVICE, owner) as client:
        found: dict[str, Any] = client.get(f"/v1/{code}/{path}", params=PURPOSE | query).raise_for_status().json()
        return found


def _post(code: str, path: str, body: bytes, **query: Any) -> httpx.Response:
    owner = read_credentials(parse_code(code))
    with reach(SERVICE, owner) as client:
        answer = client.post(f"/v1/{code}/{path}", params=PURPOSE | query, content=body, timeout=120)
        return answer.raise_for_status()
