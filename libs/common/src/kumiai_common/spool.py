"""A spool (一時ファイル): what is written faster than it is read waits on disk, and nobody can read it there.

Invariant: the key is made with the spool and never leaves the process, so what a crash leaves behind opens for nobody.
The file has no name. Whether it was changed meanwhile is for the reader of the content to find: a part is signed, a
log is a chain.
"""

import os
from collections.abc import Iterator
from secrets import token_bytes
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
PIECE_BYTES = 1024 * 1024


class Spool:
    """Bytes that are appended, and read again at any place: AES-256 in counter mode."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by the spool's own end
        self._key, self._nonce = token_bytes(32), token_bytes(BLOCK)
        self._encryptor = self._at(0).encryptor()
        self.size = 0
        """Bytes written so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, data: bytes) -> int:
        """Append. Raises OSError where the disk is full."""
        written = self._file.write(self._encryptor.update(data))
        self.size += written
        return written

    def read_at(self, offset: int, most: int) -> bytes:
        """What stands at a place, as far as it has been written."""
        self._file.flush()
        before = offset % BLOCK
        encrypted = os.pread(self._file.fileno(), most + before, offset - before)
        return self._at(offset - before).decryptor().update(encrypted)[before:]

    def lines(self) -> Iterator[bytes]:
        """Every line that has been written, from the first one, without its end."""
        offset, rest = 0, b""
        while data := self.read_at(offset, PIECE_BYTES):
            offset += len(data)
            *whole, rest = (rest + data).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def _at(self, offset: int) -> Cipher[modes.CTR]:
        counter = (int.from_bytes(self._nonce) + offset // BLOCK) % (1 << 8 * BLOCK)
        return Cipher(algorithms.AES(self._key), modes.CTR(counter.to_bytes(BLOCK)))
