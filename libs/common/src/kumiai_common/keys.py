"""The service's own key: it signs checkpoints and token requests; repeatable secrets derive from it."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from kumiai_common.http.tokens import public_key_text


@dataclass(frozen=True)
class ServiceKeys:
    """An Ed25519 private key and what follows from it."""

    signing: Ed25519PrivateKey

    @classmethod
    def load(cls, path: Path) -> "ServiceKeys":
        """Read the key file (PEM, PKCS #8). Raises ValueError for another kind of key, OSError if unreadable."""
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path} is not an Ed25519 private key")
        return cls(key)

    @cached_property
    def public_text(self) -> str:
        """The public key as the federation writes it: base64url without padding."""
        return public_key_text(self.signing.public_key())

    def salt(self, cause: str, n: int) -> bytes:
        """The n-th salt of a decision: unguessable for others, the same again when the decision is repeated."""
        return blake2b(f"{cause}#{n}".encode(), digest_size=32, key=self._salt_key).digest()

    def encrypt(self, plain: bytes, context: bytes) -> bytes:
        """AES-256-GCM under the key for kept notices; the nonce stands in front."""
        nonce = token_bytes(12)
        return nonce + AESGCM(self._keeping_key).encrypt(nonce, plain, context)

    def decrypt(self, encrypted: bytes, context: bytes) -> bytes:
        """What `encrypt` gave. Raises cryptography's InvalidTag if it was changed."""
        return AESGCM(self._keeping_key).decrypt(encrypted[:12], encrypted[12:], context)

    @cached_property
    def _salt_key(self) -> bytes:
        return self._derived(b"kumiai salts")

    @cached_property
    def _keeping_key(self) -> bytes:
        return self._derived(b"kumiai kept notices")

    def _derived(self, purpose: bytes) -> bytes:
        raw = self.signing.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return HKDF(SHA256(), 32, None, purpose).derive(raw)
