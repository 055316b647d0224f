"""The state that the rules look at: whole histories, households, and the highest numbers given so far."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from kumiai_contracts.decision import SealedPart
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Event, Row, RowSet, canonical_json
from kumiai_contracts.resident import HouseholdRow, ResidentEvent, ResidentRow, Sex, Status
from kumiai_contracts.resident_carry_over import CarriedNumberRow
from kumiai_contracts.resident_codes import ResidentCodesChanged
from kumiai_contracts.resident_marks import IdentityMarksLearned

BODY_DIGITS = 9


class Codes(NamedTuple):
    """What is known of 住民票コード."""

    has_pool: bool
    free: Sequence[str]
    known: Collection[bytes]
    holders: Mapping[bytes, str] = MappingProxyType({})
    """宛名番号 of whoever has, or had, a code."""


NO_CODES = Codes(False, (), ())


class RegistryState:
    """The people and households in question; everything else of the municipality is not loaded.

    Of a person at least the current row is loaded, and the whole history where the past matters: for a cancellation,
    and after one.
    """

    def __init__(
        self,
        rows: Iterable[Row] = (),
        last_addressee: int = 0,
        last_household: int = 0,
        addresses: Mapping[str, bytes] | None = None,
        codes: Codes = NO_CODES,
        bearers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.settings = RowSet()
        """The municipality's settings of the registry's parameters, loaded for notices that depend on them."""
        self._histories: dict[str, list[ResidentRow]] = {}
        self._households: dict[str, HouseholdRow] = {}
        self._lived_in: dict[str, dict[str, None]] = {}
        self.last_addressee = last_addressee
        """The body of the highest 宛名番号 given so far."""
        self.last_household = last_household
        """The body of the highest 世帯番号 given so far."""
        self._addresses = dict(addresses or {})
        self.has_code_pool = codes.has_pool
        """Whether the municipality has ever handed in 住民票コード to be given."""
        self.free_codes = list(codes.free)
        """Commitments of codes that are free, as many as may be needed, in the order in which they are given."""
        self._known_codes = set(codes.known)
        self._holders = dict(codes.holders)
        self._code_parts: dict[str, bytes] = {}
        self._bearers = dict(bearers)
        self._cards: dict[str, str] = {}
        self._born_on: dict[tuple[str, Sex], dict[str, None]] = {}
        self._carried: dict[tuple[str, str, str], str] = {}
        for row in rows:
            self._put(row)

    def history(self, addressee_number: str) -> Sequence[ResidentRow]:
        """異動履歴 in the order of the history numbers, as far as it is loaded; empty for an unknown number."""
        return self._histories.get(addressee_number, ())

    def current(self, addressee_number: str) -> ResidentRow | None:
        """The row with the highest history number."""
        rows = self._histories.get(addressee_number)
        return rows[-1] if rows else None

    def people(self) -> list[ResidentRow]:
        """The current rows of everybody who is loaded."""
        return [rows[-1] for rows in self._histories.values()]

    def ever_in(self, household_number: str) -> tuple[str, ...]:
        """宛名番号 of everybody loaded who has a row in that household."""
        return tuple(self._lived_in.get(household_number, ()))

    def household(self, household_number: str) -> HouseholdRow | None:
        """世帯."""
        return self._households.get(household_number)

    def households(self) -> list[HouseholdRow]:
        """Every 世帯 that is loaded."""
        return list(self._households.values())

    def members(self, household: HouseholdRow) -> list[ResidentRow]:
        """世帯員 as they are now."""
        return [row for number in household.members if (row := self.current(number)) is not None]

    def know(self, parts: Iterable[SealedPart]) -> None:
        """Remember sealed addresses, codes and cards, so that they can be compared."""
        for part in parts:
            if part.name == "address":
                self._addresses[part.commitment] = part.part
            elif part.name == "resident_code":
                self._known_codes.add(part.part)
                self._code_parts[part.commitment] = part.part
            elif part.name == "residence_card":
                self._cards[part.commitment] = json.loads(part.part)

    def know_people(self, rows: Iterable[ResidentRow]) -> None:
        """Take over the current rows of people as far as they are not loaded yet."""
        for row in rows:
            if row.addressee_number not in self._histories:
                self._put(row)

    def address(self, commitment: str) -> bytes | None:
        """A sealed address; None if it is not loaded, or erased."""
        return self._addresses.get(commitment)

    def carried(self, system: str, kind: str, old_number: str) -> str | None:
        """The number that stands for one of the system before, as far as the notices made it necessary to look."""
        return self._carried.get((system, kind, old_number))

    def is_code_known(self, code: str) -> bool:
        """Whether a 住民票コード is somebody's or in the pool, as far as the notices made it necessary to look."""
        return canonical_json(code) in self._known_codes

    def holder_of(self, code: str) -> str | None:
        """宛名番号 of whoever has or had a 住民票コード, as far as the notices made it necessary to look."""
        return self._holders.get(canonical_json(code))

    def bearer_of(self, mark: str) -> str | None:
        """宛名番号 of whose a 個人番号のトークン or a 在留カード was last said to be, as far as it is loaded."""
        return self._bearers.get(mark)

    def born_on(self, birth_date: str, sex: Sex) -> tuple[str, ...]:
        """宛名番号 of everybody loaded who has, or had on the record, that date of birth and sex."""
        return tuple(self._born_on.get((birth_date, sex), ()))

    def apply(self, event: Event) -> None:
        """Evolve: take over the rows of an event."""
        if isinstance(event, ResidentEvent):
            for row in event.rows():
                self._put(row)
        elif isinstance(event, ResidentCodesChanged):
            self.has_code_pool = True
            given = {row.code for row in event.codes if row.addressee_number is not None}
            added = [row.code for row in event.codes if row.addressee_number is None]
            self.free_codes = sorted({*self.free_codes, *added} - given)
        elif isinstance(event, IdentityMarksLearned):
            self._bearers.update((row.token, row.addressee_number) for row in event.tokens)
            self._bearers.update(
                (self._cards[row.card], row.addressee_number) for row in event.cards if row.card in self._cards
            )

    def _put(self, row: Row) -> None:
        if isinstance(row, ResidentRow):
            self._histories.setdefault(row.addressee_number, []).append(row)
            self._lived_in.setdefault(row.household_number, {})[row.addressee_number] = None
            self._born_on.setdefault((row.birth_date, row.sex), {})[row.addressee_number] = None
            if row.resident_code in self._code_parts:
                self._holders[self._code_parts[row.resident_code]] = row.addressee_number
            self.last_addressee = max(self.last_addressee, int(row.addressee_number[:BODY_DIGITS]))
        elif isinstance(row, HouseholdRow):
            self._households[row.household_number] = row
            self.last_household = max(self.last_household, int(row.household_number[:BODY_DIGITS]))
        elif isinstance(row, CarriedNumberRow):
            self._carried[row.system, row.kind, row.old_number] = row.number


def number_after(last: int, n: int = 1) -> str:
    """The n-th 宛名番号 or 世帯番号 after the highest one given so far."""
    return with_check_digit(f"{last + n:0{BODY_DIGITS}d}", addressee_check_digit)


def is_live(row: ResidentRow | None) -> bool:
    """Whether a person is on the live record (住民票)."""
    return row is not None and row.status is Status.RESIDENT
