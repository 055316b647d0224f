"""A predecessor (合併関係市町村) as its bundle has it: who is taken over, with which rows, and from which events.

Invariant: what comes out follows from the bundle alone, byte by byte, in an order of its own: by 世帯番号, the head
first, then by 宛名番号. So a repetition sends the same notices and everybody gets the same number.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from kumiai_common.bundle import cells, described, layout
from kumiai_contracts.model import Row
from kumiai_contracts.resident import HouseholdRow, ResidentRow, Status
from kumiai_contracts.resident_affairs import ProtectionRow
from kumiai_contracts.resident_carry_over import CarriedMovement, CarriedPerson, PredecessorEvent
from kumiai_contracts.taxation import AssessmentRow
from kumiai_contracts.taxation_carry_over import OpenBalanceRow

from kumiai_cli.outcome import USAGE, Failure

REGISTRY, TAXATION = "resident-registry", "taxation"
MOST = 30
"""People in one notice."""
R = TypeVar("R", bound=Row)
_NOT_AS_IT_WAS = ("old_household_number", "address", "previous_address", "destination_address")
_AS_IT_WAS = tuple(name for name in CarriedMovement.model_fields if name not in _NOT_AS_IT_WAS)


class Predecessor:
    """A bundle that was verified."""

    def __init__(self, folder: Path) -> None:
        try:
            manifest = json.loads((folder / layout.MANIFEST).read_text())
            self.code, self.identity = str(manifest["municipality"]), str(manifest["identity"])
        except (OSError, ValueError, KeyError):
            raise Failure(f"{folder} is no bundle.", USAGE) from None
        self._folder = folder

    def households(self) -> Iterator[tuple[str, tuple[CarriedPerson, ...]]]:
        """People by their household, at most 30 at a time, in the order in which they get their numbers."""
        by_household: dict[str, list[str]] = defaultdict(list)
        for number in self.people:
            by_household[self.people[number][-1].household_number].append(number)
        for household, numbers in sorted(by_household.items()):
            head = self._heads.get(household)
            ordered = sorted(numbers, key=lambda number: (number not in self.live, number != head, number))
            for n in range(0, len(ordered), MOST):
                yield household, tuple(self._person(number) for number in ordered[n : n + MOST])

    @cached_property
    def people(self) -> Mapping[str, Sequence[ResidentRow]]:
        """The rows that stand of everybody who is taken over: who lives there, and who left and was taxed there."""
        taxed = {row.addressee_number for row in self.assessments}
        return {
            number: rows
            for number, rows in sorted(self._standing.items())
            if rows[-1].status is Status.RESIDENT or number in taxed
        }

    @cached_property
    def live(self) -> frozenset[str]:
        """宛名番号 of those who are on the live record."""
        return frozenset(number for number, rows in self.people.items() if rows[-1].status is Status.RESIDENT)

    @cached_property
    def protections(self) -> Mapping[str, ProtectionRow]:
        """支援措置 that still hold, by 宛名番号."""
        return {row.addressee_number: row for row in self._rows(REGISTRY, ProtectionRow) if row.state != "ended"}

    @cached_property
    def assessments(self) -> Sequence[AssessmentRow]:
        """The version of each assessment that counts, unless it was taken back, of people whom the registry knows."""
        last: dict[tuple[int, str], AssessmentRow] = {}
        for row in self._rows(TAXATION, AssessmentRow):
            key = (row.fiscal_year, row.addressee_number)
            if key not in last or last[key].version < row.version:
                last[key] = row
        return [row for _, row in sorted(last.items()) if not row.cancelled and row.addressee_number in self._standing]

    @cached_property
    def balances(self) -> Mapping[tuple[int, str], OpenBalanceRow]:
        """未納額 that the predecessor itself had carried over, by fiscal year and 宛名番号."""
        return {(row.fiscal_year, row.addressee_number): row for row in self._rows(TAXATION, OpenBalanceRow)}

    @property
    def left_to_people(self) -> dict[str, int]:
        """What is not taken over, by kind."""
        non_residents = sum(1 for _ in self._records(TAXATION, "non_resident_taxpayer"))
        return {"removed": len(self._standing) - len(self.people), "non_resident_taxpayers": non_residents}

    @cached_property
    def _standing(self) -> Mapping[str, Sequence[ResidentRow]]:
        """Rows that neither take another back nor were taken back; whoever never was here has none."""
        histories: dict[str, list[ResidentRow]] = defaultdict(list)
        for row in self._rows(REGISTRY, ResidentRow):
            histories[row.addressee_number].append(row)
        found = {}
        for number, rows in histories.items():
            taken_back = {row.cancels for row in rows}
            standing = [row for row in rows if row.cancels is None and row.history_number not in taken_back]
            if standing:
                found[number] = sorted(standing, key=lambda row: row.history_number)
        return found

    @cached_property
    def _heads(self) -> Mapping[str, str | None]:
        return {row.household_number: row.head for row in self._rows(REGISTRY, HouseholdRow)}

    @cached_property
    def _parts(self) -> Mapping[str, str | None]:
        with (self._folder / REGISTRY / "parts.jsonl").open(encoding="utf-8") as lines:
            return {part["commitment"]: part["part"] for part in map(json.loads, lines)}

    @cached_property
    def _last_events(self) -> Mapping[str, PredecessorEvent]:
        """The last event about everybody."""
        found: dict[str, PredecessorEvent] = {}
        with (self._folder / REGISTRY / "streams" / "resident.jsonl").open(encoding="utf-8") as lines:
            for event in map(json.loads, lines):
                last = PredecessorEvent(
                    municipality=self.code,
                    stream="resident",
                    incarnation=event["incarnation"],
                    position=event["position"],
                    hash=event["hash"],
                )
                for row in json.loads(event["body"]).get("residents", ()):
                    found[row["addressee_number"]] = last
        return found

    def _person(self, number: str) -> CarriedPerson:
        rows = self.people[number]
        code = rows[-1].resident_code
        # Whoever left may live in another predecessor by now, with the same 住民票コード.
        given = self._opened(code, number) if code is not None and number in self.live else None
        return CarriedPerson(
            old_number=number,
            resident_code=given,
            history=tuple(self._movement(row) for row in rows),
            predecessor_event=self._last_events[number],
        )

    def _movement(self, row: ResidentRow) -> CarriedMovement:
        sealed = {name: getattr(row, name) for name in ("address", "previous_address", "destination_address")}
        opened = {
            name: None if commitment is None else self._opened(commitment, row.addressee_number)
            for name, commitment in sealed.items()
        }
        as_it_was = row.model_dump(mode="json", include=set(_AS_IT_WAS))
        said = {**as_it_was, **opened, "old_household_number": row.household_number}
        return CarriedMovement.model_validate_json(json.dumps(said))

    def _opened(self, commitment: str, number: str) -> Any:
        part = self._parts.get(commitment)
        if part is None:
            raise Failure(
                f"A sealed part of {number} in {self.code} is erased or missing, so nobody can be taken over."
            )
        return json.loads(part)

    def _rows(self, service: str, kind: type[R]) -> Iterator[R]:
        columns = {column.name: column for column in described.columns(kind)}
        for record in self._records(service, kind.table):
            values = {name: cells.value(record[name], column) for name, column in columns.items()}
            yield kind.model_validate_json(json.dumps(values))

    def _records(self, service: str, table: str) -> Iterator[dict[str, str]]:
        path = self._folder / service / "tables" / f"{table}.csv"
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)
