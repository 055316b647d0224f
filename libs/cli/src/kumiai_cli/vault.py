"""The vault (保管庫) for people: its keys, and the part that a municipality takes along, for its own key alone."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from kumiai_cli import vault_part
from kumiai_cli.federation import find_federation, reach, read_party
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import USAGE, Failure, out, reporting, say, show_json, table_of

SERVICE = "national-id-linkage"
KINDS = ("data", "mark", "token")
EXPORT_SECONDS = 3600.0
app = typer.Typer(
    help="The vault, which holds 個人番号 (保管庫): its keys, and taking its part along.", no_args_is_help=True
)
Part = Annotated[Path, typer.Argument(metavar="PART", help="The vault's part, such as 131016-numbers.jsonl.")]
Key = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The municipality's own key, as `kumiai vault key` makes.")
]
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


@app.command()
def own_key(
    code: Code,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; kept by the municipality alone.")],
    as_json: Json = False,
) -> None:
    """Make a key (JWK, P-256) of the municipality's own, to take its numbers along with. Any JOSE library can, too.

    kumiai vault own-key 131016 own.jwk
    """
    with reporting(as_json):
        made = vault_part.new_key(parse_code(code))
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made_file:
            json.dump(made, made_file)
        if as_json:
            show_json({"kid": made["kid"], "file": str(file)})
        else:
            say(f"{file} holds the key {made['kid']}. Without it nobody opens what is encrypted to it.")


@app.command()
def export(
    code: Code,
    part: Part,
    own: Key,
    party: Annotated[str, typer.Option("--as", metavar="PARTY", help="A clerk of the member with the purpose export.")],
    as_json: Json = False,
) -> None:
    """Take the vault's part of a member along: every number, encrypted to its own key. Only the public half is sent.

    kumiai vault export 131016 131016-numbers.jsonl --key own.jwk --as hanako
    """
    with reporting(as_json):
        public = _own(own).as_dict(private=False)
        owner = read_party(parse_code(code), party)
        draft = part.with_name(f".{part.name}.{os.getpid()}")
        last = b""
        with (
            reach(SERVICE, owner) as client,
            client.stream(
                "POST", f"/v1/{code}/vault/export", params={"purpose": "export"}, json={"key": public},
                timeout=EXPORT_SECONDS,
            ) as answer,
            draft.open("wb") as file,
        ):  # fmt: skip
            for line in answer.iter_lines():
                last = line.encode()
                file.write(last + b"\n")
        found = json.loads(last or b"{}")
        if "count" not in found:
            draft.unlink()
            raise Failure("The answer was cut; nothing was kept. Export it again.")
        draft.replace(part)
        if as_json:
            show_json({"file": str(part), "numbers": found["count"]})
        else:
            say(f"{found['count']:,} numbers of {code} are in {part}, for {public['kid']} alone.")
            say(f"Prove it: kumiai vault open {part} --key {own} --bundle FOLDER")


@app.command("open")
def open_(
    part: Part,
    own: Key,
    bundle: Annotated[
        Path | None, typer.Option(help="The municipality's bundle, whose log has the commitments.")
    ] = None,
    clear: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the numbers here, in clear.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Open the vault's part with the municipality's own key and prove that it is whole. Needs no federation.

    kumiai vault open 131016-numbers.jsonl --key own.jwk --bundle ./131016

    kumiai vault open 131016-numbers.jsonl --key own.jwk --out numbers.csv
    """
    with reporting(as_json):
        try:
            with part.open("rb") as lines:
                municipality, numbers = vault_part.opened(lines, _own(own))
            if bundle is not None:
                vault_part.against(bundle, numbers)
        except vault_part.BadPart as error:
            raise Failure(f"{part}: {error}.") from None
        if clear is not None:
            vault_part.write(clear, numbers)
        current = sum(each.state == "current" for each in numbers)
        if as_json:
            proven = bundle is not None
            show_json({"municipality": municipality, "numbers": len(numbers), "current": current, "proven": proven})
        else:
            against = f"; the log of {bundle} knows exactly these" if bundle else ""
            say(f"{len(numbers):,} numbers of {municipality}, {current:,} of them current{against}.")


def _own(path: Path) -> Any:
    try:
        return vault_part.read_key(path)
    except vault_part.BadPart as error:
        raise Failure(f"{error}.", USAGE) from None
