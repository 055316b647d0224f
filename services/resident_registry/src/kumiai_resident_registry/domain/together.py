"""Who moved by one notice, and whether anybody has built upon that since: what a cancellation has to know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kumiai_contracts.resident import ResidentRow, Status

from kumiai_resident_registry.domain.history import order, standing
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.state import RegistryState


@dataclass(frozen=True, slots=True)
class Moved:
    """One person's part in a movement."""

    rows: tuple[ResidentRow, ...]
    """The person's standing rows up to the movement's, which is the last."""
    is_last: bool
    """Whether the person has not moved since."""
    parts: int
    """How many rows the movement added: two where a record ended and another began."""

    @property
    def row(self) -> ResidentRow:
        """The row that the movement added."""
        return self.rows[-1]

    @property
    def before(self) -> ResidentRow | None:
        """The row that held before; None if the person entered by the movement."""
        return self.rows[-1 - self.parts] if len(self.rows) > self.parts else None

    @property
    def left(self) -> str | None:
        """The household that the person left by the movement."""
        if self.before is None:
            return None
        stayed = self.row.status is Status.RESIDENT and self.row.household_number == self.before.household_number
        return None if stayed else self.before.household_number

    def households(self) -> tuple[str, ...]:
        """The households that the person's part touched."""
        return (self.row.household_number,) if self.left is None else (self.left, self.row.household_number)


def moved_together(state: RegistryState, rows: Sequence[ResidentRow]) -> list[Moved]:
    """Everybody whom the movement behind the last of these standing rows of a person moved, that person first."""
    first = Moved(tuple(rows), True, _parts(rows))
    people = {person: None for number in first.households() for person in state.ever_in(number)}
    people.pop(first.row.addressee_number)
    return [first, *[part for person in people if (part := _part(state, person, first.row.movement)) is not None]]


def built_upon(state: RegistryState, moved: Sequence[Moved]) -> bool:
    """Whether a household is not as the movement left it, so that the rows from before don't fit it any more."""
    return any(_is_changed(state, number, moved) for number in {n for one in moved for n in one.households()})


def _part(state: RegistryState, person: str, movement: str) -> Moved | None:
    rows = standing(state.history(person))
    last = next((n for n in reversed(range(len(rows))) if rows[n].movement == movement), None)
    if last is None:
        return None
    until = rows[: last + 1]
    return Moved(tuple(until), last == len(rows) - 1, _parts(until))


def _parts(rows: Sequence[ResidentRow]) -> int:
    return sum(row.movement == rows[-1].movement for row in rows)


def _is_changed(state: RegistryState, number: str, moved: Sequence[Moved]) -> bool:
    """What came later in a household matters in two cases: people come back to it, or it was made by the movement."""
    people = {one.row.addressee_number for one in moved}
    made = any(_shapes(one.before, one.row, number) for one in moved)
    back = [one.before for one in moved if one.before is not None and one.left == number]
    if back and not _fits(state, number, people, back, with_others=len(people) > len(back)):
        return True
    return any(
        (made and row.status is Status.RESIDENT) or (back and _shapes(before, row, number))
        for person in state.ever_in(number)
        if person not in people
        for before, row in _steps(state, person)
        if row.household_number == number and order(row) > order(moved[0].row)
    )


def _steps(state: RegistryState, person: str) -> Iterator[tuple[ResidentRow | None, ResidentRow]]:
    """The last row of every movement of a person that stands, with the row that held before the movement."""
    before = held = None
    for row in standing(state.history(person)):
        if held is not None and held.movement != row.movement:
            yield before, held
            before = held
        held = row
    if held is not None:
        yield before, held


def _shapes(before: ResidentRow | None, row: ResidentRow, number: str) -> bool:
    """Whether a movement gives a household another head or address, so that rows from before don't fit it any more."""
    if row.household_number != number or row.status is not Status.RESIDENT:
        return False
    if before is None or before.status is not Status.RESIDENT or before.household_number != number:
        return row.relationship == HEAD
    return row.address != before.address or (row.relationship == HEAD) != (before.relationship == HEAD)


def _fits(
    state: RegistryState, number: str, people: set[str], back: Sequence[ResidentRow], *, with_others: bool
) -> bool:
    """Whether people can come back: never to a second head, and nobody alone to a household that has ended without one.

    Several who left a household without a head come back to one without a head, which is a legal state.
    """
    household = state.household(number)
    stayed = [member for member in household.members if member not in people] if household else []
    heads = sum(row.relationship == HEAD for row in back)
    heads += household is not None and household.head in stayed
    return heads <= 1 and (bool(stayed) or heads == 1 or with_others or len(back) > 1)
