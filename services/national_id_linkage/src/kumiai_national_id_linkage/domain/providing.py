"""Provision (情報提供): what another body's request gets, by the table, from the replica (副本), or by a person.

Invariant: every request that is really one leaves exactly one record, whatever comes of it, and is decided once. What
is provided is never more than what was asked, what the law allows, and what is on file.
"""

from dataclasses import dataclass

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.exchange import (
    ExchangeEvent,
    ExchangeRecordRow,
    FactItem,
    FactsProvided,
    FactVersionRow,
    ProvisionHeld,
    ProvisionRefused,
)
from kumiai_contracts.exchange_notices import ProvisionRequestNotice
from kumiai_contracts.institutions import municipality_of

from kumiai_national_id_linkage.domain.exchange_refusals import refused
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.legal_table import Asked, Lawful, LegalTables, Outside
from kumiai_national_id_linkage.domain.purpose import lawfully, narrowed
from kumiai_national_id_linkage.domain.records import digest_of, exchange_digest, keep_until
from kumiai_national_id_linkage.domain.timeliness import untimely


@dataclass(frozen=True, slots=True)
class _May:
    """What may be provided automatically."""

    version: FactVersionRow
    items: tuple[str, ...]


def provide(state: ExchangeState, request: ProvisionRequestNotice, context: Context, tables: LegalTables) -> Decision:
    """Answer, refuse, or leave it to a person. Repeated requests get no second answer."""
    if municipality_of(request.receiver) != context.municipality:
        return refused("not-the-receiver", "/receiver")
    asked = digest_of(
        affair=request.affair,
        procedure=request.procedure,
        fact_kind=request.fact_kind,
        scope=request.scope,
        items=sorted(set(request.items)),
        code=request.code,
    )
    known = state.record("provider", request.sender, request.request_number)
    if known is not None:
        same = known.request_digest == asked
        return refused("request-replayed" if same else "request-number-reused", "/request_number")
    wanted = Asked(request.sender, request.affair, request.procedure, request.receiver, request.fact_kind)
    lawful = lawfully(state, wanted, context.today, context.now, tables)
    # Every value was checked where it came from; checking it again would cost more than deciding.
    record = ExchangeRecordRow.trusted(
        side="provider",
        inquirer=request.sender,
        provider=request.receiver,
        request_number=request.request_number,
        affair=request.affair,
        procedure=request.procedure,
        fact_kind=request.fact_kind,
        scope=request.scope,
        requested_items=tuple(sorted(set(request.items))),
        items=(),
        addressee_number=state.person_of(request.code),
        version=0,
        outcome="held",
        reason="",
        basis=lawful.basis if isinstance(lawful, Lawful) else "",
        requested_at=request.accepted_at,
        decided_at=None,
        decided_by="",
        hidden=isinstance(lawful, Lawful) and lawful.hidden,
        keep_until=keep_until(context.today),
        request_digest=asked,
        exchange_digest="",
        answer=None,
        fetched_at=None,
    )
    return Accepted((_outcome(state, record, lawful, untimely(request, context.now), context.now),))


def _outcome(
    state: ExchangeState, record: ExchangeRecordRow, lawful: Lawful | Outside, late: str | None, now: str
) -> ExchangeEvent:
    """What comes of a request that is one: the first reason against it, a person's work, or the facts."""
    if late is not None:
        return refuse(record, late, now)
    if isinstance(lawful, Outside):
        return refuse(record, lawful.code, now)
    may = _may(state, record, lawful.items)
    if isinstance(may, str):
        return refuse(record, may, now)
    if state.is_protected(may.version.addressee_number):
        return ProvisionHeld.trusted(record=record.model_copy(update={"reason": "protected"}))
    return answer(record, may.version, may.items, now)


def decide_held(
    state: ExchangeState, record: ExchangeRecordRow, *, provide: bool, allowed: frozenset[str], now: str, party: str
) -> ExchangeEvent:
    """What a person's decision about a held request comes to: the facts as they stand now, or nothing (不開示)."""
    decided = record.model_copy(update={"decided_by": party, "reason": ""})
    if not provide:
        return refuse(decided.model_copy(update={"hidden": True}), "withheld", now, outcome="withheld")
    may = _may(state, decided, allowed)
    return refuse(decided, may, now) if isinstance(may, str) else answer(decided, may.version, may.items, now)


def facts_of(version: FactVersionRow, items: tuple[str, ...]) -> tuple[FactItem, ...]:
    """The chosen items of a version, by name: what an answer holds."""
    return tuple(fact for fact in version.items if fact.item in items)


def answer(record: ExchangeRecordRow, version: FactVersionRow, items: tuple[str, ...], now: str) -> FactsProvided:
    """The record of an answer."""
    values = {"items": items, "version": version.version, "outcome": "answered", "decided_at": now}
    answered = record.model_copy(update=values)
    digest = exchange_digest(answered, facts_of(version, items))
    return FactsProvided.trusted(record=answered.model_copy(update={"exchange_digest": digest}))


def refuse(record: ExchangeRecordRow, code: str, now: str, *, outcome: str = "refused") -> ProvisionRefused:
    """The record of a refusal."""
    refusal = record.model_copy(update={"outcome": outcome, "reason": code, "decided_at": now})
    return ProvisionRefused.trusted(record=refusal.model_copy(update={"exchange_digest": exchange_digest(refusal, ())}))


def _may(state: ExchangeState, record: ExchangeRecordRow, allowed: frozenset[str]) -> _May | str:
    """What is on file and allowed, or the code of the reason why nothing is."""
    person = record.addressee_number
    if person is None:
        return "code-unknown"
    if not state.has_code(person):
        return "code-not-acquired"
    items = narrowed(record.requested_items, allowed)
    if not items:
        return "items-not-in-table"
    version = state.latest(record.fact_kind, person, record.scope)
    if version is None:
        return "fact-not-found"
    found = tuple(fact.item for fact in version.items if fact.item in items)
    return _May(version, found) if found else "fact-not-found"
