"""People and systems that may act for a municipality, or for the federation itself."""

import os
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kumiai_common.http.tokens import load_public_key, public_key_text
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.topics import FEDERATION

from kumiai_cli.federation import find_federation, local_folder
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import USAGE, Failure, reporting, say, show_json

app = typer.Typer(help="People and systems: who may act for a municipality.", no_args_is_help=True)
Party = Annotated[str, typer.Argument(metavar="PARTY", help="Its identifier: small letters, digits, . _ -")]


@app.command()
def add(
    code: Code,
    party: Party,
    role: Annotated[Role, typer.Option(help="clerk, system; operator for 000001.")] = Role.CLERK,
    purpose: Annotated[list[Purpose] | None, typer.Option(help="利用目的; may be given more than once.")] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="Its own public key (PEM). Without this a key pair is made for it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Register a person or system, or give it other rights.

    Without --public-key a pair is made, and the private key written to .local/credentials/CODE-PARTY.pem.

      kumiai party add 131016 hanako --role clerk --purpose taxation
      kumiai party add 000001 ichiro --role operator --public-key ichiro.pub.pem
    """
    with reporting(as_json):
        made: Ed25519PrivateKey | None = None
        if public_key is None:
            made = Ed25519PrivateKey.generate()
            text = public_key_text(made.public_key())
        else:
            text = _read(public_key)
        purposes = list(purpose or [])
        if parse_code(code) == FEDERATION and not purposes:
            purposes = [Purpose.OPERATION]
        kind = "system" if role is Role.SYSTEM else "person"
        body = {"kind": kind, "public_key": text, "roles": [role], "purposes": purposes}
        with find_federation().operator("membership") as membership:
            changed = membership.post(f"/v1/members/{code}/parties/{party}", json=body).raise_for_status().json()
        file = str(_keep(code, party, made)) if made else ""
        if as_json:
            show_json({**changed, "private_key_file": file})
        else:
            say(f"{party} may act for {code} as {role}.")
            if file:
                say(f"Its private key: {file}")


@app.command()
def revoke(code: Code, party: Party, as_json: Json = False) -> None:
    """Take all rights from a party; every service refuses it within seconds.

    kumiai party revoke 131016 hanako
    """
    with reporting(as_json):
        with find_federation().operator("membership") as membership:
            address = f"/v1/members/{parse_code(code)}/parties/{party}"
            changed = membership.delete(address).raise_for_status().json()
        if as_json:
            show_json(changed)
        else:
            said = "has no rights any more." if changed["changed"] else "had none any more."
            say(f"{party} of {code} {said}")


def _read(path: Path) -> str:
    try:
        return public_key_text(load_public_key(path))
    except (OSError, ValueError):
        raise Failure(f"{path} is no Ed25519 public key (PEM).", USAGE) from None


def _keep(code: str, party: str, key: Ed25519PrivateKey) -> Path:
    path = local_folder() / "credentials" / f"{code}-{party}.pem"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    path.unlink(missing_ok=True)
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return path
