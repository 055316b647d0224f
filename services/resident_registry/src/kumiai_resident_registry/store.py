"""What the registry reads from its database. It never writes a table: its events' rows do."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.tables import from_record
from kumiai_contracts.model import Notice, Row
from kumiai_contracts.parameters import ParameterRow
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
    ResidentNotice,
    ResidentRow,
)
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice
from kumiai_contracts.resident_amendments import (
    AliasNotice,
    AmendmentNotice,
    ChangeOfNationalityNotice,
    ConfirmMoveOutNotice,
    ExOfficioEntryNotice,
    ExOfficioRemovalNotice,
    FormerNameNotice,
    MyNumberMovementNotice,
    RemakeRecordNotice,
)
from kumiai_contracts.resident_between import OverdueMoveOutsNotice
from kumiai_contracts.resident_carry_over import HistoryCarryOverNotice
from kumiai_contracts.resident_codes import ResidentCodeNotice
from kumiai_contracts.resident_feed import FeedEventNotice, FeedProtectionNotice
from kumiai_contracts.resident_households import (
    ChangeOfHouseholdNotice,
    HouseholdMergeNotice,
    HouseholdSplitNotice,
)
from kumiai_contracts.resident_marks import IdentityMarksNotice

from kumiai_resident_registry import store_carried, store_codes, store_marks, store_returning
from kumiai_resident_registry.domain.feed import households_of, people_of
from kumiai_resident_registry.domain.state import BODY_DIGITS, NO_CODES, RegistryState
from kumiai_resident_registry.named_queries import QUERIES

Pair = tuple[str, str]
"""(municipality, addressee or household number)"""
_GIVE_NUMBERS = (
    CarryOverNotice,
    HistoryCarryOverNotice,
    MoveInNotice,
    BirthNotice,
    ExOfficioEntryNotice,
    ChangeOfAddressNotice,
    HouseholdSplitNotice,
)
_ABOUT_SEVERAL = (
    MoveOutNotice,
    ChangeOfAddressNotice,
    ProtectionApplicationNotice,
    HouseholdSplitNotice,
    ChangeOfHouseholdNotice,
    ExOfficioRemovalNotice,
    RemakeRecordNotice,
    AmendmentNotice,
    ConfirmMoveOutNotice,
    OverdueMoveOutsNotice,
)
_ABOUT_ONE = (
    DeathNotice,
    CancelMovementNotice,
    ChangeOfNationalityNotice,
    FormerNameNotice,
    AliasNotice,
    MyNumberMovementNotice,
    ResidentCodeNotice,
)


async def load(
    connection: Connection,
    wanted: Mapping[str, Sequence[Notice]],
    others: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, RegistryState]:
    """Everybody whom the notices can touch, their households, and the last numbers given, in a few queries.

    `others` are people whom the notices mean without naming them, by 宛名番号.
    """
    carried = await store_carried.load(connection, wanted)
    found = await store_codes.load(connection, wanted)
    meant = {(m, number) for m, numbers in others.items() for number in numbers}
    meant |= await store_returning.load(connection, wanted, found)
    bearers = await store_marks.load(connection, wanted)
    meant |= {(m, number) for m, known in bearers.items() for number in known.values()}
    rows = await _rows(connection, wanted, meant, store_carried.households(carried))
    last = await _last_numbers(connection, wanted)
    addresses = await _addresses(connection, wanted, rows)
    for municipality, number in carried:
        rows[municipality].append(number)
    states = {
        m: RegistryState(rows[m], *last.get(m, (0, 0)), addresses[m], found.get(m, NO_CODES), bearers[m])
        for m in wanted
    }
    depending = [m for m, notices in wanted.items() if any(_depends_on_settings(notice) for notice in notices)]
    for record in await QUERIES.settings(connection, municipalities=depending) if depending else ():
        states[record["municipality"]].settings.put(from_record(ParameterRow, record))
    return states


def _depends_on_settings(notice: Notice) -> bool:
    return isinstance(notice, (MoveOutNotice, OverdueMoveOutsNotice)) or (
        isinstance(notice, ResidentNotice) and bool(notice.extensions)
    )


async def _rows(
    connection: Connection, wanted: Mapping[str, Sequence[Notice]], meant: set[Pair], carried: Iterable[Pair]
) -> dict[str, list[Row]]:
    """Current rows of the people named and of everybody in the households that they are in or that are named.

    Whole histories where the past matters: of whoever's current row is a cancellation, and where a movement is
    cancelled of everybody who ever was in a household of the person's, or of those people's, as a movement may have
    touched two. Simple queries one after the other, which PostgreSQL answers in less time than it plans and runs one
    for all.
    """
    found: dict[str, list[Row]] = defaultdict(list)
    cancelling = _pairs(wanted, lambda n: [n.addressee_number] if isinstance(n, CancelMovementNotice) else [])
    housemates = [_person(record) for record in await _asked(connection, QUERIES.former, cancelling)]
    whole = {_person(record) for record in await _asked(connection, QUERIES.former, housemates)}
    latest = await _asked(connection, QUERIES.latest, sorted(meant.union(_pairs(wanted, _people))))
    households = _lived_in(latest).union(_pairs(wanted, _households), carried)
    named = {_person(record) for record in latest}
    members: set[Pair] = set()
    for municipality, household in await _of_households(connection, households):
        found[municipality].append(household)
        members.update((municipality, number) for number in household.members)
    latest += await _asked(connection, QUERIES.latest, sorted(members - named))
    whole.update(_person(record) for record in latest if record["cancels"] is not None)
    records = [record for record in latest if _person(record) not in whole]
    records += await _asked(connection, QUERIES.whole, sorted(whole))
    for record in records:
        found[record["municipality"]].append(from_record(ResidentRow, record))
    for municipality, household in await _of_households(connection, _lived_in(records) - households):
        found[municipality].append(household)
    return found


async def _addresses(
    connection: Connection, wanted: Mapping[str, Sequence[Notice]], rows: Mapping[str, Sequence[Row]]
) -> dict[str, dict[str, bytes]]:
    """The addresses of everybody loaded, in municipalities where one household joins another."""
    comparing = [m for m, notices in wanted.items() if any(_compares_addresses(notice) for notice in notices)]
    sealed = {(m, row.address) for m in comparing for row in rows[m] if isinstance(row, ResidentRow)}
    found: dict[str, dict[str, bytes]] = defaultdict(dict)
    for record in await _asked(connection, QUERIES.sealed_addresses, sorted(sealed)):
        found[record["municipality"]][record["commitment"]] = record["part"]
    return found


def _compares_addresses(notice: Notice) -> bool:
    if isinstance(notice, MoveInNotice | ExOfficioEntryNotice | ChangeOfAddressNotice):
        return notice.household_number is not None
    return isinstance(notice, HouseholdMergeNotice | ChangeOfHouseholdNotice | HistoryCarryOverNotice)


async def _of_households(connection: Connection, wanted: Iterable[Pair]) -> list[tuple[str, HouseholdRow]]:
    records = await _asked(connection, QUERIES.households, sorted(wanted))
    return [(record["municipality"], from_record(HouseholdRow, record)) for record in records]


async def _asked(connection: Connection, query: Any, pairs: Sequence[Pair]) -> list[Any]:
    """A query about these people or households; none is made about nobody."""
    if not pairs:
        return []
    municipalities, numbers = zip(*pairs, strict=True)
    return list(await query(connection, municipalities=municipalities, numbers=numbers))


def _lived_in(records: Iterable[Mapping[str, Any]]) -> set[Pair]:
    return {(record["municipality"], record["household_number"]) for record in records}


def _person(record: Mapping[str, Any]) -> Pair:
    return record["municipality"], record["addressee_number"]


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
    if isinstance(notice, FeedEventNotice | FeedProtectionNotice):
        return people_of(notice)
    if isinstance(notice, _ABOUT_SEVERAL):
        return notice.addressee_numbers
    if isinstance(notice, IdentityMarksNotice):
        return [each.addressee_number for each in notice.people]
    return (notice.addressee_number,) if isinstance(notice, _ABOUT_ONE) else ()


def _households(notice: Notice) -> Iterable[str]:  # noqa: PLR0911
    match notice:
        case BirthNotice() | ChangeOfHeadNotice():
            return (notice.household_number,)
        case MoveInNotice(household_number=str(number)) | ChangeOfAddressNotice(household_number=str(number)):
            return (number,)
        case ExOfficioEntryNotice(household_number=str(number)):
            return (number,)
        case ChangeOfHouseholdNotice():
            return (notice.household_number,)
        case FeedEventNotice():
            return households_of(notice)
        case HouseholdMergeNotice():
            return (notice.household_number, notice.merged_household_number)
    return ()
