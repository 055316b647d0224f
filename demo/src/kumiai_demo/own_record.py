"""The record of a simulated own registry (自団体システム): what the shared one left, and what happens from then on."""

import secrets
from collections.abc import Iterable
from datetime import date
from random import Random
from typing import Any

from kumiai_contracts.chain import commitment
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.registry import parse_event
from kumiai_contracts.resident import HouseholdRow, Reason, ResidentEvent, ResidentRow, Sex, Status
from kumiai_contracts.resident_feed import (
    SNAPSHOT_MOST,
    FedMovement,
    FeedEventNotice,
    FeedPart,
    FeedSnapshotNotice,
    snapshot,
)

from kumiai_demo.addresses import address_in
from kumiai_demo.names import family_name, given_name

LAST = "9999999999"


class OwnRecord:
    """Everybody's current row, every household, and the number of the last event handed in."""

    def __init__(self, code: str, rng: Random, sequence: int) -> None:
        self._code = code
        self._rng = rng
        self._today = date.today()
        self.sequence = sequence
        self._people: dict[str, ResidentRow] = {}
        self._households: dict[str, HouseholdRow] = {}

    def take_over(self, type_: str, body: str) -> None:
        """Apply an event of the stream `resident`; what a registry keeps beside its record is left to it."""
        event = parse_event(type_, body.encode())
        if isinstance(event, ResidentEvent):
            self._apply(event.residents, event.households)

    def moves_in(self) -> FeedEventNotice:
        """転入: somebody moves in alone."""
        number, household = self._next(self._people), self._next(self._households)
        family, sex = family_name(self._rng), self._rng.choice(list(Sex))
        name = family.joined(given_name(self._rng, sex))
        salt, address = secrets.token_bytes(32), address_in(self._rng, self._code).model_dump_json()
        row = ResidentRow(
            addressee_number=number,
            history_number=1,
            status=Status.RESIDENT,
            household_number=household,
            relationship="世帯主",
            name=name.written,
            name_kana=name.kana,
            birth_date=f"{self._rng.randint(1940, 2005)}-{self._rng.randint(1, 12):02}-11",
            sex=sex,
            resident_since=self._today.isoformat(),
            address_since=self._today.isoformat(),
            address=commitment(salt, address.encode()),
            **self._handled(Reason.DOMESTIC_MOVE_IN),
        )
        parts = (FeedPart(name="address", salt=salt.hex(), part=address),)
        return self._happens(
            "resident.moved-in.v1", row, HouseholdRow(household_number=household, head=number, members=(number,)), parts
        )

    def dies(self) -> FeedEventNotice:
        """死亡: somebody who lives alone dies."""
        row = self._rng.choice([row for row in self.living() if len(self._members(row)) == 1])
        ended = {
            **self._handled(Reason.DEATH),
            "history_number": row.history_number + 1,
            "status": Status.REMOVED,
            "removed_on": self._today,
            "cancels": None,
        }
        household = self._households[row.household_number].model_copy(update={"head": None, "members": ()})
        return self._happens("resident.died.v1", row.model_copy(update=ended), household, ())

    def living(self) -> list[ResidentRow]:
        """The current rows of everybody on the live record."""
        return [row for row in self._people.values() if row.status is Status.RESIDENT]

    def snapshots(self) -> list[FeedSnapshotNotice]:
        """Who lives here, in as many ranges as it takes; together they cover every number."""
        rows = sorted(self.living(), key=lambda row: row.addressee_number)
        pages = [rows[n : n + SNAPSHOT_MOST] for n in range(0, len(rows), SNAPSHOT_MOST)] or [[]]
        firsts = ["0000000000", *[page[0].addressee_number for page in pages[1:]]]
        lasts = [*[f"{int(first) - 1:010}" for first in firsts[1:]], LAST]
        return [
            snapshot(self.sequence, page, first, last) for page, first, last in zip(pages, firsts, lasts, strict=True)
        ]

    def _members(self, row: ResidentRow) -> tuple[str, ...]:
        return self._households[row.household_number].members

    def _happens(
        self, type_: Any, row: ResidentRow, household: HouseholdRow, parts: tuple[FeedPart, ...]
    ) -> FeedEventNotice:
        self._apply((row,), (household,))
        self.sequence += 1
        event = FedMovement(residents=(row,), households=(household,))
        return FeedEventNotice(sequence=self.sequence, event_type=type_, event=event, parts=parts)

    def _apply(self, rows: Iterable[ResidentRow], households: Iterable[HouseholdRow]) -> None:
        self._people.update({row.addressee_number: row for row in rows})
        self._households.update({household.household_number: household for household in households})

    def _handled(self, reason: Reason) -> dict[str, Any]:
        days = dict.fromkeys(("effective_date", "notified_date", "processed_date"), self._today)
        return {**days, "reason": reason, "ex_officio": False, "place": "本庁", "operator": "own", "movement": ""}

    @staticmethod
    def _next(given: Iterable[str]) -> str:
        last = max((int(number[:-1]) for number in given), default=0)
        return with_check_digit(f"{last + 1:09}", addressee_check_digit)
