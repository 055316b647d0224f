"""Names of services, streams and topics. A topic has one partition: Kafka's order is the stream's order."""

from typing import NamedTuple

STREAM_OF = {
    "membership": "membership",
    "resident-registry": "resident",
    "taxation": "taxation",
    "national-id-linkage": "linkage",
}
"""The stream of domain events that each service owns."""

SERVICES = tuple(STREAM_OF)
SERVICE_OF = {stream: service for service, stream in STREAM_OF.items()}
READS = {
    "membership": (),
    "resident-registry": ("membership",),
    "taxation": ("membership", "resident"),
    "national-id-linkage": ("membership", "resident", "taxation"),
}
"""The foreign streams that each service reads, in the direction of the data."""

FEDERATION = "000001"
"""The federation's own organisation (組合), as the municipality code of its operators' membership stream."""

_RECEIPTS = "-receipts"


class Topic(NamedTuple):
    """A topic taken apart: `kind` is `notices` or `events`; a receipts stream is a stream like any other."""

    municipality: str
    kind: str
    name: str
    """The service of a notices topic, the stream of an events topic."""


def receipts_stream(service: str) -> str:
    """The stream of the receipts that a service gives."""
    return service + _RECEIPTS


def owner_of(stream: str) -> str:
    """The service that writes a stream."""
    return stream.removesuffix(_RECEIPTS) if stream.endswith(_RECEIPTS) else SERVICE_OF[stream]


def notices_topic(municipality: str, service: str) -> str:
    """Where a municipality's systems write their notices to a service."""
    return f"lg.{municipality}.{service}.notices"


def events_topic(municipality: str, stream: str) -> str:
    """Where a stream is fanned out; receipts streams end in `.receipts`."""
    if stream.endswith(_RECEIPTS):
        return f"lg.{municipality}.{stream.removesuffix(_RECEIPTS)}.receipts"
    return f"lg.{municipality}.{stream}.events"


def parse_topic(topic: str) -> Topic:
    """Take a topic's name apart. Raises ValueError for a name that is none of ours."""
    match topic.split("."):
        case ["lg", municipality, service, "notices"] if service in STREAM_OF:
            return Topic(municipality, "notices", service)
        case ["lg", municipality, service, "receipts"] if service in STREAM_OF:
            return Topic(municipality, "events", receipts_stream(service))
        case ["lg", municipality, stream, "events"] if stream in SERVICE_OF:
            return Topic(municipality, "events", stream)
    raise ValueError(f"{topic} is not a topic of the federation")
