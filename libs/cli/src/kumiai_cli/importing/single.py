"""Files of which each row is a notice of its own: assessments with open balances (賦課・未納額), addressee numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kumiai_contracts.linkage_numbers import BusinessNumberNotice
from kumiai_contracts.model import Notice
from kumiai_contracts.taxation_carry_over import AssessmentCarryOverNotice

from kumiai_cli.importing.messages import Fault, fault
from kumiai_cli.importing.plan import Kind, Options, Place, Prepared, Unprepared, prepared
from kumiai_cli.importing.rows import AddresseeLine, ImportRow, PayerLine
from kumiai_cli.importing.workbook import Stored

_PARTS = (
    "income_levy_municipal",
    "income_levy_prefectural",
    "per_capita_municipal",
    "per_capita_prefectural",
    "forest_environment_tax",
)


def _payer_key(cells: Mapping[str, str]) -> tuple[str, str, int]:
    one = f"{cells.get('person_number', '')}/{cells.get('fiscal_year', '')}"
    return one, one, 0


def _addressee_key(cells: Mapping[str, str]) -> tuple[str, str, int]:
    one = f"{cells.get('business', '')}/{cells.get('number', '')}"
    return one, one, 0


def _payer_checks(line: int, row: ImportRow) -> Sequence[Fault]:
    assert isinstance(row, PayerLine)
    found = []
    if row.total != sum(getattr(row, part) for part in _PARTS):
        found.append(fault(line, "total", "total-does-not-add-up"))
    for name in ("special_collected", "open_balance"):
        if getattr(row, name) > row.total:
            found.append(fault(line, name, "more-than-total"))
    return found


def _payer(rows: Sequence[Stored], options: Options) -> Iterator[Prepared | Unprepared]:
    common = {"system": options.system, "operator": options.operator, "forest_environment_tax": 0}
    return (_notice(AssessmentCarryOverNotice, row, common) for row in rows)


def _addressee(rows: Sequence[Stored], options: Options) -> Iterator[Prepared | Unprepared]:
    common = {"system": options.system, "operator": options.operator, "place": options.place}
    return (_notice(BusinessNumberNotice, row, common) for row in rows)


def _notice(kind: type[Notice], row: Stored, common: Mapping[str, Any]) -> Prepared | Unprepared:
    cells = {("old_number" if name == "person_number" else name): value for name, value in row.cells.items()}

    def place(pointer: str) -> Place:
        column = pointer.removeprefix("/").partition("/")[0]
        return row.line, "person_number" if column == "old_number" else column

    return prepared(kind, {**common, **cells}, (row.line,), place, {})


PAYERS = Kind("taxpayers", "個人住民税の賦課と未納額", "taxation", PayerLine, _payer_key, _payer, _payer_checks)
ADDRESSEES = Kind("addressees", "業務ごとの宛名番号", "national-id-linkage", AddresseeLine, _addressee_key, _addressee)
