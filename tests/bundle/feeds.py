"""A municipality's own registry at a place: it hands in what another municipality's shared registry records there."""

from itertools import count

from kumiai_contracts.envelope import NoticeEnvelope, StoredEvent
from kumiai_contracts.registry import parse_event
from kumiai_contracts.resident import ResidentEvent, ResidentRow, Status
from kumiai_contracts.resident_feed import FedMovement, FeedEventNotice, FeedNotice, FeedPart, snapshot

from benchmarks.town import Town
from tests.bundle.places import Headers, Place
from tests.support.operator import REGISTRY
from tests.support.own_registry import SEALED

Sent = tuple[Headers, bytes]


class Feed:
    """The own system's numbers, what it knows, and what it has told."""

    def __init__(self, here: dict[str, Place], municipality: str, twin: str, seed: int) -> None:
        """`twin` is the municipality whose registry stands for the own system's record."""
        self._registry = here[REGISTRY]
        self._municipality = municipality
        self._twin = twin
        self._town = Town(twin, seed)
        self._read = self._sequence = 0
        self._ids = count(1)
        self._told: set[str] = set()
        self._rows: dict[str, ResidentRow] = {}
        self._last: FeedEventNotice | None = None

    async def days(self, notices: int) -> list[Sent]:
        """So many of the twin's notices, and what the feed tells of them."""
        await self._registry.take(self._twin, self._town.records(notices))
        return [self._message(notice) for notice in await self._next()]

    async def amiss(self, kind: str) -> list[Sent]:
        """What goes wrong, or shows it."""
        match kind:
            case "gap":  # one comes too early, then all in order, under other ids
                await self._registry.take(self._twin, self._town.records(2))
                notices = await self._next()
                return [self._message(notice) for notice in (*notices[-1:], *notices)]
            case "used-number" if self._last is not None:
                return [self._message(self._last)]
        live = [row for row in self._rows.values() if row.status is Status.RESIDENT]
        return [self._message(snapshot(self._sequence, live))]

    def _message(self, notice: FeedNotice) -> Sent:
        envelope = NoticeEnvelope(f"f-{next(self._ids)}", "urn:test:own", notice.type, self._municipality)
        return envelope.headers(), notice.body()

    async def _next(self) -> list[FeedEventNotice]:
        events = await self._registry.log(self._twin, self._read)
        parts = await self._sealed()
        self._read += len(events)
        return [self._notice(event, parts) for event in events]

    def _notice(self, stored: StoredEvent, parts: dict[str, FeedPart]) -> FeedEventNotice:
        event = parse_event(stored.type, stored.body)
        assert isinstance(event, ResidentEvent), stored.type
        named = {getattr(row, name) for row in event.residents for name in SEALED if getattr(row, name)}
        new = sorted(named - self._told)
        self._told |= named
        self._sequence += 1
        residents = tuple(row.model_copy(update={"movement": ""}) for row in event.residents)
        self._rows.update({row.addressee_number: row for row in residents})
        self._last = FeedEventNotice(
            sequence=self._sequence,
            event_type=stored.type,
            event=FedMovement(residents=residents, households=event.households),
            parts=tuple(parts[commitment] for commitment in new),
        )
        return self._last

    async def _sealed(self) -> dict[str, FeedPart]:
        query = "select commitment, name, salt, part from sealed_part where municipality = $1"
        async with self._registry.database.transaction([self._twin]) as connection:
            return {
                found["commitment"]: FeedPart(name=found["name"], salt=found["salt"].hex(), part=found["part"].decode())
                for found in await connection.fetch(query, self._twin)
                if found["name"] in SEALED
            }
