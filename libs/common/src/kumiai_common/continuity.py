"""Continuity of a foreign stream: what a reader may apply, and when Kafka is not believed.

Invariant: an event is applied only if it stands at the next position and its hash follows from the one applied last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kumiai_contracts.chain import origin
from kumiai_contracts.envelope import StoredEvent


@dataclass(slots=True)
class ReaderPosition:
    """読取位置: how far a reader has applied a stream."""

    municipality: str
    stream: str
    incarnation: int
    position: int
    hash: bytes
    next_offset: int = 0
    """Kafka offset to go on from; a hint, the position is the truth."""
    diverged: str | None = None

    @classmethod
    def start(cls, municipality: str, stream: str) -> "ReaderPosition":
        """Before the first event of a stream."""
        return cls(municipality, stream, 1, 0, origin(municipality, stream, 1))


@dataclass(frozen=True, slots=True)
class Continuation:
    """What to do with a run of events."""

    apply: tuple[StoredEvent, ...]
    """These follow without a gap."""
    verdict: Literal["fits", "gap", "contradiction"]
    """`gap`: something is missing or doesn't fit after them. `contradiction`: at a position that was applied already,
    or next to it, stands another event than the chain allows."""


def continue_from(position: ReaderPosition, events: Sequence[StoredEvent]) -> Continuation:
    """Which of these events, in this order, may be applied after a position."""
    applying: list[StoredEvent] = []
    incarnation, at, hash_ = position.incarnation, position.position, position.hash
    for event in events:
        if event.municipality != position.municipality:
            return Continuation(tuple(applying), "contradiction")
        if event.position <= at:
            # A repeat. Of what stands exactly at the position the hash is known, so a rewritten past shows here.
            if event.position == at and event.hash != hash_:
                return Continuation(tuple(applying), "contradiction")
            continue
        if event.position != at + 1:
            return Continuation(tuple(applying), "gap")
        if event.incarnation < incarnation:
            return Continuation(tuple(applying), "contradiction")
        if event.expected_hash(incarnation, hash_) != event.hash:
            return Continuation(tuple(applying), "contradiction")
        applying.append(event)
        incarnation, at, hash_ = event.incarnation, event.position, event.hash
    return Continuation(tuple(applying), "fits")
