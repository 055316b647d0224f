"""Which services have applied what membership recorded, and which still build replicas: heads against readers."""

from collections.abc import Iterable
from typing import Any

import httpx
from kumiai_contracts.topics import READS, SERVICE_OF, STREAM_OF

from kumiai_cli.federation import Federation

MEMBERSHIP = STREAM_OF["membership"]


def services_behind(federation: Federation, municipality: str, services: Iterable[str]) -> list[str]:
    """Those of the services that have yet to apply all that is recorded of a municipality."""
    with federation.operator("membership") as membership:
        heads = membership.get("/v1/heads", params={"stream": MEMBERSHIP}).raise_for_status().json()["heads"]
    position = next((head["position"] for head in heads if head["municipality"] == municipality), 0)
    return [service for service in services if _position(federation, service, municipality) < position]


def replicas_to_complete(
    federation: Federation, municipality: str, services: Iterable[str]
) -> dict[str, tuple[int, int]]:
    """Services whose intake waits for complete replicas: how many events they have applied, and of how many."""
    found = {}
    for service in services:
        with federation.operator(service) as client:
            answer = client.get("/v1/readers").raise_for_status().json()
        if any(held["municipality"] == municipality for held in answer["held"]):
            heads = [_head(federation, municipality, stream) for stream in READS[service]]
            applied = sum(row["position"] for row in answer["readers"] if row["municipality"] == municipality)
            found[service] = applied, max(sum(heads), applied)
    return found


def _head(federation: Federation, municipality: str, stream: str) -> int:
    with federation.operator(SERVICE_OF[stream]) as client:
        heads = client.get(f"/v1/{municipality}/heads").raise_for_status().json()["heads"]
    return next((int(head["position"]) for head in heads if head["stream"] == stream), 0)


def _position(federation: Federation, service: str, municipality: str) -> int:
    return reader_position(federation, service, municipality, MEMBERSHIP)


def reader_position(federation: Federation, service: str, municipality: str, stream: str) -> int:
    """How far a service has read a stream of a municipality; -1 while it knows nobody yet."""
    try:
        with federation.operator(service) as client:
            readers: list[dict[str, Any]] = client.get("/v1/readers").raise_for_status().json()["readers"]
    except httpx.HTTPStatusError as error:
        # Right after the start a service may not know the operator yet: that, too, is something to wait for.
        if error.response.status_code in (httpx.codes.FORBIDDEN, httpx.codes.SERVICE_UNAVAILABLE):
            return -1
        raise
    here = (reader for reader in readers if (reader["municipality"], reader["stream"]) == (municipality, stream))
    return next((int(reader["position"]) for reader in here), 0)
