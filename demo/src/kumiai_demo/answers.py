"""Asking the services over HTTP, person by person, as a clerk's program would: a token for a purpose, one read each."""

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from kumiai_demo.connection import Credentials

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "kumiai-membership"
ATTEMPTS = 6
Answer = Mapping[str, Any]


class NoAnswer(RuntimeError):
    """A service does not answer, or refuses to: nothing can be said about its data."""


class Answers(Protocol):
    """What the checker asks. None or nothing where the service has nothing under that number."""

    async def resident(self, number: str) -> Answer | None:
        """The current row of a person; `address_text` is the address in clear, where it is shown."""

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
        self, municipality: str, credentials: Credentials, peers: Mapping[str, str], concurrency: int = 24
    ) -> None:
        self._municipality = municipality
        self._subject = f"{municipality}/{credentials.party}"
        self._key = OKPKey.import_key(credentials.private_key)
        self._peers = peers
        self._turns = asyncio.Semaphore(concurrency)
        self._renewing = asyncio.Lock()
        self._token = ""
        self._renew_at = 0.0
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._client = httpx.AsyncClient(timeout=20.0, limits=limits)

    async def resident(self, number: str) -> Answer | None:
        """`/residents/{number}` of the registry."""
        found = await self._get("resident-registry", f"residents/{number}", "resident-services")
        if found is None:
            return None
        row = dict(found.get("resident", found))
        shown = found.get("address") if "resident" in found else row.get("address_text")
        return row | {"address_text": shown if isinstance(shown, Mapping) else None}

    async def history(self, number: str) -> Sequence[Answer]:
        """`/residents/{number}/history` of the registry."""
        found = await self._get("resident-registry", f"residents/{number}/history", "resident-services")
        return [] if found is None else found["history"]

    async def household(self, number: str) -> Answer | None:
        """`/households/{number}` of the registry."""
        found = await self._get("resident-registry", f"households/{number}", "resident-services")
        return None if found is None else found.get("household", found)

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
                    headers = {"authorization": f"Bearer {await self._authorization()}"}
                    response = await self._client.get(url, params={"purpose": purpose}, headers=headers)
                except httpx.TransportError as error:
                    seen = type(error).__name__
                else:
                    if response.status_code == httpx.codes.OK:
                        return response.json()
                    if response.status_code == httpx.codes.NOT_FOUND:
                        return None
                    seen = f"status {response.status_code}"
                    if response.status_code == httpx.codes.UNAUTHORIZED:
                        self._renew_at = 0.0
                await asyncio.sleep(0.2 * 2**attempt)
        raise NoAnswer(f"{service} does not answer /{path.partition('/')[0]}: {seen}")

    async def _authorization(self) -> str:
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                form = {"grant_type": GRANT_TYPE, "assertion": self._assertion()}
                response = await self._client.post(f"{self._peers['membership']}/v1/token", data=form)
                if response.status_code != httpx.codes.OK:
                    raise NoAnswer(f"membership gives {self._subject} no token: status {response.status_code}")
                found = response.json()
                self._token = found["access_token"]
                self._renew_at = time.monotonic() + found["expires_in"] / 2
            return self._token

    def _assertion(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._subject,
            "sub": self._subject,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode({"alg": "Ed25519"}, claims, self._key, ["Ed25519"])
