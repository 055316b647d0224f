"""Completeness: every stream's head against everybody who reads it."""

from typing import Any, NamedTuple

import typer
from kumiai_contracts.topics import READS, STREAM_OF

from kumiai_cli.federation import Federation, find_federation
from kumiai_cli.members import Json
from kumiai_cli.outcome import REFUSED, out, reporting, show_json, table_of

OWN_SYSTEM = "own system"
"""Beside the readers of a stream: the municipality's own system that it is made from."""
GONE = ("erasing", "erased", "certified")
"""Whoever leaves altogether is read by nobody any more once erasure has begun."""


class Reading(NamedTuple):
    """How far one service has read one stream."""

    municipality: str
    stream: str
    head: int
    service: str
    position: int
    parked: int
    diverged: bool

    @property
    def complete(self) -> bool:
        """At the head, and nothing parked."""
        return self.position == self.head and not self.parked and not self.diverged


def status(as_json: Json = False) -> None:
    """Heads against readers: is everything that was recorded known to everybody who reads it?

    Exit code 0 if complete, 1 if not.

      kumiai status
      until kumiai status --json > /dev/null; do sleep 1; done
    """
    with reporting(as_json):
        readings = compare(find_federation())
        complete = all(reading.complete for reading in readings)
        if as_json:
            rows = [{**reading._asdict(), "complete": reading.complete} for reading in readings]
            show_json({"complete": complete, "readers": rows})
        else:
            _show(readings, complete)
        if not complete:
            raise typer.Exit(REFUSED)


def compare(federation: Federation) -> list[Reading]:
    """Every reader of every stream that has a subscriber for it."""
    with federation.operator("membership") as membership:
        listed = membership.get("/v1/members").raise_for_status().json()["members"]
    subscribed = {member["municipality"]: member["subscriptions"] for member in listed}
    leaving = {member["municipality"]: member["leaving"] for member in listed if member["leaving"]}
    # All readers first, then all heads: whoever is at its head then was there when its head was asked for.
    readers: dict[str, dict[str, Any]] = {}
    for service in STREAM_OF:
        with federation.operator(service) as client:
            readers[service] = client.get("/v1/readers").raise_for_status().json()
    found = []
    for (municipality, stream), head in sorted(_heads(federation).items()):
        for service, streams in READS.items():
            follows = stream == STREAM_OF["membership"] or subscribed.get(municipality, {}).get(service)
            follows = follows and not _has_ended(leaving.get(municipality), service, stream)
            if stream in streams and follows:
                found.append(_reading(readers[service], municipality, stream, head, service))
    return [*found, *_feeds(readers)]


def _feeds(readers: dict[str, dict[str, Any]]) -> list[Reading]:
    """Every own system's numbers, as if it were read: the highest seen against the last that was taken."""
    return [
        Reading(
            feed["municipality"],
            feed["stream"],
            feed["seen"],
            OWN_SYSTEM,
            feed["sequence"],
            0,
            feed["diverged"] is not None,
        )
        for answer in readers.values()
        for feed in answer.get("feeds", ())
    ]


def _has_ended(leave: dict[str, Any] | None, service: str, stream: str) -> bool:
    """Whether a service reads a stream no further, because the municipality leaves it, or is erased everywhere."""
    if leave is None:
        return False
    if stream == STREAM_OF["membership"]:
        return bool(leave["altogether"]) and leave["state"] in GONE
    return service in leave["services"] and leave["state"] not in ("requested", "closing")


def _heads(federation: Federation) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for service, stream in STREAM_OF.items():
        with federation.operator(service) as client:
            for head in client.get("/v1/heads", params={"stream": stream}).raise_for_status().json()["heads"]:
                found[head["municipality"], stream] = head["position"]
    return found


def _reading(answer: dict[str, Any], municipality: str, stream: str, head: int, service: str) -> Reading:
    def here(rows: list[dict[str, Any]]) -> dict[str, Any]:
        return next((row for row in rows if (row["municipality"], row["stream"]) == (municipality, stream)), {})

    reader, parked = here(answer["readers"]), here(answer["parked"])
    position = int(reader.get("position", 0))
    return Reading(
        municipality,
        stream,
        max(head, position),
        service,
        position,
        parked.get("count", 0),
        bool(reader.get("diverged")),
    )


def _show(readings: list[Reading], complete: bool) -> None:
    table = table_of("municipality", "stream", "head", "reader", "position", "behind", "parked", "")
    for reading in readings:
        behind = reading.head - reading.position
        state = "diverged" if reading.diverged else "" if reading.complete else "behind" if behind else "parked"
        table.add_row(
            reading.municipality,
            reading.stream,
            str(reading.head),
            reading.service,
            str(reading.position),
            str(behind or ""),
            str(reading.parked or ""),
            state,
            style="" if reading.complete else "yellow",
        )
    out.print(table)
    out.print("Complete." if complete else "Not complete.", style="green" if complete else "yellow")
