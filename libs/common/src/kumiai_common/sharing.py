"""Which topics each lane reads (割当): those that exist, of the municipalities that this worker holds by its leases.

Invariant: no lane reads a topic of a municipality that the worker has heard it no longer holds. Two workers that both
believe they hold one do no harm: the database takes what comes after its own place, and nothing twice.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate

import structlog
from aiokafka.errors import KafkaError
from kumiai_contracts.topics import READS, events_topic, notices_topic

from kumiai_common.database import TRANSIENT
from kumiai_common.lane import Lane, lane_of
from kumiai_common.places import Places, topic_of
from kumiai_common.scout import Scout

_LOG = structlog.get_logger()
LOOKS_AFTER_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""When a municipality's topics are looked for, each after the one before: they are made after the word of joining."""
ALL_SECONDS = 60.0
"""How often all topics are looked for: some may have come or gone without a word of membership's."""
AGAIN_SECONDS = 0.5
"""When it is tried again after a failure, and for a topic that a lane's broker doesn't know yet."""


class Sharing:
    """Gives the lanes of one worker their topics, and takes them away."""

    def __init__(
        self, service: str, lanes: Sequence[Lane], scout: Scout, places: Places, holds: Callable[[str], bool]
    ) -> None:
        self._service = service
        self._lanes = lanes
        self._scout = scout
        self._places = places
        self._holds = holds
        self._topics: frozenset[str] = frozenset()
        self._all_due = 0.0
        self._due: dict[str, list[float]] = {}
        self._wake = asyncio.Event()
        self.healthy = False
        """Whether the lanes have what is their own, as far as it was known at the last look."""

    @property
    def sought(self) -> frozenset[str]:
        """The municipalities whose topics are still looked for."""
        return frozenset(self._due)

    def look_for(self, municipalities: Iterable[str]) -> None:
        """A municipality's topics may come or go now."""
        time = asyncio.get_running_loop().time()
        due = [time + after for after in accumulate(LOOKS_AFTER_SECONDS)]
        self._due |= dict.fromkeys(municipalities, due)
        self._wake.set()

    def leases_changed(self) -> None:
        """Let go at once of what this worker no longer holds; look for what it holds now."""
        for lane in self._lanes:
            lane.drop([topic for topic in lane.topics if not self._holds(topic_of(topic).municipality)])
        self._all_due = 0.0
        self._wake.set()

    async def run(self) -> None:
        """Look and share until cancelled. Failures of Kafka or the database are waited out; the lanes read on."""
        while True:
            self._wake.clear()
            try:
                await self._look()
                await self._share()
                self.healthy = True
            except (KafkaError, *TRANSIENT) as error:
                self.healthy = False
                _LOG.warning("topics not shared out", error=type(error).__name__)
                # Whoever makes topics has waited, too: what was looked for is looked for as often again.
                self.look_for(self.sought)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            next_look = min([self._all_due, *(due[0] for due in self._due.values())])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(next_look - asyncio.get_running_loop().time(), 0.0))

    async def _look(self) -> None:
        time = asyncio.get_running_loop().time()
        if self._all_due <= time:
            self._topics = frozenset(filter(self._is_read, await self._scout.existing()))
            self._all_due = time + ALL_SECONDS
        due = {municipality for municipality, looks in self._due.items() if looks[0] <= time}
        if not due:
            return
        found = await self._scout.existing([topic for municipality in due for topic in self._topics_of(municipality)])
        others = (topic for topic in self._topics if topic_of(topic).municipality not in due)
        self._topics = frozenset([*others, *found])
        self._due = {
            municipality: later
            for municipality, looks in self._due.items()
            if (later := [look for look in looks if look > time])
        }

    async def _share(self) -> None:
        new: dict[Lane, frozenset[str]] = {}
        own: dict[int, set[str]] = defaultdict(set)
        for topic in self._topics:
            municipality = topic_of(topic).municipality
            if self._holds(municipality):
                own[lane_of(municipality)].add(topic)
        for lane in self._lanes:
            if gone := lane.topics - own[lane.number]:
                lane.drop(gone)
            if fresh := own[lane.number] - lane.topics:
                new[lane] = frozenset(fresh)
        if not new:
            return
        await asyncio.gather(*(lane.meets(topics) for lane, topics in new.items()))
        places = await self._places.of(frozenset().union(*new.values()))
        for lane, topics in new.items():
            held = [topic for topic in topics if self._holds(topic_of(topic).municipality)]
            lane.add({topic: places[topic] for topic in held})
            if missing := frozenset(held) - lane.topics:
                time = asyncio.get_running_loop().time()
                for municipality in {topic_of(topic).municipality for topic in missing}:
                    self._due.setdefault(municipality, [time + AGAIN_SECONDS])

    def _topics_of(self, municipality: str) -> Collection[str]:
        """The topics of a municipality that this service reads, whether they exist or not."""
        events = (events_topic(municipality, stream) for stream in READS[self._service])
        return [notices_topic(municipality, self._service), *events]

    def _is_read(self, topic: str) -> bool:
        try:
            municipality = topic_of(topic).municipality
        except ValueError:
            return False
        return topic in self._topics_of(municipality)
