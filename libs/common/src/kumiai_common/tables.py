"""Tables as folds: every table is the last row per key of the events applied so far.

The owner's tables and every reader's replica have the same columns and are filled by the same statement, straight from
the JSON of the events' bodies. So equal positions mean equal tables, and the state hash shows it.
"""

import asyncio
import types
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from hashlib import sha256
from operator import itemgetter
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import orjson
from kumiai_contracts.chain import length_prefixed
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.model import Frozen, Row
from kumiai_contracts.operations import ParkedRow
from kumiai_contracts.registry import tables_of, tables_of_stream

from kumiai_common.database import Connection

R = TypeVar("R", bound=Row)
JsonRow = dict[str, Any]
Statement = tuple[str, list[tuple[Any, ...]]]
"""SQL, and the rows that are its only parameter."""
ROWS_A_PAGE = 250
ROWS_AT_ONCE = 50
"""So few that nobody else's work in the same loop waits for long."""


class Fold:
    """The rows that a run of events makes true, the last per key, ready to be written at once."""

    def __init__(self, *, own: bool) -> None:
        """`own` tells whether the events are the service's own; what another has parked is not its reader's affair."""
        self._own = own
        self._tables: dict[type[Row], dict[tuple[str, Any], JsonRow]] = {}
        """By (municipality, key)."""

    def add(self, event: StoredEvent) -> None:
        """Take over the rows of an event. Raises KeyError for a type that the contracts don't know."""
        fields = tables_of(event.type)
        if not fields:
            return
        body = orjson.loads(event.body)
        for field, kind in fields:
            value = body.get(field)
            if value is None or (kind is ParkedRow and not self._own):
                continue
            rows, key_of = self._tables.setdefault(kind, {}), _key_of(kind)
            for row in (value,) if isinstance(value, dict) else value:
                rows[event.municipality, key_of(row)] = row

    def statements(self) -> list[Statement]:
        """What writes everything: one upsert a table, with its rows as the database takes them."""
        return [(_upsert(kind), _records(kind, rows)) for kind, rows in self._tables.items()]

    async def write(self, connection: Connection) -> None:
        """Upsert everything."""
        await write(connection, self.statements())

    async def mend(self, connection: Connection) -> int:
        """Upsert what differs from what is stored, and lock the rest, by which `delete_untouched` knows it.

        Returns how many rows were written.
        """
        changed = 0
        for kind, rows in self._tables.items():
            changed += _count(await connection.execute(_mending(kind), _records(kind, rows)))
        return changed


async def delete_untouched(connection: Connection, kind: type[Row], municipality: str) -> int:
    """Delete a municipality's rows that nothing in this transaction has written or mended; returns how many."""
    return _count(
        await connection.execute(
            f"delete from {kind.table} where municipality = $1"
            " and xmin <> pg_current_xact_id()::xid and xmax <> pg_current_xact_id()::xid",
            municipality,
        )
    )


async def write(connection: Connection, statements: Iterable[Statement]) -> None:
    """Execute what a fold has made."""
    for statement, rows in statements:
        await connection.execute(statement, rows)


async def state_hash(connection: Connection, municipality: str, stream: str) -> bytes:
    """SHA-256 over every column of every table that the stream fills, for one municipality, in the order of the keys.

    Tables about a service's own working (`parked_event`) belong to the owner of the stream that they stand in, so a
    reader's table of the same name says something else; they are left out.
    """
    total = StateHash()
    for kind in tables_of_stream(stream):
        if kind is ParkedRow:
            continue
        total.table(kind.table)
        async for page in stored_rows(connection, kind, municipality):
            total.rows(page)
    return total.digest()


class StateHash:
    """The state hash as it grows, table by table and row by row. A table without a row leaves no trace in it, so that
    a version that knows more tables gives the same hash."""

    def __init__(self) -> None:
        self._total = sha256()
        self._begun = b""

    def table(self, name: str) -> None:
        """Begin a table."""
        self._begun = length_prefixed(name.encode())

    def row(self, values: Sequence[Any]) -> None:
        """Add a row: its values as JSON has them, in the order of the columns."""
        self.rows((values,))

    def rows(self, page: Iterable[Sequence[Any]]) -> None:
        """Add rows, in their order, at least one."""
        self._total.update(self._begun + length_prefixed(*map(canonical_row, page)))
        self._begun = b""

    def digest(self) -> bytes:
        """SHA-256 over everything so far."""
        return self._total.digest()


async def stored_rows(connection: Connection, kind: type[Row], municipality: str) -> AsyncIterator[list[list[Any]]]:
    """Every row of a table as JSON has its values, in the order of the keys as texts, byte by byte; in pages."""
    columns = columns_of(kind)
    nested = [n for n, (_, type_) in enumerate(columns) if type_ == "jsonb"]
    names = ", ".join(f"{name}::text" if type_ == "date" else name for name, type_ in columns)
    order = ", ".join(f'{column}::text collate "C"' for column in kind.key) or "municipality"
    query = f"select {names} from {kind.table} where municipality = $1 order by {order}"
    cursor = await connection.cursor(query, municipality)
    while records := await cursor.fetch(ROWS_A_PAGE):
        for start in range(0, len(records), ROWS_AT_ONCE):
            page = [list(record) for record in records[start : start + ROWS_AT_ONCE]]
            for values in page:
                for n in nested:
                    if values[n] is not None:
                        values[n] = orjson.loads(values[n])
            yield page
            await asyncio.sleep(0)


def from_record(kind: type[R], record: Mapping[str, Any]) -> R:
    """A row from a record of its table. Trusted: nothing is validated, since only validated rows were written."""
    values_of, _ = _conversions(kind)
    values = dict(zip(kind.model_fields, values_of(record), strict=True))
    for name, load in _loaders(kind):
        if values[name] is not None:
            values[name] = load(values[name])
    return kind.holding(values)


@cache
def columns_of(kind: type[Row]) -> tuple[tuple[str, str], ...]:
    """The columns of a table with their PostgreSQL types, in the order of the row's fields."""
    return tuple((name, _postgres_type(field.annotation)) for name, field in kind.model_fields.items())


def ddl(kind: type[Row]) -> str:
    """The `create table` of a kind of row, for writing a migration."""
    lines = ["  municipality text not null"]
    for name, type_ in columns_of(kind):
        nullable = type(None) in get_args(kind.model_fields[name].annotation)
        lines.append(f"  {name} {type_}" + ("" if nullable else " not null"))
    lines.append(f"  primary key ({', '.join(('municipality', *kind.key))})")
    return f"create table {kind.table} (\n" + ",\n".join(lines) + "\n);"


@cache
def _upsert(kind: type[Row]) -> str:
    # One array of whole rows: PostgreSQL and asyncpg take it in a fraction of the time of an array for each column.
    names = [name for name, _ in columns_of(kind)]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in kind.key)
    return (
        f"insert into {kind.table} select * from unnest($1::{kind.table}[])"
        f" on conflict ({', '.join(('municipality', *kind.key))}) do "
        + (f"update set {changes}" if changes else "nothing")
    )


@cache
def _mending(kind: type[Row]) -> str:
    """An upsert that writes only rows that differ. PostgreSQL locks those that don't, too: their `xmax` says so."""
    changed = [name for name, _ in columns_of(kind) if name not in kind.key] or ["municipality"]
    return (
        f"insert into {kind.table} select * from unnest($1::{kind.table}[])"
        f" on conflict ({', '.join(('municipality', *kind.key))}) do update"
        f" set {', '.join(f'{name} = excluded.{name}' for name in changed)}"
        f" where {kind.table}.* is distinct from excluded.*"
    )


def _count(status: str) -> int:
    """How many rows a statement wrote, as PostgreSQL says when it is done (`INSERT 0 5`)."""
    return int(status.rpartition(" ")[2])


@cache
def _key_of(kind: type[Row]) -> Callable[[JsonRow], Any]:
    """What takes the key out of a row as it stands in a body."""
    return itemgetter(*kind.key) if kind.key else lambda _: ()


def _records(kind: type[Row], rows: Mapping[tuple[str, Any], JsonRow]) -> list[tuple[Any, ...]]:
    """The rows as tuples in the order of the table's columns, from the rows as they stand in bodies."""
    values_of, converted = _conversions(kind)
    found = []
    for (municipality, _), row in rows.items():
        values = [municipality, *values_of(row)]
        for n, convert in converted:
            if values[n] is not None:
                values[n] = convert(values[n])
        found.append(tuple(values))
    return found


@cache
def _conversions(
    kind: type[Row],
) -> tuple[Callable[[Mapping[str, Any]], tuple[Any, ...]], tuple[tuple[int, Callable[[Any], Any]], ...]]:
    """What takes the fields out of a row, and the places that JSON writes otherwise, with what converts them."""
    columns = columns_of(kind)
    makers: dict[str, Callable[[Any], Any]] = {
        "date": date.fromisoformat,
        "jsonb": lambda value: orjson.dumps(value).decode(),
    }
    converted = tuple((n, makers[type_]) for n, (_, type_) in enumerate(columns, start=1) if type_ in makers)
    return itemgetter(*[name for name, _ in columns]), converted


def _postgres_type(annotation: Any) -> str:
    base = _base(annotation)
    if get_origin(base) is tuple or (isinstance(base, type) and issubclass(base, Frozen)):
        return "jsonb"
    if isinstance(base, type):
        for python, postgres in ((bool, "boolean"), (int, "bigint"), (date, "date"), (str, "text")):
            if issubclass(base, python):
                return postgres
    return "text"  # a Literal of strings


def _base(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return _base(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _base(next(argument for argument in get_args(annotation) if argument is not type(None)))
    return annotation


@cache
def _loaders(kind: type[Row]) -> tuple[tuple[str, Any], ...]:
    """The columns whose values are not yet what the row holds, and what makes them so."""
    found: list[tuple[str, Any]] = []
    for name, type_ in columns_of(kind):
        base = _base(kind.model_fields[name].annotation)
        if type_ == "jsonb":
            found.append((name, _nested_loader(base)))
        elif isinstance(base, type) and issubclass(base, StrEnum):
            found.append((name, {member.value: member for member in base}.__getitem__))
    return tuple(found)


def _nested_loader(base: Any) -> Any:
    if isinstance(base, type) and issubclass(base, Frozen):
        # What may be missing stands in its column as JSON's null.
        return lambda text: None if text == "null" else base.model_validate_json(text)
    item = _base(get_args(base)[0])
    if isinstance(item, type) and issubclass(item, Frozen):
        return lambda text: tuple(item.model_validate_json(orjson.dumps(value)) for value in orjson.loads(text))
    if isinstance(item, type) and issubclass(item, StrEnum):
        return lambda text: tuple(item(value) for value in orjson.loads(text))
    return lambda text: tuple(orjson.loads(text))


def canonical_row(values: Sequence[Any]) -> bytes:
    """The same bytes as `canonical_json`, in a fraction of the time."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def folded(events: Iterable[StoredEvent], *, own: bool) -> Fold:
    """The fold of a run of events, of the service's own stream or of a foreign one."""
    fold = Fold(own=own)
    for event in events:
        fold.add(event)
    return fold
