"""A valid example of every type about inquiry and provision: Chiyoda (131016) and Niigata (151009) ask each other."""

from datetime import date
from hashlib import sha256
from typing import Any

from kumiai_contracts import exchange, exchange_notices, recall
from kumiai_contracts.examples_resident import FATHER, MOTHER
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.model import Event, Notice

_HERE, _THERE = institution_of("131016"), institution_of("151009")
_ASKED, _ANSWERED = "2026-06-15T01:12:09.551020Z", "2026-06-15T01:12:11.007300Z"
_AFFAIR: dict[str, Any] = {
    "affair": "JM00000000000001",
    "procedure": "JT00000000000001",
    "fact_kind": exchange.TAX_FACTS,
    "scope": "2026",
}
_ITEMS = ("assessment", "total-income")
_FACTS = (
    exchange.FactItem(item="assessment", value="assessed"),
    exchange.FactItem(item="total-income", value="3560000"),
)
_DIGEST = "4b7f2a9c0d5e8f1637a2b4c6d8e0f2143657890abcdef1234567890fedcba987"
_ACQUISITION = "c1f5a09b7de24836a1b2c3d4e5f60718"
_EXCEPTION = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def exchanges() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    return (*_notices(), *_replicas_and_codes(), *_records(), *_exceptions(), *_recalls())


def _delivered(sender: str = _THERE) -> dict[str, Any]:
    return {
        "sender": sender,
        "receiver": _HERE,
        "sent_at": _ASKED,
        "accepted_at": "2026-06-15T01:12:09.803117Z",
        "expires_at": "2026-06-16T01:12:09.551020Z",
        "proof": "5e" * 64,
    }


def _notices() -> tuple[Notice, ...]:
    return (
        exchange_notices.CodeRequestNotice(addressee_numbers=(FATHER, MOTHER)),
        exchange_notices.ProcedureGrantNotice(
            procedure=_AFFAIR["procedure"], fact_kind=exchange.TAX_FACTS, items=_ITEMS
        ),
        exchange_notices.InquiryNotice(
            **_AFFAIR,
            request_number="2026-000317",
            inquirer=_HERE,
            provider=_THERE,
            items=_ITEMS,
            addressee_number=FATHER,
        ),
        exchange_notices.CodeIssuedNotice(**_delivered(_HERE), acquisition_number=_ACQUISITION),
        exchange_notices.ProvisionRequestNotice(
            **_delivered(), **_AFFAIR, request_number="2026-004410", items=_ITEMS, code="7d" * 16
        ),
        exchange_notices.AnswerNotice(
            **_delivered(), request_number="2026-000317", outcome="answered", decided_at=_ASKED, reason="", facts=_FACTS
        ),
        exchange_notices.NetworkRefusalNotice(
            **_delivered(), request_number="2026-000318", reason="procedure-not-in-table"
        ),
    )


def _replicas_and_codes() -> tuple[Event, ...]:
    version = exchange.FactVersionRow(
        fact_kind=exchange.TAX_FACTS,
        addressee_number=FATHER,
        scope="2026",
        version=1,
        items=_FACTS,
        source="taxation:1:1208",
        as_of="2026-06-12T06:30:00.250000Z",
    )
    requested = exchange.CodeAcquisitionRow(
        addressee_number=FATHER,
        acquisition_number=_ACQUISITION,
        state="requested",
        requested_at=_ASKED,
        acquired_at=None,
    )
    acquired = requested.model_copy(update={"state": "acquired", "acquired_at": _ANSWERED})
    grant = exchange.ProcedureGrantRow(
        procedure=_AFFAIR["procedure"], fact_kind=exchange.TAX_FACTS, items=_ITEMS, changed_at=_ASKED
    )
    return (
        exchange.FactsReplicated(versions=(version,)),
        exchange.CodeRequested(acquisitions=(requested,)),
        exchange.CodeAcquired(acquisitions=(acquired,)),
        exchange.ProcedureGranted(grant=grant),
    )


def _records() -> tuple[Event, ...]:
    asked = exchange.ExchangeRecordRow(
        **_AFFAIR,
        side="inquirer",
        inquirer=_HERE,
        provider=_THERE,
        request_number="2026-000317",
        requested_items=_ITEMS,
        items=(),
        addressee_number=FATHER,
        version=0,
        outcome="requested",
        reason="",
        basis="table/2024-05-27",
        requested_at=_ASKED,
        decided_at=None,
        decided_by="",
        hidden=False,
        keep_until=date(2033, 6, 15),
        request_digest=_DIGEST,
        exchange_digest="",
        answer=None,
        fetched_at=None,
    )
    done = {"items": _ITEMS, "outcome": "answered", "decided_at": _ANSWERED, "exchange_digest": _DIGEST}
    answered = asked.model_copy(update={**done, "answer": _DIGEST})
    provided = asked.model_copy(
        update={
            **done,
            "side": "provider",
            "inquirer": _THERE,
            "provider": _HERE,
            "request_number": "2026-004410",
            "version": 1,
        }
    )
    undone = {"items": (), "version": 0, "exchange_digest": ""}
    held = provided.model_copy(update={**undone, "outcome": "held", "reason": "protected", "decided_at": None})
    refused = provided.model_copy(update={**undone, "outcome": "refused", "reason": "procedure-not-in-table"})
    nobody = {**undone, "outcome": "expired", "scope": "", "requested_items": (), "addressee_number": None}
    over = provided.model_copy(update={**nobody, "hidden": True, "request_digest": sha256(b"").hexdigest()})
    return (
        exchange.InquiryRequested(record=asked),
        exchange.InquiryAnswered(record=answered),
        exchange.AnswerFetched(record=answered.model_copy(update={"fetched_at": "2026-06-15T02:00:31.000125Z"})),
        exchange.FactsProvided(record=provided),
        exchange.ProvisionHeld(record=held),
        exchange.ProvisionRefused(record=refused),
        exchange.RecordsExpired(records=(over,)),
    )


def _exceptions() -> tuple[Event, ...]:
    asked = exchange.DisasterExceptionRow(
        exception=_EXCEPTION,
        inquirer=_THERE,
        fact_kind=exchange.RESIDENT_FACTS,
        items=("household-size", "status"),
        reason="地震による安否確認",
        asked_by="clerk-17",
        asked_at=_ASKED,
        approved_by=None,
        approved_at=None,
        until=None,
    )
    approved = {"approved_by": "clerk-21", "approved_at": _ANSWERED, "until": "2026-06-15T09:12:11.007300Z"}
    return (
        exchange.DisasterExceptionAsked(exception=asked),
        exchange.DisasterExceptionApproved(exception=asked.model_copy(update=approved)),
    )


def _recalls() -> tuple[Event | Notice, ...]:
    """A recall at the provider's, as it arrives at the inquirer's, and what comes of comparing records."""
    wrong: dict[str, Any] = {"fact_kind": exchange.TAX_FACTS, "items": ("total-income",), "reason": "所得の集計誤り"}
    row = recall.RecallRow(**wrong, recall=_EXCEPTION, opened_by="clerk-17", opened_at=_ASKED, people=1)
    target = recall.RecallTargetRow(recall=_EXCEPTION, addressee_number=FATHER, scope="2026", until_version=1)
    notification = recall.RecallNotificationRow(
        recall=_EXCEPTION,
        inquirer=_THERE,
        part=1,
        request_numbers=("2026-004410",),
        notified_at=_ASKED,
        acknowledged_at=None,
    )
    received = recall.ReceivedRecallRow(
        **wrong,
        provider=_THERE,
        recall=_EXCEPTION,
        part=1,
        request_numbers=("2026-000317",),
        received_at=_ANSWERED,
    )
    day: dict[str, Any] = {"since": "2026-06-14T15:00:00.000000Z", "until": "2026-06-15T15:00:00.000000Z"}
    summary = recall.RecordSummaryRow(provider=_THERE, **day, acknowledged_at=None)
    difference = recall.RecordDifferenceRow(
        inquirer=_THERE, request_number="2026-004410", kind="missing-there", state="open", found_at=_ANSWERED
    )
    return (
        recall.RecallOpened(recall=row),
        recall.RecallTargetsListed(targets=(target,)),
        recall.RecallNotified(notifications=(notification,)),
        recall.RecallAcknowledged(notification=notification.model_copy(update={"acknowledged_at": _ANSWERED})),
        recall.RecallReceived(received=received),
        recall.RecordsSummarised(summary=summary),
        recall.RecordSummaryAcknowledged(summary=summary.model_copy(update={"acknowledged_at": _ANSWERED})),
        recall.RecordDigestsReceiptNotice(**_delivered(), **day),
        recall.RecordsCompared(inquirer=_THERE, **day, compared=12, differences=(difference,)),
        recall.RecallNotice(**_delivered(), **wrong, recall=_EXCEPTION, part=1, request_numbers=("2026-000317",)),
        recall.RecallReceiptNotice(**_delivered(), recall=_EXCEPTION, part=1),
        recall.RecordDigestsNotice(
            **_delivered(), **day, records=(recall.RecordDigest(request_number="2026-004410", digest=_DIGEST),)
        ),
    )
