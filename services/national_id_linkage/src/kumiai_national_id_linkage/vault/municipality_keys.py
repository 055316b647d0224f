"""A municipality's own keys: for its numbers' encryption, for finding them, and for its tokens, each in versions.

Invariant: they are random, never leave the process in clear, and are stored only wrapped, bound to municipality, kind
and version. Of each kind the highest version makes what is new; the others stay for as long as something needs them.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_bytes
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.util import urlsafe_b64encode
from kumiai_common.waiting import MustWait
from kumiai_contracts.chain import commitment, length_prefixed

from kumiai_national_id_linkage.vault.key_management import KEY_BYTES, NONCE_BYTES, KeyManagement, KeyMissing

Kind = Literal["data", "mark", "token"]
KINDS: tuple[Kind, ...] = ("data", "mark", "token")
"""データ鍵 encrypts, 検索鍵 marks (finds), トークン鍵 makes what other services get."""
_SALT_BYTES = 32


class VaultDamaged(RuntimeError):
    """What the vault holds does not open under its own key: the database was changed by somebody else."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A municipality's key as it is stored."""

    municipality: str
    kind: Kind
    version: int
    wrapped_by: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A number as it is stored."""

    commitment: str
    encrypted: bytes
    data_key: int
    mark: bytes
    mark_key: int


class MunicipalityKeys:
    """The keys of one municipality, in clear."""

    def __init__(self, municipality: str, keys: Mapping[tuple[Kind, int], bytes]) -> None:
        self._municipality = municipality
        self._keys = dict(keys)

    def current(self, kind: Kind) -> int:
        """The version that makes what is new."""
        return max(version for of, version in self._keys if of == kind)

    def seal(self, number: str) -> Sealed:
        """A number ready to be stored, under a new salt."""
        salt = token_bytes(_SALT_BYTES)
        return self._sealed(commitment(salt, number.encode()), salt, number)

    def seal_again(self, sealed: Sealed) -> Sealed:
        """The same number under the current keys. Raises VaultDamaged."""
        salt, number = self.opened(sealed)
        return self._sealed(sealed.commitment, salt, number)

    def number(self, sealed: Sealed) -> str:
        """The number in clear. Raises VaultDamaged."""
        return self.opened(sealed)[1]

    def marks(self, number: str) -> frozenset[bytes]:
        """The marks of a number under every version: whichever it was stored with, it is found."""
        return frozenset(_mac(key, number) for (kind, _), key in self._keys.items() if kind == "mark")

    def token(self, number: str) -> str:
        """トークン of a number: the same for the same number in this municipality; nobody else can make or join it."""
        version = self.current("token")
        return f"{version}.{urlsafe_b64encode(_mac(self._keys['token', version], number)).decode()}"

    def _sealed(self, committed: str, salt: bytes, number: str) -> Sealed:
        data_key, mark_key = self.current("data"), self.current("mark")
        nonce = token_bytes(NONCE_BYTES)
        encrypted = AESGCM(self._keys["data", data_key]).encrypt(
            nonce, salt + number.encode(), self._context(committed, data_key)
        )
        return Sealed(committed, nonce + encrypted, data_key, _mac(self._keys["mark", mark_key], number), mark_key)

    def opened(self, sealed: Sealed) -> tuple[bytes, str]:
        """Salt and number in clear. Raises VaultDamaged."""
        nonce, encrypted = sealed.encrypted[:NONCE_BYTES], sealed.encrypted[NONCE_BYTES:]
        try:
            plain = AESGCM(self._keys["data", sealed.data_key]).decrypt(
                nonce, encrypted, self._context(sealed.commitment, sealed.data_key)
            )
        except (InvalidTag, KeyError, ValueError):
            raise VaultDamaged(f"data key {sealed.data_key} does not open a number of {self._municipality}") from None
        return plain[:_SALT_BYTES], plain[_SALT_BYTES:].decode()

    def _context(self, committed: str, data_key: int) -> bytes:
        return length_prefixed(b"kumiai-vault-v1", self._municipality.encode(), committed.encode(), b"%d" % data_key)


def unwrapped(municipality: str, stored: Iterable[WrappedKey], management: KeyManagement) -> MunicipalityKeys:
    """A municipality's keys from how they are stored.

    Raises MustWait where what they are wrapped with is not at hand, or ValueError for one that was changed.
    """
    try:
        return MunicipalityKeys(municipality, {(key.kind, key.version): _clear(key, management) for key in stored})
    except KeyMissing:
        raise MustWait([municipality], "a key of the vault is not at hand; its operators have to put it back") from None


def new_key(municipality: str, kind: Kind, version: int, management: KeyManagement) -> WrappedKey:
    """A new random key, wrapped."""
    return wrapped_anew(WrappedKey(municipality, kind, version, "", b""), token_bytes(KEY_BYTES), management)


def rewrapped(key: WrappedKey, management: KeyManagement) -> WrappedKey:
    """The same key under the current wrapping key. Raises KeyMissing, or ValueError for one that was changed."""
    return wrapped_anew(key, _clear(key, management), management)


def wrapped_anew(key: WrappedKey, clear: bytes, management: KeyManagement) -> WrappedKey:
    """A key's stored form under the current wrapping key."""
    return WrappedKey(key.municipality, key.kind, key.version, *management.wrap(clear, _key_context(key)))


def _clear(key: WrappedKey, management: KeyManagement) -> bytes:
    return management.unwrap(key.wrapped_by, key.wrapped, _key_context(key))


def _key_context(key: WrappedKey) -> bytes:
    return length_prefixed(b"kumiai-vault-key-v1", key.municipality.encode(), key.kind.encode(), b"%d" % key.version)


def _mac(key: bytes, number: str) -> bytes:
    return hmac.digest(key, number.encode(), sha256)
