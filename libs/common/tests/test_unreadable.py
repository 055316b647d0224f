"""Whatever bytes a broker hands out, reading them never raises, and each offset comes once, in order."""

import struct
from random import Random

import cramjam
import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy as Builder
from aiokafka.record.util import calc_crc32c
from kumiai_common.unreadable import MAX_PLAIN_BYTES, Batches, Unreadable

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


class NotUtf8(str):
    """A header's name that is written as bytes that are not UTF-8."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


BAD = [("ce_id", b"1"), (NotUtf8("x"), b"2")]


def batch(*values: bytes, bad: tuple[int, ...] = (), codec: int = 0, first: int = 0) -> bytes:
    """A batch as a broker stores it; the records whose numbers are in `bad` have a bad header name."""
    builder = Builder(2, codec, 0, -1, -1, -1, 1 << 30)
    for number, value in enumerate(values):
        builder.append(number, 1_700_000_000_000, None, value, BAD if number in bad else [("ce_id", b"1")])
    found = builder.build()
    struct.pack_into(">q", found, 0, first)
    return bytes(found)


def read(raw: bytes) -> list[tuple[int, bytes]]:
    """Offsets and values, read as aiokafka's fetcher reads them."""
    found, batches = [], Batches(raw)
    while batches.has_next():
        one = batches.next_batch()
        assert one.validate_crc()
        found += [(record.offset, record.value) for record in one]
    return found


def unreadable(found: list[tuple[int, bytes]]) -> list[int]:
    """The offsets of what could not be read."""
    return [offset for offset, value in found if isinstance(value, Unreadable)]


def resealed(raw: bytes) -> bytes:
    """The batch with a checksum that is right."""
    return raw[:17] + struct.pack(">I", calc_crc32c(raw[21:])) + raw[21:]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_one_bad_header_name_costs_one_record_under_every_codec(codec: int) -> None:
    values = [b"%d" % number + b"-" * 200 for number in range(5)]
    found = read(batch(*values, bad=(2,), codec=codec, first=40) + batch(b"next", first=45))
    assert [offset for offset, _ in found] == [40, 41, 42, 43, 44, 45]
    assert unreadable(found) == [42]
    assert [value for _, value in found[:2] + found[3:]] == [*values[:2], *values[3:], b"next"]
    assert values[2] in found[2][1], "its bytes are there for an operator"


def test_a_damaged_batch_comes_whole_at_its_last_offset() -> None:
    raw = bytearray(batch(b"a", b"b", b"c"))
    raw[-2] ^= 1
    found = read(bytes(raw) + batch(b"next", first=3))
    assert found == [(2, bytes(raw)), (3, b"next")]
    assert unreadable(found) == [2]


@pytest.mark.parametrize("codec", [*CODECS.values(), 5, 7])
def test_a_batch_that_does_not_unfold_comes_whole(codec: int) -> None:
    raw = bytearray(batch(b"a", b"b"))
    raw[22] = codec
    found = read(resealed(bytes(raw)) + batch(b"next", first=2))
    assert [offset for offset, _ in found][-1] == 2
    assert unreadable(found) == ([] if codec == 0 else [1])


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_a_batch_that_unfolds_to_more_than_the_limit_comes_whole(codec: int) -> None:
    found = read(batch(bytes(MAX_PLAIN_BYTES), codec=codec))
    assert unreadable(found) == [0]
    assert len(found[0][1]) < MAX_PLAIN_BYTES / 10


def test_snappy_without_javas_frame_is_read() -> None:
    plain = batch(b"a" * 500)
    framed = bytearray(plain[:61] + bytes(cramjam.snappy.compress_raw(plain[61:])))
    framed[22] = CODECS["snappy"]
    struct.pack_into(">i", framed, 8, len(framed) - 12)
    assert read(resealed(bytes(framed))) == [(0, b"a" * 500)]


def test_what_the_limit_of_a_fetch_cut_off_is_left_for_the_next() -> None:
    assert read(batch(b"a") + batch(b"b", first=1)[:-1]) == [(0, b"a")]
    assert read(b"") == []
    assert not Batches(None).has_next()


def test_no_bytes_raise() -> None:
    random = Random(7)
    for _ in range(500):
        raw = bytearray(batch(b"a", b"b", b"c", codec=random.choice([0, 1, 2, 3, 4])) + batch(b"d", first=3))
        for _ in range(random.randint(1, 4)):
            raw[random.randrange(len(raw))] = random.randrange(256)
        read(resealed(bytes(raw)) if random.random() < 0.7 else bytes(raw))
