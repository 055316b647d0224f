"""Rebuilding taxation's replicas of the registry's stream from position 0, through the operators' own call."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.federation import Federation


@dataclass(frozen=True)
class Rebuilding:
    """One rebuild of some municipalities, one after the other."""

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
    events = 0
    with federation.client() as client:
        began = time.perf_counter()
        for municipality in municipalities:
            done = client.post(f"{url}/v1/{municipality}/rebuild/resident").raise_for_status().json()
            if done["hash_before"] != done["hash_after"]:
                raise RebuildDiffers(municipality)
            events += done["events"]
        return Rebuilding(events, time.perf_counter() - began)
