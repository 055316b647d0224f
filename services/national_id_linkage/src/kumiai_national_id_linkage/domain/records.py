"""情報提供等記録 (番号法23条): how a record begins, what both sides must agree on, what the resident sees of it."""

from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from kumiai_contracts.exchange import ExchangeRecordRow, FactItem
from kumiai_contracts.model import canonical_json

KEPT_YEARS = 7
"""保存期間 of records, in years."""


def keep_until(day: date) -> date:
    """保存期限 of a record that is made on a day: its seventh return; for 29 February the day after."""
    try:
        return day.replace(year=day.year + KEPT_YEARS)
    except ValueError:
        return date(day.year + KEPT_YEARS, 3, 1)


NOTHING = sha256(b"").hexdigest()
"""What an expired record has for a digest: from a real one its content could be guessed."""


def expired(record: ExchangeRecordRow) -> ExchangeRecordRow:
    """What is left when the time of a record is over: which bodies, under which number, and when. Nobody, no fact.

    The number stays, so it is never taken for a new one.
    """
    nothing = {
        "scope": "",
        "requested_items": (),
        "items": (),
        "addressee_number": None,
        "version": 0,
        "outcome": "expired",
        "reason": "",
        "decided_by": "",
        "hidden": True,
        "request_digest": NOTHING,
        "exchange_digest": "",
        "answer": None,
    }
    return record.model_copy(update=nothing)


def digest_of(**values: Any) -> str:
    """SHA-256 of named values."""
    return sha256(canonical_json(values)).hexdigest()


def exchange_digest(record: ExchangeRecordRow, facts: Iterable[FactItem]) -> str:
    """SHA-256 of what passed: what both sides know, and nothing that only one of them does."""
    return digest_of(
        inquirer=record.inquirer,
        provider=record.provider,
        request_number=record.request_number,
        affair=record.affair,
        procedure=record.procedure,
        fact_kind=record.fact_kind,
        scope=record.scope,
        outcome=record.outcome,
        decided_at=record.decided_at,
        reason=record.reason,
        facts=[[fact.item, fact.value] for fact in facts],
    )


_SHOWN = ("inquirer", "provider", "affair", "procedure", "fact_kind", "scope", "items", "outcome")


def as_the_resident_sees_it(record: ExchangeRecordRow) -> Mapping[str, Any] | None:
    """What マイナポータル may show: who asked whom for what and when. None for what is not shown.

    Not shown: what is marked so (不開示), what was withheld, and what nobody has decided about yet: each of them would
    tell that there is something to hide.
    """
    if record.hidden or record.outcome in ("requested", "held", "withheld", "expired"):
        return None
    shown = {name: getattr(record, name) for name in _SHOWN}
    return {**shown, "requested_at": record.requested_at, "decided_at": record.decided_at}
