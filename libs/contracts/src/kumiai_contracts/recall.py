"""Recall (提供済み情報の訂正通知) and comparing of records (記録の突合): what follows when something was wrong.

A recall follows from the records alone: whoever was told one of the wrong versions is notified, and has to acknowledge.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kumiai_contracts.exchange import FactKind, ItemCode, LinkageEvent, Reference, RequestNumber, Scope
from kumiai_contracts.exchange_notices import NetworkNotice
from kumiai_contracts.fields import AddresseeNumber, Digest, ShortText, Timestamp
from kumiai_contracts.institutions import InstitutionCode
from kumiai_contracts.membership import PartyId
from kumiai_contracts.model import Frozen, Row

RequestNumbers = Annotated[tuple[RequestNumber, ...], Field(min_length=1, max_length=1000)]
DifferenceKind = Literal["missing-here", "missing-there", "different"]
WrongItems = Annotated[tuple[ItemCode, ...], Field(min_length=1, max_length=100)]


class RecallRow(Row):
    """訂正通知: what was wrong, and why."""

    table: ClassVar[str] = "recall"
    key: ClassVar[tuple[str, ...]] = ("recall",)

    recall: Reference
    """Its name."""
    fact_kind: FactKind
    """特定個人情報名."""
    items: WrongItems
    """項目 that were wrong: who was told none of them is not notified."""
    reason: ShortText
    """Why, for whoever is notified; nothing about a person."""
    opened_by: PartyId
    """Who opened it."""
    opened_at: Timestamp
    """When, UTC."""
    people: Annotated[int, Field(ge=1)]
    """How many people's facts were wrong."""


class RecallTargetRow(Row):
    """訂正対象: up to which version a person's fact was wrong."""

    table: ClassVar[str] = "recall_target"
    key: ClassVar[tuple[str, ...]] = ("recall", "addressee_number", "scope")

    recall: Reference
    """The recall."""
    addressee_number: AddresseeNumber
    """宛名番号."""
    scope: Scope
    """年度."""
    until_version: Annotated[int, Field(ge=1)]
    """版: the last one that was wrong."""


class RecallNotificationRow(Row):
    """訂正通知先: one body, the requests that were answered with something wrong, and whether it has acknowledged."""

    table: ClassVar[str] = "recall_notification"
    key: ClassVar[tuple[str, ...]] = ("recall", "inquirer", "part")

    recall: Reference
    """The recall."""
    inquirer: InstitutionCode
    """Whom it concerns."""
    part: Annotated[int, Field(ge=1)]
    """1, 2, 3, …: at most 1,000 requests in each."""
    request_numbers: RequestNumbers
    """照会番号 of the requests."""
    notified_at: Timestamp
    """通知日時, UTC."""
    acknowledged_at: Timestamp | None
    """受領日時, UTC; None while it is open."""


class ReceivedRecallRow(Row):
    """受領した訂正通知: another body says that what it told this municipality was wrong."""

    table: ClassVar[str] = "received_recall"
    key: ClassVar[tuple[str, ...]] = ("provider", "recall", "part")

    provider: InstitutionCode
    """情報提供者."""
    recall: Reference
    """The provider's name for it."""
    part: Annotated[int, Field(ge=1)]
    """1, 2, 3, …"""
    fact_kind: FactKind
    """特定個人情報名."""
    items: WrongItems
    """項目 that were wrong."""
    reason: ShortText
    """Why, as the provider says."""
    request_numbers: RequestNumbers
    """照会番号 of this municipality's inquiries."""
    received_at: Timestamp
    """受領日時, UTC."""


class RecordSummaryRow(Row):
    """突合の依頼: that this municipality told a provider what it has on record."""

    table: ClassVar[str] = "record_summary"
    key: ClassVar[tuple[str, ...]] = ("provider", "since")

    provider: InstitutionCode
    """情報提供者."""
    since: Timestamp
    """From the first decision that is covered, UTC."""
    until: Timestamp
    """To before this instant, UTC."""
    acknowledged_at: Timestamp | None
    """受領日時: when the provider said that it had compared them, UTC; None while it has not."""


class RecordDifferenceRow(Row):
    """記録の相違: an exchange of which the two sides do not have the same record."""

    table: ClassVar[str] = "record_difference"
    key: ClassVar[tuple[str, ...]] = ("inquirer", "request_number")

    inquirer: InstitutionCode
    """情報照会者: the other side."""
    request_number: RequestNumber
    """照会番号."""
    kind: DifferenceKind
    """Which side lacks it, or that they differ."""
    state: Literal["open", "settled"]
    """Whether it is still so."""
    found_at: Timestamp
    """When it was found, UTC."""


class RecallOpened(LinkageEvent):
    """訂正通知の開始."""

    type: ClassVar[str] = "linkage.recall-opened.v1"

    recall: RecallRow
    """訂正通知."""


class RecallTargetsListed(LinkageEvent):
    """訂正対象の登録: part of the people concerned."""

    type: ClassVar[str] = "linkage.recall-targets-listed.v1"

    targets: Annotated[tuple[RecallTargetRow, ...], Field(min_length=1)]
    """訂正対象."""

    def subject(self) -> str:
        """The recall."""
        return self.targets[0].recall


class RecallNotified(LinkageEvent):
    """訂正の通知: bodies are told which answers were wrong."""

    type: ClassVar[str] = "linkage.recall-notified.v1"

    notifications: Annotated[tuple[RecallNotificationRow, ...], Field(min_length=1)]
    """訂正通知先."""

    def subject(self) -> str:
        """The recall."""
        return self.notifications[0].recall


class RecallAcknowledged(LinkageEvent):
    """訂正通知の受領確認: a body has the notification on its record."""

    type: ClassVar[str] = "linkage.recall-acknowledged.v1"

    notification: RecallNotificationRow
    """訂正通知先, acknowledged."""


class RecallReceived(LinkageEvent):
    """訂正通知の受領: what another body told this municipality was wrong."""

    type: ClassVar[str] = "linkage.recall-received.v1"

    received: ReceivedRecallRow
    """受領した訂正通知."""


class RecordsSummarised(LinkageEvent):
    """記録の突合の依頼: a provider is told what this municipality has on record."""

    type: ClassVar[str] = "linkage.records-summarised.v1"

    summary: RecordSummaryRow
    """突合の依頼."""


class RecordSummaryAcknowledged(LinkageEvent):
    """記録の突合の受領確認: the provider has held the records of a period against its own."""

    type: ClassVar[str] = "linkage.record-summary-acknowledged.v1"

    summary: RecordSummaryRow
    """突合の依頼, acknowledged."""


class RecordsCompared(LinkageEvent):
    """記録の突合: an inquirer's records were held against this municipality's."""

    type: ClassVar[str] = "linkage.records-compared.v1"

    inquirer: InstitutionCode
    """情報照会者."""
    since: Timestamp
    """From the first decision that was covered, UTC."""
    until: Timestamp
    """To before this instant, UTC."""
    compared: Annotated[int, Field(ge=0)]
    """How many exchanges either side had."""
    differences: tuple[RecordDifferenceRow, ...]
    """記録の相違 that are new, or settled now."""

    def subject(self) -> str:
        """The inquirer."""
        return self.inquirer


class RecallNotice(NetworkNotice):
    """訂正通知: the sender told the receiver something wrong."""

    type: ClassVar[str] = "linkage-notice.recall.v1"

    recall: Reference
    """The sender's name for it."""
    part: Annotated[int, Field(ge=1)]
    """1, 2, 3, …"""
    fact_kind: FactKind
    """特定個人情報名."""
    items: WrongItems
    """項目 that were wrong."""
    reason: ShortText
    """Why."""
    request_numbers: RequestNumbers
    """照会番号, the receiver's."""


class RecallReceiptNotice(NetworkNotice):
    """訂正通知の受領確認."""

    type: ClassVar[str] = "linkage-notice.recall-receipt.v1"

    recall: Reference
    """The receiver's name for it."""
    part: Annotated[int, Field(ge=1)]
    """Which part."""


class RecordDigest(Frozen):
    """One exchange as one side keeps it."""

    request_number: RequestNumber
    """照会番号."""
    digest: Digest
    """SHA-256 of what passed."""


class RecordDigestsNotice(NetworkNotice):
    """記録の突合: one exchange after another as the sender, who asked, has it."""

    type: ClassVar[str] = "linkage-notice.record-digests.v1"

    since: Timestamp
    """From the first decision that is covered, UTC."""
    until: Timestamp
    """To before this instant, UTC."""
    records: Annotated[tuple[RecordDigest, ...], Field(max_length=5000)]
    """Every exchange with the receiver that was decided in between."""


class RecordDigestsReceiptNotice(NetworkNotice):
    """記録の突合の受領確認: the sender has held the receiver's records against its own."""

    type: ClassVar[str] = "linkage-notice.record-digests-receipt.v1"

    since: Timestamp
    """From the first decision that was covered, UTC."""
    until: Timestamp
    """To before this instant, UTC."""
