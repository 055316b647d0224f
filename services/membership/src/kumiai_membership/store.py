"""What membership has recorded, read from its tables."""

from collections import defaultdict
from typing import Any, TypeVar

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
from kumiai_contracts.merging import MergerRow
from kumiai_contracts.model import Row, RowSet
from kumiai_contracts.own_system import OwnSystemRow
from kumiai_contracts.parameter_catalogue import shown
from kumiai_contracts.parameters import ParameterRow
from kumiai_contracts.topics import FEDERATION

from kumiai_membership.domain import leaving
from kumiai_membership.domain.rights import Standing

R = TypeVar("R", bound=Row)
QUERIES: Any = load_queries("kumiai_membership")
"""Every query of queries.sql as an async function of (connection, named parameters)."""


_TABLES: dict[type[Row], str] = {
    MemberRow: "members",
    SubscriptionRow: "subscriptions",
    OwnSystemRow: "own_systems",
    PartyRow: "parties",
    AcknowledgementKeyRow: "acknowledgement_keys",
    LeaveRow: "leaves",
    ServiceClosedRow: "closed_services",
    ServiceErasedRow: "erased_places",
    CertificateRow: "certificates",
    ParameterRow: "parameters",
    MergerRow: "mergers",
}
"""The query that reads each table."""


async def load(connection: Connection, municipality: str) -> RowSet:
    """Everything that is recorded of one municipality."""
    rows = RowSet()
    for kind, query in _TABLES.items():
        for record in await getattr(QUERIES, query)(connection, municipalities=[municipality]):
            rows.put(from_record(kind, record))
    return rows


async def everybody(database: Database) -> dict[str, Standing]:
    """How each member stands; the federation's own organisation subscribes to nothing."""
    tenants = await database.tenants()
    found: dict[str, Standing] = {FEDERATION: Standing()}
    if not tenants:
        return found
    async with database.transaction(tenants) as connection:
        members = await QUERIES.members(connection, municipalities=tenants)
        subscriptions: dict[str, dict[str, bool]] = defaultdict(dict)
        for record in await QUERIES.subscriptions(connection, municipalities=tenants):
            subscriptions[record["municipality"]][record["service"]] = record["active"]
        leaves = await _by_municipality(connection, LeaveRow, tenants)
        erased = await _by_municipality(connection, ServiceErasedRow, tenants)
    for municipality in (record["municipality"] for record in members):
        gone, left = leaving.out_of_kafka(leaves[municipality], erased[municipality])
        closing = leaving.closing(leaves[municipality])
        found[municipality] = Standing(subscriptions[municipality], closing, gone, left)
    return found


async def _by_municipality(connection: Connection, kind: type[R], municipalities: list[str]) -> dict[str, list[R]]:
    found: dict[str, list[R]] = defaultdict(list)
    for record in await getattr(QUERIES, _TABLES[kind])(connection, municipalities=municipalities):
        found[record["municipality"]].append(from_record(kind, record))
    return found


async def directory(database: Database) -> list[dict[str, Any]]:
    """All members with their subscriptions, for people."""
    tenants = await database.tenants()
    async with database.transaction(tenants) as connection:
        members = await QUERIES.members(connection, municipalities=tenants)
        subscriptions: dict[str, dict[str, bool]] = defaultdict(dict)
        for record in await QUERIES.subscriptions(connection, municipalities=tenants):
            subscriptions[record["municipality"]][record["service"]] = record["active"]
        own = await _by_municipality(connection, OwnSystemRow, tenants)
        leaves = await _by_municipality(connection, LeaveRow, tenants)
    return [
        {
            **record,
            "subscriptions": subscriptions[record["municipality"]],
            "own": [
                row.service
                for row in own[record["municipality"]]
                if row.active and subscriptions[record["municipality"]].get(row.service)
            ],
            "leaving": _shown(leaves[record["municipality"]]),
        }
        for record in members
    ]


async def successor(database: Database, predecessor: str) -> str | None:
    """Who takes over, or has taken over, a municipality."""
    tenants = await database.tenants()
    async with database.transaction(tenants) as connection:
        found: str | None = await QUERIES.successor(connection, municipalities=tenants, predecessor=predecessor)
    return found


async def settings(database: Database) -> list[dict[str, Any]]:
    """All members with their settings of parameters."""
    tenants = await database.tenants()
    async with database.transaction(tenants) as connection:
        members = await QUERIES.members(connection, municipalities=tenants)
        found = await _by_municipality(connection, ParameterRow, tenants)
    return [{**record, "parameters": [shown(row) for row in found[record["municipality"]]]} for record in members]


def _shown(leaves: list[LeaveRow]) -> dict[str, Any] | None:
    """The last leave, for people, unless it was cancelled."""
    last = max(leaves, key=lambda leave: leave.leave, default=None)
    if last is None or last.state == "cancelled":
        return None
    return {"services": last.services, "altogether": last.altogether, "state": last.state}
