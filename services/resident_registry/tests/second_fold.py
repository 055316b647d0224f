"""A second answer to "how did it stand on D, as known at T": a fold of the log that shares nothing with the service.

Events are taken one after the other, up to those known. Each movement is put upon what the person lived before, and a
cancellation takes the uppermost away, which has to be the very one that it names.
"""

from datetime import date

import orjson
from kumiai_contracts.resident import ResidentEvent, ResidentRow, Status
from registry_in_memory import Registry


class SecondFold:
    """Everybody as the log up to a receipt tells."""

    def __init__(self, registry: Registry, until_receipt: int) -> None:
        self._movements: dict[str, list[ResidentRow]] = {}
        self._parts = {part.commitment: part.part for part in registry.parts}
        for event in registry.events:
            for row in event.residents if isinstance(event, ResidentEvent) else ():
                if int(row.movement.rpartition(":")[2]) <= until_receipt:
                    self._take(row)

    def _take(self, row: ResidentRow) -> None:
        movements = self._movements.setdefault(row.addressee_number, [])
        if row.cancels is None:
            movements.append(row)
        else:
            assert movements.pop().history_number == row.cancels

    def person(self, addressee_number: str, day: date) -> ResidentRow | None:
        """The uppermost movement that was effective by a day."""
        effective = [row for row in self._movements.get(addressee_number, ()) if row.effective_date <= day]
        return effective[-1] if effective else None

    def people(self, day: date) -> dict[str, ResidentRow]:
        """Everybody on the live record on a day."""
        rows = {number: self.person(number, day) for number in sorted(self._movements)}
        return {n: row for n, row in rows.items() if row is not None and row.status is Status.RESIDENT}

    def household(self, household_number: str, day: date) -> list[str]:
        """宛名番号 of a household's members on a day."""
        return [number for number, row in self.people(day).items() if row.household_number == household_number]

    def at(self, town: str, day: date) -> list[str]:
        """宛名番号 of those who lived in a town on a day."""
        return [n for n, row in self.people(day).items() if orjson.loads(self._parts[row.address])["town"] == town]


def last_receipt(registry: Registry, known: date | str) -> int:
    """The last receipt that was issued by the end of a day, or by an instant."""
    until = known if isinstance(known, str) else f"{known}T99"
    return max((number for number, at in registry.times.items() if at <= until), default=0)
