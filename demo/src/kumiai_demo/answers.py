"""Asking the services over HTTP, person by person, as a clerk's program would: a token for a purpose, one read each."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import httpx

from kumiai_demo.access_token import NoToken, Token
from kumiai_demo.connection import Credentials

ATTEMPTS = 6
CONCURRENCY = 12
"""Requests at once: more only wait for the services."""
Answer = Mapping[str, Any]


class NoAnswer(RuntimeError):
    """A service does not answer, or refuses to: nothing can be said about its data."""


class Answers(Protocol):
    """What the checker asks. None or nothing where the service has nothing under that number."""

    async def resident(self, number: str) -> Answer | None:
        """The current row of a person, with the address in clear."""

    async def history(self, number: str) -> Sequence[Answer]:
        """Every history row of a person."""

    async def household(self, number: str) -> Answer | None:
        """Head and members of a household."""

    async def assessments(self, fiscal_year: int, number: str) -> Sequence[Answer]:
        """Every version of a person's assessment."""

    async def integrated_numbers(self, number: str) -> Sequence[str]:
        """The integrated addressee numbers of a person: one, if all is well."""


class HttpAnswers:
    """The services' own answers."""

    def __init__(
        self, municipality: str, credentials: Credentials, peers: Mapping[str, str], concurrency: int = CONCURRENCY
    ) -> None:
        self._municipality = municipality
        self._peers = peers
        self._turns = asyncio.Semaphore(concurrency)
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._client = httpx.AsyncClient(timeout=20.0, limits=limits)
        subject = f"{municipality}/{credentials.party}"
        self._token = Token(subject, credentials.private_key, peers["membership"], self._client)

    async def resident(self, number: str) -> Answer | None:
        """`/residents/{number}` of the registry."""
        return await self._get("resident-registry", f"residents/{number}", "resident-services")

    async def history(self, number: str) -> Sequence[Answer]:
        """`/residents/{number}/history` of the registry."""
        found = await self._get("resident-registry", f"residents/{number}/history", "resident-services")
        return [] if found is None else found["history"]

    async def household(self, number: str) -> Answer | None:
        """`/households/{number}` of the registry."""
        return await self._get("resident-registry", f"households/{number}", "resident-services")

    async def assessments(self, fiscal_year: int, number: str) -> Sequence[Answer]:
        """`/assessments/{fiscal_year}/{number}` of taxation."""
        found = await self._get("taxation", f"assessments/{fiscal_year}/{number}", "taxation")
        return [] if found is None else found["versions"]

    async def integrated_numbers(self, number: str) -> Sequence[str]:
        """`/addressees/{number}` of the linkage service."""
        found = await self._get("national-id-linkage", f"addressees/{number}", "national-id-linkage")
        return [] if found is None else [found["integrated_addressee_number"]]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(self, service: str, path: str, purpose: str) -> Any | None:
        """One read; None for 404. Raises NoAnswer once the service has failed or refused too often."""
        url = f"{self._peers[service]}/v1/{self._municipality}/{path}"
        seen = ""
        async with self._turns:
            for attempt in range(ATTEMPTS):
                try:
                    headers = await self._token.headers()
                    response = await self._client.get(url, params={"purpose": purpose}, headers=headers)
                except NoToken as error:
                    raise NoAnswer(str(error)) from None
                except httpx.TransportError as error:
                    seen = type(error).__name__
                else:
                    if response.status_code == httpx.codes.OK:
                        return response.json()
                    if response.status_code == httpx.codes.NOT_FOUND:
                        return None
                    seen = f"status {response.status_code}"
                    if response.status_code == httpx.codes.UNAUTHORIZED:
                        self._token.forget()
                await asyncio.sleep(0.2 * 2**attempt)
        raise NoAnswer(f"{service} does not answer /{path.partition('/')[0]}: {seen}")
