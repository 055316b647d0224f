"""The legal table (主務省令第2条の表, under 番号法19条8号): who may ask whom for what, in which procedure.

Invariant: whatever no row allows is refused. A version of the table holds from its day until the next version's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from kumiai_contracts.exchange import AffairCode, FactKind, Items, ProcedureCode
from kumiai_contracts.fields import CalendarDate, ShortText
from kumiai_contracts.institutions import InstitutionKind, kind_of
from kumiai_contracts.model import Frozen


class LegalRow(Frozen):
    """One row: a kind of inquirer may ask a kind of provider for these items of a fact in a procedure."""

    affair: AffairCode
    """事務."""
    procedure: ProcedureCode
    """事務手続."""
    title: ShortText
    """What the procedure is called."""
    inquirer: InstitutionKind
    """情報照会者."""
    provider: InstitutionKind
    """情報提供者."""
    fact_kind: FactKind
    """特定個人情報名."""
    items: Items
    """項目."""
    hidden: bool = False
    """Whether records of it are not shown to the resident (番号法23条2項)."""


class TableVersion(Frozen):
    """A version of the table, as a file holds it."""

    valid_from: CalendarDate
    """施行日: the first day on which it holds."""
    source: ShortText
    """Where it comes from."""
    rows: tuple[LegalRow, ...]
    """Every row."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, in the table's words."""

    inquirer: str
    affair: str
    procedure: str
    provider: str
    fact_kind: str


@dataclass(frozen=True, slots=True)
class Lawful:
    """What the table allows."""

    items: frozenset[str]
    hidden: bool
    basis: str
    """The version of the table."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Nothing; `code` says which part of the request no row has."""

    code: str


@dataclass(frozen=True)
class LegalTable:
    """A version of the table, ready to be asked."""

    valid_from: date
    rows: tuple[LegalRow, ...]
    _by_key: dict[tuple[str, ...], LegalRow] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[tuple[str, ...], LegalRow] = {}
        for row in self.rows:
            key = (row.inquirer, row.affair, row.procedure, row.provider, row.fact_kind)
            if key in found:
                raise ValueError(f"the table of {self.valid_from} has two rows for {key}")
            found[key] = row
        object.__setattr__(self, "_by_key", found)

    def lookup(self, asked: Asked) -> Lawful | Outside:
        """What may be provided, or the first part of the request for which there is no row."""
        key: list[str] = []
        parts = (
            ("inquirer-not-in-table", kind_of(asked.inquirer) or ""),
            ("affair-not-in-table", asked.affair),
            ("procedure-not-in-table", asked.procedure),
            ("provider-not-in-table", kind_of(asked.provider) or ""),
            ("fact-kind-not-in-table", asked.fact_kind),
        )
        row = self._by_key.get(tuple(part for _, part in parts))
        if row is not None:
            return Lawful(frozenset(row.items), row.hidden, f"table/{self.valid_from.isoformat()}")
        for code, part in parts:
            key.append(part)
            if not any(known[: len(key)] == tuple(key) for known in self._by_key):
                return Outside(code)
        raise AssertionError("a key that is there was looked up before")


class LegalTables:
    """Every version."""

    def __init__(self, versions: Iterable[TableVersion]) -> None:
        """Raises ValueError where two versions begin on the same day, or a row stands twice in one."""
        self._tables = sorted(
            (LegalTable(version.valid_from, version.rows) for version in versions), key=lambda table: table.valid_from
        )
        days = [table.valid_from for table in self._tables]
        if len(set(days)) != len(days):
            raise ValueError("two versions of the legal table begin on the same day")

    def items_of(self, fact_kind: str) -> frozenset[str]:
        """Every item of a kind of fact that any version names."""
        rows = (row for table in self._tables for row in table.rows if row.fact_kind == fact_kind)
        return frozenset(item for row in rows for item in row.items)

    def lookup(self, day: date, asked: Asked) -> Lawful | Outside:
        """What the version of a day allows; before the first version nothing."""
        holding = [table for table in self._tables if table.valid_from <= day]
        return holding[-1].lookup(asked) if holding else Outside("no-table-on-that-day")
