"""What the registry reads from its database about protection, gaiji and the work list.

An ordinary movement needs none of it, and no query is made for it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_common.tables import from_record
from kumiai_contracts.model import Notice, RowSet
from kumiai_contracts.resident import CancelMovementNotice, MoveInNotice, MoveOutNotice, ResidentNotice
from kumiai_contracts.resident_affairs import (
    GaijiMappingNotice,
    GaijiRow,
    ProtectionApplicationNotice,
    ProtectionDecisionNotice,
    ProtectionEndingNotice,
    ProtectionRow,
    WorkItemNotice,
    WorkItemRow,
)
from kumiai_contracts.resident_amendments import ConfirmMoveOutNotice, ExOfficioEntryNotice
from kumiai_contracts.resident_between import MoveBetweenRow, MovesToldNotice, OverdueMoveOutsNotice
from kumiai_contracts.resident_carry_over import HistoryCarryOverNotice
from kumiai_contracts.resident_codes import ResidentCodeNotice

from kumiai_resident_registry.domain import returning
from kumiai_resident_registry.domain.characters.gaiji import code_point, private_characters
from kumiai_resident_registry.domain.gaiji_rules import names_of
from kumiai_resident_registry.domain.protection import protected_with
from kumiai_resident_registry.domain.state import RegistryState
from kumiai_resident_registry.domain.work_list import (
    character_item,
    code_item,
    head_item,
    is_undecided,
    same_person_item,
    unconfirmed_item,
    unmatched_item,
    withdrawn_item,
)
from kumiai_resident_registry.named_queries import QUERIES

Wanted = Mapping[str, Sequence[Notice]]
_MAY_CONFIRM = (ConfirmMoveOutNotice, CancelMovementNotice, MovesToldNotice, OverdueMoveOutsNotice)


async def load(
    connection: Connection,
    wanted: Wanted,
    residents: Mapping[str, RegistryState],
    moves: Mapping[str, Mapping[str, MoveBetweenRow]],
) -> dict[str, RowSet]:
    """What the notices can touch, by municipality; `moves` between municipalities are loaded already."""
    found: dict[str, RowSet] = defaultdict(RowSet)
    for m, rows in moves.items():
        for row in rows.values():
            found[m].put(row)
    people = sorted(
        {(m, number) for m, notices in wanted.items() for n in notices for number in _protected(n, residents[m])}
    )
    points = sorted({(m, *point) for m, notices in wanted.items() for n in notices for point in _points(n)})
    items = sorted(
        {
            (m, item)
            for m, notices in wanted.items()
            for item in (*_items(notices, residents[m], points, m), *_of_moves(notices, residents[m], moves.get(m, {})))
        }
    )
    if people:
        municipalities, numbers = zip(*people, strict=True)
        for record in await QUERIES.protections(connection, municipalities=municipalities, addressee_numbers=numbers):
            found[record["municipality"]].put(from_record(ProtectionRow, record))
    if points:
        municipalities, systems, code_points = zip(*points, strict=True)
        for record in await QUERIES.gaiji(
            connection, municipalities=municipalities, systems=systems, code_points=code_points
        ):
            found[record["municipality"]].put(from_record(GaijiRow, record))
    if items:
        municipalities, names = zip(*items, strict=True)
        for record in await QUERIES.work_items(connection, municipalities=municipalities, items=names):
            found[record["municipality"]].put(from_record(WorkItemRow, record))
    return found


def _protected(notice: Notice, residents: RegistryState) -> Collection[str]:
    match notice:
        case MoveInNotice() | ExOfficioEntryNotice():
            return returning.known_as(residents, notice).values()
        case MoveOutNotice() | ProtectionApplicationNotice() | ProtectionDecisionNotice() | ProtectionEndingNotice():
            return notice.addressee_numbers
        case HistoryCarryOverNotice():
            carried = (residents.carried(notice.system, "person", number) for number in protected_with(notice))
            return {number for number in carried if number is not None}
    return ()


def _points(notice: Notice) -> Iterator[tuple[str, str]]:
    match notice:
        case GaijiMappingNotice():
            for mapping in notice.mappings:
                yield notice.system, mapping.code_point
        case ResidentNotice(gaiji_system=str(system)):
            for character in private_characters(*names_of(notice)):
                yield system, code_point(character)


def _items(
    notices: Sequence[Notice], residents: RegistryState, points: Sequence[tuple[str, str, str]], municipality: str
) -> Iterator[str]:
    for notice in notices:
        if isinstance(notice, CancelMovementNotice):
            yield same_person_item(notice.addressee_number)
            yield from (same_person_item(row.addressee_number) for row in residents.people())
        elif isinstance(notice, WorkItemNotice):
            yield notice.item
        elif isinstance(notice, ResidentCodeNotice):
            yield code_item(notice.addressee_number)
    for m, system, point in points:
        if m == municipality:
            yield character_item(system, point)
    for household in residents.households():
        # Two may become none while one of them leaves, so households of two and more without a head are looked up.
        if is_undecided(household):
            yield head_item(household.household_number)


def _of_moves(
    notices: Sequence[Notice], residents: RegistryState, moves: Mapping[str, MoveBetweenRow]
) -> Iterator[str]:
    """Items about moves that were told, and of moves out that nobody has confirmed."""
    for reference in moves:
        yield unmatched_item(reference)
        yield withdrawn_item(reference)
    if any(isinstance(notice, _MAY_CONFIRM) for notice in notices):
        yield from (
            unconfirmed_item(row)
            for person in residents.people()
            for row in residents.history(person.addressee_number)
            if row.planned_on is not None
        )
