"""Valid examples of a leave: Chiyoda leaves taxation, from its request to its certificate."""

from datetime import date

from kumiai_contracts import leaving, membership, merging, operations
from kumiai_contracts.model import Event

REQUESTED, CLOSED = "2027-03-31T08:00:00.000000Z", "2027-03-31T08:00:04.117203Z"
VERIFIED, ERASED = "2027-04-05T02:31:09.552001Z", "2027-04-16T08:00:31.900412Z"
KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
BUNDLE = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
SIGNATURE = "5f" * 64


def merger_events() -> tuple[Event, ...]:
    """Niigata takes Chiyoda's place in an example only: what is recorded of a predecessor."""
    begun = merging.MergerRow(
        predecessor="131016",
        effective_date=date(2027, 4, 1),
        bundle_hash=BUNDLE,
        heads=(merging.ClosedHead(stream="resident", incarnation=1, position=48_211, hash=BUNDLE),),
        state="begun",
        begun_at=VERIFIED,
        begun_by="000001/operator",
        completed_at=None,
        people=0,
        live=0,
        assessments=0,
    )
    done = {"state": "completed", "completed_at": ERASED, "people": 61_204, "live": 60_118, "assessments": 31_207}
    return (
        merging.MergerBegun(merger=begun),
        merging.MergerCompleted(merger=begun.model_copy(update=done)),
    )


def leave_events() -> tuple[Event, ...]:
    """One of each, in their order."""
    requested = leaving.LeaveRow(
        leave=1,
        services=("taxation",),
        altogether=False,
        state="requested",
        requested_at=REQUESTED,
        requested_by="131016/system",
        changed_at=REQUESTED,
        readers_until="2027-04-14T08:00:00.000000Z",
        bundle_hash=None,
        seal=None,
        acknowledgement=None,
        acknowledged_with=None,
        readers_behind=(),
    )
    closing = requested.model_copy(update={"state": "closing", "changed_at": "2027-03-31T08:00:01.204410Z"})
    closed = closing.model_copy(update={"state": "closed", "changed_at": CLOSED})
    exported = closed.model_copy(update={"state": "exported", "bundle_hash": BUNDLE})
    sealed = exported.model_copy(update={"state": "sealed", "seal": SIGNATURE})
    verified = sealed.model_copy(
        update={
            "state": "verified",
            "changed_at": VERIFIED,
            "acknowledgement": SIGNATURE,
            "acknowledged_with": KEY,
        }
    )
    behind = leaving.ReaderBehind(group="lg.131016.ledger", topic="lg.131016.taxation.events", behind=12)
    erasing = verified.model_copy(update={"state": "erasing", "readers_behind": (behind,)})
    erased = erasing.model_copy(update={"state": "erased", "changed_at": ERASED})
    ended = membership.SubscriptionRow(service="taxation", active=False, changed_at=ERASED)
    remaining = leaving.Remaining(
        what="membership-stream",
        ja="加入、利用サービス及び脱退の記録(ストリームmembership)は、加入していた事実の証拠として残ります。",
        en="The record of membership, subscriptions and leaving (the stream membership) remains as evidence.",
    )
    certificate = leaving.CertificateRow(
        leave=1,
        bundle_hash=BUNDLE,
        acknowledgement=SIGNATURE,
        acknowledged_with=KEY,
        remains=(remaining,),
        backups_until="2027-05-21T08:00:31.900412Z",
        issued_at=ERASED,
        signature=SIGNATURE,
    )
    head = leaving.ServiceClosedRow(
        leave=1,
        service="taxation",
        stream="taxation",
        incarnation=1,
        position=48_211,
        hash="4b7f2a9c0d5e8f1637a2b4c6d8e0f2143657890abcdef1234567890fedcba987",
        receipts_incarnation=1,
        receipts_position=31_004,
        receipts_hash="9f3c1d0b7a62e84f5d1096c2b3a4f7e85061728394a5b6c7d8e9f0a1b2c3d4e5",
        parked=0,
        closed_at=CLOSED,
    )
    place = leaving.ServiceErasedRow(
        leave=1,
        place="taxation",
        erased=(
            leaving.Counted(what="stream_event", count=79_215),
            leaving.Counted(what="assessment", count=31_207),
        ),
        erased_at=ERASED,
    )
    key = leaving.AcknowledgementKeyRow(public_key=KEY, registered_at=REQUESTED, usable_from=REQUESTED)
    cancelled = verified.model_copy(update={"state": "cancelled"})
    certified = erased.model_copy(update={"state": "certified"})
    return (
        leaving.AcknowledgementKeyRegistered(acknowledgement_key=key),
        leaving.LeaveRequested(leave=requested),
        leaving.LeaveClosingBegun(leave=closing),
        leaving.ServiceClosed(leave=closed, closed=head),
        leaving.BundleExported(leave=exported),
        leaving.BundleSealed(leave=sealed),
        leaving.BundleVerified(leave=verified),
        leaving.ErasureBegun(leave=erasing),
        leaving.ServiceErased(erased=place),
        leaving.LeaveErased(leave=erased, subscriptions=(ended,)),
        leaving.LeaveCertified(leave=certified, certificate=certificate),
        leaving.LeaveCancelled(leave=cancelled),
        operations.StreamClosed(
            leave=1,
            receipts_incarnation=head.receipts_incarnation,
            receipts_position=head.receipts_position,
            receipts_hash=head.receipts_hash,
            parked=0,
        ),
        operations.StreamReopened(leave=1),
    )
