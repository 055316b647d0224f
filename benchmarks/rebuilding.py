"""Rebuilding taxation's replicas of the registry's stream from position 0, as `kumiai rebuild all` does it."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kumiai_cli.recovery import REBUILT_AT_ONCE

from benchmarks.federation import Federation


@dataclass(frozen=True)
class Rebuilding:
    """One rebuild of some municipalities."""

    events: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Events per second."""
        return self.events / self.seconds


class RebuildDiffers(AssertionError):
    """A rebuilt table was not what it had been: then speed is of no interest."""


def measure(federation: Federation, municipalities: Sequence[str]) -> Rebuilding:
    """Rebuild, from the call to its answer: reading the producer's log over HTTP, folding, both state hashes."""
    url = federation.services.peers["taxation"]
    with federation.client() as client, ThreadPoolExecutor(REBUILT_AT_ONCE) as pool:

        def rebuild(municipality: str) -> int:
            done = client.post(f"{url}/v1/{municipality}/rebuild/resident").raise_for_status().json()
            if done["hash_before"] != done["hash_after"]:
                raise RebuildDiffers(municipality)
            return int(done["events"])

        began = time.perf_counter()
        events = sum(pool.map(rebuild, municipalities))
        return Rebuilding(events, time.perf_counter() - began)
