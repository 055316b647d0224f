"""The client's side of tokens: asks membership for an access token and renews it in time.

Invariant: a request never waits for membership while the token it has is still good for half its life; and if
membership is away, the old token is used for as long as it lasts.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import httpx
import stamina
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kumiai_common.http.tokens import GRANT_TYPE, make_assertion

MARGIN_SECONDS = 5
"""A token that ends sooner is not sent any more."""


class TokenRefused(httpx.HTTPStatusError):
    """Membership refuses the party a token: an unknown or revoked party, a wrong key or a wrong clock."""


def _again(error: Exception) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)


class TokenClient(httpx.Auth):
    """Access tokens of one party. Give it to an httpx client as `auth`, or ask it for `token()`."""

    def __init__(
        self,
        membership: str,
        subject: str,
        key: Ed25519PrivateKey,
        *,
        clock: Callable[[], float] = time.time,
        attempts: int = 5,
        transport: httpx.AsyncBaseTransport | None = None,
        sync_transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`membership` is its base address; `subject` is `<municipality>/<party>` or `service/<name>`."""
        self._url = membership.rstrip("/") + "/v1/token"
        self._subject = subject
        self._key = key
        self._clock = clock
        self._attempts = attempts
        self._transport = transport
        self._sync_transport = sync_transport
        self._token = ""
        self._renew_at = 0.0
        self._unusable_at = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good for a while. Raises TokenRefused, or httpx.HTTPError if membership can't be asked."""
        if self._clock() >= self._renew_at:
            async with self._lock:
                if self._clock() >= self._renew_at:
                    try:
                        await self._renew()
                    except TokenRefused:
                        raise
                    except httpx.HTTPError:
                        if not self._keeps_old():
                            raise
        return self._token

    def token_now(self) -> str:
        """The same for programs without an event loop."""
        if self._clock() >= self._renew_at:
            try:
                for attempt in stamina.retry_context(on=_again, attempts=self._attempts, timeout=20):
                    with attempt, httpx.Client(transport=self._sync_transport, timeout=10) as client:
                        self._take(client.post(self._url, data=self._form()))
            except TokenRefused:
                raise
            except httpx.HTTPError:
                if not self._keeps_old():
                    raise
        return self._token

    def forget(self) -> None:
        """Get a new token at the next request: after a 401, or when rights have changed."""
        self._renew_at = self._unusable_at = 0.0

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send the token with every request; after a 401 once more with a new one."""
        request.headers["authorization"] = f"Bearer {await self.token()}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self.forget()
            request.headers["authorization"] = f"Bearer {await self.token()}"
            yield request

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The same for programs without an event loop."""
        request.headers["authorization"] = f"Bearer {self.token_now()}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self.forget()
            request.headers["authorization"] = f"Bearer {self.token_now()}"
            yield request

    async def _renew(self) -> None:
        async for attempt in stamina.retry_context(on=_again, attempts=self._attempts, timeout=20):
            with attempt:
                async with httpx.AsyncClient(transport=self._transport, timeout=10) as client:
                    self._take(await client.post(self._url, data=self._form()))

    def _form(self) -> dict[str, str]:
        # A new assertion for each attempt: membership may have seen the one before, though its answer was lost.
        return {"grant_type": GRANT_TYPE, "assertion": make_assertion(self._subject, self._key, self._clock())}

    def _take(self, response: httpx.Response) -> None:
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.BAD_REQUEST):
            why = f"membership refuses {self._subject} a token ({_code(response)})"
            raise TokenRefused(why, request=response.request, response=response)
        response.raise_for_status()
        answer = response.json()
        now, life = self._clock(), answer["expires_in"]
        self._token = answer["access_token"]
        self._renew_at = now + life / 2
        self._unusable_at = now + life - MARGIN_SECONDS

    def _keeps_old(self) -> bool:
        """Whether the token that is there can still be used; if so, membership is asked again a little later."""
        if self._clock() >= self._unusable_at:
            return False
        self._renew_at = min(self._clock() + MARGIN_SECONDS, self._unusable_at)
        return True


def _code(response: httpx.Response) -> str:
    try:
        found: Any = response.json()
        return str(found["code"])
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)
