"""What taxation reads from its database. It never writes a table: its events' rows do."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_contracts.model import Row
from kumiai_contracts.resident import ResidentRow
from kumiai_contracts.taxation import AssessmentRow, IncomeReportRow

from kumiai_taxation.domain.roll import TaxationState

QUERIES: Any = load_queries("kumiai_taxation")


async def load(
    connection: Connection, municipalities: Sequence[str], people: Sequence[tuple[str, str]]
) -> dict[str, TaxationState]:
    """The state of these (municipality, 宛名番号), by municipality."""
    rows: dict[str, list[Row]] = defaultdict(list)
    named = {
        "municipalities": [municipality for municipality, _ in people],
        "addressee_numbers": [addressee_number for _, addressee_number in people],
    }
    kinds: tuple[tuple[Any, type[Row]], ...] = (
        (QUERIES.histories, ResidentRow),
        (QUERIES.reports, IncomeReportRow),
        (QUERIES.assessments, AssessmentRow),
    )
    for query, kind in kinds:
        for record in await query(connection, **named):
            rows[record["municipality"]].append(from_record(kind, record))
    return {municipality: TaxationState(rows[municipality]) for municipality in municipalities}
