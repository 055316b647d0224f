"""The other services, by HTTP: heads, logs. Only ever asked outside a transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.topics import owner_of

from kumiai_common.http.token_client import TokenRefused

UNREACHABLE = (httpx.HTTPError, TokenRefused)
"""A producer that can't be asked now."""


@dataclass(frozen=True, slots=True)
class PeerHead:
    """Where a producer says that its stream ends."""

    municipality: str
    stream: str
    incarnation: int
    position: int
    hash: bytes


class Peers:
    """Reads the producers' heads and logs, with a token of this service."""

    def __init__(self, addresses: Mapping[str, str], authorization: Callable[[], Awaitable[str]]) -> None:
        self._addresses = addresses
        self._authorization = authorization
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(10.0, read=30.0))

    async def heads(self, stream: str) -> list[PeerHead]:
        """All heads of a stream, over all municipalities. Raises one of UNREACHABLE."""
        answer = await self._get(owner_of(stream), "/v1/heads", {"stream": stream})
        return [
            PeerHead(
                head["municipality"], head["stream"], head["incarnation"], head["position"], bytes.fromhex(head["hash"])
            )
            for head in orjson.loads(answer)["heads"]
        ]

    async def position(self, municipality: str, stream: str) -> int:
        """Where a municipality's stream ends; 0 where its owner has none. Raises one of UNREACHABLE."""
        answer = await self._get(owner_of(stream), f"/v1/{municipality}/heads", {})
        heads = {head["stream"]: head["position"] for head in orjson.loads(answer)["heads"]}
        return int(heads.get(stream, 0))

    async def read_log(self, municipality: str, stream: str, after: int, limit: int) -> list[StoredEvent]:
        """Events of a stream after a position, from its producer. Raises one of UNREACHABLE."""
        lines = await self.read_lines(municipality, stream, after, limit)
        return [event_of_line(municipality, stream, line) for line in lines.splitlines()]

    async def read_lines(self, municipality: str, stream: str, after: int, limit: int) -> bytes:
        """The same, as the producer wrote it: a JSON object a line."""
        return await self._get(
            owner_of(stream), f"/v1/{municipality}/streams/{stream}", {"after": str(after), "limit": str(limit)}
        )

    async def leaving(self, service: str, municipality: str, *, altogether: bool, count: bool) -> Any:
        """What a service has closed and erased of a municipality, and what there is. Raises one of UNREACHABLE."""
        asked = {"altogether": str(altogether).lower(), "count": str(count).lower()}
        return orjson.loads(await self._get(service, f"/v1/{municipality}/leaving", asked))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(self, service: str, path: str, parameters: Mapping[str, str]) -> bytes:
        response = await self._client.get(
            self._addresses[service] + path,
            params=parameters,
            headers={"authorization": f"Bearer {await self._authorization()}"},
        )
        response.raise_for_status()
        return response.content


def event_of_line(municipality: str, stream: str, line: bytes) -> StoredEvent:
    """An event from a line of a log."""
    found = orjson.loads(line)
    return StoredEvent(
        municipality,
        stream,
        found["incarnation"],
        found["position"],
        bytes.fromhex(found["hash"]),
        found["type"],
        found["subject"],
        found["time"],
        found["dataschema"],
        found["cause"],
        found["traceparent"],
        found["body"].encode(),
    )
