"""What the rules about inquiry and provision read from the database: for a poll, one query a table that it needs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_contracts.exchange import (
    RESIDENT_FACTS,
    TAX_FACTS,
    CodeAcquisitionRow,
    DisasterExceptionRow,
    ExchangeRecordRow,
    FactVersionRow,
    ProcedureGrantRow,
)
from kumiai_contracts.exchange_notices import (
    AnswerNotice,
    CodeIssuedNotice,
    CodeRequestNotice,
    InquiryNotice,
    NetworkRefusalNotice,
    ProvisionRequestNotice,
)
from kumiai_contracts.model import Event, Notice, Row
from kumiai_contracts.recall import (
    RecallNotice,
    RecallNotificationRow,
    RecallReceiptNotice,
    ReceivedRecallRow,
    RecordDifferenceRow,
    RecordDigestsNotice,
    RecordDigestsReceiptNotice,
    RecordSummaryRow,
)
from kumiai_contracts.resident import ResidentEvent
from kumiai_contracts.resident_affairs import ProtectionRow
from kumiai_contracts.taxation import AssessmentEvent

from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState

QUERIES: Any = load_queries("kumiai_national_id_linkage")
Wanted = Mapping[str, Sequence[Notice | Event]]


class _Needs:
    """The keys of one poll, by kind of row, each once; the first part of every key is the municipality."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, ...], None] = {}
        self.facts: dict[tuple[str, ...], None] = {}
        self.people: dict[tuple[str, ...], None] = {}
        self.acquisitions: dict[tuple[str, ...], None] = {}
        self.grants: dict[tuple[str, ...], None] = {}
        self.notifications: dict[tuple[str, ...], None] = {}
        self.received: dict[tuple[str, ...], None] = {}
        self.summaries: dict[tuple[str, ...], None] = {}
        self.periods: dict[tuple[str, ...], None] = {}
        self.exceptions: dict[str, None] = {}
        self.meant: dict[str, dict[str, str]] = defaultdict(dict)


async def load(connection: Connection, wanted: Wanted, codes: CodeBook) -> dict[str, ExchangeState]:
    """The rows that these notices and events need, by municipality, and who is meant by the codes in them."""
    needs = _Needs()
    for municipality, items in wanted.items():
        for item in items:
            _add(needs, municipality, item, codes)
    rows: dict[str, list[Row]] = defaultdict(list)
    for kind, query, keys in (
        (ExchangeRecordRow, QUERIES.exchange_records_of, needs.records),
        (FactVersionRow, QUERIES.latest_facts, needs.facts),
        (CodeAcquisitionRow, QUERIES.acquisitions_of_people, needs.people),
        (ProtectionRow, QUERIES.protections_of, needs.people),
        (CodeAcquisitionRow, QUERIES.acquisitions_by_number, needs.acquisitions),
        (ProcedureGrantRow, QUERIES.grants_of, needs.grants),
        (RecallNotificationRow, QUERIES.notifications_of, needs.notifications),
        (ReceivedRecallRow, QUERIES.received_recalls_of, needs.received),
        (RecordSummaryRow, QUERIES.summaries_of, needs.summaries),
        (ExchangeRecordRow, QUERIES.provided_in, needs.periods),
        (RecordDifferenceRow, QUERIES.differences_with, needs.periods),
    ):
        if keys:
            for record in await query(connection, **_columns(keys)):
                rows[record["municipality"]].append(from_record(kind, record))
    if needs.exceptions:
        for record in await QUERIES.exceptions_of(connection, municipalities=list(needs.exceptions)):
            rows[record["municipality"]].append(from_record(DisasterExceptionRow, record))
    return {m: ExchangeState(rows[m], needs.meant[m]) for m in wanted}


def _columns(keys: Mapping[tuple[str, ...], None]) -> dict[str, list[str]]:
    """The keys as one array for each of their parts: a, b, c, d."""
    return {name: list(part) for name, part in zip("abcd", zip(*keys, strict=True), strict=False)}


def _add(needs: _Needs, m: str, item: Notice | Event, codes: CodeBook) -> None:
    match item:
        case ProvisionRequestNotice():
            needs.records[m, "provider", item.sender, item.request_number] = None
            needs.exceptions[m] = None
            person = codes.person(item.receiver, m, item.code)
            if person is not None:
                needs.meant[m][item.code] = person
                needs.people[m, person] = None
                needs.facts[m, item.fact_kind, person, item.scope] = None
        case InquiryNotice():
            needs.records[m, "inquirer", item.inquirer, item.request_number] = None
            needs.people[m, item.addressee_number] = None
            needs.grants[m, item.procedure, item.fact_kind] = None
            needs.exceptions[m] = None
        case AnswerNotice() | NetworkRefusalNotice():
            needs.records[m, "inquirer", item.receiver, item.request_number] = None
            if isinstance(item, AnswerNotice):
                needs.summaries[m, item.sender, item.decided_at] = None
        case RecordDigestsReceiptNotice():
            needs.summaries[m, item.sender, item.since] = None
        case CodeRequestNotice():
            needs.people.update(((m, person), None) for person in item.addressee_numbers)
        case CodeIssuedNotice():
            needs.acquisitions[m, item.acquisition_number] = None
        case RecallReceiptNotice():
            needs.notifications[m, item.recall, item.sender] = None
        case RecallNotice():
            needs.received[m, item.sender, item.recall] = None
            needs.records.update(((m, "inquirer", item.receiver, number), None) for number in item.request_numbers)
        case RecordDigestsNotice():
            needs.periods[m, item.sender, item.since, item.until] = None
            needs.records.update(((m, "provider", item.sender, each.request_number), None) for each in item.records)
        case ResidentEvent() | AssessmentEvent():
            needs.facts.update(((m, *key), None) for key in _facts(item))


def _facts(event: ResidentEvent | AssessmentEvent) -> Iterator[tuple[str, str, str]]:
    if isinstance(event, AssessmentEvent):
        yield TAX_FACTS, event.assessment.addressee_number, str(event.assessment.fiscal_year)
        return
    for row in event.residents:
        yield RESIDENT_FACTS, row.addressee_number, ""
    for household in event.households:
        for person in household.members:
            yield RESIDENT_FACTS, person, ""
