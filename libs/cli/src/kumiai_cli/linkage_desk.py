"""What one person decides about inquiries: requests that are held, and the disaster exception (災害時の特例)."""

from typing import Annotated, Any

import typer

from kumiai_cli.federation import reach, read_party
from kumiai_cli.linkage import PURPOSE, SERVICE, TAX_FACTS, items_of
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import out, reporting, say, show_json, table_of

exception = typer.Typer(
    help="""The disaster exception (災害時の特例): what the table does not allow, for a while, if two persons agree.

      kumiai linkage exception ask 131016 5000020151009001 --items total-income --reason 地震による安否確認 --as hanako

      kumiai linkage exception approve 131016 0a1b2c3d4e5f60718293a4b5c6d7e8f9 --minutes 60 --as taro

      kumiai linkage exception list 131016 --as taro
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)
Inquirer = Annotated[str, typer.Argument(metavar="INQUIRER", help="情報照会者: sixteen digits.")]
Number = Annotated[str, typer.Argument(metavar="REQUEST", help="照会番号, as `records --outcome held` shows it.")]
Guardian = Annotated[str, typer.Option("--as", metavar="PARTY", help="A clerk with the purpose protection.")]
Clerk = Annotated[str, typer.Option("--as", metavar="PARTY", help="A clerk with the purpose national-id-linkage.")]


def provide(code: Code, inquirer: Inquirer, request: Number, party: Guardian, as_json: Json = False) -> None:
    """Answer a request that was held, with what is on file now. The record names who decided.

    kumiai linkage provide 131016 5000020151009001 2026-000007 --as hanako
    """
    _decide(code, inquirer, request, "provide", party, as_json)


def withhold(code: Code, inquirer: Inquirer, request: Number, party: Guardian, as_json: Json = False) -> None:
    """Answer a request that was held with nothing (不開示). The resident is not shown that there was one.

    kumiai linkage withhold 131016 5000020151009001 2026-000007 --as hanako
    """
    _decide(code, inquirer, request, "withhold", party, as_json)


@exception.command()
def ask(
    code: Code,
    inquirer: Inquirer,
    party: Clerk,
    items: Annotated[str, typer.Option(help="The items that it opens, separated by commas.")],
    reason: Annotated[str, typer.Option(help="Why, in 5 to 200 characters.")],
    kind: Annotated[str, typer.Option("--kind", help="特定個人情報名; by default 地方税関係情報.")] = TAX_FACTS,
    as_json: Json = False,
) -> None:
    """Ask that a body may be answered what the table does not allow. It holds once somebody else has approved.

    kumiai linkage exception ask 131016 5000020151009001 --items total-income --reason 地震による安否確認 --as hanako
    """
    with reporting(as_json):
        named = items_of(items)
        content = {"inquirer": inquirer, "fact_kind": kind, "items": named, "reason": reason}
        asked = _post(code, party, "disaster-exceptions", PURPOSE["purpose"], content)
        if as_json:
            show_json(asked)
        else:
            say(f"Asked: {asked['exception']}. Another person approves it: kumiai linkage exception approve {code} …")


@exception.command()
def approve(
    code: Code,
    name: Annotated[str, typer.Argument(metavar="EXCEPTION", help="Its name, as the list shows it.")],
    party: Clerk,
    minutes: Annotated[int, typer.Option(min=1, help="For how long it holds, at most 4,320; it ends by itself.")],
    as_json: Json = False,
) -> None:
    """Approve what somebody else asked for, for some minutes.

    kumiai linkage exception approve 131016 0a1b2c3d4e5f60718293a4b5c6d7e8f9 --minutes 60 --as taro
    """
    with reporting(as_json):
        address = f"disaster-exceptions/{name}/approval"
        approved = _post(code, party, address, PURPOSE["purpose"], {"minutes": minutes})
        show_json(approved) if as_json else say(f"It holds until {approved['until']}.")


@exception.command("list")
def listed(code: Code, party: Clerk, as_json: Json = False) -> None:
    """Every one that was asked for: who asked, who approved, until when it holds or held.

    kumiai linkage exception list 131016 --as taro
    """
    with reporting(as_json):
        owner = read_party(parse_code(code), party)
        with reach(SERVICE, owner) as client:
            answer = client.get(f"/v1/{code}/disaster-exceptions", params=PURPOSE).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["disaster_exceptions"]
        if as_json:
            show_json({"disaster_exceptions": found})
            return
        table = table_of("exception", "inquirer", "items", "reason", "asked by", "approved by", "until")
        for row in found:
            table.add_row(row["exception"], row["inquirer"], ", ".join(row["items"]), row["reason"], row["asked_by"],
                          row["approved_by"] or "nobody yet", (row["until"] or "")[:19])  # fmt: skip
        out.print(table)


def _decide(code: str, inquirer: str, request: str, decision: str, party: str, as_json: bool) -> None:
    with reporting(as_json):
        record = _post(code, party, f"held-requests/{inquirer}/{request}/{decision}", "protection")
        if as_json:
            show_json(record)
        else:
            items = ", ".join(record["items"]) or "nothing"
            say(f"{record['request_number']} of {record['inquirer']}: {record['outcome']}, {items}")


def _post(code: str, party: str, path: str, purpose: str, content: Any = None) -> dict[str, Any]:
    owner = read_party(parse_code(code), party)
    with reach(SERVICE, owner) as client:
        answer = client.post(f"/v1/{code}/{path}", params={"purpose": purpose}, json=content)
        return dict(answer.raise_for_status().json())
