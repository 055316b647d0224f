"""A service's part of a bundle: everything that it holds of a municipality, read in one transaction.

Invariant: all files of a part are of one moment (repeatable read), so the tables are the fold of the streams beside
them; memory is bounded by a page, whatever the municipality's size.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson
from kumiai_contracts.model import CONTRACT_VERSION
from kumiai_contracts.operations import ParkedRow
from kumiai_contracts.registry import tables_of_stream
from kumiai_contracts.topics import STREAM_OF, receipts_stream

from kumiai_common import log
from kumiai_common.bundle import cells, described, layout
from kumiai_common.bundle.described import Column
from kumiai_common.bundle.frames import Sink
from kumiai_common.bundle.layout import End, File, Part
from kumiai_common.database import Connection, Database
from kumiai_common.keys import ServiceKeys
from kumiai_common.queries import QUERIES
from kumiai_common.tables import ROWS_A_PAGE, StateHash, stored_rows

LINES_A_PAGE = 500
LINES_AT_ONCE = 50
"""So few that nobody else's work in the same loop waits for long."""
ACCESS_RECORD = "access_record"
"""利用記録, which every service keeps."""
INBOX = tuple(Column(name, type_) for name, type_ in (("source", "text"), ("id", "text"), ("digest", "text"),
                                                      ("receipt_position", "bigint")))  # fmt: skip
CHECKPOINTS = tuple(Column(name, type_) for name, type_ in (("stream", "text"), ("incarnation", "bigint"),
                    ("position", "bigint"), ("hash", "text"), ("time", "text"), ("signature", "text")))  # fmt: skip

SEALED_PARTS = """
select convert_to(concat(
  '{"commitment":', to_json(commitment), ',"stream":', to_json(stream), ',"position":', position,
  ',"name":', to_json(name), ',"salt":', coalesce(to_json(encode(salt, 'hex'))::text, 'null'),
  ',"part":', coalesce(to_json(convert_from(part, 'UTF8'))::text, 'null'),
  ',"erased_at":', coalesce(to_json(erased_at::text)::text, 'null'), '}', chr(10)), 'UTF8')
from sealed_part where municipality = $1 order by commitment collate "C"
"""
"""Each part as a line of JSON; see `read_lines`."""


class HeadsMoved(Exception):
    """The streams no longer end where the caller wants them exported."""


@dataclass(frozen=True)
class Kept:
    """What a service keeps of a municipality beside its streams."""

    records: tuple[str, ...] = ()
    """Tables that no stream fills and that are the municipality's, besides its access records."""
    documents: Callable[[str], Mapping[str, bytes]] = field(default=lambda _: {})
    """By municipality: the parameters that its decisions were made with, each by its file name."""


class _Summed:
    """Counts and sums what goes into each file."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._sums: dict[str, Any] = {}
        self._sizes: dict[str, list[int]] = {}
        self._of_identity: dict[str, bool] = {}

    def begin(self, path: str, *, identity: bool, first: bytes = b"") -> None:
        if path in self._sums:
            raise ValueError(f"{path} is named twice")
        self._sums[path], self._sizes[path], self._of_identity[path] = sha256(), [0, 0], identity
        self.add(path, first, 0)

    def add(self, path: str, data: bytes, records: int) -> None:
        self._sums[path].update(data)
        self._sizes[path][0] += len(data)
        self._sizes[path][1] += records
        self._sink.write(path, data)

    def files(self) -> tuple[File, ...]:
        return tuple(
            File(path, self._sizes[path][0], total.hexdigest(), self._sizes[path][1], self._of_identity[path])
            for path, total in sorted(self._sums.items())
        )


async def write_part(
    database: Database,
    service: str,
    municipality: str,
    keys: ServiceKeys,
    sink: Sink,
    *,
    kept: Kept | None = None,
    expected: Iterable[End] | None = None,
) -> Part:
    """Write a service's part to a sink and give its statement, to be signed with `Part.signature`.

    With `expected`, raises HeadsMoved unless the service's streams end exactly there. Never writes to the database.
    """
    async with database.transaction([municipality], isolation="repeatable_read") as connection:
        return await _Writer(connection, service, municipality, keys, _Summed(sink), kept or Kept()).run(expected)


class _Writer:
    def __init__(
        self, connection: Connection, service: str, municipality: str, keys: ServiceKeys, files: _Summed, kept: Kept
    ) -> None:
        self._connection = connection
        self._service = service
        self._municipality = municipality
        self._keys = keys
        self._files = files
        self._kept = kept

    async def run(self, expected: Iterable[End] | None) -> Part:
        heads = await self._heads()
        if expected is not None and sorted(heads, key=_stream) != sorted(expected, key=_stream):
            raise HeadsMoved
        for head in heads:
            await self._stream(head)
        state_hash = await self._tables()
        await self._sealed_parts()
        await self._inbox()
        await self._kept_notices()
        await self._checkpoints()
        for table in (ACCESS_RECORD, *self._kept.records):
            await self._records(table)
        for name, content in sorted(self._kept.documents(self._municipality).items()):
            self._files.begin(layout.document_path(self._service, name), identity=False, first=content)
        return Part(
            self._municipality,
            self._service,
            CONTRACT_VERSION,
            heads,
            await self._readers(),
            state_hash.hex(),
            await self._signers(),
            self._files.files(),
        )

    async def _heads(self) -> tuple[End, ...]:
        own = (STREAM_OF[self._service], receipts_stream(self._service))
        found = {head.stream: head for head in await log.heads(self._connection, [self._municipality])}
        return tuple(
            End(stream, found[stream].incarnation, found[stream].position, found[stream].hash.hex())
            for stream in own
            if stream in found and found[stream].position
        )

    async def _readers(self) -> tuple[End, ...]:
        found = await QUERIES.reader_positions(self._connection, municipalities=[self._municipality])
        ends = [End(row["stream"], row["incarnation"], row["position"], row["hash"].hex()) for row in found]
        return tuple(sorted(ends, key=_stream))

    async def _signers(self) -> tuple[str, ...]:
        found = await QUERIES.checkpoint_signers(self._connection, municipality=self._municipality)
        return tuple(sorted({row["public_key"] for row in found} | {self._keys.public_text}))

    async def _stream(self, head: End) -> None:
        path = layout.stream_path(self._service, head.stream)
        self._files.begin(path, identity=True)
        at = 0
        while page := await log.read_lines(self._connection, self._municipality, head.stream, at, LINES_A_PAGE):
            for start in range(0, len(page), LINES_AT_ONCE):
                some = page[start : start + LINES_AT_ONCE]
                self._files.add(path, b"".join([line.json for line in some]), len(some))
                await asyncio.sleep(0)
            at = page[-1].position

    async def _tables(self) -> bytes:
        total = StateHash()
        for kind in tables_of_stream(STREAM_OF[self._service]):
            columns = described.columns(kind)
            hashed = kind is not ParkedRow  # see `tables.state_hash`
            if hashed:
                total.table(kind.table)

            async def pages(hashed: bool = hashed, kind: Any = kind) -> AsyncIterator[list[list[Any]]]:
                async for page in stored_rows(self._connection, kind, self._municipality):
                    if hashed:
                        for values in page:
                            total.row(values)
                    yield page

            await self._csv(layout.table_path(self._service, kind.table), columns, pages(), identity=True)
        return total.digest()

    async def _inbox(self) -> None:
        query = (
            "select source, id, encode(digest, 'hex'), receipt_position from inbox where municipality = $1"
            ' order by source collate "C", id collate "C"'
        )
        await self._csv(f"{self._service}/inbox.csv", INBOX, self._pages(query), identity=True)

    async def _checkpoints(self) -> None:
        query = (
            "select stream, incarnation, position, encode(hash, 'hex'), time, encode(signature, 'hex') from checkpoint"
            ' where municipality = $1 order by stream collate "C", incarnation, position'
        )
        await self._csv(f"{self._service}/checkpoints.csv", CHECKPOINTS, self._pages(query), identity=False)

    async def _sealed_parts(self) -> None:
        path = f"{self._service}/parts.jsonl"
        self._files.begin(path, identity=True)
        async for page in self._pages(SEALED_PARTS, LINES_A_PAGE):
            self._files.add(path, b"".join([line for (line,) in page]), len(page))

    async def _kept_notices(self) -> None:
        path = f"{self._service}/kept-notices.jsonl"
        self._files.begin(path, identity=False)
        query = (
            "select kept_as, source, id, code, encrypted, kept_at, expires_at from kept_notice"
            ' where municipality = $1 and expires_at > now() order by kept_as collate "C"'
        )
        async for page in self._pages(query, 100):
            lines = [orjson.dumps(self._kept_notice(*row), option=orjson.OPT_APPEND_NEWLINE) for row in page]
            self._files.add(path, b"".join(lines), len(lines))

    def _kept_notice(self, kept_as: str, source: str, id_: str, code: str, encrypted: bytes, *times: Any) -> Any:
        plain = self._keys.decrypt(encrypted, self._municipality.encode())
        kept_at, expires_at = (time.isoformat() for time in times)
        # A notice that was refused need not be UTF-8: its bytes stand in hexadecimal.
        return {"kept_as": kept_as, "source": source, "id": id_, "code": code, "kept_at": kept_at,
                "expires_at": expires_at, "body": plain.hex()}  # fmt: skip

    async def _records(self, table: str) -> None:
        columns = await record_columns(self._connection, table)
        shown = ", ".join(
            f"to_jsonb({column.name})::text" if column.type in {"jsonb", "text"} else column.name for column in columns
        )
        order = ", ".join(f'{column.name}::text collate "C"' for column in columns)
        query = f"select {shown} from {table} where municipality = $1 order by {order}"

        async def pages() -> AsyncIterator[list[list[Any]]]:
            async for page in self._pages(query):
                yield [
                    [
                        orjson.loads(value) if isinstance(value, str) and column.type in ("jsonb", "text") else value
                        for value, column in zip(row, columns, strict=True)
                    ]
                    for row in page
                ]

        await self._csv(layout.record_path(self._service, table), columns, pages(), identity=False)

    async def _pages(self, query: str, size: int = ROWS_A_PAGE) -> AsyncIterator[list[Any]]:
        cursor = await self._connection.cursor(query, self._municipality)
        while page := await cursor.fetch(size):
            yield page

    async def _csv(
        self, path: str, columns: Sequence[Column], pages: AsyncIterator[list[Any]], *, identity: bool
    ) -> None:
        self._files.begin(path, identity=identity, first=cells.lines([[column.name for column in columns]]))
        async for page in pages:
            self._files.add(path, cells.table(page, columns), len(page))


async def record_columns(connection: Connection, table: str) -> list[Column]:
    """The columns of a table that no stream fills, less the municipality and what the database counts by itself."""
    found = await connection.fetch(
        "select attname, format_type(atttypid, null), not attnotnull from pg_attribute"
        " where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = ''"
        " and attname <> 'municipality' order by attnum",
        table,
    )
    return [
        Column(name, "jsonb" if type_.endswith("[]") else _TYPES.get(type_, "text"), nullable)
        for name, type_, nullable in found
    ]


_TYPES = {"bigint": "bigint", "integer": "bigint", "boolean": "boolean"}


def _stream(end: End) -> str:
    return end.stream
