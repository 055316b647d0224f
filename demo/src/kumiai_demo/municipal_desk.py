"""A municipality's system over HTTP, after its working day: tells notices, reads what the services have on record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from kumiai_contracts.model import Notice

from kumiai_demo.access_token import Token
from kumiai_demo.connection import Credentials

PURPOSE = {"resident-registry": "resident-services", "national-id-linkage": "national-id-linkage"}
"""利用目的 for which each service is asked."""


class MunicipalDesk:
    """One municipality's connection to the services."""

    def __init__(
        self, code: str, credentials: Credentials, peers: dict[str, str], source: str, client: httpx.AsyncClient
    ) -> None:
        """`source` names whatever it tells; with another one than the simulator's, no two notices meet."""
        self.code = code
        self._peers, self._source, self._client = peers, source, client
        self._token = Token(f"{code}/{credentials.party}", credentials.private_key, peers["membership"], client)

    async def tell(self, id_: str, notice: Notice) -> dict[str, Any]:
        """Send a notice; its receipt."""
        event = {
            "specversion": "1.0", "id": id_, "source": self._source, "type": notice.type, "municipality": self.code,
            "data": notice.model_dump(mode="json"),
        }  # fmt: skip
        headers = {"content-type": "application/cloudevents-batch+json", **await self._token.headers()}
        answer = await self._client.post(self._url(notice.service, "notices"), json=[event], headers=headers)
        (receipt,) = answer.raise_for_status().json()
        return dict(receipt)

    async def read(self, service: str, path: str, **query: Any) -> dict[str, Any] | None:
        """What a service has, or None."""
        answer = await self._client.get(
            self._url(service, path), params={"purpose": PURPOSE[service], **query}, headers=await self._token.headers()
        )
        return None if answer.status_code == httpx.codes.NOT_FOUND else dict(answer.raise_for_status().json())

    async def post(self, service: str, path: str, content: bytes = b"", **query: Any) -> dict[str, Any]:
        """Have a service do something."""
        answer = await self._client.post(
            self._url(service, path),
            params={"purpose": PURPOSE[service], **query},
            content=content,
            headers=await self._token.headers(),
        )
        return dict(answer.raise_for_status().json())

    def _url(self, service: str, path: str) -> str:
        return f"{self._peers[service]}/v1/{self.code}/{path}"


@asynccontextmanager
async def desks(
    members: dict[str, Credentials], peers: dict[str, str], run: str
) -> AsyncIterator[tuple[MunicipalDesk, ...]]:
    """The desks of these municipalities, for as long as they are needed."""
    async with httpx.AsyncClient(timeout=30.0) as client:
        yield tuple(
            MunicipalDesk(code, credentials, peers, f"urn:demo:{code}:{run}:desk", client)
            for code, credentials in members.items()
        )
