"""What the linkage service reads from its database. It never writes a table: its events' rows do."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_contracts.linkage import AddresseeLinkRow
from kumiai_contracts.resident import ResidentEvent

from kumiai_national_id_linkage.domain.numbering import LinkageState

QUERIES: Any = load_queries("kumiai_national_id_linkage")


async def load(connection: Connection, wanted: Mapping[str, Sequence[ResidentEvent]]) -> dict[str, LinkageState]:
    """The links of everybody in these events, and each municipality's highest number."""
    people = [
        (municipality, row.addressee_number)
        for municipality, events in wanted.items()
        for event in events
        for row in event.residents
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
