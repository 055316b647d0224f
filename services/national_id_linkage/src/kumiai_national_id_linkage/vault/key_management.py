"""Key management (鍵管理): the keys that protect the vault's own keys, and the keys that senders encrypt to.

What PKCS#11 modules and key-management services offer, and no more: wrap a key, unwrap it again under the same context,
agree on a secret with an elliptic-curve key that never leaves them. Each call names its key, so keys rotate while they
are in use. Which call of PKCS#11 or of a service each is stands in docs/operators/vault-keys.md.
"""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any, Protocol

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OctKey

_LOG = structlog.get_logger()
NONCE_BYTES = 12
KEY_BYTES = 32
CURVE = "P-256"


class KeyMissing(RuntimeError):
    """A key that something was wrapped with is not at hand. It heals when the key is: so the same is tried again."""

    def __init__(self, wrapping_key: str) -> None:
        self.wrapping_key = wrapping_key
        super().__init__(f"there is no key {wrapping_key}: put it back until nothing needs it any more")


class KeyFileError(ValueError):
    """The key file can't be used; the message says why and never what stands in it."""


class KeyManagement(Protocol):
    """What the vault needs of whoever keeps the keys. Calls are synchronous, as those of a PKCS#11 module are."""

    @property
    def wrapping_key(self) -> str:
        """The id of the key that wraps now; older ones only unwrap."""

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """The id of the wrapping key, and a key encrypted under it, bound to its context."""

    def unwrap(self, wrapped_by: str, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises KeyMissing, or ValueError if it was changed or belongs elsewhere."""

    def has(self, wrapping_key: str) -> bool:
        """Whether a wrapping key is at hand, current or older."""

    def receives(self, kid: str) -> bool:
        """Whether a receiving key is at hand, current or older."""

    def agree(self, kid: str, point: bytes) -> bytes:
        """The secret (ECDH, the x-coordinate) of a receiving key and a sender's public key on P-256.

        `point` is that key uncompressed (SEC 1: 65 bytes). Raises ValueError for a point that is not on the curve, and
        KeyMissing.
        """

    def published_key(self) -> dict[str, Any]:
        """The public key (JWK) that senders encrypt to now."""


@dataclass(frozen=True, slots=True)
class _Keys:
    wrapping: dict[str, bytes]
    receiving: dict[str, ECKey]


class FileKeys:
    """Keys in a file: a JWK Set (RFC 7517), `oct` keys that wrap and `EC` keys that receive, the newest of each first.

    The file is read again when it changes; one that can't be used is refused with a line in the log, and what was read
    last goes on.
    """

    def __init__(self, path: Path, *, readable_by_others: bool = False) -> None:
        """Raises KeyFileError, also for a file that others may read (unless that is said), and OSError."""
        self._path = path
        self._open = readable_by_others
        self._seen = _identity(path)
        self._read = read_keys(path, readable_by_others=readable_by_others)

    @property
    def wrapping_key(self) -> str:
        """The first `oct` key."""
        return next(iter(self._keys().wrapping))

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """AES-256-GCM with the context as associated data; the nonce stands in front."""
        nonce = token_bytes(NONCE_BYTES)
        name, wrapping = next(iter(self._keys().wrapping.items()))
        return name, nonce + AESGCM(wrapping).encrypt(nonce, key, context)

    def unwrap(self, wrapped_by: str, wrapped: bytes, context: bytes) -> bytes:
        """What `wrap` was given."""
        key = self._keys().wrapping.get(wrapped_by)
        if key is None:
            raise KeyMissing(wrapped_by)
        try:
            return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise ValueError("a wrapped key was changed, or stands where it does not belong") from None

    def has(self, wrapping_key: str) -> bool:
        """Whether the file has the `oct` key of that id."""
        return wrapping_key in self._keys().wrapping

    def receives(self, kid: str) -> bool:
        """Whether the file has the `EC` key of that id."""
        return kid in self._keys().receiving

    def agree(self, kid: str, point: bytes) -> bytes:
        """ECDH with the `EC` key of that id."""
        key = self._keys().receiving.get(kid)
        if key is None or key.private_key is None:
            raise KeyMissing(kid)
        return key.private_key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))

    def published_key(self) -> dict[str, Any]:
        """The public half of the first `EC` key."""
        return dict(next(iter(self._keys().receiving.values())).as_dict(private=False))

    def _keys(self) -> _Keys:
        try:
            found = _identity(self._path)
            if found != self._seen:
                self._seen = found  # refused once; whatever mends it changes what it is known by, a mode included
                self._read = read_keys(self._path, readable_by_others=self._open)
        except (OSError, KeyFileError) as error:
            _LOG.error("changed key file refused", error=type(error).__name__)
        return self._read


def read_keys(path: Path, *, readable_by_others: bool = False) -> _Keys:
    """The keys of a file. Raises KeyFileError, or OSError if it can't be read."""
    closed = stat.S_IWGRP | stat.S_IWOTH | (0 if readable_by_others else stat.S_IROTH)
    if path.stat().st_mode & closed:
        raise KeyFileError(f"{path} may be read by others: chmod 600 {path}")
    try:
        keys = KeySet.import_key_set(json.loads(path.read_text())).keys
    except (ValueError, KeyError, TypeError, JoseError):
        raise KeyFileError(
            f"{path} is not a JWK Set: make one with `python -m kumiai_national_id_linkage.vault.keys`"
        ) from None
    wrapping = {str(key.kid): key.raw_value for key in keys if isinstance(key, OctKey) and key.kid}
    receiving = {str(key.kid): key for key in keys if isinstance(key, ECKey) and key.kid}
    if not wrapping or not receiving or len(wrapping) + len(receiving) != len(keys):
        raise KeyFileError(f"{path} needs `oct` keys and `EC` keys, at least one of each, each with a `kid` of its own")
    if any(len(key) != KEY_BYTES for key in wrapping.values()):
        raise KeyFileError(f"{path}: a wrapping key has {KEY_BYTES} bytes")
    if any(key.curve_name != CURVE or not key.is_private for key in receiving.values()):
        raise KeyFileError(f"{path}: a receiving key is a private key on {CURVE}")
    return _Keys(wrapping, receiving)


def _identity(path: Path) -> tuple[int, int, int, int]:
    found = os.stat(path)  # noqa: PTH116 - a symbolic link is followed: that is how Kubernetes changes a Secret
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
