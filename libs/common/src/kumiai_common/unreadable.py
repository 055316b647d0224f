"""Reading what Kafka holds: whatever a sender puts into a topic, legible or not (判読不能), becomes records.

Where aiokafka can't read a record, it raises out of `getmany`, and what it has taken from all other topics in the same
call is lost. As the municipalities of a lane share one consumer, one sender could stop all of them. Its fetcher
therefore reads with `Batches`.

Invariant: reading never raises, and every offset comes once and in order. What can't be read comes as a record whose
value is `Unreadable`: a record at its own offset, a batch that can't be taken apart at its last offset.
"""

import gzip
import mmap
import struct
from collections import deque
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import decode_varint_py as decode_varint

MAX_PLAIN_BYTES = 64 * 1024 * 1024
"""What a batch may unfold to. The broker limits only the compressed size, and zstd makes gigabytes of kilobytes."""

_LENGTH = struct.Struct(">qi")
_HEADER = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, CRC, attributes, last offset delta, first and last timestamp, producer id
and epoch, base sequence, count of records: https://kafka.apache.org/documentation/#recordbatch."""
_MAGIC = 2
_ATTRIBUTES_AT, _COUNT_AT = 21, 57
_CODEC, _TRANSACTIONAL, _CONTROL = 0x07, 0x10, 0x20
_GZIP, _SNAPPY, _LZ4, _ZSTD = 1, 2, 3, 4
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES = 16

_ROOM = mmap.mmap(-1, MAX_PLAIN_BYTES)
"""Where batches unfold. Its pages take memory only once they are used; the event loop's thread alone uses them."""


class Unreadable(bytes):
    """The value of a record that can't be read: its bytes, or its batch's, as Kafka holds them."""


class Record(NamedTuple):
    """What aiokafka's fetcher wants to know of a record."""

    offset: int
    value: Unreadable
    timestamp: int = -1
    timestamp_type: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    checksum: None = None


def read_everything() -> None:
    """Let every consumer of this process read with `Batches`. May be repeated."""
    fetcher.MemoryRecords = Batches


class Batches:
    """The batches of one fetch from one partition; stands in for aiokafka's `MemoryRecords`."""

    def __init__(self, fetched: bytes | None) -> None:
        self._size = len(fetched or b"")
        self._slices = deque(_slices(fetched or b""))

    def size_in_bytes(self) -> int:
        """How much was fetched, with what the fetch's limit cut off."""
        return self._size

    def has_next(self) -> bool:
        """Whether there is another whole batch."""
        return bool(self._slices)

    def next_batch(self) -> "Batch":
        """The next batch. Raises IndexError after the last one."""
        return Batch(self._slices.popleft())


class Batch:
    """One batch; stands in for aiokafka's `DefaultRecordBatch`."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._sound = len(raw) >= _HEADER.size and _is_sound(raw)
        if self._sound:
            self.base_offset, *_, attributes, last, _, _, producer, _, _, _ = _HEADER.unpack_from(raw)
        else:
            # Without its header it is one record of nobody; what stands where the length should be is not believed.
            self.base_offset, attributes, last, producer = int.from_bytes(raw[:8], "big"), 0, _last_delta(raw), None
        self.next_offset: int = self.base_offset + last + 1
        self.producer_id: int | None = producer
        self.is_transactional = bool(attributes & _TRANSACTIONAL)
        self.is_control_batch = bool(attributes & _CONTROL)

    def validate_crc(self) -> bool:
        """Always: a batch whose checksum is wrong comes as unreadable."""
        return True

    def __next__(self) -> Any:
        """The first record; the fetcher asks for it where the broker marks the end of a transaction."""
        return next(iter(self))

    def __iter__(self) -> Iterator[Any]:
        try:
            plain = self._plain()
        except Exception:  # decoders raise what they like
            yield self._rest(self._raw)
            return
        taken = 0
        try:
            for record in DefaultRecordBatch(plain):
                yield record
                taken += 1
        except Exception:  # the same
            yield from self._one_by_one(plain, taken)

    def _plain(self) -> bytes:
        """The batch without compression. Raises anything if it can't be had."""
        if not self._sound:
            raise ValueError("the batch is damaged")
        attributes = int.from_bytes(self._raw[_ATTRIBUTES_AT : _ATTRIBUTES_AT + 2], "big")
        if not attributes & _CODEC:
            return self._raw
        records = _unfolded(attributes & _CODEC, self._raw[_HEADER.size :])
        plain = (attributes & ~_CODEC).to_bytes(2, "big")
        return self._raw[:_ATTRIBUTES_AT] + plain + self._raw[_ATTRIBUTES_AT + 2 : _HEADER.size] + records

    def _one_by_one(self, plain: bytes, taken: int) -> Iterator[Any]:
        """The records behind the first `taken`: each read as if it were a batch of its own."""
        header = plain[:_COUNT_AT] + (1).to_bytes(4, "big")
        data = bytearray(plain[_HEADER.size :])
        begin, number = 0, 0
        while begin < len(data):
            try:
                end, offset = self._end_and_offset(data, begin)
            except (ValueError, IndexError):
                yield self._rest(bytes(data[begin:]))
                return
            if number >= taken:
                record = bytes(data[begin:end])
                try:
                    yield next(iter(DefaultRecordBatch(header + record)))
                except Exception:  # the same
                    yield Record(offset, Unreadable(record))
            begin, number = end, number + 1

    def _end_and_offset(self, data: bytearray, begin: int) -> tuple[int, int]:
        length, start = decode_varint(data, begin)
        if not 0 < length <= len(data) - start:
            raise ValueError("the record doesn't end in its batch")
        _, after_time = decode_varint(data, start + 1)  # behind the attributes
        delta, _ = decode_varint(data, after_time)
        return start + length, self.base_offset + delta

    def _rest(self, raw: bytes) -> Record:
        return Record(self.next_offset - 1, Unreadable(raw))


def _slices(fetched: bytes) -> Iterator[bytes]:
    begin = 0
    while len(fetched) - begin >= _LENGTH.size:
        _, length = _LENGTH.unpack_from(fetched, begin)
        if length <= 0:  # no end can be told
            yield fetched[begin:]
            return
        end = begin + _LENGTH.size + length
        if end > len(fetched):
            return
        yield fetched[begin:end]
        begin = end


def _is_sound(raw: bytes) -> bool:
    magic = raw[_LENGTH.size + 4]
    return magic == _MAGIC and bool(DefaultRecordBatch(raw).validate_crc())


def _last_delta(raw: bytes) -> int:
    """Where a damaged batch ends, if that can be believed: it has no more records than bytes."""
    if len(raw) < _HEADER.size:
        return 0
    delta: int = _HEADER.unpack_from(raw)[6]
    return delta if 0 <= delta < len(raw) else 0


def _unfolded(codec: int, data: bytes) -> bytes:
    """Decompressed records. Raises ValueError, or what the decoder raises, also where they are too large."""
    if codec == _GZIP:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            found = file.read(MAX_PLAIN_BYTES + 1)
        if len(found) > MAX_PLAIN_BYTES:
            raise ValueError("the batch is too large")
        return found
    if codec == _SNAPPY:
        return _unfolded_snappy(data)
    decoder = {_LZ4: cramjam.lz4, _ZSTD: cramjam.zstd}.get(codec)
    if decoder is None:
        raise ValueError("no such codec")
    size = decoder.decompress_into(data, _ROOM)
    return _ROOM[:size]


def _unfolded_snappy(data: bytes) -> bytes:
    """Snappy's raw format, or the blocks in which Java's clients frame it."""
    blocks = [data]
    if data.startswith(_XERIAL):
        blocks, begin = [], _XERIAL_HEADER_BYTES
        while begin < len(data):
            size = int.from_bytes(data[begin : begin + 4], "big")
            blocks.append(data[begin + 4 : begin + 4 + size])
            begin += 4 + size
    if sum(cramjam.snappy.decompress_raw_len(block) for block in blocks) > MAX_PLAIN_BYTES:
        raise ValueError("the batch is too large")
    return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)
