"""Receipts (受領書), as a municipality's own system sees them."""

import json
from typing import Annotated, Any

import typer
from kumiai_contracts.topics import receipts_stream

from kumiai_cli.federation import reach, read_credentials
from kumiai_cli.members import Code, Json, Service, parse_code, parse_services
from kumiai_cli.outcome import out, reporting, show_json, table_of


def receipts(
    code: Code,
    service: Service,
    notice: Annotated[str, typer.Option("--id", help="The notice's id; then --source, too.")] = "",
    source: Annotated[str, typer.Option(help="The notice's source.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Only those after this position.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 20,
    refused: Annotated[bool, typer.Option("--refused", help="Only refusals, among those looked at.")] = False,
    as_json: Json = False,
) -> None:
    """What became of a member's notices to a service. Needs the credentials that joining wrote.

    kumiai receipts 131016 taxation
    kumiai receipts 131016 resident-registry --id 2026-000123 --source urn:example:131016:juki
    kumiai receipts 131016 taxation --refused --limit 1000 --json
    """
    with reporting(as_json):
        (chosen,) = parse_services(service)
        owner = read_credentials(parse_code(code))
        with reach(chosen, owner) as client:
            if notice or source:
                response = client.get(f"/v1/{code}/receipts", params={"id": notice, "source": source})
                found: list[dict[str, Any]] = [response.raise_for_status().json()]
            else:
                address = f"/v1/{code}/streams/{receipts_stream(chosen)}"
                response = client.get(address, params={"after": after, "limit": limit}).raise_for_status()
                found = [_receipt(line) for line in response.text.split("\n") if line]
        if refused:
            found = [receipt for receipt in found if receipt["outcome"] == "refused"]
        if as_json:
            show_json({"receipts": found})
        else:
            _show(found)


def _receipt(line: str) -> dict[str, Any]:
    event = json.loads(line)
    return {"position": event["position"], "time": event["time"], **json.loads(event["body"])}


def _show(receipts: list[dict[str, Any]]) -> None:
    table = table_of("position", "notice", "type", "outcome")
    table.add_column("events or reasons", overflow="fold")
    for receipt in receipts:
        what = [f"{event['stream']} {event['position']}: {event['type']}" for event in receipt["caused"]]
        what += [f"{reason['code']} {reason['pointer']}: {reason['ja']}" for reason in receipt["reasons"]]
        table.add_row(
            str(receipt.get("position", "")),
            receipt["notice_id"],
            receipt["notice_type"],
            receipt["outcome"],
            "\n".join(what),
            style="yellow" if receipt["outcome"] == "refused" else "",
        )
    out.print(table)
