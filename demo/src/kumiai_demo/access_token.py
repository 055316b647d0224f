"""Access tokens as membership gives them: against an assertion signed with the party's own Ed25519 key (RFC 7523)."""

import asyncio
import secrets
import time

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "kumiai-membership"
ASSERTION_S = 60


class NoToken(RuntimeError):
    """Membership refuses a token."""


class Token:
    """The access token of one party, renewed in time."""

    def __init__(self, subject: str, private_key: str, membership: str, client: httpx.AsyncClient) -> None:
        """`subject` is `<municipality>/<party>`, `private_key` PEM (PKCS #8), `membership` that service's address."""
        self._subject = subject
        self._key = OKPKey.import_key(private_key)
        self._url = f"{membership}/v1/token"
        self._client = client
        self._turn = asyncio.Lock()
        self._token = ""
        self._renew_at = 0.0

    async def headers(self) -> dict[str, str]:
        """The header of a request. Raises NoToken, or httpx's TransportError where membership can't be reached."""
        async with self._turn:
            if time.monotonic() >= self._renew_at:
                form = {"grant_type": GRANT_TYPE, "assertion": self._assertion()}
                response = await self._client.post(self._url, data=form)
                if response.status_code != httpx.codes.OK:
                    raise NoToken(f"membership gives {self._subject} no token: status {response.status_code}")
                found = response.json()
                self._token = found["access_token"]
                self._renew_at = time.monotonic() + found["expires_in"] / 2
            return {"authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Get another token for the next request."""
        self._renew_at = 0.0

    def _assertion(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._subject,
            "sub": self._subject,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + ASSERTION_S,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode({"alg": "Ed25519"}, claims, self._key, ["Ed25519"])
