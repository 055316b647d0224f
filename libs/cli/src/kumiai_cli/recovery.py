"""Recovering: tables made anew from their log, and what a service has put aside (保留)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Annotated, Any, Literal

import httpx
import typer
from kumiai_contracts.topics import READS, SERVICES, STREAM_OF

from kumiai_cli.federation import Federation, find_federation, reach, read_acting
from kumiai_cli.members import Code, Json, counting, parse_code, progress
from kumiai_cli.outcome import REFUSED, USAGE, Failure, failure_of, out, reporting, say, show_json, table_of

REBUILD_SECONDS = 3600.0
parked = typer.Typer(help="Events whose effect a service has put aside (保留).", no_args_is_help=True)
ALL = "all"
REBUILT_AT_ONCE = 3
"""More don't make it faster: the service folds on one core, while the producer and the database use others."""
CodeOrAll = Annotated[str, typer.Argument(metavar="CODE|all", help="全国地方公共団体コード, or every member's: all.")]
AnyService = Annotated[str, typer.Argument(metavar="SERVICE", help=f"One of {', '.join(SERVICES)}.")]
Stream = Annotated[str, typer.Argument(metavar="STREAM", help="The service's own stream, or one that it reads.")]
ReadStream = Annotated[str, typer.Argument(metavar="STREAM", help="The stream that the parked event stands in.")]
Position = Annotated[int, typer.Argument(metavar="POSITION", min=1, help="Its position in that stream.")]


def rebuild(code: CodeOrAll, service: AnyService, stream: Stream, as_json: Json = False) -> None:
    """Make a service's tables of a stream anew from the log, in one transaction; ends a reader's divergence.

    Changes nothing if the log contradicts itself, or if it can't be read to its end. `all` does it for every member
    that subscribes to the service, some at a time; one that fails is named at the end and stops no other.

      kumiai rebuild 131016 taxation resident
      kumiai rebuild 131016 resident-registry resident
      kumiai rebuild all taxation resident
    """
    with reporting(as_json):
        chosen = _parse_stream(service, stream, own=True)
        if code == ALL:
            _rebuild_all(service, chosen, as_json)
            return
        with progress(as_json) as shown, find_federation().operator(service) as client:
            shown.add_task(f"{service} folds {code}/{stream} anew")
            done = _rebuilt(client, _member(code), chosen)
        if as_json:
            show_json(done)
        else:
            same = done["hash_before"] == done["hash_after"]
            say(f"{done['events']} events in {done['seconds']:.1f} s, up to position {done['position']}.")
            say("The tables are the same as before." if same else "The tables were different and are mended.")


def _rebuild_all(service: str, stream: str, as_json: bool) -> None:
    federation = find_federation()
    codes = _subscribers(federation, service)
    done: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}

    def one(code: str) -> None:
        try:
            done[code] = _rebuilt(client, code, stream)
        except httpx.HTTPStatusError as error:
            failed[code] = str(failure_of(error.response))
        except httpx.TransportError:
            failed[code] = f"{service} does not answer"

    with (
        counting(as_json) as shown,
        federation.operator(service) as client,
        ThreadPoolExecutor(REBUILT_AT_ONCE) as pool,
    ):
        task = shown.add_task(f"{service} folds {stream} anew", total=len(codes))
        for _ in pool.map(one, codes):
            shown.advance(task)
    mended = sorted(code for code, each in done.items() if each["hash_before"] != each["hash_after"])
    events = sum(each["events"] for each in done.values())
    if as_json:
        show_json({"rebuilt": len(done), "events": events, "mended": mended, "failed": dict(sorted(failed.items()))})
    else:
        say(f"{len(done)} of {len(codes)} members, {events} events.")
        say(f"The tables were different and are mended: {', '.join(mended)}." if mended else "All are as before.")
        for code, why in sorted(failed.items()):
            say(f"{code}: {why}")
    if failed:
        raise typer.Exit(REFUSED)


def _members(federation: Federation) -> list[dict[str, Any]]:
    with federation.operator("membership") as membership:
        return list(membership.get("/v1/members").raise_for_status().json()["members"])


def _member(code: str) -> str:
    """The code, if it is a member's: of others there is no log to read, however often it is tried."""
    if parse_code(code) not in {member["municipality"] for member in _members(find_federation())}:
        raise Failure(f"{code} is no member: kumiai members", REFUSED)
    return code


def _rebuilt(client: httpx.Client, code: str, stream: str) -> dict[str, Any]:
    answer = client.post(f"/v1/{code}/rebuild/{stream}", timeout=REBUILD_SECONDS).raise_for_status().json()
    return dict(answer)


def _subscribers(federation: Federation, service: str) -> list[str]:
    return [
        m["municipality"] for m in _members(federation) if service == "membership" or m["subscriptions"].get(service)
    ]


@parked.command("list")
def list_(
    code: Code,
    service: AnyService,
    party: Annotated[str, typer.Option("--as", metavar="PARTY", help="A clerk of the member, with its own key.")] = "",
    operator: Annotated[
        bool, typer.Option("--operator", help="With the operator's key: whom it concerns stays hidden.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What a service has put aside of a member's events, oldest first. Needs the credentials that joining wrote.

    kumiai parked list 131016 taxation

    kumiai parked list 131016 taxation --as hanako

    kumiai parked list 131016 taxation --operator
    """
    with reporting(as_json):
        _parse_service(service)
        with progress(as_json) as shown, _reader(parse_code(code), service, party, operator) as client:
            shown.add_task(f"asking {service}")
            found = client.get(f"/v1/{code}/parked").raise_for_status().json()
        if as_json:
            show_json(found)
            return
        table = table_of("stream", "position", "keys", "failure")
        for row in found["parked"]:
            table.add_row(row["stream"], str(row["position"]), ", ".join(row.get("keys", ["–"])), row["error"])
        out.print(table)


@parked.command()
def retry(code: Code, service: AnyService, stream: ReadStream, position: Position, as_json: Json = False) -> None:
    """Have a parked event's effect applied now, after what made it fail was mended. Oldest of a key first.

    kumiai parked retry 131016 taxation resident 4711
    """
    _settle(code, service, stream, position, "retry", as_json)


@parked.command()
def skip(code: Code, service: AnyService, stream: ReadStream, position: Position, as_json: Json = False) -> None:
    """Leave a parked event's effect out for good. It can't be taken back. Oldest of a key first.

    kumiai parked skip 131016 taxation resident 4711
    """
    _settle(code, service, stream, position, "skip", as_json)


def _reader(code: str, service: str, party: str, operator: bool) -> AbstractContextManager[httpx.Client]:
    if operator:
        return find_federation().operator(service)
    return reach(service, read_acting(code, party))


def _settle(code: str, service: str, stream: str, position: int, how: Literal["retry", "skip"], as_json: bool) -> None:
    with reporting(as_json):
        chosen = _parse_stream(service, stream, own=False)
        with find_federation().operator(service) as client:
            address = f"/v1/{parse_code(code)}/parked/{chosen}/{position}/{how}"
            settled = client.post(address).raise_for_status().json()
        if as_json:
            show_json(settled)
        else:
            say(f"{code}/{stream} position {position}: {settled['state']}.")


def _parse_service(service: str) -> None:
    if service not in SERVICES:
        raise Failure(f"There is no service {service}; choose from {', '.join(SERVICES)}.", USAGE)


def _parse_stream(service: str, stream: str, *, own: bool) -> str:
    _parse_service(service)
    streams = (*READS[service], *([STREAM_OF[service]] if own else []))
    if stream not in streams:
        raise Failure(f"{service} has no tables of {stream}; choose from {', '.join(streams) or 'none'}.", USAGE)
    return stream
