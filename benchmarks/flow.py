"""End to end: notices that lie in Kafka until taxation has committed the effect of the last."""

import asyncio
import time
from dataclasses import dataclass

from benchmarks.federation import Federation
from benchmarks.observer import Observer
from benchmarks.publisher import Publishers
from benchmarks.usage import cpu_by_name, peak_memory, processes

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.05
"""How often the observer looks: looking takes processor time of the same two cores."""


@dataclass(frozen=True)
class Flow:
    """One load."""

    notices: int
    seconds: float
    cpu_seconds: dict[str, float]
    """By process."""
    rss_mb: dict[str, float]
    """Highest resident memory, by process."""

    @property
    def per_s(self) -> float:
        """Notices per second."""
        return self.notices / self.seconds

    @property
    def cpu_us_per_notice(self) -> float:
        """Processor microseconds of all services, Kafka and PostgreSQL."""
        return sum(self.cpu_seconds.values()) / self.notices * 1e6


def measure(federation: Federation, publishers: Publishers, notices: int) -> Flow:
    """Fill the notices topics while the registry is stopped, let it go, and wait for the last effect.

    The registry is stopped as a process (SIGSTOP), so that no start-up is measured.
    """
    return asyncio.run(_measure(federation, publishers, notices))


async def _measure(federation: Federation, publishers: Publishers, notices: int) -> Flow:
    count = await asyncio.to_thread(publishers.prepare, notices)
    observer = await Observer.open(federation.addresses)
    try:
        registry = federation.services.workers["resident-registry"]
        for worker in registry:
            worker.pause()
        await asyncio.to_thread(publishers.publish)
        running = processes(federation.layout)
        before = cpu_by_name(running)
        with peak_memory(running) as peaks:
            began = time.perf_counter()
            for worker in registry:
                worker.resume()
            ended = await observer.until(publishers.expected, seconds=PATIENCE_SECONDS, every=LOOK_SECONDS)
        after = cpu_by_name(running)
    finally:
        await observer.close()
    return Flow(count, ended - began, {name: after[name] - before[name] for name in before}, peaks)
