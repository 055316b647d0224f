"""The feed (異動データ連携) of a municipality's own registry: which number comes next, and what follows from it.

Invariant: events stand in the stream in the order of their numbers, and none stands there that does not follow from the
state. What was refused is remembered as diverged until it has been put right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.resident_feed import FeedEventNotice, FeedNotice, FeedProtectionNotice, FeedSnapshotNotice

from kumiai_resident_registry.domain import feed_contents, feed_snapshot
from kumiai_resident_registry.domain.feed_contradictions import contradictions, strangers
from kumiai_resident_registry.domain.refusals import refused
from kumiai_resident_registry.domain.refusals_feed import feed_refusal
from kumiai_resident_registry.domain.state import RegistryState

Fed = FeedEventNotice | FeedProtectionNotice


@dataclass(frozen=True, slots=True)
class Noted:
    """不整合: about these people sender and registry part from this number on."""

    people: frozenset[str]
    sequence: int
    code: str


@dataclass(frozen=True, slots=True)
class Compared:
    """照合: of this range of people these differ, and nobody else."""

    first: str
    last: str
    sequence: int
    differing: Mapping[str, str]
    """宛名番号 → the code of the difference."""


@dataclass(frozen=True, slots=True)
class Place:
    """連番の位置: how the registry stands to an own system's numbers."""

    sequence: int = 0
    """The last number that was used up."""
    seen: int = 0
    """The highest number ever seen; beyond `sequence` something is missing."""
    changes: tuple[Noted | Compared, ...] = ()
    """What has diverged or was compared since the place was loaded, in order."""

    @property
    def next(self) -> int:
        """The number that comes next."""
        return self.sequence + 1

    def saw(self, sequence: int) -> "Place":
        """A number came that can't be used yet."""
        return replace(self, seen=max(self.seen, sequence))

    def used(self, *changes: Noted) -> "Place":
        """The next number is used up."""
        return replace(self, sequence=self.next, seen=max(self.seen, self.next), changes=(*self.changes, *changes))

    def noting(self, change: Noted | Compared) -> "Place":
        """Something diverged, or was compared, without using up a number."""
        return replace(self, changes=(*self.changes, change))


def decide(
    place: Place, state: RegistryState, known: Mapping[str, str], notice: FeedNotice, context: Context
) -> tuple[Decision, Place]:
    """What follows from a notice of the feed, and the place afterwards.

    `known` are the names of the parts that are there, by commitment, as far as the notice names them. Raises
    TypeError for a kind of notice that has no rule.
    """
    match notice:
        case FeedSnapshotNotice():
            return _compare(place, state, notice)
        case FeedEventNotice() | FeedProtectionNotice() if notice.sequence == place.next:
            return _take(place, state, known, notice, context)
        case FeedEventNotice() | FeedProtectionNotice() if notice.sequence > place.next:
            return refused([feed_refusal("feed-gap", "/sequence", next=place.next)]), place.saw(notice.sequence)
        case FeedEventNotice() | FeedProtectionNotice():
            used = Noted(people_of(notice), notice.sequence, "feed-number-used")
            return refused([feed_refusal("feed-number-used", "/sequence", next=place.next)]), place.noting(used)
    raise TypeError(f"{notice.type} has no rule")


def people_of(notice: Fed) -> frozenset[str]:
    """宛名番号 of everybody whom a notice is about."""
    rows = notice.event.residents if isinstance(notice, FeedEventNotice) else notice.protections
    return frozenset(row.addressee_number for row in rows)


def households_of(notice: FeedEventNotice) -> frozenset[str]:
    """世帯番号 of every household that a notice names."""
    numbers = {row.household_number for row in notice.event.residents}
    return frozenset(numbers.union(household.household_number for household in notice.event.households))


def _take(
    place: Place, state: RegistryState, known: Mapping[str, str], notice: Fed, context: Context
) -> tuple[Decision, Place]:
    if faults := list(feed_contents.faults(notice, known)):
        return refused(faults), place.saw(notice.sequence)
    event = feed_contents.event_of(notice, context.cause)
    found = list(
        contradictions(state, notice.event) if isinstance(notice, FeedEventNotice) else strangers(state, notice)
    )
    if found:
        return refused(found), place.used(Noted(people_of(notice), notice.sequence, found[0].code))
    return Accepted((event,), feed_contents.new_parts(notice, known)), place.used()


def _compare(place: Place, state: RegistryState, notice: FeedSnapshotNotice) -> tuple[Decision, Place]:
    if not feed_snapshot.holds(notice):
        return refused([feed_refusal("snapshot-malformed")]), place
    if notice.sequence != place.sequence:
        return refused([feed_refusal("snapshot-not-at-number", "/sequence", now=place.sequence)]), place.saw(
            notice.sequence
        )
    differing = feed_snapshot.differences(state, notice)
    if differing is None:
        return refused([feed_refusal("snapshot-range-too-wide", "/last")]), place
    compared = Compared(notice.first, notice.last, notice.sequence, differing)
    if differing:
        return refused(feed_snapshot.reasons(differing)), place.noting(compared)
    # The sender's last number is this one: whatever came beyond it was a mistake.
    return Accepted(()), replace(place.noting(compared), seen=place.sequence)
