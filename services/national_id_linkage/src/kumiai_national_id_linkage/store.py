"""What the linkage service reads from its database about numbering. It never writes a table: its events' rows do."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_contracts.addressees import MergedNumberRow, MergeNotice, PartNotice
from kumiai_contracts.exchange_notices import CodeRequestNotice
from kumiai_contracts.linkage import AddresseeLinkRow
from kumiai_contracts.linkage_numbers import BusinessNumberNotice, BusinessNumberRow
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.my_number import MyNumberNotice
from kumiai_contracts.resident import ResidentEvent
from kumiai_contracts.resident_carry_over import CarriedNumberRow

from kumiai_national_id_linkage.domain.numbering import BRING_NEWCOMERS, LinkageState

QUERIES: Any = load_queries("kumiai_national_id_linkage")


async def load(connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> dict[str, LinkageState]:
    """The links of everybody whom these are about, and each municipality's highest number."""
    carried, business = await _numbers_named(connection, wanted)
    people = [(m, person) for m, items in wanted.items() for item in items for person in _people(item)]
    people += [(m, row.number) for m, rows in carried.items() for row in rows]
    if not people:
        return {m: LinkageState() for m in wanted}
    links: dict[str, list[AddresseeLinkRow]] = defaultdict(list)
    for record in await QUERIES.links(
        connection,
        municipalities=[municipality for municipality, _ in people],
        addressee_numbers=[addressee_number for _, addressee_number in people],
    ):
        links[record["municipality"]].append(from_record(AddresseeLinkRow, record))
    merged = await _merged(connection, links) if _about_persons(wanted) else {}
    last = {
        record["municipality"]: int(record["integrated_addressee_number"][:-1])
        for record in await QUERIES.last_numbers(connection, municipalities=list(wanted))
    }
    return {
        m: LinkageState(links[m], last.get(m, 0), merged.get(m, ()), carried.get(m, ()), business.get(m, ()))
        for m in wanted
    }


async def _numbers_named(
    connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]
) -> tuple[Mapping[str, Sequence[CarriedNumberRow]], Mapping[str, Sequence[BusinessNumberRow]]]:
    """Whom notices mean by a number of the system before, and whose the numbers of lines of business are already."""
    named = [(m, item) for m, items in wanted.items() for item in items if isinstance(item, BusinessNumberNotice)]
    carried: dict[str, list[CarriedNumberRow]] = defaultdict(list)
    business: dict[str, list[BusinessNumberRow]] = defaultdict(list)
    if not named:
        return carried, business
    municipalities = [m for m, _ in named]
    for record in await QUERIES.carried_people(
        connection,
        municipalities=municipalities,
        systems=[item.system for _, item in named],
        numbers=[item.old_number for _, item in named],
    ):
        carried[record["municipality"]].append(from_record(CarriedNumberRow, record))
    for record in await QUERIES.business_numbers(
        connection,
        municipalities=municipalities,
        lines=[item.business for _, item in named],
        numbers=[item.number for _, item in named],
    ):
        business[record["municipality"]].append(from_record(BusinessNumberRow, record))
    return carried, business


def _about_persons(wanted: Mapping[str, Sequence[Notice | Event]]) -> bool:
    """Whether which number stands for whom is asked at all: for newcomers it is not."""
    return any(
        isinstance(item, MyNumberNotice | MergeNotice | PartNotice) for items in wanted.values() for item in items
    )


async def _merged(
    connection: Connection, links: Mapping[str, Sequence[AddresseeLinkRow]]
) -> Mapping[str, Sequence[MergedNumberRow]]:
    numbers = [(m, link.integrated_addressee_number) for m, found in links.items() for link in found]
    merged: dict[str, list[MergedNumberRow]] = defaultdict(list)
    for record in await QUERIES.merges(
        connection, municipalities=[m for m, _ in numbers], numbers=[number for _, number in numbers]
    ):
        merged[record["municipality"]].append(from_record(MergedNumberRow, record))
    return merged


def _people(item: Notice | Event) -> Iterator[str]:
    match item:
        case MyNumberNotice() | PartNotice():
            yield item.addressee_number
        case MergeNotice():
            yield from (item.addressee_number, item.other)
        case CodeRequestNotice():
            yield from item.addressee_numbers
        case ResidentEvent() if isinstance(item, BRING_NEWCOMERS):
            yield from (row.addressee_number for row in item.residents)
