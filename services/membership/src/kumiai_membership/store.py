"""What membership has recorded, read from its tables."""

from collections import defaultdict
from typing import Any

from kumiai_common.database import Connection, Database
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_contracts.leaving import (
    AcknowledgementKeyRow,
    CertificateRow,
    LeaveRow,
    ServiceClosedRow,
    ServiceErasedRow,
)
from kumiai_contracts.membership import MemberRow, PartyRow, SubscriptionRow
from kumiai_contracts.model import Row, RowSet
from kumiai_contracts.topics import FEDERATION

QUERIES: Any = load_queries("kumiai_membership")
"""Every query of queries.sql as an async function of (connection, named parameters)."""


_TABLES: dict[type[Row], str] = {
    MemberRow: "members",
    SubscriptionRow: "subscriptions",
    PartyRow: "parties",
    AcknowledgementKeyRow: "acknowledgement_keys",
    LeaveRow: "leaves",
    ServiceClosedRow: "closed_services",
    ServiceErasedRow: "erased_places",
    CertificateRow: "certificates",
}
"""The query that reads each table."""


async def load(connection: Connection, municipality: str) -> RowSet:
    """Everything that is recorded of one municipality."""
    rows = RowSet()
    for kind, query in _TABLES.items():
        for record in await getattr(QUERIES, query)(connection, municipalities=[municipality]):
            rows.put(from_record(kind, record))
    return rows


async def everybody(database: Database) -> dict[str, dict[str, bool]]:
    """Each member's subscriptions, service → whether active; the federation's own organisation has none."""
    tenants = await database.tenants()
    found: dict[str, dict[str, bool]] = {FEDERATION: {}}
    if not tenants:
        return found
    async with database.transaction(tenants) as connection:
        members = await QUERIES.members(connection, municipalities=tenants)
        found |= {record["municipality"]: {} for record in members}
        for record in await QUERIES.subscriptions(connection, municipalities=tenants):
            found[record["municipality"]][record["service"]] = record["active"]
    return found


async def directory(database: Database) -> list[dict[str, Any]]:
    """All members with their subscriptions, for people."""
    tenants = await database.tenants()
    async with database.transaction(tenants) as connection:
        members = await QUERIES.members(connection, municipalities=tenants)
        subscriptions: dict[str, dict[str, bool]] = defaultdict(dict)
        for record in await QUERIES.subscriptions(connection, municipalities=tenants):
            subscriptions[record["municipality"]][record["service"]] = record["active"]
    return [{**record, "subscriptions": subscriptions[record["municipality"]]} for record in members]
