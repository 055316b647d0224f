"""What taxation reads from its database. It never writes a stream's table: its events' rows do."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_contracts.model import Event, Notice, Row
from kumiai_contracts.parameters import ParameterRow, ParametersSet
from kumiai_contracts.resident import ResidentEvent, ResidentRow
from kumiai_contracts.resident_carry_over import CarriedNumberRow
from kumiai_contracts.taxation import (
    AssessmentRow,
    EmploymentIncomeReport,
    IncomeReport,
    IncomeReportRow,
    NonResidentTaxpayerNotice,
    NonResidentTaxpayerRow,
    SettleWorkItem,
    TaxRunRow,
    UnmatchedReportRow,
    WorkItemRow,
)
from kumiai_contracts.taxation_carry_over import AssessmentCarryOverNotice, IncomeReportCarryOverNotice

from kumiai_taxation.domain.roll import TaxationState
from kumiai_taxation.own_parameters import OwnParameters

QUERIES: Any = load_queries("kumiai_taxation")
Person = tuple[str, str]
"""(municipality, 宛名番号)"""


async def load(connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, TaxationState]:
    """The state that these notices and events need, by municipality.

    Most people whom the registry's events name have no report: for them one look at the reports is all.
    """
    notices = {(m, number) for m, items in wanted.items() for item in items for number in _named(item)}
    residents = {
        (m, row.addressee_number)
        for m, items in wanted.items()
        for item in items
        if isinstance(item, ResidentEvent)
        for row in item.residents
    }
    if residents:
        notices |= {(r["municipality"], r["addressee_number"]) for r in await _ask("reported", connection, residents)}
    items = [(m, item.work_item) for m, sent in wanted.items() for item in sent if isinstance(item, SettleWorkItem)]
    carried = await _carried(connection, wanted)
    notices |= {(m, row.number) for m, rows in carried.items() for row in rows}
    states = await load_people(connection, list(wanted), notices, items, carried)
    setting = [m for m, sent in wanted.items() if any(isinstance(item, ParametersSet) for item in sent)]
    if setting:
        await _add_settings(connection, setting, states)
    return states


async def _add_settings(
    connection: Connection, municipalities: Sequence[str], loaded: Mapping[str, TaxationState]
) -> None:
    """To the states of municipalities where parameters change: their settings, and the years that are assessed."""
    for record in await QUERIES.assessed_years(connection, municipalities=municipalities):
        loaded[record["municipality"]].assessed_years += (record["fiscal_year"],)
    for record in await QUERIES.settings(connection, municipalities=municipalities):
        loaded[record["municipality"]].know(from_record(ParameterRow, record))


async def _carried(
    connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]
) -> dict[str, list[CarriedNumberRow]]:
    """Whom the notices that carry assessments and reports over mean by numbers of the system before."""
    named = sorted(
        {
            (m, item.system, item.old_number)
            for m, items in wanted.items()
            for item in items
            if isinstance(item, (AssessmentCarryOverNotice, IncomeReportCarryOverNotice))
        }
    )
    found: dict[str, list[CarriedNumberRow]] = defaultdict(list)
    if named:
        municipalities, systems, numbers = zip(*named, strict=True)
        for record in await QUERIES.carried_people(
            connection, municipalities=municipalities, systems=systems, numbers=numbers
        ):
            found[record["municipality"]].append(from_record(CarriedNumberRow, record))
    return found


async def load_people(
    connection: Connection,
    municipalities: Sequence[str],
    people: Iterable[Person],
    items: Sequence[Person] = (),
    carried: Mapping[str, Sequence[Row]] | None = None,
) -> dict[str, TaxationState]:
    """All that is known of these people, the work items named, and how far the runs have come."""
    rows: dict[str, list[Row]] = defaultdict(list, {m: list(found) for m, found in (carried or {}).items()})
    asked: list[tuple[str, type[Row], list[Person]]] = []
    found = sorted(people)
    if items:
        asked += [("work_items", WorkItemRow, list(items)), ("unmatched_reports", UnmatchedReportRow, list(items))]
    if found:
        asked += [
            ("histories", ResidentRow, found),
            ("non_residents", NonResidentTaxpayerRow, found),
            ("reports", IncomeReportRow, found),
            ("assessments", AssessmentRow, found),
        ]
    for query, kind, keys in asked:
        for record in await _ask(query, connection, keys):
            rows[record["municipality"]].append(from_record(kind, record))
    if asked:
        for record in await QUERIES.settings(connection, municipalities=list(municipalities)):
            rows[record["municipality"]].append(from_record(ParameterRow, record))
        for record in await QUERIES.runs(connection, municipalities=list(municipalities)):
            rows[record["municipality"]].append(from_record(TaxRunRow, record))
    return {municipality: TaxationState(rows[municipality]) for municipality in municipalities}


async def own_parameters(connection: Connection, municipality: str) -> OwnParameters:
    """The municipality's own parameters as they are known now."""
    records = await QUERIES.settings(connection, municipalities=[municipality])
    return OwnParameters(from_record(ParameterRow, record) for record in records)


async def _ask(query: str, connection: Connection, keys: Iterable[Person]) -> list[Any]:
    given = list(keys)
    found: list[Any] = await getattr(QUERIES, query)(
        connection, municipalities=[m for m, _ in given], names=[name for _, name in given]
    )
    return found


def _named(item: Notice | Event) -> list[str]:
    match item:
        case EmploymentIncomeReport():
            return [item.addressee_number]
        case (
            IncomeReport()
            | SettleWorkItem()
            | NonResidentTaxpayerNotice()
            | AssessmentCarryOverNotice()
            | IncomeReportCarryOverNotice()
        ):
            return [item.addressee_number] if item.addressee_number else []
    return []
