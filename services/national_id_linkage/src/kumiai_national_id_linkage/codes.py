"""Linkage codes (機関別符号): opaque, another one for each institution, the same again for the same person.

A code is one block of AES-256 over municipality, 宛名番号 and eight zero bytes, under a key of the institution's own.
So whoever lacks the key learns nothing from a code, can't relate the codes of two institutions, and can't make one up:
it would have to decrypt to those zeros. No table holds a code, and no event.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ZEROS = bytes(8)
_KEY_BYTES = 32


class CodeBook:
    """Makes and reads codes. Its secret must never change: every code would."""

    def __init__(self, secret: bytes) -> None:
        """Raises ValueError for a secret of fewer than 32 bytes."""
        if len(secret) < _KEY_BYTES:
            raise ValueError("the linkage code key must have at least 32 bytes (64 hexadecimal digits)")
        self._secret = secret
        self._of = lru_cache(maxsize=4096)(self._ciphers)

    @classmethod
    def load(cls, path: Path) -> "CodeBook":
        """Read the key file: hexadecimal digits. Raises OSError or ValueError."""
        try:
            secret = bytes.fromhex(path.read_text().strip())
        except ValueError:
            raise ValueError(f"{path} does not hold hexadecimal digits") from None
        return cls(secret)

    def code(self, institution: str, municipality: str, addressee_number: str) -> str:
        """The code of a person for an institution."""
        plain = int(municipality).to_bytes(3, "big") + int(addressee_number).to_bytes(5, "big") + _ZEROS
        return self._of(institution)[0].update(plain).hex()

    def person(self, institution: str, municipality: str, code: str) -> str | None:
        """Whose code it is, as 宛名番号; None if it is nobody's in this municipality."""
        plain = self._of(institution)[1].update(bytes.fromhex(code))
        if plain[8:] != _ZEROS or int.from_bytes(plain[:3], "big") != int(municipality):
            return None
        return f"{int.from_bytes(plain[3:8], 'big'):010d}"

    def _ciphers(self, institution: str) -> tuple[CipherContext, CipherContext]:
        key = HKDF(SHA256(), _KEY_BYTES, None, b"kumiai linkage codes/" + institution.encode()).derive(self._secret)
        # A single block, so there is no pattern of blocks that this mode could show.
        cipher: Cipher[Any] = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
        return cipher.encryptor(), cipher.decryptor()
