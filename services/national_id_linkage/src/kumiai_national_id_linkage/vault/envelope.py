"""The JWE (RFC 7516) in which a 個人番号 arrives: opened, or refused with a code. Anybody may have written it.

Invariant: the algorithms are ours, never the sender's choice: the header is looked at before anything is computed, so
nothing is decompressed, no password is stretched, and no other curve is touched. No exception tells what was inside.
"""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact
from joserfc.jwk import ECKey
from kumiai_contracts.model import Frozen
from kumiai_contracts.my_number import JWE_ALGORITHM, JWE_ENCRYPTION
from kumiai_contracts.registry import BodyError, parse_body
from kumiai_contracts.strict_json import StrictJsonError

from kumiai_national_id_linkage.domain.my_number import Unusable
from kumiai_national_id_linkage.vault.key_management import CURVE, KeyManagement

_REGISTRY = JWERegistry(algorithms=[JWE_ALGORITHM, JWE_ENCRYPTION])
_PARTS = 5
_DIGITS = 12
_KNOWN = frozenset(("alg", "enc", "kid", "epk", "typ", "cty", "apu", "apv"))
_MOST_HEADER = 1024

F = TypeVar("F", bound=Frozen)


def open_envelope(kind: type[F], token: str, keys: KeyManagement) -> F | Unusable:
    """What a JWE holds, or why it can't be opened."""
    if looks_like_a_number(token):
        return Unusable("my-number-in-clear")
    header = _header(token)
    if header is None:
        return Unusable("jwe-unreadable")
    epk = header.get("epk")
    if not (
        (header.get("alg"), header.get("enc")) == (JWE_ALGORITHM, JWE_ENCRYPTION)
        and header.keys() <= _KNOWN
        and isinstance(epk, dict)
        and (epk.get("kty"), epk.get("crv")) == ("EC", CURVE)
    ):
        return Unusable("jwe-algorithm-refused")
    kid = header.get("kid")
    if not isinstance(kid, str) or not keys.receives(kid):
        return Unusable("jwe-key-unknown")
    try:
        key = _Receiving.of(keys, kid, epk)
        plaintext = decrypt_compact(token.encode("ascii"), key, registry=_REGISTRY).plaintext or b""
        return parse_body(kind, plaintext)
    except (JoseError, ValueError, TypeError, KeyError, AssertionError, StrictJsonError, BodyError):
        return Unusable("jwe-unreadable")


class _Receiving(ECKey):
    """A receiving key as the JWE library sees it: it agrees, and its private part stays where it is kept."""

    agree: Callable[[bytes], bytes]

    @classmethod
    def of(cls, keys: KeyManagement, kid: str, epk: dict[str, Any]) -> "_Receiving":
        """The key of an id. Of `epk`, the sender's key, it takes nothing but that both are on the same curve."""
        found: _Receiving = cls.import_key(epk)
        found.agree = lambda point: keys.agree(kid, point)
        return found

    def exchange_derive_key(self, key: ECKey) -> bytes:
        """The secret with a sender's key."""
        return self.agree(key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def looks_like_a_number(text: str) -> bool:
    """Whether a text is no JWE but may be the number itself, grouped or full-width."""
    digits = [character for character in text if character.isdecimal()]
    return len(digits) == _DIGITS and all(not character.isalpha() for character in text)


def _header(token: str) -> dict[str, Any] | None:
    first, *others = token.split(".")
    if not token.isascii() or len(others) != _PARTS - 1 or not 0 < len(first) <= _MOST_HEADER:
        return None
    try:
        header = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return header if isinstance(header, dict) else None
