"""Unsent (未送信): what this process appended and Kafka has not acknowledged yet: the relay need not read it again.

Invariant: what is handed out of a stream goes on, without a gap, behind a position that Kafka has acknowledged. Where
that isn't certain nothing is handed out, and the relay reads the log.
"""

from collections.abc import Callable, Iterable, Mapping

from kumiai_contracts.envelope import StoredEvent

from kumiai_common.log import StreamKey

MOST_EVENTS = 8_000
"""Beyond it everything is let go: whoever is so far behind reads pages from the log."""

EVENTS_A_STREAM = 500
"""The most of one stream at once, so that nobody's backlog keeps the others waiting."""


class Unsent:
    """The last consecutive events of each stream, as they were committed."""

    def __init__(self) -> None:
        self._runs: dict[StreamKey, list[StoredEvent]] = {}
        self._acknowledged: dict[StreamKey, int] = {}
        self._count = 0

    def add(self, events: Iterable[StoredEvent]) -> None:
        """Note committed events."""
        for event in events:
            key = (event.municipality, event.stream)
            run = self._runs.setdefault(key, [])
            if run and event.position != run[-1].position + 1:
                # Another process appended, or commits of one moment are told of in another order.
                self._count -= len(run)
                run.clear()
                self._acknowledged.pop(key, None)
            run.append(event)
            self._count += 1
        if self._count > MOST_EVENTS:
            self._let_go()

    def acknowledged(self, positions: Mapping[StreamKey, int]) -> None:
        """Note up to where Kafka has streams."""
        self._acknowledged |= positions
        for key, position in positions.items():
            run = self._runs.get(key, [])
            sent = min(position - run[0].position + 1, len(run)) if run else 0
            if sent > 0:
                del run[:sent]
                self._count -= sent
            if not run:
                self._runs.pop(key, None)

    def behind(self, key: StreamKey, position: int) -> list[StoredEvent]:
        """What comes first behind a position that Kafka has acknowledged; nothing where that is not at hand."""
        run = self._runs.get(key, [])
        return run[:EVENTS_A_STREAM] if run and run[0].position == position + 1 else []

    def following(self, wanted: Callable[[StreamKey], bool]) -> dict[StreamKey, list[StoredEvent]] | None:
        """What is to be sent next of the wanted streams; None if the log has to say, for one of them at least."""
        found = {key: self.behind(key, self._acknowledged.get(key, -1)) for key in self._runs if wanted(key)}
        return found if all(found.values()) else None

    def forget(self) -> None:
        """Be certain of nothing: somebody else may have gone on."""
        self._let_go()
        self._acknowledged.clear()

    def _let_go(self) -> None:
        self._runs.clear()
        self._count = 0
