"""What the registry reads from its database. It never writes a table: its events' rows do."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_contracts.model import Notice, Row
from kumiai_contracts.resident import (
    BirthNotice,
    CancelMovementNotice,
    CarryOverNotice,
    ChangeOfAddressNotice,
    ChangeOfHeadNotice,
    DeathNotice,
    HouseholdRow,
    MoveInNotice,
    MoveOutNotice,
    ResidentRow,
)
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice

from kumiai_resident_registry.domain.state import BODY_DIGITS, RegistryState

QUERIES: Any = load_queries("kumiai_resident_registry")
_GIVE_NUMBERS = (CarryOverNotice, MoveInNotice, BirthNotice, ChangeOfAddressNotice)


async def load(connection: Connection, wanted: Mapping[str, Sequence[Notice]]) -> dict[str, RegistryState]:
    """Everybody whom the notices can touch, their households, and the last numbers given: three queries at most."""
    rows = await _rows(connection, wanted)
    last = await _last_numbers(connection, wanted)
    return {m: RegistryState(rows[m], *last.get(m, (0, 0))) for m in wanted}


async def _rows(connection: Connection, wanted: Mapping[str, Sequence[Notice]]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    people = _pairs(wanted, _people)
    households = _pairs(wanted, _households)
    cancelling = _pairs(wanted, lambda n: [n.addressee_number] if isinstance(n, CancelMovementNotice) else [])
    if not (people or households):
        return found
    histories = await QUERIES.people(
        connection,
        municipalities=[m for m, _ in people],
        addressee_numbers=[number for _, number in people],
        household_municipalities=[m for m, _ in households],
        household_numbers=[number for _, number in households],
        cancelling_municipalities=[m for m, _ in cancelling],
        cancelling_numbers=[number for _, number in cancelling],
    )
    touched = set(households)
    for record in histories:
        touched.add((record["municipality"], record["household_number"]))
        found[record["municipality"]].append(from_record(ResidentRow, record))
    for record in await QUERIES.households(
        connection, municipalities=[m for m, _ in touched], household_numbers=[number for _, number in touched]
    ):
        found[record["municipality"]].append(from_record(HouseholdRow, record))
    return found


async def _last_numbers(connection: Connection, wanted: Mapping[str, Sequence[Notice]]) -> dict[str, tuple[int, int]]:
    giving = [m for m, notices in wanted.items() if any(isinstance(notice, _GIVE_NUMBERS) for notice in notices)]
    if not giving:
        return {}
    return {
        record["municipality"]: (
            int(record["addressee_number"][:BODY_DIGITS]),
            int(record["household_number"][:BODY_DIGITS]),
        )
        for record in await QUERIES.last_numbers(connection, municipalities=giving)
    }


def _pairs(wanted: Mapping[str, Sequence[Notice]], of: Any) -> list[tuple[str, str]]:
    return sorted({(m, number) for m, notices in wanted.items() for notice in notices for number in of(notice)})


def _people(notice: Notice) -> Iterable[str]:
    match notice:
        case MoveOutNotice() | ChangeOfAddressNotice() | ProtectionApplicationNotice():
            return notice.addressee_numbers
        case DeathNotice() | CancelMovementNotice():
            return (notice.addressee_number,)
    return ()


def _households(notice: Notice) -> Iterable[str]:
    match notice:
        case BirthNotice() | ChangeOfHeadNotice():
            return (notice.household_number,)
        case MoveInNotice(household_number=str(number)):
            return (number,)
    return ()
