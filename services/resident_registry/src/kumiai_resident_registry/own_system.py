"""A municipality's own registry, hosted (自団体システム): loads what its feed's rules look at, keeps where it stands.

Invariant: what was decided about a feed and the place that it leads to commit in one transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kumiai_common.database import Connection
from kumiai_common.protocol import FeedStanding, State
from kumiai_common.tables import from_record
from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.resident import ResidentRow
from kumiai_contracts.resident_feed import SNAPSHOT_MOST, FeedEventNotice, FeedNotice, FeedSnapshotNotice

from kumiai_resident_registry.domain import feed, feed_contents
from kumiai_resident_registry.domain.feed import Compared, Noted, Place
from kumiai_resident_registry.domain.record import Record
from kumiai_resident_registry.domain.refusals import refused
from kumiai_resident_registry.domain.refusals_feed import feed_refusal
from kumiai_resident_registry.named_queries import QUERIES


@dataclass(slots=True)
class Hosted:
    """A municipality whose own system keeps the record: the record, and how it stands to the system's numbers."""

    record: Record
    place: Place
    known: dict[str, str] = field(default_factory=dict)
    """The names of the parts that are there, by commitment, as far as the notices name them."""

    def apply(self, event: Event) -> None:
        """Evolve: take over the rows of an event."""
        self.record.apply(event)

    def decide(self, notice: Notice, context: Context) -> Decision:
        """What follows from a notice; the place moves on with it, whatever the answer."""
        if not isinstance(notice, FeedNotice):
            return refused([feed_refusal("own-system-keeps-record")])
        decision, self.place = feed.decide(self.place, self.record.residents, self.known, notice, context)
        if isinstance(decision, Accepted):
            self.known.update({part.commitment: part.name for part in decision.sealed})
        return decision


async def hosted(
    connection: Connection, notices: Mapping[str, Sequence[Notice]], records: Mapping[str, Record]
) -> dict[str, Hosted]:
    """Those of these municipalities whose own system keeps the record, with what its feed needs."""
    found = {
        record["municipality"]: Hosted(records[record["municipality"]], Place(record["sequence"], record["seen"]))
        for record in await QUERIES.own_feeds(connection, municipalities=list(notices))
    }
    wanted = {m: [notice for notice in notices[m] if isinstance(notice, FeedNotice)] for m in found}
    for municipality, sealed in (await _known(connection, wanted)).items():
        found[municipality].known.update(sealed)
    for municipality, asked in wanted.items():
        for notice in asked:
            if isinstance(notice, FeedSnapshotNotice):
                rows = await _live_between(connection, municipality, notice)
                found[municipality].record.residents.know_people(rows)
    return found


async def keep(connection: Connection, states: Collection[tuple[str, State]]) -> None:
    """Write where the feeds stand now, and what has diverged or is mended; never commits."""
    for municipality, state in states:
        if not isinstance(state, Hosted):
            continue
        place = state.place
        await QUERIES.save_own_feed(connection, municipality=municipality, sequence=place.sequence, seen=place.seen)
        for change in place.changes:
            await _keep_change(connection, municipality, change)


async def standings(connection: Connection, municipalities: Sequence[str]) -> list[FeedStanding]:
    """How the registry stands to each own system that keeps the record of one of these municipalities."""
    fed = await QUERIES.standing_feeds(connection, municipalities=list(municipalities))
    differing = await QUERIES.divergence_counts(connection, municipalities=[record["municipality"] for record in fed])
    people = {record["municipality"]: record["people"] for record in differing}
    return [FeedStanding(**record, diverged_keys=people.get(record["municipality"], 0)) for record in fed]


async def _keep_change(connection: Connection, municipality: str, change: Noted | Compared) -> None:
    if isinstance(change, Noted):
        codes = dict.fromkeys(sorted(change.people), change.code)
    else:
        codes = dict(change.differing)
        await QUERIES.mend_divergences(connection, municipality=municipality, first=change.first, last=change.last)
    if codes:
        await QUERIES.note_divergences(
            connection,
            municipality=municipality,
            keys=list(codes),
            sequences=[change.sequence] * len(codes),
            codes=list(codes.values()),
        )


async def _known(connection: Connection, wanted: Mapping[str, Sequence[FeedNotice]]) -> dict[str, dict[str, str]]:
    pairs = sorted(
        {
            (municipality, sealed)
            for municipality, notices in wanted.items()
            for notice in notices
            if isinstance(notice, FeedEventNotice)
            for sealed in feed_contents.commitments(notice)
        }
    )
    found: dict[str, dict[str, str]] = defaultdict(dict)
    if pairs:
        municipalities, sealed = zip(*pairs, strict=True)
        records = await QUERIES.known_commitments(connection, municipalities=municipalities, numbers=sealed)
        for record in records:
            found[record["municipality"]][record["commitment"]] = record["name"]
    return found


async def _live_between(connection: Connection, municipality: str, notice: FeedSnapshotNotice) -> list[ResidentRow]:
    records = await QUERIES.live_between(
        connection, municipality=municipality, first=notice.first, last=notice.last, limit=SNAPSHOT_MOST + 1
    )
    return [from_record(ResidentRow, record) for record in records]
