"""What an operator of the federation sees and does over HTTP: joins, heads against readers, metrics. Never a record."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx
from kumiai_contracts.municipalities import municipality
from kumiai_contracts.topics import FEDERATION, READS, STREAM_OF

from kumiai_demo.access_token import NoToken, Token

PARTY = "operator"
"""The local federation's first operator."""
KNOWN_WITHIN_S = 20.0
"""How long a membership that just started may need to know its first operator."""

_BUCKET = re.compile(r"^kumiai_commit_to_effect_seconds_bucket\{(?P<labels>[^}]*)\} (?P<count>\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Gap(NamedTuple):
    """One reader of one stream: where it is, and where the stream ends."""

    municipality: str
    stream: str
    reader: str
    head: int
    position: int
    diverged: bool

    @property
    def complete(self) -> bool:
        """Whether the reader has everything."""
        return self.position == self.head and not self.diverged


@dataclass(frozen=True, slots=True)
class Picture:
    """The federation at one moment."""

    heads: Mapping[tuple[str, str], int]
    """The last position by (municipality, stream)."""
    gaps: tuple[Gap, ...]
    parked: int

    @property
    def complete(self) -> bool:
        """Whether every reader is at the head, and nothing is parked."""
        return not self.parked and all(gap.complete for gap in self.gaps)

    def behind(self, code: str) -> int:
        """How many events the readers of a municipality's streams still lack."""
        return sum(gap.head - gap.position for gap in self.gaps if gap.municipality == code)


class OperatorView:
    """An operator's connection to the four services."""

    def __init__(self, peers: Mapping[str, str], private_key: str) -> None:
        self._peers = peers
        self._client = httpx.AsyncClient(timeout=30.0)
        self._token = Token(f"{FEDERATION}/{PARTY}", private_key, peers["membership"], self._client)

    async def join(self, code: str, services: Iterable[str], acknowledgement_key: str | None = None) -> dict[str, Any]:
        """加入: returns the credentials. Raises httpx.HTTPStatusError where membership refuses."""
        found = municipality(code)
        body = {
            "municipality": code,
            "name": found.name,
            "prefecture": found.prefecture,
            "services": list(services),
            "acknowledgement_key": acknowledgement_key,
        }
        response = await self._client.post(
            f"{self._peers['membership']}/v1/members", json=body, headers=await self._known(KNOWN_WITHIN_S)
        )
        response.raise_for_status()
        credentials: dict[str, Any] = response.json()
        return credentials

    async def admitted(self) -> None:
        """Wait until membership knows its first operator. Raises NoToken."""
        await self._known(KNOWN_WITHIN_S)

    async def own_system(self, code: str, service: str) -> None:
        """自団体システムへの切替え: from now on the municipality's own system keeps a service's record."""
        response = await self._client.post(
            f"{self._peers['membership']}/v1/members/{code}/own-systems/{service}", headers=await self._token.headers()
        )
        response.raise_for_status()

    async def head(self, code: str, service: str, stream: str) -> dict[str, Any]:
        """Where a stream ends, as its owner says."""
        heads = (await self._get(service, f"/v1/{code}/heads"))["heads"]
        found: dict[str, Any] = next(head for head in heads if head["stream"] == stream)
        return found

    async def state(self, code: str, service: str, stream: str) -> dict[str, Any]:
        """State hash and position of a service's tables of a stream."""
        return await self._get(service, f"/v1/{code}/tables/{stream}/hash")

    async def _known(self, within_s: float) -> dict[str, str]:
        """The header of a request. Right after its start, membership registers its first operators."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                return await self._token.headers()
            except NoToken:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def picture(self, subscriptions: Mapping[str, Iterable[str]]) -> Picture:
        """Heads against readers, for the services that each municipality subscribes to."""
        answers = await asyncio.gather(
            *[self._get(name, path) for name in self._peers for path in ("/v1/heads", "/v1/readers")]
        )
        heads: dict[tuple[str, str], int] = {}
        positions: dict[tuple[str, str, str], tuple[int, bool]] = {}
        parked = 0
        for name, answer in zip([name for name in self._peers for _ in range(2)], answers, strict=True):
            for head in answer.get("heads", ()):
                heads[head["municipality"], head["stream"]] = head["position"]
            for reader in answer.get("readers", ()):
                key = (reader["municipality"], reader["stream"], name)
                positions[key] = (reader["position"], bool(reader["diverged"]))
            parked += len(answer.get("parked", ()))
        gaps = [
            Gap(code, stream, name, heads[code, stream], *positions.get((code, stream, name), (0, False)))
            for code, services in subscriptions.items()
            for name in services
            for stream in READS[name]
            if (code, stream) in heads
        ]
        return Picture(heads, tuple(gaps), parked)

    async def effect_milliseconds(self) -> dict[tuple[str, str], tuple[float, float]]:
        """Commit to effect by (service, stream): median and 99th percentile, from the services' histograms."""
        texts = await asyncio.gather(*[self._client.get(f"{url}/metrics") for url in self._peers.values()])
        return percentiles("\n".join(answer.text for answer in texts))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(self, service: str, path: str) -> dict[str, Any]:
        response = await self._client.get(f"{self._peers[service]}{path}", headers=await self._token.headers())
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        return found


def percentiles(metrics: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Median and 99th percentile in milliseconds by (service, stream), interpolated within the histogram's buckets."""
    buckets: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for match in _BUCKET.finditer(metrics):
        labels = dict(_LABEL.findall(match["labels"]))
        buckets[labels["service"], labels["stream"]].append((float(labels["le"]), float(match["count"])))
    return {
        key: (1000 * _quantile(sorted(counts), 0.5), 1000 * _quantile(sorted(counts), 0.99))
        for key, counts in buckets.items()
        if max(count for _, count in counts) > 0
    }


def _quantile(buckets: list[tuple[float, float]], share: float) -> float:
    wanted = share * buckets[-1][1]
    low, below = 0.0, 0.0
    for high, count in buckets:
        if count >= wanted:
            # Beyond the last bound nothing is known but that it was longer.
            return low if high == float("inf") else low + (high - low) * (wanted - below) / ((count - below) or 1)
        low, below = high, count
    return low


def domain_events(picture: Picture, codes: Iterable[str]) -> int:
    """How many domain events the municipalities' streams hold, receipts not counted."""
    streams = set(STREAM_OF.values())
    wanted = set(codes)
    return sum(head for (code, stream), head in picture.heads.items() if code in wanted and stream in streams)
