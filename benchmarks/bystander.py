"""Another municipality at a steady rate, while others join and leave: nobody may be in anybody's way.

It works while somebody leaves, and while, beside that, one municipality after the other joins and asks to leave. It
rests while the bundle is on other people's machines, which are here the same two cores.
"""

import asyncio
import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Self

from aiokafka import AIOKafkaProducer
from kumiai_contracts.topics import notices_topic

from benchmarks.federation import Federation
from benchmarks.inquiry import p99
from benchmarks.latency import OBSERVE_SECONDS, PATIENCE_SECONDS, PER_SECOND
from benchmarks.observer import Observer
from benchmarks.publisher import SERVICE, Broker
from benchmarks.town import Town

SELDOM_SECONDS = 0.1
"""Between two looks while it rests: looking takes time of the same two cores."""
EVERY_SECONDS = 2.0
"""So often a municipality joins and another leaves."""


class Bystander:
    """One municipality that has joined and goes on as always. Use it as a context manager."""

    def __init__(self, federation: Federation, municipality: str, newcomers: Sequence[str]) -> None:
        self._federation = federation
        self._town = Town(municipality)
        self._newcomers = list(newcomers)
        self._ended = threading.Event()
        self._awake = threading.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="bystander")
        self.during = ""
        """What the one that leaves is doing."""
        self.times: dict[str, list[float]] = defaultdict(list)
        """Milliseconds from sending to effect of what was sent while somebody left, by what was done at its sending."""
        self.joined = 0
        """How many joined and asked to leave meanwhile."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._failed:
            raise self._failed[0]

    @property
    def p99_ms(self) -> float:
        """The 99th percentile of all. Raises ValueError where nothing was sent."""
        return p99([each for times in self.times.values() for each in times])

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """It works, and others join and leave, meanwhile; what it sends counts from when it is said what is done
        `during` it.
        """
        done = threading.Event()
        self._awake.set()
        others = threading.Thread(target=self._others, args=(done,), name="others")
        others.start()
        try:
            yield
        finally:
            self.during = ""
            self._awake.clear()
            done.set()
            others.join()

    def _others(self, done: threading.Event) -> None:
        members = self._federation.services.peers["membership"] + "/v1/members"
        try:
            while self._newcomers and not done.wait(EVERY_SECONDS):
                code = self._newcomers.pop()
                self._federation.join([code])
                with self._federation.client() as client:
                    client.post(
                        f"{members}/{code}/leave", json={"services": None, "readers_days": 0}
                    ).raise_for_status()
                self.joined += 1
        except BaseException as error:
            self._failed.append(error)

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        except BaseException as error:
            self._failed.append(error)

    async def _work(self) -> None:
        observer = await Observer.open(self._federation.addresses)
        producer = AIOKafkaProducer(**Broker.of(self._federation.addresses).options(), acks="all")
        await producer.start()
        try:
            waiting: list[tuple[int, float, str]] = []
            sending = asyncio.create_task(self._send(producer, waiting))
            heard = time.perf_counter()
            while not sending.done() or waiting:
                position = (await observer.positions()).get(self._town.municipality, 0)
                moment = time.perf_counter()
                if not waiting:
                    heard = moment
                while waiting and waiting[0][0] <= position:
                    _, sent, during = waiting.pop(0)
                    heard = moment
                    if during:
                        self.times[during].append((moment - sent) * 1000)
                if moment - heard > PATIENCE_SECONDS:
                    raise TimeoutError(f"{len(waiting)} notices of the bystander had no effect")
                await asyncio.sleep(OBSERVE_SECONDS if self.during else SELDOM_SECONDS)
            await sending
        finally:
            await producer.stop()
            await observer.close()

    async def _send(self, producer: AIOKafkaProducer, waiting: list[tuple[int, float, str]]) -> None:
        """An open loop: a slow moment delays nobody's sending. Each notice makes the next event."""
        topic, due, number = notices_topic(self._town.municipality, SERVICE), 0.0, 0
        while not self._ended.is_set():
            if not self._awake.is_set():
                due = 0.0
                await asyncio.sleep(SELDOM_SECONDS)
                continue
            ((headers, body),) = self._town.records(1)
            due = due or time.perf_counter()
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            due += 1 / PER_SECOND
            number += 1
            waiting.append((number, time.perf_counter(), self.during))
            await producer.send(topic, body, headers=headers)
