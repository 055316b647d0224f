"""The vault's keys (保管庫の鍵): which versions are in use, and new ones put to use. Nothing about people."""

from typing import Annotated, Any

import typer

from kumiai_cli.federation import find_federation
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import USAGE, Failure, out, reporting, say, show_json, table_of

SERVICE = "national-id-linkage"
KINDS = ("data", "mark", "token")
app = typer.Typer(help="The keys of the vault, which holds 個人番号 (保管庫の鍵).", no_args_is_help=True)
Kinds = Annotated[
    list[str], typer.Option("--kind", help="data, mark or token; may be given several times. Default: data and mark.")
]


@app.command()
def keys(code: Code, as_json: Json = False) -> None:
    """A member's keys: kind, version, what wraps them, and how many numbers are under each.

    Two versions of data or mark: a rotation goes on. The older one ends when no number is under it any more.

      kumiai vault keys 131016
    """
    with reporting(as_json):
        with find_federation().operator(SERVICE) as client:
            found: dict[str, Any] = client.get(f"/v1/{parse_code(code)}/vault/keys").raise_for_status().json()
        if as_json:
            show_json(found)
            return
        if not found["keys"]:
            say(f"{code} has no keys yet: its first number makes them.")
            return
        table = table_of("kind", "version", "since", "wrapped by", "numbers")
        for key in found["keys"]:
            numbers = "" if key["numbers"] is None else str(key["numbers"])
            table.add_row(key["kind"], str(key["version"]), key["created_at"], key["wrapped_by"], numbers)
        out.print(table)


@app.command()
def rotate(code: Code, kinds: Kinds = ["data", "mark"], as_json: Json = False) -> None:  # noqa: B006 - typer's default
    """Put new versions of a member's keys to use; its numbers are encrypted anew in the background.

    Nothing stops meanwhile, and it goes on after a crash. After `--kind token`, tokens that other services hold match
    no new one: only after a token key was exposed.

      kumiai vault rotate 131016
    """
    with reporting(as_json):
        if not set(kinds) <= set(KINDS):
            raise Failure(f"--kind is one of {', '.join(KINDS)}.", USAGE)
        with find_federation().operator(SERVICE) as client:
            address = f"/v1/{parse_code(code)}/vault/key-rotations"
            made: dict[str, Any] = client.post(address, json={"kinds": kinds}).raise_for_status().json()
        if as_json:
            show_json(made)
            return
        for key in made["keys"]:
            say(f"{key['kind']}: version {key['version']} is in use.")
        say(f"kumiai vault keys {code} shows how many numbers are still under the older ones.")
