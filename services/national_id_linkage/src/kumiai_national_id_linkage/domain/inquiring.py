"""Inquiry (情報照会): what this municipality may ask, and what it takes for an answer.

Invariant: what is asked is the part that is requested, granted and lawful, never more; asking again under the same
request number asks once; an answer is taken once, from the body that was asked, and holds nothing that was not asked.
"""

from kumiai_contracts.decision import Accepted, Context, Decision, Refused, SealedPart
from kumiai_contracts.exchange import (
    CodeAcquired,
    CodeAcquisitionRow,
    CodeRequested,
    ExchangeRecordRow,
    FactItem,
    InquiryAnswered,
    InquiryRequested,
    ProcedureGranted,
    ProcedureGrantRow,
)
from kumiai_contracts.exchange_notices import (
    AnswerNotice,
    CodeIssuedNotice,
    CodeRequestNotice,
    InquiryNotice,
    NetworkRefusalNotice,
    ProcedureGrantNotice,
)
from kumiai_contracts.institutions import municipality_of
from kumiai_contracts.model import canonical_json

from kumiai_national_id_linkage.domain.comparing import late_summary
from kumiai_national_id_linkage.domain.exchange_refusals import refused
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.legal_table import Asked, Lawful, LegalTables, Outside
from kumiai_national_id_linkage.domain.purpose import lawfully, narrowed
from kumiai_national_id_linkage.domain.records import digest_of, exchange_digest, keep_until

ANSWER = "inquiry-answer"
"""The name of the sealed part that holds an answer's values."""


def inquire(state: ExchangeState, notice: InquiryNotice, context: Context, tables: LegalTables) -> Decision:
    """Ask, if the inquirer is this municipality's, the person has a code, and something lawful is left to ask."""
    if municipality_of(notice.inquirer) != context.municipality:
        return refused("inquirer-not-yours", "/inquirer")
    asked = digest_of(**notice.model_dump(mode="json"))
    known = state.record("inquirer", notice.inquirer, notice.request_number)
    if known is not None:
        return Accepted(()) if known.request_digest == asked else refused("request-number-reused", "/request_number")
    allowed = _allowed(state, notice, context, tables)
    if isinstance(allowed, Refused):
        return allowed
    lawful, items = allowed
    # Every value was checked where it came from; checking it again would cost more than deciding.
    record = ExchangeRecordRow.trusted(
        side="inquirer",
        inquirer=notice.inquirer,
        provider=notice.provider,
        request_number=notice.request_number,
        affair=notice.affair,
        procedure=notice.procedure,
        fact_kind=notice.fact_kind,
        scope=notice.scope,
        requested_items=items,
        items=(),
        addressee_number=notice.addressee_number,
        version=0,
        outcome="requested",
        reason="",
        basis=lawful.basis,
        requested_at=context.now,
        decided_at=None,
        decided_by="",
        hidden=lawful.hidden,
        keep_until=keep_until(context.today),
        request_digest=asked,
        exchange_digest="",
        answer=None,
        fetched_at=None,
    )
    return Accepted((InquiryRequested(record=record),))


def _allowed(
    state: ExchangeState, notice: InquiryNotice, context: Context, tables: LegalTables
) -> tuple[Lawful, tuple[str, ...]] | Refused:
    """The law that an inquiry stands on and what is left to ask, or why nothing is."""
    if not state.has_code(notice.addressee_number):
        return refused("code-not-acquired", "/addressee_number")
    wanted = Asked(notice.inquirer, notice.affair, notice.procedure, notice.provider, notice.fact_kind)
    lawful = lawfully(state, wanted, context.today, context.now, tables)
    if isinstance(lawful, Outside):
        return refused(lawful.code)
    granted = state.granted(notice.procedure, notice.fact_kind)
    if not granted:
        return refused("procedure-not-granted", "/procedure")
    items = narrowed(notice.items, lawful.items, granted)
    return (lawful, items) if items else refused("items-not-in-table", "/items")


def take_answer(state: ExchangeState, notice: AnswerNotice, context: Context) -> Decision:
    """Take over an answer; the values are sealed, the record says that they came."""
    record = state.record("inquirer", notice.receiver, notice.request_number)
    if record is None:
        return refused("inquiry-unknown", "/request_number")
    if record.provider != notice.sender:
        return refused("not-the-provider", "/sender")
    items = tuple(fact.item for fact in notice.facts)
    allowed = set(record.requested_items) if notice.outcome == "answered" else set()
    if not set(items) <= allowed or len(set(items)) < len(items):
        return refused("answer-wider-than-asked", "/facts")
    values = {
        "outcome": notice.outcome,
        "reason": notice.reason,
        "items": items,
        "decided_at": notice.decided_at,
    }
    answered = record.model_copy(update=values)
    digest = exchange_digest(answered, notice.facts)
    if record.outcome != "requested":
        return Accepted(()) if record.exchange_digest == digest else refused("answer-contradicts")
    part = _sealed(notice.facts, context) if notice.facts else None
    final = {"exchange_digest": digest, "answer": part.commitment if part else None}
    event = InquiryAnswered(record=answered.model_copy(update=final))
    late = late_summary(state, event.record)
    return Accepted((event, late) if late else (event,), (part,) if part else ())


def take_network_refusal(state: ExchangeState, notice: NetworkRefusalNotice, context: Context) -> Decision:
    """The network did not pass it on: the provider never heard of it, so there is nothing to compare records about."""
    record = state.record("inquirer", notice.receiver, notice.request_number)
    if record is None:
        return refused("inquiry-unknown", "/request_number")
    if record.provider != notice.sender:
        return refused("not-the-provider", "/sender")
    if record.outcome != "requested":
        return Accepted(())
    values = {"outcome": "refused", "reason": notice.reason, "basis": "network", "decided_at": notice.accepted_at}
    return Accepted((InquiryAnswered(record=record.model_copy(update=values)),))


def grant(notice: ProcedureGrantNotice, context: Context) -> Decision:
    """Grant a procedure's items, or take the grant back."""
    row = ProcedureGrantRow(
        procedure=notice.procedure,
        fact_kind=notice.fact_kind,
        items=tuple(sorted(set(notice.items))),
        changed_at=context.now,
    )
    return Accepted((ProcedureGranted(grant=row),))


def request_codes(state: ExchangeState, notice: CodeRequestNotice, context: Context, known: frozenset[str]) -> Decision:
    """A one-off 取得番号 for everybody who has no code yet; whoever has one is left alone."""
    rows = []
    for n, person in enumerate(dict.fromkeys(notice.addressee_numbers)):
        if person not in known:
            return refused("unknown-addressee", f"/addressee_numbers/{notice.addressee_numbers.index(person)}")
        if state.has_code(person):
            continue
        rows.append(
            CodeAcquisitionRow(
                addressee_number=person,
                acquisition_number=context.salt(n).hex()[:32],
                state="requested",
                requested_at=context.now,
                acquired_at=None,
            )
        )
    return Accepted((CodeRequested(acquisitions=tuple(rows)),)) if rows else Accepted(())


def take_code(state: ExchangeState, notice: CodeIssuedNotice, context: Context) -> Decision:
    """The network knows the code that goes with a 取得番号, which is used up by it."""
    if municipality_of(notice.receiver) != context.municipality:
        return refused("not-the-receiver", "/receiver")
    found = state.acquisition_of(notice.acquisition_number)
    if found is None:
        return refused("acquisition-number-unknown", "/acquisition_number")
    if found.state == "acquired":
        return Accepted(())
    row = found.model_copy(update={"state": "acquired", "acquired_at": context.now})
    return Accepted((CodeAcquired(acquisitions=(row,)),))


def _sealed(facts: tuple[FactItem, ...], context: Context) -> SealedPart:
    content = canonical_json({fact.item: fact.value for fact in facts})
    return SealedPart(ANSWER, context.salt(0), content)
