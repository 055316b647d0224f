"""What the rules about inquiry and provision may know: the rows that a poll's notices and events need."""

from collections.abc import Iterable, Mapping

from kumiai_contracts.exchange import (
    CodeAcquisitionRow,
    DisasterExceptionRow,
    ExchangeRecordRow,
    FactVersionRow,
    ProcedureGrantRow,
)
from kumiai_contracts.model import Event, Row, RowSet
from kumiai_contracts.recall import RecallNotificationRow, ReceivedRecallRow, RecordDifferenceRow, RecordSummaryRow
from kumiai_contracts.resident_affairs import ProtectionRow


class ExchangeState:
    """Rows by key, and who is meant by the codes of the requests at hand."""

    def __init__(self, rows: Iterable[Row] = (), people: Mapping[str, str] | None = None) -> None:
        self._rows = RowSet()
        self._latest: dict[tuple[str, str, str], FactVersionRow] = {}
        self._by_acquisition: dict[str, CodeAcquisitionRow] = {}
        self._people = dict(people or {})
        for row in rows:
            self.put(row)

    def put(self, row: Row) -> None:
        """Make a row the last of its key."""
        match row:
            case FactVersionRow():
                key = (row.fact_kind, row.addressee_number, row.scope)
                known = self._latest.get(key)
                if known is None or known.version < row.version:
                    self._latest[key] = row
            case CodeAcquisitionRow():
                self._by_acquisition[row.acquisition_number] = row
                self._rows.put(row)
            case _:
                self._rows.put(row)

    def apply(self, event: Event) -> None:
        """Evolve: take over the rows of an event."""
        for row in event.rows():
            self.put(row)

    def record(self, side: str, inquirer: str, request_number: str) -> ExchangeRecordRow | None:
        """情報提供等記録 of an exchange."""
        return self._rows.get(ExchangeRecordRow, side, inquirer, request_number)

    def latest(self, fact_kind: str, addressee_number: str, scope: str) -> FactVersionRow | None:
        """The version of a fact that holds now."""
        return self._latest.get((fact_kind, addressee_number, scope))

    def person_of(self, code: str) -> str | None:
        """Whom a 機関別符号 means."""
        return self._people.get(code)

    def acquisition(self, addressee_number: str) -> CodeAcquisitionRow | None:
        """符号取得 of a person."""
        return self._rows.get(CodeAcquisitionRow, addressee_number)

    def has_code(self, addressee_number: str) -> bool:
        """Whether the network knows the person."""
        found = self.acquisition(addressee_number)
        return found is not None and found.state == "acquired"

    def acquisition_of(self, acquisition_number: str) -> CodeAcquisitionRow | None:
        """符号取得 by its 取得番号, if that is the person's last one."""
        found = self._by_acquisition.get(acquisition_number)
        return found if found and self.acquisition(found.addressee_number) == found else None

    def granted(self, procedure: str, fact_kind: str) -> frozenset[str]:
        """The items that the municipality lets its people ask for in a procedure."""
        found = self._rows.get(ProcedureGrantRow, procedure, fact_kind)
        return frozenset(found.items) if found else frozenset()

    def is_protected(self, addressee_number: str) -> bool:
        """Whether a person is under 支援措置; only its ending lifts it."""
        found = self._rows.get(ProtectionRow, addressee_number)
        return found is not None and found.state != "ended"

    def provided_to(self, inquirer: str) -> list[ExchangeRecordRow]:
        """The records of what a body was told or refused, as far as they are at hand."""
        found = self._rows.all(ExchangeRecordRow)
        return [row for row in found if (row.side, row.inquirer) == ("provider", inquirer)]

    def differences(self, inquirer: str) -> list[RecordDifferenceRow]:
        """記録の相違 with a body."""
        return [row for row in self._rows.all(RecordDifferenceRow) if row.inquirer == inquirer]

    def summaries(self, provider: str) -> list[RecordSummaryRow]:
        """突合の依頼 to a provider: the last one, and others that are at hand."""
        return [row for row in self._rows.all(RecordSummaryRow) if row.provider == provider]

    def summary(self, provider: str, since: str) -> RecordSummaryRow | None:
        """突合の依頼 that begins at an instant."""
        return self._rows.get(RecordSummaryRow, provider, since)

    def notification(self, recall: str, inquirer: str, part: int) -> RecallNotificationRow | None:
        """訂正通知先: one part of what a body was notified of."""
        return self._rows.get(RecallNotificationRow, recall, inquirer, part)

    def received_recall(self, provider: str, recall: str, part: int) -> ReceivedRecallRow | None:
        """受領した訂正通知."""
        return self._rows.get(ReceivedRecallRow, provider, recall, part)

    def exception(self, inquirer: str, fact_kind: str, now: str) -> DisasterExceptionRow | None:
        """A disaster exception that two persons agreed on and that holds now."""
        for row in self._rows.all(DisasterExceptionRow):
            if (row.inquirer, row.fact_kind) == (inquirer, fact_kind) and row.until is not None and now < row.until:
                return row
        return None
