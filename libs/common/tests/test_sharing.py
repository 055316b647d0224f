"""Lanes read what exists of the municipalities that the worker holds, and let go at once of what it holds no longer."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

import pytest
from aiokafka.errors import KafkaConnectionError
from kumiai_common import sharing
from kumiai_common.lane import LANES, lane_of
from kumiai_common.sharing import Sharing
from kumiai_contracts.topics import events_topic, notices_topic

ONE, TWO, THREE = "131016", "131024", "131032"
SERVICE = "resident-registry"


def topics_of(*codes: str) -> set[str]:
    """What a registry reads of municipalities."""
    return {topic for code in codes for topic in (notices_topic(code, SERVICE), events_topic(code, "membership"))}


class Lane:
    """A lane that reads nothing."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.given: dict[str, int] = {}
        self.known: set[str] | None = None
        self.met = 0

    @property
    def topics(self) -> frozenset[str]:
        """What it would read."""
        return frozenset(self.given)

    async def meets(self, topics: Collection[str]) -> None:
        """Knows everybody."""
        self.met += 1

    def add(self, places: Mapping[str, int]) -> None:
        """Take topics, without those that its broker has not heard of."""
        self.given |= {t: place for t, place in places.items() if self.known is None or t in self.known}

    def drop(self, topics: Collection[str]) -> None:
        """Let topics go."""
        for topic in topics:
            del self.given[topic]


class Worker:
    """A worker's lanes, what Kafka has, and what the worker holds."""

    def __init__(self) -> None:
        self.exists = topics_of(ONE, TWO) | {events_topic(ONE, "taxation"), "other", "lg.1.resident-registry.notices"}
        self.holds = {ONE, TWO, THREE}
        self.fails = False
        self.asked: list[Collection[str]] = []
        self.lanes = [Lane(number) for number in range(LANES)]
        self.sharing = Sharing(SERVICE, self.lanes, self, self, lambda code: code in self.holds)  # type: ignore[arg-type]

    async def existing(self, topics: Collection[str] | None = None) -> frozenset[str]:
        """As a scout."""
        if self.fails:
            raise KafkaConnectionError("nobody answers")
        return frozenset(self.exists if topics is None else self.exists & set(topics))

    async def of(self, topics: Collection[str]) -> dict[str, int]:
        """As places."""
        self.asked.append(topics)
        return dict.fromkeys(topics, 5)

    @property
    def read(self) -> set[str]:
        """What all lanes read."""
        return {topic for lane in self.lanes for topic in lane.topics}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Share while the block runs."""
        task = asyncio.create_task(self.sharing.run())
        await self.settled()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

    async def settled(self, seconds: float = 0.01) -> None:
        """Give it time."""
        await asyncio.sleep(seconds)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(sharing, "LOOKS_AFTER_SECONDS", (0.0, 0.05))
    monkeypatch.setattr(sharing, "AGAIN_SECONDS", 0.02)
    return Worker()


async def test_a_lane_reads_all_topics_of_its_municipalities_and_no_other(worker: Worker) -> None:
    async with worker.running():
        assert worker.read == topics_of(ONE, TWO)
        for lane in worker.lanes:
            assert {lane_of(topic.split(".")[1]) for topic in lane.topics} <= {lane.number}
        assert worker.sharing.healthy


async def test_who_joins_is_found_and_nobody_else_is_asked_for(worker: Worker) -> None:
    async with worker.running():
        worker.sharing.look_for([THREE])
        await worker.settled()
        assert worker.read == topics_of(ONE, TWO)
        worker.exists |= topics_of(THREE)  # made a moment after the word of it
        await worker.settled(0.06)
        assert worker.read == topics_of(ONE, TWO, THREE)
        assert set(worker.asked[-1]) == topics_of(THREE)


async def test_what_is_gone_is_let_go(worker: Worker) -> None:
    async with worker.running():
        worker.exists -= topics_of(TWO)
        worker.sharing.look_for([TWO])
        await worker.settled()
        assert worker.read == topics_of(ONE)


async def test_a_lost_lease_is_heard_at_once_and_one_that_comes_brings_its_topics(worker: Worker) -> None:
    worker.holds = {ONE, TWO}
    worker.exists |= topics_of(THREE)
    async with worker.running():
        worker.holds = {ONE, THREE}
        worker.sharing.leases_changed()
        assert worker.read == topics_of(ONE)
        await worker.settled()
        assert worker.read == topics_of(ONE, THREE)


async def test_a_lease_that_is_lost_while_places_are_asked_for_brings_nothing(worker: Worker) -> None:
    async def loses(topics: Collection[str]) -> dict[str, int]:
        worker.holds = {ONE}
        return dict.fromkeys(topics, 5)

    worker.of = loses  # type: ignore[method-assign]
    async with worker.running():
        assert worker.read == topics_of(ONE)


async def test_nobody_answers_and_the_lanes_read_on(worker: Worker) -> None:
    async with worker.running():
        worker.fails = True
        worker.sharing.look_for([THREE])
        await worker.settled()
        assert worker.read == topics_of(ONE, TWO)
        assert not worker.sharing.healthy
        # They are made only after Kafka is there again, and after all looks would have been over.
        await worker.settled(0.1)
        assert worker.sharing.sought == {THREE}
        worker.fails = False
        await worker.settled(0.03)
        worker.exists |= topics_of(THREE)
        await worker.settled(0.06)
        assert worker.read == topics_of(ONE, TWO, THREE)
        assert worker.sharing.healthy


async def test_a_topic_that_a_lane_has_not_met_comes_with_a_later_look(worker: Worker) -> None:
    for lane in worker.lanes:
        lane.known = topics_of(ONE)
    async with worker.running():
        assert worker.read == topics_of(ONE)
        assert worker.lanes[lane_of(TWO)].met <= 2, "it is not asked again without a pause"
        for lane in worker.lanes:
            lane.known = None
        await worker.settled(0.08)
        assert worker.read == topics_of(ONE, TWO)
