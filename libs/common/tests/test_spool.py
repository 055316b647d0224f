"""A spool gives back what was written, at any place, and nothing of it stands on disk."""

import asyncio
import os
from random import Random
from typing import Any, cast

from kumiai_common import spool
from kumiai_common.bundle import exporting
from kumiai_common.spool import Spool


def test_what_was_written_is_read_at_any_place() -> None:
    chance = Random(7)
    written = b""
    with Spool() as written_to:
        for _ in range(200):
            piece = chance.randbytes(chance.randint(0, 100))
            written_to.write(piece)
            written += piece
            offset = chance.randint(0, len(written))
            assert written_to.read_at(offset, 50) == written[offset : offset + 50]
        assert written_to.read_at(0, len(written) + 10) == written


def test_lines_come_as_they_were_written(monkeypatch: Any) -> None:
    monkeypatch.setattr(spool, "PIECE_BYTES", 7)
    with Spool() as written:
        assert list(written.lines()) == []
        written.write(b'{"a": 1}\n{"b": 2}\n\n')
        assert list(written.lines()) == [b'{"a": 1}', b'{"b": 2}', b""]
        written.write(b"more")
        assert list(written.lines()) == [b'{"a": 1}', b'{"b": 2}', b"", b"more"]


def test_nothing_that_was_written_stands_on_disk() -> None:
    with Spool() as one, Spool() as other:
        for each in (one, other):
            each.write("山田 太郎".encode() * 100)
            assert each.read_at(0, 13) == "山田 太郎".encode()
        first, second = (os.pread(each._file.fileno(), 2000, 0) for each in (one, other))
    assert len(first) == 1300 and "山田".encode() not in first + second
    assert first[:16] not in first[16:], "not even that it repeats itself"
    assert first != second


async def test_an_exports_turn_is_given_back_even_if_nobody_reads_on(monkeypatch: Any) -> None:
    async def write(_: object, __: str, written: Spool) -> None:
        written.write(b"part")
        await asyncio.sleep(60)

    monkeypatch.setattr(exporting, "_write", write)
    turns = asyncio.Semaphore(1)
    await turns.acquire()
    pieces = exporting._following(cast(exporting.Exported, None), "131016", turns)
    assert await anext(pieces) == b""
    assert await anext(pieces) == b"part"
    assert turns.locked()
    await pieces.aclose()
    assert not turns.locked()
