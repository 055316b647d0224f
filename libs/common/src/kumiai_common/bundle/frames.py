"""A part on its way: pieces of files, each behind a line that names it, and a signed statement at the end.

Invariant: only a whole part has an end. What was cut is known to be cut, and never taken for a smaller part.
"""

from typing import Any, Protocol

import orjson

from kumiai_common.bundle.layout import Part

PIECE_BYTES = 1024 * 1024


class CutShort(ValueError):
    """The answer ended before the part did: export again."""


class Sink(Protocol):
    """Where the files of a part go, piece by piece."""

    def write(self, path: str, data: bytes) -> None:
        """Append to a file; a file begins with its first piece, which may be empty."""


class Appended(Protocol):
    """Bytes go to its end: a file, or a spool."""

    def write(self, data: bytes, /) -> int: ...


class Framed:
    """Writes pieces one after the other."""

    def __init__(self, file: Appended) -> None:
        self._file = file

    def write(self, path: str, data: bytes) -> None:
        """Append to a file, in pieces that a reader can hold."""
        for start in range(0, len(data), PIECE_BYTES) or (0,):
            piece = data[start : start + PIECE_BYTES]
            self._file.write(orjson.dumps({"file": path, "bytes": len(piece)}) + b"\n" + piece)

    def end(self, part: Part, public_key: str, signature: str) -> None:
        """End the part."""
        said = {"part": part.statement(), "public_key": public_key, "signature": signature}
        self._file.write(orjson.dumps({"end": said}) + b"\n")


class Unframed:
    """Takes pieces apart again: give it bytes as they come, and it writes files to a sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting = bytearray()
        self._ended: dict[str, Any] | None = None

    def take(self, data: bytes) -> None:
        """Take the next bytes, a few pieces at most. Raises CutShort for what can't be a part."""
        self._waiting += data
        while self._ended is None and self._piece():
            pass
        if len(self._waiting) > 8 * PIECE_BYTES:
            raise CutShort("this is no part of a bundle")

    def ended(self) -> dict[str, Any]:
        """The statement with the key and the signature. Raises CutShort if there was none."""
        if self._ended is None or self._waiting:
            raise CutShort("the part has no end")
        return self._ended

    def _piece(self) -> bool:
        line_end = self._waiting.find(b"\n")
        if line_end < 0:
            return False
        try:
            head = orjson.loads(self._waiting[:line_end])
        except orjson.JSONDecodeError:
            raise CutShort("this is no part of a bundle") from None
        if "end" in head:
            self._ended = head["end"]
            del self._waiting[: line_end + 1]
            return False
        stop = line_end + 1 + head["bytes"]
        if len(self._waiting) < stop:
            return False
        self._sink.write(head["file"], bytes(self._waiting[line_end + 1 : stop]))
        del self._waiting[:stop]
        return True
