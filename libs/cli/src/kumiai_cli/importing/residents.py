"""Residents with their histories (住民と異動履歴): the rows of a household become its notices."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kumiai_contracts.resident_carry_over import MAX_ROWS, CarriedMovement, HistoryCarryOverNotice

from kumiai_cli.importing.messages import Fault, fault
from kumiai_cli.importing.plan import Kind, Options, Place, Prepared, Unprepared, prepared
from kumiai_cli.importing.rows import ImportRow, ResidentLine
from kumiai_cli.importing.workbook import Stored

PEOPLE = 30
"""The most people of a notice."""
ROWS = 300
"""History rows after which a notice of several people ends."""
PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd]")
NAMES = ("name", "name_kana", "former_name", "former_name_kana", "alias", "alias_kana")
_ADDRESSES = {"address": "address", "previous_address": "previous", "destination_address": "destination"}
_ADDRESS_PARTS = ("prefecture", "municipality", "town", "number", "building")
_PLAIN = [name for name in CarriedMovement.model_fields if name in ResidentLine.model_fields]
_HEAD, _RESIDENT = "世帯主", "resident"


def _key(cells: Mapping[str, str]) -> tuple[str, str, int]:
    number = cells.get("history_number", "")
    ordinal = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    return cells.get("household_number", ""), cells.get("person_number", ""), ordinal


def _checks(line: int, row: ImportRow) -> Sequence[Fault]:
    assert isinstance(row, ResidentLine)
    pairs = (("former_name", row.former_name, row.former_name_kana), ("alias", row.alias, row.alias_kana))
    return [fault(line, name, "with-kana") for name, called, kana in pairs if (called is None) != (kana is None)]


def _notices(rows: Sequence[Stored], options: Options) -> Iterator[Prepared | Unprepared]:
    """The household's head first, then who lives with the head, then who has left."""
    people: dict[str, list[Stored]] = {}
    for row in rows:
        people.setdefault(row.cells["person_number"], []).append(row)
    for history in people.values():
        history.sort(key=lambda row: int(row.cells["history_number"]))
    ordered = sorted(people.values(), key=_rank)
    if too_long := [history for history in ordered if len(history) > MAX_ROWS]:
        faults = [fault(history[0].line, "", "too-many-rows") for history in too_long]
        told = {each.line for each in faults}
        rest = [fault(row.line, "", "goes-with-refused") for row in rows if row.line not in told]
        yield Unprepared(tuple(row.line for row in rows), (*faults, *rest))
        return
    household = rows_household(ordered)
    for group in _grouped(ordered):
        yield _notice(group, household, options)


def rows_household(ordered: Sequence[Sequence[Stored]]) -> str:
    """旧世帯番号 of the unit: that of everybody's last row."""
    return ordered[0][-1].cells["household_number"]


def _rank(history: Sequence[Stored]) -> tuple[int, int]:
    last = history[-1].cells
    if last["status"] != _RESIDENT:
        return 2, history[0].line
    return int(last["relationship"] != _HEAD), history[0].line


def _grouped(ordered: Iterable[list[Stored]]) -> Iterator[list[list[Stored]]]:
    group: list[list[Stored]] = []
    for history in ordered:
        if group and (len(group) == PEOPLE or sum(map(len, group)) + len(history) > ROWS):
            yield group
            group = []
        group.append(history)
    yield group


def _notice(people: Sequence[Sequence[Stored]], household: str, options: Options) -> Prepared | Unprepared:
    content: dict[str, Any] = {
        "effective_date": options.on,
        "notified_date": options.on,
        "place": options.place,
        "operator": options.operator,
        "system": options.system,
        "old_household_number": household,
        "persons": [_person(history) for history in people],
    }
    if any(PRIVATE_USE.search(row.cells.get(name, "")) for history in people for row in history for name in NAMES):
        content["gaiji_system"] = options.system

    def place(pointer: str) -> Place:
        match pointer.split("/")[1:]:
            case ["persons", n, "history", m, *rest] if int(n) < len(people) and int(m) < len(people[int(n)]):
                return people[int(n)][int(m)].line, _column(rest)
            case ["persons", n, *rest] if int(n) < len(people):
                return people[int(n)][-1].line, {"old_number": "person_number"}.get(
                    "".join(rest[:1]), rest[0] if rest else ""
                )
        return people[0][-1].line, ""

    lines = tuple(row.line for history in people for row in history)
    numbers = {f"/persons/{n}": history[0].cells["person_number"] for n, history in enumerate(people)}
    return prepared(HistoryCarryOverNotice, content, lines, place, numbers)


def _person(history: Sequence[Stored]) -> dict[str, Any]:
    last = history[-1].cells
    person: dict[str, Any] = {"old_number": last["person_number"], "history": [_movement(row.cells) for row in history]}
    if code := last.get("resident_code"):
        person["resident_code"] = code
    return person


def _movement(cells: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: cells[name] for name in _PLAIN if name in cells}
    found["old_household_number"] = cells["household_number"]
    for name, prefix in _ADDRESSES.items():
        if cells.get(f"{prefix}_prefecture"):
            found[name] = {part: cells.get(f"{prefix}_{part}", "") for part in _ADDRESS_PARTS}
    others = {name: _other(cells, name) for name in ("former_name", "alias")}
    if any(others.values()):
        found["other_names"] = others
    return found


def _other(cells: Mapping[str, str], name: str) -> dict[str, str] | None:
    return {"name": cells[name], "name_kana": cells[f"{name}_kana"]} if name in cells else None


def _column(rest: Sequence[str]) -> str:
    """The column that a path below a history row means."""
    match rest:
        case [name, part, *_] if name in _ADDRESSES:
            return f"{_ADDRESSES[name]}_{part}"
        case [name] if name in _ADDRESSES:
            return f"{_ADDRESSES[name]}_prefecture"
        case ["other_names", name, part, *_]:
            return name if part == "name" else f"{name}_kana"
        case ["old_household_number"]:
            return "household_number"
        case [name, *_]:
            return name
    return ""


RESIDENTS = Kind(
    name="residents",
    title="住民と異動履歴",
    service="resident-registry",
    row=ResidentLine,
    key=_key,
    notices=_notices,
    checks=_checks,
    twice="history-number-twice",
    after_residents=False,
)
