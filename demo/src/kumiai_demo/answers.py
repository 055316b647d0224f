"""Asking the services over HTTP, person by person, as a clerk's program would: a token for a purpose, one read each."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Protocol

import httpx
import urllib3

from kumiai_demo.access_token import NoToken, Token
from kumiai_demo.connection import Credentials

ATTEMPTS = 6
CONCURRENCY = 12
"""Requests at once: more only wait for the services."""
ANSWER_S = 20.0
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
    """The services' own answers.

    Asked by urllib3 in threads: httpx works a millisecond for each request, urllib3 a sixth of that, and the services
    that answer share the machine.
    """

    def __init__(
        self, municipality: str, credentials: Credentials, peers: Mapping[str, str], concurrency: int = CONCURRENCY
    ) -> None:
        self._municipality = municipality
        self._peers = peers
        self._turns = asyncio.Semaphore(concurrency)
        self._threads = ThreadPoolExecutor(concurrency, "asking")
        self._pool = urllib3.PoolManager(maxsize=concurrency, timeout=ANSWER_S, retries=False)
        self._client = httpx.AsyncClient(timeout=ANSWER_S)
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
        self._threads.shutdown(cancel_futures=True)
        self._pool.clear()
        await self._client.aclose()

    async def _get(self, service: str, path: str, purpose: str) -> Any | None:
        """One read; None for 404. Raises NoAnswer once the service has failed or refused too often."""
        url = f"{self._peers[service]}/v1/{self._municipality}/{path}?purpose={purpose}"
        seen = ""
        async with self._turns:
            for attempt in range(ATTEMPTS):
                try:
                    headers = await self._token.headers()
                    response = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, url, headers)
                except NoToken as error:
                    raise NoAnswer(str(error)) from None
                except (httpx.TransportError, urllib3.exceptions.HTTPError) as error:
                    seen = type(error).__name__
                else:
                    if response.status == HTTPStatus.OK:
                        return response.json()
                    if response.status == HTTPStatus.NOT_FOUND:
                        return None
                    seen = f"status {response.status}"
                    if response.status == HTTPStatus.UNAUTHORIZED:
                        self._token.forget()
                await asyncio.sleep(0.2 * 2**attempt)
        raise NoAnswer(f"{service} does not answer /{path.partition('/')[0]}: {seen}")

    def _ask(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        return self._pool.request("GET", url, headers=headers)
