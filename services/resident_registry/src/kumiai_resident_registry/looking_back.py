"""Looking back (時点照会): how a person, a household, an address stood on a day, as it was known at a time.

The tables hold every row that ever was, so nothing is kept for it: whole histories are read, and the rule of
`domain.as_of` picks the row that held. `known` is a day, for all that was recorded by its end, or an instant.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

from kumiai_common.database import Connection
from kumiai_common.tables import from_record
from kumiai_contracts.envelope import Cause
from kumiai_contracts.resident import ResidentRow

from kumiai_resident_registry.domain.as_of import Known, as_of, known_by_day, known_by_instant, living, living_in
from kumiai_resident_registry.name_index import address_keys
from kumiai_resident_registry.named_queries import QUERIES

History = Sequence[ResidentRow]


@dataclass(frozen=True, slots=True)
class Moment:
    """Both times of a question."""

    effective: date
    """The day on which something held."""
    known: date | datetime
    """By the end of which day, or by which instant, it was recorded."""


async def history_of(connection: Connection, municipality: str, addressee_number: str) -> list[ResidentRow]:
    """Every row of a person, in order; none for a number that nobody has."""
    found = await QUERIES.history(connection, municipality=municipality, addressee_number=addressee_number)
    return [from_record(ResidentRow, record) for record in found]


async def person_at(connection: Connection, municipality: str, history: History, moment: Moment) -> ResidentRow | None:
    """The row of a person that held; None if he or she had not entered the record."""
    return as_of(history, moment.effective, await _known(connection, municipality, history, moment))


async def household_at(
    connection: Connection, municipality: str, household_number: str, moment: Moment
) -> list[ResidentRow] | None:
    """The members of a household, by 宛名番号; None for a number that no household ever had."""
    records = await QUERIES.histories_of_household(
        connection, municipality=municipality, household_number=household_number
    )
    if not records:
        return None
    histories = _by_person([from_record(ResidentRow, record) for record in records])
    known = await _known(connection, municipality, (row for rows in histories for row in rows), moment)
    return living_in(histories, household_number, moment.effective, known)


@dataclass(frozen=True, slots=True)
class Page:
    """People at an address, of so many who ever lived at it or at one that begins so."""

    residents: list[ResidentRow]
    after: str | None
    """Where the next page begins; None behind the last."""


async def address_at(
    connection: Connection, municipality: str, key: str, moment: Moment, *, after: str, limit: int
) -> Page:
    """Who lived at an address or in a part of it, by 宛名番号. Those whose address was erased are left out."""
    found = await QUERIES.found_by_address(
        connection, municipality=municipality, key=key, end=key + "\U0010ffff", after=after, limit=limit
    )
    numbers = [record["addressee_number"] for record in found]
    records = await QUERIES.whole(connection, municipalities=[municipality] * len(numbers), numbers=numbers)
    histories = _by_person([from_record(ResidentRow, record) for record in records])
    known = await _known(connection, municipality, (row for rows in histories for row in rows), moment)
    rows = living(histories, moment.effective, known)
    keys = await address_keys(connection, municipality, {row.address for row in rows})
    there = [row for row in rows if keys.get(row.address, "").startswith(key)]
    return Page(there, numbers[-1] if len(numbers) == limit else None)


def _by_person(rows: Iterable[ResidentRow]) -> list[History]:
    return [list(each) for _, each in groupby(rows, key=lambda row: row.addressee_number)]


async def _known(connection: Connection, municipality: str, rows: Iterable[ResidentRow], moment: Moment) -> Known:
    if not isinstance(moment.known, datetime):
        return known_by_day(moment.known)
    # A movement is recorded with the receipt of its notice, which says when.
    causes = {row.movement: Cause.parse(row.movement).position for row in rows}
    found = await QUERIES.receipts_issued(connection, municipality=municipality, positions=list(set(causes.values())))
    times = {record["position"]: record["time"] for record in found}
    recorded = {movement: times[position] for movement, position in causes.items() if position in times}
    return known_by_instant(moment.known.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), recorded)
