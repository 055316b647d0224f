"""What the registry reads from its database about moves between municipalities. Notices about none make no query."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kumiai_common.database import Connection
from kumiai_common.tables import from_record
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import CancelMovementNotice, MoveInNotice, MoveOutNotice
from kumiai_contracts.resident_amendments import ConfirmMoveOutNotice
from kumiai_contracts.resident_between import MoveBetweenRow, MovesToldNotice

from kumiai_resident_registry.domain.moves import person_digest
from kumiai_resident_registry.domain.state import RegistryState
from kumiai_resident_registry.named_queries import QUERIES

Wanted = Mapping[str, Sequence[Notice]]


@dataclass(slots=True)
class Loaded:
    """Rows by municipality, and what they say, by commitment."""

    rows: dict[str, dict[str, MoveBetweenRow]] = field(default_factory=lambda: defaultdict(dict))
    parts: dict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))

    def people(self) -> dict[str, list[str]]:
        """宛名番号 of those who were announced or told of, by municipality."""
        return {
            m: [row.addressee_number for row in rows.values() if row.addressee_number is not None]
            for m, rows in self.rows.items()
        }

    def said(self, municipality: str) -> dict[str, bytes]:
        """What a municipality's rows say."""
        return self.parts[municipality]


async def told(connection: Connection, wanted: Wanted) -> Loaded:
    """What notices name, or may mean, by references and by who the people are."""
    loaded = Loaded()
    for municipality, notices in wanted.items():
        references = {reference for notice in notices for reference in _references(notice)}
        persons = {person for notice in notices for person in _persons(notice)}
        await _load(connection, municipality, loaded, references=references, persons=persons)
    return loaded


async def of_people(
    connection: Connection, wanted: Wanted, residents: Mapping[str, RegistryState], loaded: Loaded
) -> Loaded:
    """What was told of people on the record who leave, are confirmed to have left, or never moved."""
    for municipality, notices in wanted.items():
        state = residents[municipality]
        named = {number for notice in notices for number in _leaving(notice)}
        persons = {person_digest(row) for number in named if (row := state.current(number)) is not None}
        numbers = {
            row.addressee_number
            for notice in notices
            if isinstance(notice, CancelMovementNotice)
            for row in state.people()
        }
        await _load(connection, municipality, loaded, persons=persons, numbers=numbers)
    return loaded


async def _load(
    connection: Connection,
    municipality: str,
    loaded: Loaded,
    *,
    references: Iterable[str] = (),
    persons: Iterable[str] = (),
    numbers: Iterable[str] = (),
) -> None:
    asked = (
        (QUERIES.moves_by_reference, sorted(references)),
        (QUERIES.moves_by_person, sorted(persons)),
        (QUERIES.moves_by_resident, sorted(numbers)),
    )
    for query, keys in asked:
        if keys:
            for record in await query(connection, municipality=municipality, keys=keys):
                row = from_record(MoveBetweenRow, record)
                loaded.rows[municipality][row.reference] = row
                if record["part"] is not None:
                    loaded.parts[municipality][row.content] = record["part"]


def _references(notice: Notice) -> Iterator[str]:
    match notice:
        case MovesToldNotice():
            for move in notice.moves:
                yield move.reference
                if move.answers is not None:
                    yield move.answers
        case MoveInNotice():
            yield from (known.announced for known in notice.identified if known.announced is not None)


def _persons(notice: Notice) -> Iterator[str]:
    match notice:
        case MovesToldNotice():
            yield from map(person_digest, notice.moves)
        case MoveInNotice(previous_municipality=str()):
            yield from map(person_digest, notice.persons)


def _leaving(notice: Notice) -> Sequence[str]:
    match notice:
        case MoveOutNotice(destination_municipality=str()) | ConfirmMoveOutNotice():
            return notice.addressee_numbers
    return ()
