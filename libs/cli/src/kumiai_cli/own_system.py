"""Whose system keeps a service's record: moving between a municipality's own system and the shared service."""

from typing import Annotated, Any

import typer

from kumiai_cli.federation import Federation, find_federation
from kumiai_cli.members import Code, Json, parse_code, progress, wait_for_replicas, wait_until_applied
from kumiai_cli.outcome import REFUSED, USAGE, Failure, reporting, say, show_json

POSSIBLE = ("resident-registry",)
"""The services whose record a municipality's own system can keep."""
OwnService = Annotated[str, typer.Argument(metavar="SERVICE", help=f"One of {', '.join(POSSIBLE)}.")]


def own(code: Code, service: OwnService = POSSIBLE[0], as_json: Json = False) -> None:
    """From now on a member's own system keeps the record, and hands it in as a feed. Repeating it changes nothing.

    The stream goes on where it is, and no reader notices. Let the own system read the stream to its end first, and send
    a snapshot before its first event: docs/integrators/own-registry.md. The answer names the next number of the feed.

      kumiai own 131016 resident-registry
    """
    with reporting(as_json):
        changed = _move("POST", parse_code(code), parse_own(service), as_json)
        if as_json:
            show_json(changed)
            return
        say(f"{code}'s own system keeps the record of {service}" + _whether(changed))
        say(f"The next number of its feed is {changed['feed']['next']}.")


def share(
    code: Code,
    service: OwnService = POSSIBLE[0],
    despite_divergence: Annotated[
        bool, typer.Option("--despite-divergence", help="Move although something of the feed is missing or differs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """From now on the shared service keeps a member's record again. Repeating it changes nothing.

    Refused while the own system's feed has diverged: what is missing would be missing for good.

      kumiai share 131016 resident-registry
    """
    with reporting(as_json):
        code, service = parse_code(code), parse_own(service)
        feed = _feed(find_federation(), code, service)
        if feed["own"] and (feed["missing"] or feed["differing"]) and not despite_divergence:
            raise Failure(
                f"{code}'s feed has diverged ({feed['missing']} numbers are missing, {feed['differing']} people "
                "differ). Have it mended first, or give --despite-divergence.",
                REFUSED,
            )
        changed = _move("DELETE", code, service, as_json)
        if as_json:
            show_json(changed)
        else:
            say(f"The shared {service} keeps the record of {code}" + _whether(changed))


def parse_own(service: str) -> str:
    """The service, if a municipality's own system can keep its record. Raises Failure."""
    if service not in POSSIBLE:
        raise Failure(f"A municipality's own system can keep the record of {', '.join(POSSIBLE)} alone.", USAGE)
    return service


def _move(method: str, code: str, service: str, as_json: bool) -> dict[str, Any]:
    federation = find_federation()
    with progress(as_json) as shown:
        task = shown.add_task(f"{code} {service}")
        with federation.operator("membership") as membership:
            address = f"/v1/members/{code}/own-systems/{service}"
            changed: dict[str, Any] = membership.request(method, address).raise_for_status().json()
        wait_until_applied(federation, code, [service], shown, task)
        wait_for_replicas(federation, code, [service], shown, task)
    return {**changed, "feed": _feed(federation, code, service)}


def _feed(federation: Federation, code: str, service: str) -> dict[str, Any]:
    with federation.operator(service) as client:
        found: dict[str, Any] = client.get(f"/v1/{code}/feed").raise_for_status().json()
        return found


def _whether(changed: dict[str, Any]) -> str:
    return "." if changed["changed"] else "; it was so already."
