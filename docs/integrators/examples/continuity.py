"""Continuity: which events may be applied after a place in a stream. Pure, so that it can be tested without Kafka.

Invariant: an event is applied only if it stands at the next position and its hash follows from the one applied last.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kumiai_contracts.chain import origin
from kumiai_contracts.envelope import StoredEvent


class Place(NamedTuple):
    """How far a stream is applied. Incarnation, position and hash are the truth, the offset in Kafka is a hint."""

    incarnation: int
    position: int
    hash: bytes
    offset: int


def beginning(municipality: str, stream: str) -> Place:
    """The place before the first event."""
    return Place(1, 0, origin(municipality, stream, 1), 0)


def following(municipality: str, place: Place, events: Sequence[StoredEvent]) -> tuple[list[StoredEvent], bool]:
    """The events that go on from a place without a gap, repeats left out; and whether all of them fitted."""
    run: list[StoredEvent] = []
    for event in events:
        if event.position < place.position or (event.position, event.hash) == (place.position, place.hash):
            continue
        is_next = event.position == place.position + 1 and event.incarnation - place.incarnation in (0, 1)
        follows = event.hash == event.expected_hash(place.incarnation, place.hash)
        if event.municipality != municipality or not is_next or not follows:
            return run, False
        run.append(event)
        place = Place(event.incarnation, event.position, event.hash, place.offset)
    return run, True
