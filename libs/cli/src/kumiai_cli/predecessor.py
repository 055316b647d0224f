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
from typing import Any, NamedTuple, TypeVar

from kumiai_common.bundle import cells, described, layout
from kumiai_contracts.model import Row
from kumiai_contracts.resident import HouseholdRow, ResidentRow, Status
from kumiai_contracts.resident_affairs import GaijiRow, GaijiUseRow, ProtectionRow
from kumiai_contracts.resident_carry_over import CarriedMovement, CarriedPerson, CarriedProtection, PredecessorEvent
from kumiai_contracts.taxation import (
    AssessmentRow,
    IncomeReport,
    IncomeReportRow,
    NonResidentTaxpayerRow,
    UnmatchedReportRow,
)
from kumiai_contracts.taxation_carry_over import OpenBalanceRow

from kumiai_cli.outcome import USAGE, Failure

REGISTRY, TAXATION = "resident-registry", "taxation"
MOST = 30
"""People in one notice."""
R = TypeVar("R", bound=Row)
_NOT_AS_IT_WAS = ("old_household_number", "address", "previous_address", "destination_address")
_AS_IT_WAS = tuple(name for name in CarriedMovement.model_fields if name not in _NOT_AS_IT_WAS)


class Together(NamedTuple):
    """People of a household who come in one notice."""

    household: str
    """世帯番号 there."""
    persons: tuple[CarriedPerson, ...]
    gaiji_system: str | None
    """外字の体系 of their names, as it is named here; None if they hold none."""


class Predecessor:
    """A bundle that was verified."""

    def __init__(self, folder: Path) -> None:
        try:
            manifest = json.loads((folder / layout.MANIFEST).read_text())
            self.code, self.identity = str(manifest["municipality"]), str(manifest["identity"])
        except (OSError, ValueError, KeyError):
            raise Failure(f"{folder} is no bundle.", USAGE) from None
        self._folder = folder

    def households(self) -> Iterator[Together]:
        """People by their household, as they come in one notice, in the order in which they get their numbers."""
        by_household: dict[str, list[str]] = defaultdict(list)
        for number in self.people:
            by_household[self.people[number][-1].household_number].append(number)
        for household, numbers in sorted(by_household.items()):
            head = self._heads.get(household)
            ordered = sorted(numbers, key=lambda number: (number not in self.live, number != head, number))
            yield from self._notices(household, ordered)

    @cached_property
    def people(self) -> Mapping[str, Sequence[ResidentRow]]:
        """The rows that stand of everybody who is taken over: who lives there, and who left and is on the tax roll."""
        taxed = {row.addressee_number for row in self.assessments}
        taxed |= {row.addressee_number for row in self.reports}
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
        """The version of each assessment that counts, unless it was taken back, of people who are known there."""
        last: dict[tuple[int, str], AssessmentRow] = {}
        for row in self._rows(TAXATION, AssessmentRow):
            key = (row.fiscal_year, row.addressee_number)
            if key not in last or last[key].version < row.version:
                last[key] = row
        return [row for _, row in sorted(last.items()) if not row.cancelled and self._is_known(row.addressee_number)]

    @cached_property
    def reports(self) -> Sequence[IncomeReportRow]:
        """課税資料: the revision of each payer's report that counts, of people who are known there."""
        last: dict[tuple[int, str, str], IncomeReportRow] = {}
        for row in self._rows(TAXATION, IncomeReportRow):
            key = (row.fiscal_year, row.addressee_number, row.employer)
            if key not in last or last[key].revision < row.revision:
                last[key] = row
        return [row for _, row in sorted(last.items()) if self._is_known(row.addressee_number)]

    @cached_property
    def non_residents(self) -> Mapping[str, NonResidentTaxpayerRow]:
        """住登外者, by the 宛名番号 that taxation gave there."""
        return {row.addressee_number: row for row in self._rows(TAXATION, NonResidentTaxpayerRow)}

    def address_of(self, non_resident: NonResidentTaxpayerRow) -> Any:
        """住所 of a 住登外者. Raises Failure if it is erased or missing."""
        return self._opened(non_resident.address, non_resident.addressee_number)

    @cached_property
    def unmatched(self) -> Sequence[IncomeReport]:
        """課税資料 that wait for somebody to say whose they are, and name the person."""
        waiting = {row["work_item"] for row in self._waiting(TAXATION, "tax_work_item")}
        return [
            row.report
            for row in self._rows(TAXATION, UnmatchedReportRow)
            if row.work_item in waiting and row.report.person is not None
        ]

    @cached_property
    def gaiji(self) -> Mapping[str, Sequence[GaijiRow]]:
        """外字対応表: what is identified of each system's characters."""
        found: dict[str, list[GaijiRow]] = defaultdict(list)
        for row in self._rows(REGISTRY, GaijiRow):
            if row.character is not None:
                found[row.system].append(row)
        return dict(sorted(found.items()))

    def system_of(self, gaiji_system: str) -> str:
        """The name of one of its systems of characters where several municipalities' systems are."""
        return f"{self.code}.{gaiji_system}"

    @cached_property
    def balances(self) -> Mapping[tuple[int, str], OpenBalanceRow]:
        """未納額 that the predecessor itself had carried over, by fiscal year and 宛名番号."""
        return {(row.fiscal_year, row.addressee_number): row for row in self._rows(TAXATION, OpenBalanceRow)}

    @property
    def left_to_people(self) -> dict[str, int]:
        """What is not taken over, by kind."""
        waiting = [*self._waiting(REGISTRY, "resident_work_item"), *self._waiting(TAXATION, "tax_work_item")]
        return {
            "removed": len(self._standing) - len(self.people),
            "work_items": len(waiting) - len(self.unmatched),
            "extensions": sum(1 for _ in self._records(REGISTRY, "resident_extension")),
        }

    def _waiting(self, service: str, table: str) -> list[dict[str, str]]:
        return [row for row in self._records(service, table) if row["state"] in ("open", "assigned")]

    def _is_known(self, number: str) -> bool:
        return number in self._standing or number in self.non_residents

    def _notices(self, household: str, numbers: Sequence[str]) -> Iterator[Together]:
        """At most 30 people each, whose characters are of one system."""
        taken: list[str] = []
        system: str | None = None
        for number in numbers:
            own = self._gaiji_systems.get(number)
            if taken and (len(taken) == MOST or (own is not None and system not in (None, own))):
                yield Together(household, tuple(self._person(each) for each in taken), system)
                taken, system = [], None
            taken.append(number)
            system = own or system
        yield Together(household, tuple(self._person(each) for each in taken), system)

    @cached_property
    def _gaiji_systems(self) -> Mapping[str, str]:
        """Whose private-use characters a person's names hold, under the name that they get; of whoever has any."""
        named = {row.addressee_number: self.system_of(row.system) for row in self._rows(REGISTRY, GaijiUseRow)}
        # An own system's feed does not say whose they are.
        unsaid = (number for number, rows in self.people.items() if any(map(_is_private, _names(rows))))
        return dict.fromkeys(unsaid, self.code) | named

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
        found: dict[str, str | None] = {}
        for service in (REGISTRY, TAXATION):
            path = self._folder / service / "parts.jsonl"
            if path.is_file():
                with path.open(encoding="utf-8") as lines:
                    found |= {part["commitment"]: part["part"] for part in map(json.loads, lines)}
        return found

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
            protection=self._protection(number),
        )

    def _protection(self, number: str) -> CarriedProtection | None:
        row = self.protections.get(number)
        if row is None:
            return None
        return CarriedProtection(
            state="provisional" if row.state == "provisional" else "decided",
            applied_on=row.applied_on,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            together_with=tuple(other for other in row.together_with if other in self.people),
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


def _names(rows: Sequence[ResidentRow]) -> Iterator[str]:
    for row in rows:
        others = row.other_names
        for named in (row, *((others.former_name, others.alias) if others is not None else ())):
            if named is not None:
                yield named.name + named.name_kana


def _is_private(text: str) -> bool:
    """Whether a text holds private-use characters (外字)."""
    return any("\ue000" <= character <= "\uf8ff" or character >= "\U000f0000" for character in text)
