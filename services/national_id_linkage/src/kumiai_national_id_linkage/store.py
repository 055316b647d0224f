"""What the linkage service reads from its database. It never writes a table: its events' rows do."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_contracts.linkage import AddresseeLinkRow
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.my_number import MyNumberNotice
from kumiai_contracts.resident import ResidentEvent

from kumiai_national_id_linkage.domain.numbering import LinkageState

QUERIES: Any = load_queries("kumiai_national_id_linkage")


async def load(connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> dict[str, LinkageState]:
    """The links of everybody whom these are about, and each municipality's highest number."""
    people = [
        (municipality, addressee_number)
        for municipality, items in wanted.items()
        for item in items
        for addressee_number in _addressees(item)
    ]
    links: dict[str, list[AddresseeLinkRow]] = defaultdict(list)
    for record in await QUERIES.links(
        connection,
        municipalities=[municipality for municipality, _ in people],
        addressee_numbers=[addressee_number for _, addressee_number in people],
    ):
        links[record["municipality"]].append(from_record(AddresseeLinkRow, record))
    last = {
        record["municipality"]: int(record["integrated_addressee_number"][:-1])
        for record in await QUERIES.last_numbers(connection, municipalities=list(wanted))
    }
    return {m: LinkageState(links[m], last.get(m, 0)) for m in wanted}


def _addressees(item: Notice | Event) -> list[str]:
    match item:
        case ResidentEvent():
            return [row.addressee_number for row in item.residents]
        case MyNumberNotice():
            return [item.addressee_number]
    return []
