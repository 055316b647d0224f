"""What has to be there before anybody is asked: codes (符号) of the people, and grants (照会権限) of the procedures."""

import json
from contextlib import AbstractContextManager
from secrets import token_hex
from typing import Annotated, Any

import httpx
import typer
from kumiai_contracts.exchange_notices import CodeRequestNotice, ProcedureGrantNotice
from kumiai_contracts.model import Notice
from pydantic import ValidationError

from kumiai_cli.federation import reach, read_credentials
from kumiai_cli.linkage import PURPOSE, SERVICE, TAX_FACTS, Kind, items_of
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import USAGE, Failure, out, reporting, say, show_json, table_of

SOURCE = "urn:command-line"
"""`ce_source` of what a municipality tells by command; what begins with urn:kumiai: is the federation's own."""
A_PAGE = 1000
People = Annotated[list[str] | None, typer.Argument(metavar="[NUMBER]…", help="宛名番号 to request codes for.")]


def codes(code: Code, numbers: People = None, as_json: Json = False) -> None:
    """Whom the network knows (符号取得), with the one-off 取得番号 of each; with numbers, ask it to know them first.

    kumiai linkage codes 131016 0000000019 0000000027

    kumiai linkage codes 131016
    """
    with reporting(as_json):
        if numbers:
            _tell(code, CodeRequestNotice, {"addressee_numbers": numbers})
        found = _acquisitions(code)
        if as_json:
            show_json({"acquisitions": found})
            return
        table = table_of("addressee", "取得番号", "state", "requested at", "acquired at")
        for row in found:
            acquired = (row["acquired_at"] or "")[:19]
            table.add_row(
                row["addressee_number"], row["acquisition_number"], row["state"], row["requested_at"][:19], acquired
            )
        out.print(table)


def grant(
    code: Code,
    procedure: Annotated[str, typer.Argument(metavar="PROCEDURE", help="事務手続: JT and 14 digits.")],
    items: Annotated[str, typer.Option(help="What may be asked for in it, separated by commas; empty takes it back.")],
    kind: Kind = TAX_FACTS,
    as_json: Json = False,
) -> None:
    """Let the municipality's people ask for these items in a procedure, within what the law allows.

    kumiai linkage grant 131016 JT00000000000001 --items total-income,assessment
    """
    with reporting(as_json):
        named = items_of(items)
        content = {"procedure": procedure, "fact_kind": kind, "items": named}
        receipt = _tell(code, ProcedureGrantNotice, content)
        show_json(receipt) if as_json else say(f"Granted in {procedure}: {', '.join(named) or 'nothing any more'}.")


def _acquisitions(code: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with _client(code) as client:
        while True:
            after = found[-1]["addressee_number"] if found else ""
            query = {**PURPOSE, "after": after, "limit": A_PAGE}
            page = client.get(f"/v1/{code}/code-acquisitions", params=query).raise_for_status().json()
            found += page["acquisitions"]
            if page["after"] is None:
                return found


def _tell(code: str, kind: type[Notice], content: dict[str, Any]) -> dict[str, Any]:
    """Tell the service something; its receipt. Raises Failure for what is refused, with the reasons."""
    try:
        notice = kind.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise Failure(f"{place}: {first['msg']}", USAGE) from None
    event = {
        "specversion": "1.0",
        "id": token_hex(16),
        "source": SOURCE,
        "type": kind.type,
        "municipality": code,
        "data": notice.model_dump(mode="json"),
    }
    with _client(code) as client:
        headers = {"content-type": "application/cloudevents-batch+json"}
        (receipt,) = client.post(f"/v1/{code}/notices", json=[event], headers=headers).raise_for_status().json()
    if receipt["outcome"] != "accepted":
        reasons = [f"{reason['en']} ({reason['code']} {reason['pointer']})" for reason in receipt["reasons"]]
        raise Failure(" ".join(reasons), receipt=receipt)
    return dict(receipt)


def _client(code: str) -> AbstractContextManager[httpx.Client]:
    return reach(SERVICE, read_credentials(parse_code(code)))
