"""Tokens: assertions that a party signs, and access tokens that membership signs. Ed25519 and nothing else.

Invariant: the algorithm is never taken from the token. A token that fails any check is `TokenError`; which check it
was stands in `why`, for logs, and is not told to the caller.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from kumiai_contracts.membership import Purpose, Role

ALGORITHM = "Ed25519"
"""RFC 9864's name for EdDSA over Curve25519; the ambiguous `EdDSA` is accepted from senders too."""
_ACCEPTED = (ALGORITHM, "EdDSA")
ISSUER = "kumiai-membership"
AUDIENCE = "kumiai-membership"
"""Who an assertion is for."""
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCESS_SECONDS = 300
ASSERTION_SECONDS = 60
"""The longest life of an assertion."""
SKEW_SECONDS = 60
"""How far two clocks may be apart."""
MAX_TOKEN_CHARACTERS = 8192
_ACCESS_TYPE = "at+jwt"
_ASSERTION_TYPE = "JWT"


class TokenError(Exception):
    """A token that is not accepted."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What membership says about whoever carries the token, for a short time."""

    municipality: str
    party: str
    """`svc-<name>` for a service of the federation."""
    kind: Literal["person", "system", "service"]
    key: str
    """The party's public key when the token was issued: another key later means another registration."""
    roles: frozenset[Role]
    purposes: frozenset[Purpose]
    issued_at: int
    """Seconds since 1970, UTC."""
    expires_at: int
    id: str

    @property
    def subject(self) -> str:
        """`<municipality>/<party>`."""
        return f"{self.municipality}/{self.party}"


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a party signed to get an access token, its signature checked."""

    subject: str
    id: str
    remembered_until: int
    """Until when its id must be remembered, so that nobody uses it twice (seconds since 1970, UTC)."""


def sign_access(token: AccessToken, key: Ed25519PrivateKey) -> str:
    """The access token as it travels."""
    claims = {
        "iss": ISSUER,
        "sub": token.subject,
        "municipality": token.municipality,
        "kind": token.kind,
        "key": token.key,
        "roles": sorted(token.roles),
        "purposes": sorted(token.purposes),
        "iat": token.issued_at,
        "exp": token.expires_at,
        "jti": token.id,
    }
    return _sign(claims, _ACCESS_TYPE, key)


def verify_access(text: str, key: Ed25519PublicKey, now: float) -> AccessToken:
    """Read an access token that membership signed. Raises TokenError."""
    claims = _verified(text, _ACCESS_TYPE, key)
    if claims.get("iss") != ISSUER:
        raise TokenError("issuer")
    issued_at, expires_at = _checked_times(claims, now)
    try:
        municipality, _, party = claims["sub"].partition("/")
        if municipality != claims["municipality"] or claims["kind"] not in ("person", "system", "service"):
            raise TokenError("claims")
        return AccessToken(
            municipality,
            party,
            claims["kind"],
            str(claims["key"]),
            frozenset(map(Role, claims["roles"])),
            frozenset(map(Purpose, claims["purposes"])),
            issued_at,
            expires_at,
            str(claims["jti"]),
        )
    except (KeyError, ValueError, AttributeError, TypeError):
        raise TokenError("claims") from None


def check_times(issued_at: int, expires_at: int, now: float) -> None:
    """Whether a token holds now, with clocks that may be apart. Raises TokenError."""
    if expires_at + SKEW_SECONDS <= now:
        raise TokenError("expired")
    if issued_at - SKEW_SECONDS > now:
        raise TokenError("not yet valid")


def make_assertion(subject: str, key: Ed25519PrivateKey, now: float) -> str:
    """A request for an access token: `<municipality>/<party>` or `service/<name>`, for one use within a minute."""
    issued = int(now)
    claims = {
        "iss": subject,
        "sub": subject,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + ASSERTION_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    return _sign(claims, _ASSERTION_TYPE, key)


def claimed_subject(assertion: str) -> str:
    """Who an assertion says it is from, unchecked: only for finding the key to check it with. Raises TokenError."""
    subject = _claimed(assertion, "sub")
    if not isinstance(subject, str):
        raise TokenError("malformed")
    return subject


def claimed_purposes(access_token: str) -> frozenset[str]:
    """The purposes that a token says it is good for, unchecked: for whoever got it from membership itself and wants to
    ask only for what may be answered. Raises TokenError.
    """
    purposes = _claimed(access_token, "purposes")
    if not isinstance(purposes, list):
        raise TokenError("malformed")
    return frozenset(map(str, purposes))


def verify_assertion(text: str, subject: str, key: Ed25519PublicKey, now: float) -> Assertion:
    """Read a party's assertion with the party's own key. Raises TokenError. Replays are the caller's to find."""
    claims = _verified(text, _ASSERTION_TYPE, key)
    if claims.get("sub") != subject or claims.get("iss") != subject:
        raise TokenError("subject")
    if claims.get("aud") not in (AUDIENCE, [AUDIENCE]):
        raise TokenError("audience")
    issued_at, expires_at = _checked_times(claims, now)
    if expires_at - issued_at > ASSERTION_SECONDS:
        raise TokenError("lives too long")
    id_ = claims.get("jti")
    if not isinstance(id_, str) or not 8 <= len(id_) <= 200 or not id_.isprintable():
        raise TokenError("jti")
    return Assertion(subject, id_, expires_at + SKEW_SECONDS)


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read a PEM file (PKCS #8). Raises OSError, or ValueError for another kind of key."""
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} is not an Ed25519 private key")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read a PEM file (SubjectPublicKeyInfo). Raises OSError, or ValueError for another kind of key."""
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path} is not an Ed25519 public key")
    return key


def public_key_text(key: Ed25519PublicKey) -> str:
    """A public key as events hold it: base64url without padding."""
    return base64.urlsafe_b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).rstrip(b"=").decode()


def public_key_of_text(text: str) -> Ed25519PublicKey:
    """The key of base64url text. Raises ValueError for anything else."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(raw) != 32:
        raise ValueError("an Ed25519 public key has 32 bytes")
    return Ed25519PublicKey.from_public_bytes(raw)


def _claimed(token: str, claim: str) -> Any:
    try:
        payload = token[:MAX_TOKEN_CHARACTERS].split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))[claim]
    except (IndexError, ValueError, KeyError, TypeError, RecursionError):
        raise TokenError("malformed") from None


def _sign(claims: dict[str, Any], type_: str, key: Ed25519PrivateKey) -> str:
    return jwt.encode({"alg": ALGORITHM}, claims, OKPKey.import_key(key), [ALGORITHM], default_type=type_)


def _verified(text: str, type_: str, key: Ed25519PublicKey) -> dict[str, Any]:
    if len(text) > MAX_TOKEN_CHARACTERS:
        raise TokenError("too long")
    try:
        token = jwt.decode(text, OKPKey.import_key(key), list(_ACCEPTED))
    except (JoseError, ValueError, TypeError, RecursionError):
        raise TokenError("signature") from None
    if token.header.get("typ", _ASSERTION_TYPE) != type_:
        raise TokenError("type")
    return token.claims


def _checked_times(claims: dict[str, Any], now: float) -> tuple[int, int]:
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    if type(issued_at) is not int or type(expires_at) is not int:
        raise TokenError("times")
    check_times(issued_at, expires_at, now)
    return issued_at, expires_at
