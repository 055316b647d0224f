"""What a clerk of the resident desk does with a key of his or her own: protection (支援措置) and emergency access."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import httpx
import typer

from kumiai_cli.federation import reach, read_party
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import USAGE, Failure, out, reporting, say, show_json, table_of
from kumiai_cli.shown import in_japan, parse_number

protection = typer.Typer(help="Protection (支援措置): who is protected, and temporary releases.", no_args_is_help=True)
emergency = typer.Typer(
    help="Emergency access (災害時の閲覧): asked for by one clerk, approved by another, ending by itself.",
    no_args_is_help=True,
)


As = Annotated[
    str, typer.Option("--as", metavar="PARTY", help="Who acts: a clerk; its key is .local/credentials/CODE-PARTY.pem.")
]
SHORTEST_REASON = 5
"""As the service wants it."""
FOR_PROTECTION = {"purpose": "protection"}


@protection.command("list")
def protected(code: Code, party: As, as_json: Json = False) -> None:
    """Who is protected, those included whose term has run out. The clerk needs the purpose protection.

    kumiai protection list 131016 --as guardian
    """
    with reporting(as_json):
        rows: list[dict[str, Any]] = []
        after: str | None = ""
        with _registry(code, party) as client:
            while after is not None:
                answer = client.get("protections", params={**FOR_PROTECTION, "after": after}).raise_for_status()
                page: dict[str, Any] = answer.json()
                rows, after = [*rows, *page["protections"]], page["after"]
        if as_json:
            show_json({"protections": rows})
            return
        table = table_of("number", "state", "applied", "from", "until")
        for row in rows:
            days = [row[name] or "" for name in ("applied_on", "starts_on", "ends_on")]
            table.add_row(row["addressee_number"], row["state"], *days)
        out.print(table)
        say(f"{len(rows)} protected." if rows else "Nobody is protected.")


@protection.command()
def release(
    code: Code,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="宛名番号 of the protected person.")],
    party: As,
    minutes: Annotated[int, typer.Option(min=1, max=60, help="For how long.")] = 10,
    as_json: Json = False,
) -> None:
    """Let the resident desk see a protected person's address for some minutes (一時解除). It reverts by itself, and no
    other system hears of it.

    kumiai protection release 131016 0000010413 --minutes 10 --as guardian
    """
    with reporting(as_json):
        wanted = {"addressee_number": parse_number(number), "minutes": minutes}
        with _registry(code, party) as client:
            done = client.post("protections/releases", params=FOR_PROTECTION, json=wanted).raise_for_status().json()
        if as_json:
            show_json(done)
        else:
            say(f"The resident desk sees the address of {number} for {minutes} minutes.")


@emergency.command("list")
def accesses(code: Code, party: As, as_json: Json = False) -> None:
    """Every emergency access: who asked and why, who approved, until when it holds or held.

    kumiai emergency list 131016 --as hanako
    """
    with reporting(as_json):
        with _registry(code, party) as client:
            found = client.get("emergency-accesses").raise_for_status().json()
        if as_json:
            show_json(found)
            return
        table = table_of("id", "who", "why", "asked (Japan)", "approved by", "until (Japan)")
        for row in found["emergency_accesses"]:
            until = in_japan(row["expires_at"])
            table.add_row(
                row["id"], row["party"], row["reason"], in_japan(row["requested_at"]), row["approved_by"] or "", until
            )
        out.print(table)
        if not found["emergency_accesses"]:
            say("Nobody has asked for any.")


@emergency.command()
def ask(
    code: Code,
    reason: Annotated[str, typer.Argument(metavar="REASON", help="What for; at least five characters.")],
    party: As,
    as_json: Json = False,
) -> None:
    """Ask for emergency access. Another clerk has to approve it.

    kumiai emergency ask 131016 地震による安否確認 --as hanako
    """
    with reporting(as_json):
        if len(reason) < SHORTEST_REASON:
            raise Failure(f"{reason} is too short a reason: say in at least {SHORTEST_REASON} characters why.", USAGE)
        with _registry(code, party) as client:
            asked = client.post("emergency-accesses", json={"reason": reason}).raise_for_status().json()
        if as_json:
            show_json(asked)
        else:
            say(f"Asked for. Another clerk approves it: kumiai emergency approve {code} {asked['id']} --as PARTY")


@emergency.command()
def approve(
    code: Code,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")],
    party: As,
    minutes: Annotated[int, typer.Option(min=1, max=480, help="For how long.")] = 60,
    as_json: Json = False,
) -> None:
    """Approve what another clerk has asked for. Until it ends, that clerk reads with the purpose disaster.

    kumiai emergency approve 131016 4f0c1d2e3a5b6c7d --minutes 60 --as taro
    """
    with reporting(as_json):
        with _registry(code, party) as client:
            address = f"emergency-accesses/{identifier}/approval"
            done = client.post(address, json={"minutes": minutes}).raise_for_status().json()
        if as_json:
            show_json(done)
        else:
            say(f"Approved for {minutes} minutes.")


@contextmanager
def _registry(code: str, party: str) -> Iterator[httpx.Client]:
    """The registry, as a clerk reaches it, at the municipality's addresses."""
    owner = read_party(parse_code(code), party)
    with reach("resident-registry", owner) as client:
        client.base_url = client.base_url.join(f"/v1/{code}/")
        yield client
