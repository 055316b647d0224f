"""How far an import is (取込みの進み具合): a SQLite file that survives being killed, one for each file and member.

Invariant: a row's state is written after the service has answered, never before; so what is killed sends again what was
not answered, under the same ids, and the service answers as it did. When all is answered only outcomes are left here.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import orjson

from kumiai_cli.importing.messages import Fault, fault
from kumiai_cli.outcome import REFUSED, Failure

_TABLES = """
create table meta (key text primary key, value text not null);
create table row (line integer primary key, unit text, person text, ordinal integer, data blob, state text not null);
create table refusal (line integer not null, "column" text not null, code text not null, ja text, en text);
create table given (old_number text primary key, number text not null);
"""
_CHUNK = 5000


class Stored(NamedTuple):
    """A row that waits for its answer."""

    line: int
    cells: dict[str, str]
    """The cells that are not empty, by column, as JSON has them."""


class Entry(NamedTuple):
    """A row as it is put down: `data` is empty for one that is refused already."""

    line: int
    unit: str
    person: str
    ordinal: int
    data: bytes


class Workbook:
    """One import's rows, what became of each, and why."""

    def __init__(self, path: Path | None) -> None:
        """At a path, or in memory and on no disk for a dry run. Raises Failure if another import is at it."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
        self._path = path
        self._database = sqlite3.connect(path or "", isolation_level=None, timeout=0)
        try:
            self._database.execute("pragma locking_mode = exclusive")
            self._database.execute("pragma synchronous = normal")
            self._database.execute("begin exclusive")
        except sqlite3.OperationalError:
            raise Failure(f"Another import of this file is under way ({path}).", REFUSED) from None
        if not self._database.execute("select 1 from sqlite_master").fetchone():
            for statement in filter(str.strip, _TABLES.split(";")):
                self._database.execute(statement)
        self._database.execute("commit")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def discard(self) -> None:
        """Forget this import, as if it had never begun."""
        self.close()
        if self._path is not None:
            with suppress(FileNotFoundError):
                self._path.unlink()

    def told(self, key: str) -> str:
        """What was put down under a key; empty if nothing was."""
        found = self._database.execute("select value from meta where key = ?", (key,)).fetchone()
        return str(found[0]) if found else ""

    def tell(self, **values: str) -> None:
        """Put down what belongs to the whole import."""
        self._database.executemany("insert or replace into meta values (?, ?)", values.items())

    def read(self, entries: Iterable[Entry | Fault]) -> None:
        """Put all rows down in one transaction: a reading that is killed has never been."""
        self._database.execute("begin")
        rows: list[tuple[object, ...]] = []
        for entry in entries:
            if isinstance(entry, Fault):
                self._refuse(entry)
                continue
            rows.append((*entry, "waiting" if entry.data else "refused"))
            if len(rows) == _CHUNK:
                self._insert(rows)
        self._insert(rows)
        self._database.execute("create index row_person on row (person, ordinal)")

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        self._database.executemany("insert into row values (?, ?, ?, ?, ?, ?)", rows)
        rows.clear()

    def _refuse(self, found: Fault) -> None:
        self._database.execute("insert into refusal values (?, ?, ?, ?, ?)", found)

    def settle_reading(self, twice: str) -> None:
        """Refuse what is there twice, put every person's rows into the unit of the last one, and refuse the rest of
        units in which a row was refused. `twice` is the code for two rows of the same person and order.
        """
        execute = self._database.execute
        again = execute(
            "select line from row where person <> '' and line not in"
            " (select min(line) from row where person <> '' group by person, ordinal)"
        ).fetchall()
        for (line,) in again:
            self._refuse(fault(line, "", twice))
            execute("update row set state = 'refused' where line = ?", (line,))
        execute(
            "create temp table last as select person, unit, max(ordinal) from row where person <> '' group by person"
        )
        execute("create unique index temp.last_person on last (person)")
        execute("update row set unit = (select unit from last where last.person = row.person) where person <> ''")
        execute("drop table temp.last")
        execute("create index row_unit on row (unit, line)")
        spoilt = execute(
            "select line from row where state = 'waiting' and unit in"
            " (select unit from row where state = 'refused' and unit <> '')"
        ).fetchall()
        for (line,) in spoilt:
            self._refuse(fault(line, "", "goes-with-refused"))
            execute("update row set state = 'refused' where line = ?", (line,))
        execute("update row set data = null where state = 'refused'")
        self.tell(read="yes")
        execute("commit")

    def units(self) -> Iterator[list[Stored]]:
        """The rows that are to be sent, a unit at a time, in the order in which the units begin in the file.

        A unit of which a part was answered comes whole: its notices have to be the same as before.
        """
        order = self._database.execute(
            "select unit from row where unit in (select unit from row where state = 'waiting')"
            " group by unit order by min(line)"
        ).fetchall()
        for (unit,) in order:
            found = self._database.execute("select line, data from row where unit = ? order by line", (unit,))
            yield [Stored(line, orjson.loads(data)) for line, data in found if data is not None]

    def waiting(self, lines: Iterable[int]) -> bool:
        """Whether these rows, of one notice, have no answer yet."""
        line = next(iter(lines))
        found = self._database.execute("select state from row where line = ?", (line,)).fetchone()
        return found is not None and found[0] == "waiting"

    def answer(
        self,
        accepted: Iterable[int],
        refused: Iterable[int],
        refusals: Iterable[Fault],
        given: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Put down, at once, what became of rows."""
        self._database.execute("begin")
        many = self._database.executemany
        many("update row set state = 'accepted' where line = ?", ((line,) for line in accepted))
        many("update row set state = 'refused' where line = ?", ((line,) for line in refused))
        many("insert into refusal values (?, ?, ?, ?, ?)", refusals)
        many("insert or replace into given values (?, ?)", given)
        self._database.execute("commit")

    def counts(self) -> dict[str, int]:
        """Rows by state: waiting, accepted, refused."""
        found = dict(self._database.execute("select state, count(*) from row group by state"))
        return {state: int(found.get(state, 0)) for state in ("waiting", "accepted", "refused")}

    def refusals(self) -> Iterator[Fault]:
        """Every reason, in the order of the lines."""
        for found in self._database.execute('select line, "column", code, ja, en from refusal order by line, rowid'):
            yield Fault(*found)

    def given(self) -> Iterator[tuple[str, str]]:
        """Every old number with the one that stands for it."""
        yield from self._database.execute("select old_number, number from given order by old_number")

    def finish(self) -> None:
        """Keep outcomes alone: what people are called is nobody's affair here any more."""
        self._database.execute("update row set data = null, unit = null, person = null")
        self.tell(finished="yes")
        self._database.execute("vacuum")
