"""What registries have told each other about people's moves, as far as it is loaded: rows, and what they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from kumiai_contracts.model import RowSet, canonical_json
from kumiai_contracts.resident import Sex
from kumiai_contracts.resident_between import MoveBetweenRow, MoveContent, MoveKind

from kumiai_resident_registry.domain.characters.search_key import search_key

PART = "move-content"
"""What a move says, as a sealed part: named by what it is and the column that holds its commitment."""


class Named(Protocol):
    """Whoever has a name, a date of birth and a sex."""

    @property
    def name(self) -> str: ...
    @property
    def birth_date(self) -> str: ...
    @property
    def sex(self) -> Sex: ...


def person_digest(person: Named) -> str:
    """By what the same person is found again: the search key of the name, the date of birth and the sex."""
    return sha256(canonical_json([search_key(person.name), person.birth_date, person.sex])).hexdigest()


@dataclass(frozen=True, slots=True)
class Move:
    """A row, opened."""

    row: MoveBetweenRow
    content: MoveContent


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves in question. A row whose content was erased is as if it were not there."""

    rows: RowSet
    said: Mapping[str, bytes]
    """Contents by their commitments."""

    def get(self, reference: str) -> Move | None:
        """A move by the name that its sender gave it."""
        row = self.rows.get(MoveBetweenRow, reference)
        return self._opened(row) if row is not None else None

    def all(self) -> list[Move]:
        """Every move that is loaded, in the order in which they came."""
        return [move for row in self.rows.all(MoveBetweenRow) if (move := self._opened(row)) is not None]

    def the_open_one(self, kind: MoveKind, direction: str, person: str, other: str) -> Move | None:
        """The one open move of a person that concerns another municipality; None if there is none, or more than one."""
        found = [
            move
            for move in self.all()
            if (move.row.kind, move.row.direction, move.row.state) == (kind, direction, "open")
            and move.row.person == person
            and move.content.other == other
        ]
        return found[0] if len(found) == 1 else None

    def _opened(self, row: MoveBetweenRow) -> Move | None:
        said = self.said.get(row.content)
        return Move(row, MoveContent.model_validate_json(said)) if said is not None else None
