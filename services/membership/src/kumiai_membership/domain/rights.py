"""What Kafka must hold for a municipality: topics and rights, derived from what is recorded and from nothing else.

Invariant: `wanted` is a subset of `possible`. So whatever is possible and not wanted can be taken away without asking
Kafka what it has, and the same call makes right whatever a crash left half done.

Every member has the topics of every service, subscribed or not: a notice that comes by HTTP to a service without a
subscription is answered with a receipt, and the receipt needs its topic.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Literal, NamedTuple

from kumiai_contracts.topics import FEDERATION, READS, STREAM_OF, events_topic, notices_topic, receipts_stream

MEMBERSHIP = "membership"
NOTICED = tuple(service for service in STREAM_OF if service != MEMBERSHIP)
"""The services that take notices."""
NOTICE_BYTES = 3 * 1024 * 1024
"""Three times our own limit, so that a notice that is too large gets our receipt instead of the broker's error."""
NOTICE_DAYS = 7
"""Notices hold addresses in clear and have been answered long before; a sender repeats what was not."""
_FOREVER = "-1"


class Action(StrEnum):
    """What a principal may do; reading and writing imply seeing that the topic is there."""

    READ = "read"
    WRITE = "write"


class Right(NamedTuple):
    """A literal rule for one topic, or a prefix rule for consumer groups."""

    principal: str
    action: Action
    resource: Literal["topic", "group"]
    name: str


def principal_of(municipality: str) -> str:
    """The SCRAM user of a municipality's systems."""
    return f"lg-{municipality}"


class Standing(NamedTuple):
    """What is recorded of a municipality, as far as Kafka goes by it."""

    subscriptions: Mapping[str, bool] = {}
    """Service → whether active; a missing one never was."""
    closing: frozenset[str] = frozenset()
    """Services that it is leaving, and to which it may write no more."""
    gone: frozenset[str] = frozenset()
    """Services that it has left, whose topics go."""
    left: bool = False
    """Whether it has left altogether."""


def topics(municipality: str, gone: frozenset[str] = frozenset()) -> dict[str, dict[str, str]]:
    """Every topic of a municipality with its settings, without those of the services that it has left.

    Events and receipts stay for ever: they are the municipality's own, and their last record is what tells a restored
    database that it lacks published events.
    """
    kept = {"cleanup.policy": "delete", "retention.ms": _FOREVER, "retention.bytes": _FOREVER}
    if municipality == FEDERATION:
        return {events_topic(municipality, STREAM_OF[MEMBERSHIP]): kept}
    passing = {
        "cleanup.policy": "delete",
        "retention.ms": str(NOTICE_DAYS * 24 * 60 * 60 * 1000),
        # A quiet topic's last segment would never become old enough to be deleted.
        "segment.ms": str(24 * 60 * 60 * 1000),
        "max.message.bytes": str(NOTICE_BYTES),
    }
    found = {events_topic(municipality, STREAM_OF[service]): kept for service in STREAM_OF if service not in gone}
    noticed = [service for service in NOTICED if service not in gone]
    found |= {events_topic(municipality, receipts_stream(service)): kept for service in noticed}
    return found | {notices_topic(municipality, service): passing for service in noticed}


def possible(municipality: str) -> frozenset[Right]:
    """Every right that could ever be given for a municipality."""
    return wanted(municipality, Standing(dict.fromkeys(NOTICED, True)))


def wanted(municipality: str, standing: Standing) -> frozenset[Right]:
    """The rights that follow from what is recorded of a municipality."""
    if standing.left:
        return frozenset()
    subscriptions = standing.subscriptions
    rights = {
        Right(f"svc-{service}", Action.READ, "topic", events_topic(municipality, STREAM_OF[MEMBERSHIP]))
        for service in STREAM_OF
    }
    rights.add(Right(f"svc-{MEMBERSHIP}", Action.WRITE, "topic", events_topic(municipality, STREAM_OF[MEMBERSHIP])))
    if municipality == FEDERATION:
        return frozenset(rights)
    writable = {service for service, active in subscriptions.items() if active and service not in standing.closing}
    there = topics(municipality, standing.gone)
    rights |= _of_services(municipality, subscriptions) | _of_systems(municipality, writable)
    return frozenset(right for right in rights if right.resource != "topic" or right.name in there)


def _of_services(municipality: str, subscriptions: Mapping[str, bool]) -> set[Right]:
    rights: set[Right] = set()
    for service in NOTICED:
        own = [events_topic(municipality, stream) for stream in (STREAM_OF[service], receipts_stream(service))]
        # An owner reads its own topics' last records at its start: they tell what it has published.
        rights |= {Right(f"svc-{service}", action, "topic", topic) for topic in own for action in Action}
        rights.add(Right(f"svc-{service}", Action.READ, "topic", notices_topic(municipality, service)))
        if subscriptions.get(service):
            # What a service that was left had published may still be read to its end.
            rights |= {
                Right(f"svc-{service}", Action.READ, "topic", events_topic(municipality, STREAM_OF[owner]))
                for owner in subscriptions
                if STREAM_OF[owner] in READS[service]
            }
    return rights


def _of_systems(municipality: str, writable: Collection[str]) -> set[Right]:
    principal = principal_of(municipality)
    own = [*STREAM_OF.values(), *map(receipts_stream, NOTICED)]
    rights = {Right(principal, Action.READ, "topic", events_topic(municipality, stream)) for stream in own}
    # The full stop at the end keeps lg.1310 from matching lg.13101.
    rights.add(Right(principal, Action.READ, "group", f"lg.{municipality}."))
    rights |= {Right(principal, Action.WRITE, "topic", notices_topic(municipality, service)) for service in writable}
    return rights
