"""Inquiry and provision as the service decides about them: whether the network really said it, then the pure rules."""

from collections.abc import Mapping

from kumiai_common.database import Connection
from kumiai_contracts.decision import Context, Decision
from kumiai_contracts.exchange_notices import (
    AnswerNotice,
    CodeIssuedNotice,
    CodeRequestNotice,
    InquiryNotice,
    NetworkNotice,
    NetworkRefusalNotice,
    ProcedureGrantNotice,
    ProvisionRequestNotice,
)
from kumiai_contracts.model import Notice
from kumiai_contracts.recall import RecallNotice, RecallReceiptNotice, RecordDigestsNotice, RecordDigestsReceiptNotice

from kumiai_national_id_linkage import store_exchange
from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.domain import comparing, inquiring, recalling
from kumiai_national_id_linkage.domain.exchange_refusals import refused
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.legal_table import LegalTables
from kumiai_national_id_linkage.domain.providing import provide
from kumiai_national_id_linkage.proof import NetworkProof
from kumiai_national_id_linkage.store_exchange import Wanted


class ExchangeRules:
    """The rules with what they need from outside: codes, the legal table, the network's key."""

    def __init__(self, codes: CodeBook, tables: LegalTables, proof: NetworkProof) -> None:
        self._codes = codes
        self._tables = tables
        self._proof = proof

    async def load(self, connection: Connection, wanted: Wanted) -> Mapping[str, ExchangeState]:
        """What the notices and events need."""
        return await store_exchange.load(connection, wanted, self._codes)

    def decide(self, state: ExchangeState, people: frozenset[str], notice: Notice, context: Context) -> Decision:
        """What a municipality's system asks for, or what the network delivered. `people` are those with a number."""
        if isinstance(notice, NetworkNotice):
            code = self._proof.refusal(notice)
            return refused(code, "/proof") if code else self._delivered(state, notice, context)
        match notice:
            case InquiryNotice():
                return inquiring.inquire(state, notice, context, self._tables)
            case CodeRequestNotice():
                return inquiring.request_codes(state, notice, context, people)
            case ProcedureGrantNotice():
                return inquiring.grant(notice, context)
        raise TypeError(f"{notice.type} is not a notice about an exchange")

    def _delivered(self, state: ExchangeState, notice: NetworkNotice, context: Context) -> Decision:
        match notice:
            case ProvisionRequestNotice():
                return provide(state, notice, context, self._tables)
            case AnswerNotice():
                return inquiring.take_answer(state, notice, context)
            case NetworkRefusalNotice():
                return inquiring.take_network_refusal(state, notice, context)
            case CodeIssuedNotice():
                return inquiring.take_code(state, notice, context)
            case _:
                return self._about_records(state, notice, context)

    def _about_records(self, state: ExchangeState, notice: NetworkNotice, context: Context) -> Decision:
        match notice:
            case RecallNotice():
                return recalling.take_recall(state, notice, context)
            case RecallReceiptNotice():
                return recalling.take_receipt(state, notice, context)
            case RecordDigestsNotice():
                return comparing.compare(state, notice, context)
            case RecordDigestsReceiptNotice():
                return comparing.take_receipt(state, notice, context)
        raise TypeError(f"{notice.type} is not something that the network delivers")
