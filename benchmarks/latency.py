"""Notice to effect at a steady rate: an open loop, so a slow moment delays nobody's sending.

A notice's clock starts before it is handed to the sender's client and stops when an observer, another client of the
reader's database (taxation's, or the linkage service's for its replicas) that looks every few milliseconds, sees a
reader position that covers its event. So sending, both commits, the relay and the observer's own interval are in it:
the figure is never better than the truth.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import quantiles

from aiokafka import AIOKafkaProducer
from kumiai_contracts.topics import notices_topic

from benchmarks.federation import Federation
from benchmarks.observer import DATABASE, Observer
from benchmarks.publisher import SERVICE, Broker
from benchmarks.town import Town
from benchmarks.usage import cpu_by_name, processes

PER_SECOND = 50
OBSERVE_SECONDS = 0.004
PATIENCE_SECONDS = 30.0
WARM_UP_SECONDS = 3.0


@dataclass(frozen=True)
class Latency:
    """Times of one open loop."""

    notices: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_cores: float
    """Processors that the services kept busy, Kafka and PostgreSQL included."""
    cpu_cores_of_services: float


def measure(federation: Federation, towns: Sequence[Town], seconds: float, reader: str = DATABASE) -> Latency:
    """Send at the steady rate, to one municipality after the other; `reader` is whose database is looked at."""
    return asyncio.run(_measure(federation, towns, seconds, reader))


async def _measure(federation: Federation, towns: Sequence[Town], seconds: float, reader: str) -> Latency:
    observer = await Observer.open(federation.addresses, reader)
    producer = AIOKafkaProducer(**Broker.of(federation.addresses).options(), acks="all")
    await producer.start()
    try:
        await producer.client.set_topics({notices_topic(town.municipality, SERVICE) for town in towns})
        await _open_loop(producer, observer, towns, WARM_UP_SECONDS)
        running = processes(federation.layout)
        before, began = cpu_by_name(running), time.perf_counter()
        times = await _open_loop(producer, observer, towns, seconds)
        took, after = time.perf_counter() - began, cpu_by_name(running)
    finally:
        await producer.stop()
        await observer.close()
    used = {name: (after[name] - before[name]) / took for name in before}
    services = sum(cores for name, cores in used.items() if name not in ("kafka", "postgres"))
    percentiles = quantiles(times, n=100)
    return Latency(len(times), percentiles[49], percentiles[98], max(times), sum(used.values()), services)


async def _open_loop(
    producer: AIOKafkaProducer, observer: Observer, towns: Sequence[Town], seconds: float
) -> list[float]:
    """Milliseconds of each notice."""
    positions = await observer.positions()
    next_position = {town.municipality: positions.get(town.municipality, 0) + 1 for town in towns}
    waiting: dict[str, list[tuple[int, float]]] = {town.municipality: [] for town in towns}
    times: list[float] = []
    total = int(PER_SECOND * seconds)

    async def send() -> None:
        began = time.perf_counter()
        for n, town in zip(range(total), cycle(towns), strict=False):
            ((headers, body),) = town.records(1)
            await asyncio.sleep(max(began + n / PER_SECOND - time.perf_counter(), 0))
            code = town.municipality
            waiting[code].append((next_position[code], time.perf_counter()))
            next_position[code] += 1
            await producer.send(notices_topic(code, SERVICE), body, headers=headers)

    sending = asyncio.create_task(send())
    deadline = time.perf_counter() + seconds + PATIENCE_SECONDS
    while len(times) < total:
        positions = await observer.positions()
        moment = time.perf_counter()
        if moment > deadline:
            raise TimeoutError(f"{total - len(times)} notices had no effect")
        for code, notices in waiting.items():
            while notices and notices[0][0] <= positions.get(code, 0):
                times.append((moment - notices.pop(0)[1]) * 1000)
        await asyncio.sleep(OBSERVE_SECONDS)
    await sending
    return times
