"""Leaving: asking for it, watching it, and the municipality's own part in it."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kumiai_common.http.tokens import load_private_key, public_key_text
from kumiai_contracts.leaving import acknowledgement_statement, key_statement
from rich.console import Group
from rich.live import Live
from rich.text import Text

from kumiai_cli.federation import Federation, find_federation, read_credentials
from kumiai_cli.members import Code, Json, parse_code, parse_services
from kumiai_cli.outcome import REFUSED, USAGE, Failure, err, failure_of, out, reporting, say, show_json, table_of

LOOK_SECONDS = 0.5
STEPS = ("requested", "closing", "closed", "exported", "sealed", "verified", "erasing", "erased", "certified")
NEXT = {
    "closed": "Make the bundle (kumiai bundle export), then: kumiai leaving exported {code} FOLDER",
    "sealed": "The municipality verifies the bundle and signs: kumiai leaving acknowledge {code} FOLDER --key FILE",
    "verified": "Look at the plan (kumiai leave {code} --plan), then: kumiai leave {code} --erase",
    "certified": "The certificate: kumiai leaving certificate {code}",
    "cancelled": "Everything goes on as before.",
}
"""What a person does next, where the leave does not go on by itself."""
_WAITS_FOR_PEOPLE = frozenset(NEXT)
AsMember = Annotated[bool, typer.Option("--as-member", help="As the municipality's own system, by its credentials.")]
AsOperator = Annotated[bool, typer.Option("--as-operator", help="As the federation's operator, without credentials.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The bundle's folder.")]
KeyFile = Annotated[Path, typer.Option("--key", help="The municipality's own private key (PEM), which it never shows.")]

app = typer.Typer(help="The steps of a leave (脱退) that people take.", no_args_is_help=True)


def leave(
    code: Code,
    services: Annotated[str, typer.Option(metavar="A,B", help="Leave only these; without, the federation.")] = "",
    readers_days: Annotated[int, typer.Option(min=0, max=366, help="How long external readers have.")] = 14,
    plan: Annotated[bool, typer.Option("--plan", help="List what will be erased, and change nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show every step until a person has to act.")] = False,
    erase: Annotated[bool, typer.Option("--erase", help="Begin erasure. There is no way back.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before erasure.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Stay after all; possible until erasure begins.")] = False,
    as_member: AsMember = False,
    as_json: Json = False,
) -> None:
    """A member leaves some services, or the federation, and takes everything along.

    Nobody may write any more, the services empty their intakes and close one after the other. Then people act: the
    bundle is made and verified, and the municipality signs that it holds it. Only then can anything be erased.

    Repeating a step changes nothing; after an interruption it goes on where it stood.

      kumiai leave 131016 --services taxation --watch

      kumiai leave 131016 --plan

      kumiai leave 131016 --erase --watch

      kumiai leave 131016 --cancel

      kumiai leave 131016 --as-member --watch
    """
    with reporting(as_json):
        federation, address = find_federation(), f"/v1/members/{parse_code(code)}/leave"
        chosen = parse_services(services) if services else None
        if plan + erase + cancel > 1:
            raise Failure("Choose one of --plan, --erase and --cancel.", USAGE)
        if erase and as_json and not yes:
            raise Failure("With --json nobody is asked: add --yes.", USAGE)
        with _acting(federation, code, not as_member) as membership:
            if plan:
                _show_plan(_get(membership, address + "/plan", {"services": services}), as_json)
                return
            if erase:
                _confirm(membership, address, code, yes)
                shown = membership.post(address + "/erasure").raise_for_status().json()
            elif cancel:
                shown = membership.delete(address).raise_for_status().json()
            else:
                body = {"services": chosen, "readers_days": readers_days}
                shown = membership.post(address, json=body).raise_for_status().json()
            if watch:
                shown = _watch(membership, address, code, as_json)
        if as_json:
            show_json(shown)
        elif not watch:
            out.print(_picture(shown))
            say(_next(shown, code))


@app.command()
def show(
    code: Code,
    watch: Annotated[bool, typer.Option("--watch", help="Until a person has to act.")] = False,
    as_member: AsMember = False,
    as_json: Json = False,
) -> None:
    """How far a leave is.

    kumiai leaving show 131016 --watch
    """
    with reporting(as_json):
        address = f"/v1/members/{parse_code(code)}/leave"
        with _acting(find_federation(), code, not as_member) as membership:
            shown = _watch(membership, address, code, as_json) if watch else _get(membership, address)
        if as_json:
            show_json(shown)
        elif not watch:
            out.print(_picture(shown))
            say(_next(shown, code))


@app.command()
def key(
    code: Code,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key is, or is to be made.")],
    old: Annotated[
        Path | None, typer.Option("--old", help="The present private key, if another takes its place.")
    ] = None,
    register: Annotated[bool, typer.Option(help="Register it; without, only make it and show the public half.")] = True,
    as_json: Json = False,
) -> None:
    """The municipality makes and registers the key with which it will acknowledge its bundle. Keep it offline.

    Give the public half when joining (kumiai join --acknowledgement-key), and it may be used at once. A key that is
    registered later may be used after a time, so that nobody who got hold of the system's credentials can erase.

      kumiai leaving key 131016 ./acknowledgement.pem
    """
    with reporting(as_json):
        private = _made(file) if not file.exists() else _read_key(file)
        public = public_key_text(private.public_key())
        shown: dict[str, Any] = {"municipality": parse_code(code), "public_key": public}
        if register:
            signature = _read_key(old).sign(key_statement(code, public)).hex() if old else ""
            with find_federation().system("membership", read_credentials(code)) as membership:
                address = f"/v1/members/{code}/acknowledgement-key"
                body = {"public_key": public, "signature": signature}
                shown |= membership.post(address, json=body).raise_for_status().json()
        if as_json:
            show_json(shown)
        else:
            say(f"Private key, for the municipality alone: {file}")
            say(f"Public key: {public}")


@app.command()
def exported(code: Code, folder: Folder, as_operator: AsOperator = False, as_json: Json = False) -> None:
    """Say that a bundle was made: its identity, and that it stands where the streams closed. Membership seals it.

    kumiai leaving exported 131016 ./131016
    """
    with reporting(as_json):
        identity, heads = _manifest(folder)
        body = {"bundle_hash": identity, "heads": heads}
        with _acting(find_federation(), parse_code(code), as_operator) as membership:
            answer = membership.post(f"/v1/members/{code}/leave/bundle", json=body).raise_for_status().json()
        _said(answer, code, as_json)


@app.command()
def acknowledge(
    code: Code, folder: Folder, key_file: KeyFile, as_operator: AsOperator = False, as_json: Json = False
) -> None:
    """The municipality signs, with its own key, that it verified the bundle and holds it. Verify it first.

    kumiai bundle verify ./131016 --evidence ./evidence && kumiai leaving acknowledge 131016 ./131016 --key ./key.pem
    """
    with reporting(as_json):
        identity, _ = _manifest(folder)
        with _acting(find_federation(), parse_code(code), as_operator) as membership:
            number = (_get(membership, f"/v1/members/{code}/leave")["leave"] or {}).get("leave", 0)
            signature = load_private_key(key_file).sign(acknowledgement_statement(code, number, identity)).hex()
            body = {"bundle_hash": identity, "signature": signature}
            answer = membership.post(f"/v1/members/{code}/leave/acknowledgement", json=body).raise_for_status().json()
        _said(answer, code, as_json)


@app.command()
def certificate(code: Code, as_json: Json = False) -> None:
    """The certificate of erasure: what was erased, what remains and why, and until when backups may hold bytes.

    kumiai leaving certificate 131016 --json > certificate.json
    """
    with reporting(as_json):
        with find_federation().operator("membership") as membership:
            found = _get(membership, f"/v1/members/{parse_code(code)}/leave/certificate")
        if as_json:
            show_json(found)
            return
        said = found["certificate"]
        say(f"消去証明書 / Certificate of erasure: {code}, leave {said['leave']}, {said['issued_at']}")
        say(f"Bundle acknowledged by the municipality: {said['bundle_hash']}")
        table = table_of("place", "what", "erased")
        for row in found["erased"]:
            for item in row["erased"]:
                table.add_row(row["place"], item["what"], f"{item['count']:,}")
        out.print(table)
        for reader in found["leave"]["readers_behind"]:
            say(f"Not read to the end by {reader['group']}: {reader['topic']}, {reader['behind']} records")
        for item in said["remains"]:
            say(f"Remains: {item['what']}: {item['en']}")
        say(f"Backups and write-ahead logs: until {said['backups_until']}")
        say(f"Signed by membership (Ed25519): {said['signature']}")


def _acting(federation: Federation, code: str, as_operator: bool) -> Any:
    if as_operator:
        return federation.operator("membership")
    return federation.system("membership", read_credentials(code))


def _manifest(folder: Path) -> tuple[str, dict[str, tuple[int, int, str]]]:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        heads = {
            head["stream"]: (head["incarnation"], head["position"], head["hash"])
            for part in manifest["parts"]
            for head in part["heads"]
        }
        return manifest["identity"], heads
    except (OSError, ValueError, KeyError, TypeError):
        raise Failure(f"{folder} holds no bundle; make one with kumiai bundle export.", USAGE) from None


def _made(file: Path) -> Ed25519PrivateKey:
    private = Ed25519PrivateKey.generate()
    file.touch(mode=0o600, exist_ok=False)
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return private


def _get(client: httpx.Client, address: str, query: dict[str, str] | None = None) -> Any:
    return client.get(address, params=query).raise_for_status().json()


def _read_key(file: Path) -> Ed25519PrivateKey:
    try:
        return load_private_key(file)
    except ValueError:
        raise Failure(f"{file} is no Ed25519 private key (PEM, PKCS #8, without a password).", USAGE) from None


def _confirm(membership: httpx.Client, address: str, code: str, sure: bool) -> None:
    if sure:
        return
    if _get(membership, address)["leave"] is None:
        raise Failure(f"No leave of {code} is under way: nothing can be erased.", REFUSED)
    _show_plan(_get(membership, address + "/plan"), as_json=False)
    if not typer.confirm(f"Erase all of this of {code}? There is no way back"):
        raise Failure("Nothing was erased.", REFUSED)


def _watch(membership: httpx.Client, address: str, code: str, as_json: bool) -> Any:
    """Until a person has to act, or it is done. A federation that does not answer is asked again."""
    with Live(console=err, transient=not err.is_terminal, refresh_per_second=4) as live:
        while True:
            try:
                shown = _get(membership, address)
            except httpx.TransportError:
                live.update(Text("membership does not answer; the leave goes on by itself once it does"))
                time.sleep(LOOK_SECONDS)
                continue
            except httpx.HTTPStatusError as error:
                if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    raise Failure(str(failure_of(error.response)), REFUSED) from None
                time.sleep(LOOK_SECONDS)
                continue
            if not as_json:
                live.update(_picture(shown))
            if shown["leave"] is None or shown["leave"]["state"] in _WAITS_FOR_PEOPLE:
                break
            time.sleep(LOOK_SECONDS)
    if not as_json:
        say(_next(shown, code))
    return shown


def _picture(shown: Any) -> Group:
    leave = shown["leave"]
    if leave is None:
        return Group(Text("No leave."))
    about = "the federation" if leave["altogether"] else ", ".join(leave["services"])
    lines = [Text(f"{shown['municipality']} leaves {about} (no. {leave['leave']})")]
    if leave["state"] == "cancelled":
        return Group(*lines, Text("cancelled"))
    at = STEPS.index(leave["state"])
    closed = {row["service"]: f"{row['stream']} at {row['position']:,}" for row in shown["closed"]}
    erased = {row["place"]: f"{sum(item['count'] for item in row['erased']):,} erased" for row in shown["erased"]}
    for n, step in enumerate(STEPS):
        mark = "✓" if n < at or step == "certified" == leave["state"] else "▸" if n == at else " "
        lines.append(Text(f" {mark} {step}", style="bold" if n == at else ""))
        details = {"closing": closed, "erasing": erased}.get(step, {}) if n <= at else {}
        lines += [Text(f"     {name}: {what}") for name, what in details.items()]
        if n == at:
            lines += [
                Text(f"     {name}: waits {why}".rstrip(), style="yellow") for name, why in shown["waiting_for"].items()
            ]
    return Group(*lines)


def _next(shown: Any, code: str) -> str:
    if shown["leave"] is None:
        return f"To begin one: kumiai leave {code}"
    state = shown["leave"]["state"]
    return NEXT.get(state, f"It goes on by itself: kumiai leaving show {code} --watch").format(code=code)


def _said(shown: Any, code: str, as_json: bool) -> None:
    if as_json:
        show_json(shown)
    else:
        out.print(_picture(shown))
        say(_next(shown, code))


def _show_plan(plan: Any, as_json: bool) -> None:
    if as_json:
        show_json(plan)
        return
    table = table_of("place", "what", "will be erased")
    for place, items in plan["erases"].items():
        for what, count in items.items():
            table.add_row(place, what, f"{count:,}")
    out.print(table)
    if numbers := sum(items.get("vault_number", 0) for items in plan["erases"].values()):
        say(f"{numbers:,} 個人番号 end with it: have they been taken along? (kumiai vault export, vault open)")
    for item in plan["remains"]:
        say(f"Remains: {item['what']}: {item['en']}")
    for reader in plan["readers_behind"]:
        say(f"Behind: {reader['group']} has not read {reader['behind']} records of {reader['topic']}")
