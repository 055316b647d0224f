"""Leaving (脱退): how a municipality takes everything along and has what it leaves behind erased, step by step.

Invariant: every step is an event of the stream `membership` that carries the whole state of the leave. Nothing is
erased before an Ed25519 signature of the municipality's own over the hash of the bundle that it verified.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from kumiai_contracts.chain import length_prefixed
from kumiai_contracts.fields import Digest, ShortText, Timestamp
from kumiai_contracts.membership import MembershipEvent, ServiceName, SubscriptionRow
from kumiai_contracts.model import Frozen, Row, canonical_json

LeaveState = Literal[
    "requested", "closing", "closed", "exported", "sealed", "verified", "erasing", "erased", "certified", "cancelled"
]
"""進行段階: `closed` when the last service has closed its stream; after `erasing` there is no way back."""


def acknowledgement_statement(municipality: str, leave: int, bundle_hash: str) -> bytes:
    """The bytes that a municipality signs when it has verified its bundle, whose hash is in hexadecimal."""
    return length_prefixed(
        b"kumiai-acknowledgement-v1", municipality.encode(), b"%d" % leave, bytes.fromhex(bundle_hash)
    )


def key_statement(municipality: str, public_key: str) -> bytes:
    """The bytes that the present acknowledgement key signs so that another one may take its place."""
    return length_prefixed(b"kumiai-acknowledgement-key-v1", municipality.encode(), public_key.encode())


def seal_statement(municipality: str, leave: int, bundle_hash: str) -> bytes:
    """The bytes that membership signs when it seals a bundle: that this hash is of the heads at which it closed."""
    return length_prefixed(b"kumiai-seal-v1", municipality.encode(), b"%d" % leave, bytes.fromhex(bundle_hash))


class AcknowledgementKeyRow(Row):
    """検収鍵: the key with which a municipality acknowledges a bundle; its private half stays with the municipality."""

    table: ClassVar[str] = "acknowledgement_key"
    key: ClassVar[tuple[str, ...]] = ()

    public_key: ShortText
    """Ed25519, 32 bytes in base64url without padding."""
    registered_at: Timestamp
    """登録日時, UTC."""
    usable_from: Timestamp
    """From when it may acknowledge, UTC: at once if it was given at joining or by the key before it, or later."""


class ReaderBehind(Frozen):
    """未読の外部読取者: a consumer group of the municipality's that had not read a topic to its end."""

    group: ShortText
    """The consumer group."""
    topic: ShortText
    """The topic."""
    behind: int
    """How many records it had not read."""


class LeaveRow(Row):
    """脱退: a municipality's leaving of some services, or of all."""

    table: ClassVar[str] = "leaving"
    key: ClassVar[tuple[str, ...]] = ("leave",)

    leave: int
    """脱退番号: 1, 2, 3, … within the municipality."""
    services: tuple[ServiceName, ...]
    """Which services close and are exported."""
    altogether: bool
    """Whether it leaves the federation, so that its membership ends, too."""
    state: LeaveState
    """進行段階."""
    requested_at: Timestamp
    """申請日時, UTC."""
    requested_by: ShortText
    """Who asked: municipality/party."""
    changed_at: Timestamp
    """When the state last changed, UTC."""
    readers_until: Timestamp
    """Until when erasure waits for external readers, UTC."""
    bundle_hash: Digest | None
    """The identity of the bundle: the hash of its unsigned, unencrypted content."""
    seal: ShortText | None
    """封印: membership's signature over the seal statement, in hexadecimal."""
    acknowledgement: ShortText | None
    """検収: the municipality's signature over the acknowledgement statement, in hexadecimal."""
    acknowledged_with: ShortText | None
    """The public key that the acknowledgement was checked with."""
    readers_behind: tuple[ReaderBehind, ...]
    """External readers without whom erasure began, because their time was over."""


class ServiceClosedRow(Row):
    """締切り: where a service's streams end."""

    table: ClassVar[str] = "leaving_closed"
    key: ClassVar[tuple[str, ...]] = ("leave", "service")

    leave: int
    """脱退番号."""
    service: ServiceName
    """サービス."""
    stream: ShortText
    """The stream of domain events; its last event is `operation.stream-closed.v1`."""
    incarnation: int
    """世代 of its last event."""
    position: int
    """位置 of its last event."""
    hash: Digest
    """The hash of its last event."""
    receipts_incarnation: int
    """世代 of the last receipt."""
    receipts_position: int
    """位置 of the last receipt; 0 where there is none."""
    receipts_hash: Digest
    """The hash of the last receipt."""
    parked: int
    """保留: how many foreign events' effects were still parked; the bundle holds them as they are."""
    closed_at: Timestamp
    """When membership learned of it, UTC."""


class Counted(Frozen):
    """消去数: how many of something."""

    what: ShortText
    """A table, or `topics`, `rights`, `users`, `consumer-groups`."""
    count: int
    """How many there were; afterwards there are none."""


class ServiceErasedRow(Row):
    """消去: what one place held of the municipality and holds no more."""

    table: ClassVar[str] = "leaving_erased"
    key: ClassVar[tuple[str, ...]] = ("leave", "place")

    leave: int
    """脱退番号."""
    place: ShortText
    """A service's name, for its database; `kafka`; or `membership`, for its database."""
    erased: tuple[Counted, ...]
    """By table or kind, what was there when erasure began."""
    erased_at: Timestamp
    """When membership had checked that nothing is left, UTC."""


class Remaining(Frozen):
    """残存: something that erasure leaves, and why."""

    what: ShortText
    """Stable, for programs, such as `membership-stream`."""
    ja: str
    """For people, in Japanese."""
    en: str
    """In English."""


class CertificateRow(Row):
    """消去証明書: what was erased is in the rows of `leaving_erased`; this says the rest, and is signed over both."""

    table: ClassVar[str] = "leaving_certificate"
    key: ClassVar[tuple[str, ...]] = ("leave",)

    leave: int
    """脱退番号."""
    bundle_hash: Digest
    """The bundle that the municipality acknowledged."""
    acknowledgement: ShortText
    """検収: its signature, in hexadecimal."""
    acknowledged_with: ShortText
    """The public key that checks it."""
    remains: tuple[Remaining, ...]
    """残存: what is not erased, and why."""
    backups_until: Timestamp
    """Until when backups and write-ahead logs of the databases may still hold bytes, UTC."""
    issued_at: Timestamp
    """発行日時, UTC."""
    signature: ShortText
    """Membership's Ed25519 signature over the certificate's statement, in hexadecimal."""


def certificate_statement(municipality: str, certificate: CertificateRow, erased: Sequence[ServiceErasedRow]) -> bytes:
    """The bytes that membership signs: the certificate without its signature, and what was erased at every place."""
    said = {
        "municipality": municipality,
        "certificate": certificate.model_dump(mode="json", exclude={"signature"}),
        "erased": [row.model_dump(mode="json") for row in sorted(erased, key=lambda row: row.place)],
    }
    return length_prefixed(b"kumiai-certificate-v1", canonical_json(said))


class AcknowledgementKeyRegistered(MembershipEvent):
    """検収鍵登録: the municipality named the key with which it will acknowledge a bundle."""

    type: ClassVar[str] = "membership.acknowledgement-key-registered.v1"

    acknowledgement_key: AcknowledgementKeyRow
    """検収鍵."""

    def subject(self) -> str:
        """The stream's own municipality has one key."""
        return "acknowledgement-key"


class LeaveEvent(MembershipEvent):
    """What all steps of a leave share."""

    leave: LeaveRow
    """脱退, as it stands now."""


class LeaveRequested(LeaveEvent):
    """脱退申請: from now on Kafka takes the right to write away."""

    type: ClassVar[str] = "membership.leave-requested.v1"


class LeaveClosingBegun(LeaveEvent):
    """締切り開始: nobody may write notices any more; the services close in the direction of the data."""

    type: ClassVar[str] = "membership.leave-closing-begun.v1"


class ServiceClosed(LeaveEvent):
    """締切り: a service has emptied its intake, applied what closed before it, and closed its stream."""

    type: ClassVar[str] = "membership.service-closed.v1"

    closed: ServiceClosedRow
    """締切り: where its streams end."""


class BundleExported(LeaveEvent):
    """持出し: a bundle at the closed heads was made."""

    type: ClassVar[str] = "membership.bundle-exported.v1"


class BundleSealed(LeaveEvent):
    """封印: membership signed the bundle's hash."""

    type: ClassVar[str] = "membership.bundle-sealed.v1"


class BundleVerified(LeaveEvent):
    """検収: the municipality verified the bundle and signed its hash with its own key."""

    type: ClassVar[str] = "membership.bundle-verified.v1"


class ErasureBegun(LeaveEvent):
    """消去開始: the point of no return."""

    type: ClassVar[str] = "membership.erasure-begun.v1"


class ServiceErased(MembershipEvent):
    """消去: one place holds nothing of the municipality any more, which was looked at."""

    type: ClassVar[str] = "membership.service-erased.v1"

    erased: ServiceErasedRow
    """消去: what was there."""


class LeaveErased(LeaveEvent):
    """消去完了: every place is empty; the subscriptions have ended."""

    type: ClassVar[str] = "membership.leave-erased.v1"

    subscriptions: tuple[SubscriptionRow, ...]
    """利用サービス that ended."""


class LeaveCertified(LeaveEvent):
    """証明: the certificate of erasure was issued."""

    type: ClassVar[str] = "membership.leave-certified.v1"

    certificate: CertificateRow
    """消去証明書."""


class LeaveCancelled(LeaveEvent):
    """脱退取消し: everything goes on as before; only possible until erasure begins."""

    type: ClassVar[str] = "membership.leave-cancelled.v1"
