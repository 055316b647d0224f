"""Joining, subscribing, and who is in the federation."""

import time
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from kumiai_contracts.identifiers import local_government_check_digit
from kumiai_contracts.topics import SERVICES
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from kumiai_cli.applied import replicas_to_complete, services_behind
from kumiai_cli.federation import Federation, find_federation, write_credentials
from kumiai_cli.outcome import REFUSED, USAGE, Failure, err, out, reporting, say, show_json, table_of

CHOICES = tuple(service for service in SERVICES if service != "membership")
PATIENCE_SECONDS = 60.0
Code = Annotated[str, typer.Argument(metavar="CODE", help="全国地方公共団体コード, six digits, such as 131016.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for machines instead of text.")]
Service = Annotated[str, typer.Argument(metavar="SERVICE", help=f"One of {', '.join(CHOICES)}.")]


def join(
    code: Code,
    services: Annotated[
        str, typer.Option(metavar="A,B", help=f"What it subscribes to, from {', '.join(CHOICES)}.")
    ] = "resident-registry",
    own: Annotated[
        str, typer.Option(metavar="A", help="A service whose record its own system keeps: resident-registry.")
    ] = "",
    name: Annotated[str, typer.Option(help="Its name, if the table of municipalities lacks it.")] = "",
    prefecture: Annotated[str, typer.Option(help="Its prefecture (都道府県), likewise.")] = "",
    acknowledgement_key: Annotated[
        str, typer.Option(help="The public key that will acknowledge what it takes along one day; see `leaving key`.")
    ] = "",
    as_json: Json = False,
) -> None:
    """A municipality joins: topics, rights, streams, and credentials for its own systems.

    Returns when every service it chose knows it, usually within ten seconds. The credentials are written to
    .local/credentials/CODE.json, readable by you alone; nobody can show them again.

      kumiai join 131016 --services resident-registry,taxation

      kumiai join 131016 --services taxation --own resident-registry
    """
    with reporting(as_json):
        kept_by_own = parse_services(own) if own else []
        chosen = parse_services(",".join((services, *kept_by_own)))
        body = {"municipality": parse_code(code), **_names(code, name, prefecture), "services": chosen}
        if kept_by_own:
            body["own"] = kept_by_own
        if acknowledgement_key:
            body["acknowledgement_key"] = acknowledgement_key
        federation = find_federation()
        begun = time.monotonic()
        with progress(as_json) as shown:
            task = shown.add_task(f"{body['name']} joins: topics, rights, credentials")
            with federation.operator("membership") as membership:
                joined = membership.post("/v1/members", json=body).raise_for_status().json()
            path = write_credentials(code, _credentials(federation, joined))
            wait_until_applied(federation, code, chosen, shown, task)
            wait_for_replicas(federation, code, chosen, shown, task)
        seconds = round(time.monotonic() - begun, 1)
        if as_json:
            show_json({"municipality": code, "services": chosen, "credentials": str(path), "seconds": seconds})
        else:
            say(f"{body['name']} ({code}) has joined: {', '.join(chosen)}; {seconds} s.")
            say(f"Credentials of its systems: {path}")


def members(as_json: Json = False) -> None:
    """Who is in the federation, and who subscribes to what.

    kumiai members
    kumiai members --json | jq '.members[].municipality'
    """
    with reporting(as_json):
        with find_federation().operator("membership") as membership:
            found = membership.get("/v1/members").raise_for_status().json()
        if as_json:
            show_json(found)
            return
        table = table_of("code", "municipality", *CHOICES, "joined")
        for member in found["members"]:
            kept = member["own"]
            marks = [
                "own system" if service in kept else _mark(member["subscriptions"].get(service)) for service in CHOICES
            ]
            name = f"{member['prefecture']} {member['name']}"
            table.add_row(member["municipality"], name, *marks, member["joined_at"][:10])
        out.print(table)
        if not found["members"]:
            say("Nobody has joined yet: kumiai join 131016 --services resident-registry,taxation")


def subscribe(code: Code, service: Service, as_json: Json = False) -> None:
    """A member subscribes to one more service. Repeating it changes nothing.

    Returns when the service takes notices: it first reads all that it needs of what was recorded before, and shows how
    far it is. Interrupting this interrupts nothing there, and notices that are sent meanwhile wait for it.

    kumiai subscribe 131016 taxation
    """
    with reporting(as_json):
        (chosen,) = parse_services(service)
        _change("POST", parse_code(code), chosen, as_json)


def unsubscribe(code: Code, service: Service, as_json: Json = False) -> None:
    """A member leaves one service: it may send no more notices to it, and keeps what is recorded.

    kumiai unsubscribe 131016 taxation
    """
    with reporting(as_json):
        (chosen,) = parse_services(service)
        _change("DELETE", parse_code(code), chosen, as_json)


def credentials(code: Code, as_json: Json = False) -> None:
    """Renew the credentials of a member's systems; the old ones end at once.

    kumiai credentials 131016
    """
    with reporting(as_json):
        federation = find_federation()
        with federation.operator("membership") as membership:
            address = f"/v1/members/{parse_code(code)}/credentials"
            renewed = membership.post(address).raise_for_status().json()
        path = write_credentials(code, _credentials(federation, renewed))
        if as_json:
            show_json({"municipality": code, "credentials": str(path)})
        else:
            say(f"New credentials of {code}: {path}")


def parse_code(code: str) -> str:
    """The code, if it can be one. Raises Failure."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        raise Failure(f"{code} is no municipality code; six digits are needed, such as 131016.", USAGE)
    if (digit := local_government_check_digit(code[:-1])) != code[-1]:
        raise Failure(f"{code} is not a municipality's code: its check digit should be {digit}.", USAGE)
    return code


def parse_services(text: str) -> list[str]:
    """Services from `a,b`, in the order of the federation. Raises Failure."""
    wanted = {part.strip() for part in text.split(",") if part.strip()}
    unknown = sorted(wanted - set(CHOICES))
    if unknown or not wanted:
        said = f"There is no service {', '.join(unknown)}" if unknown else "No service is named"
        raise Failure(f"{said}; choose from {', '.join(CHOICES)}.", USAGE)
    return [service for service in CHOICES if service in wanted]


def _names(code: str, name: str, prefecture: str) -> dict[str, str]:
    from kumiai_contracts.municipalities import municipalities

    known = municipalities().get(code)
    if known is None and not (name and prefecture):
        raise Failure(f"{code} is no municipality of the table; give --name and --prefecture if it is one.", USAGE)
    if known is not None and known.is_ward:
        raise Failure(f"{code} is {known.name}, a ward; its city joins.", USAGE)
    return {
        "name": name or (known.name if known else ""),
        "prefecture": prefecture or (known.prefecture if known else ""),
    }


def _credentials(federation: Federation, given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "services": federation.services, **federation.kafka}


def _change(method: str, code: str, service: str, as_json: bool) -> None:
    federation = find_federation()
    with progress(as_json) as shown:
        task = shown.add_task(f"{code} {service}")
        with federation.operator("membership") as membership:
            address = f"/v1/members/{code}/subscriptions/{service}"
            changed = membership.request(method, address).raise_for_status().json()
        wait_until_applied(federation, code, [service], shown, task)
        wait_for_replicas(federation, code, [service], shown, task)
    if as_json:
        show_json(changed)
    else:
        state = "subscribes to" if changed["active"] else "no longer subscribes to"
        out.print(
            f"{code} {state} {service}" + ("." if changed["changed"] else "; it was so already."), highlight=False
        )


def wait_until_applied(federation: Federation, code: str, services: Iterable[str], shown: Progress, task: Any) -> None:
    """Wait until these services have applied what membership recorded last. Raises Failure after a minute."""
    until = time.monotonic() + PATIENCE_SECONDS
    waiting = list(services)
    while waiting := services_behind(federation, code, waiting):
        shown.update(task, description=f"waiting for {', '.join(waiting)}")
        if time.monotonic() > until:
            raise Failure(f"Recorded, but {', '.join(waiting)} has not taken it over yet; see kumiai status.", REFUSED)
        time.sleep(0.2)


def wait_for_replicas(federation: Federation, code: str, services: Iterable[str], shown: Progress, task: Any) -> None:
    """Wait until these services take the member's notices; gives up only when nothing moves any more."""
    before: dict[str, tuple[int, int]] = {}
    until = time.monotonic() + PATIENCE_SECONDS
    while left := replicas_to_complete(federation, code, services):
        said = ", ".join(f"{service} reads {done:,} of {all_:,} events" for service, (done, all_) in left.items())
        shown.update(task, description=said)
        if left != before:
            before, until = left, time.monotonic() + PATIENCE_SECONDS
        if time.monotonic() > until:
            raise Failure(f"Recorded; notices wait, but it goes no further ({said}); see kumiai status.", REFUSED)
        time.sleep(0.2)


def progress(as_json: bool) -> Progress:
    """What is being waited for, on a terminal; nothing for machines."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=as_json or not err.is_terminal)


def counting(as_json: bool) -> Progress:
    """The same for work of which so many pieces are to be done, with the time left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True, disable=as_json or not err.is_terminal)


def _mark(active: bool | None) -> str:
    if active is None:
        return ""
    return "yes" if active else "left"
