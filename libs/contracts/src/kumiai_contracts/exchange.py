"""Inquiry and provision (情報照会・情報提供): what the service of national-ID linkage records of every exchange.

Its events stand in the stream `linkage`. None of them holds a 機関別符号 or a value that another body provided; the
values of the municipality's own replicas (副本) do stand here, by version, as they stand in the streams they come from.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from kumiai_contracts.fields import AddresseeNumber, CalendarDate, Commitment, Digest, ShortText, Timestamp
from kumiai_contracts.institutions import InstitutionCode
from kumiai_contracts.linkage import STREAM
from kumiai_contracts.membership import PartyId
from kumiai_contracts.model import Event, Frozen, Row

AffairCode = Annotated[str, StringConstraints(pattern=r"^JM[0-9]{14}$")]
"""事務: JM and fourteen digits."""
ProcedureCode = Annotated[str, StringConstraints(pattern=r"^JT[0-9]{14}$")]
"""事務手続: JT and fourteen digits."""
FactKind = Annotated[str, StringConstraints(pattern=r"^TM[0-9]{14}$")]
"""特定個人情報名: TM and fourteen digits; TM00000000000002 is 地方税関係情報."""
ItemCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""特定個人情報の項目, such as `total-income`; our own names."""
Items = Annotated[tuple[ItemCode, ...], Field(max_length=100)]
"""Items, each once, in alphabetical order."""
Scope = Annotated[str, StringConstraints(pattern=r"^([0-9]{4})?$")]
"""照会年度: the fiscal year that a fact is about; empty for facts that have none."""
RequestNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
"""照会番号: given by the inquirer, once and for all."""
Reference = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""A name of thirty-two hexadecimal digits that says nothing."""

TAX_FACTS = "TM00000000000002"
"""地方税関係情報."""
RESIDENT_FACTS = "TM00000000000001"
"""住民票関係情報. The code is ours: the network's own was not found in a public source."""


class FactItem(Frozen):
    """項目 with its value."""

    item: ItemCode
    """項目."""
    value: ShortText
    """The value as text; amounts are in yen."""


class FactVersionRow(Row):
    """副本: one version of a fact that other bodies may ask for. A correction adds a version and overwrites none."""

    table: ClassVar[str] = "fact_version"
    key: ClassVar[tuple[str, ...]] = ("fact_kind", "addressee_number", "scope", "version")

    fact_kind: FactKind
    """特定個人情報名."""
    addressee_number: AddresseeNumber
    """宛名番号."""
    scope: Scope
    """年度."""
    version: Annotated[int, Field(ge=1)]
    """版: 1, 2, 3, … without a gap."""
    items: tuple[FactItem, ...]
    """項目, by name."""
    source: ShortText
    """The event that it was taken over from: `stream:incarnation:position`."""
    as_of: Timestamp
    """基準日時: when it was taken over, UTC."""


class CodeAcquisitionRow(Row):
    """符号取得: whether the network knows this municipality's code for a person. The code itself stands nowhere."""

    table: ClassVar[str] = "code_acquisition"
    key: ClassVar[tuple[str, ...]] = ("addressee_number",)

    addressee_number: AddresseeNumber
    """宛名番号."""
    acquisition_number: Reference
    """取得番号: one-off, neither 個人番号 nor 住民票コード (番号法21条の2)."""
    state: Literal["requested", "acquired"]
    """取得要求中 or 取得済み."""
    requested_at: Timestamp
    """When it was asked for, UTC."""
    acquired_at: Timestamp | None
    """When the network confirmed it, UTC."""


class ProcedureGrantRow(Row):
    """照会権限: which items a municipality lets its people ask for in a procedure, within what the law allows."""

    table: ClassVar[str] = "procedure_grant"
    key: ClassVar[tuple[str, ...]] = ("procedure", "fact_kind")

    procedure: ProcedureCode
    """事務手続."""
    fact_kind: FactKind
    """特定個人情報名."""
    items: Items
    """項目; none once it is withdrawn."""
    changed_at: Timestamp
    """When it last changed, UTC."""


Outcome = Literal["requested", "held", "answered", "withheld", "refused", "expired"]
"""照会中, 自動応答不可, 提供, 不開示, 拒否; 保存期限満了: the record's time is over, and what is left names nobody."""


class ExchangeRecordRow(Row):
    """情報提供等記録 (番号法23条): one exchange, as one of its two sides keeps it for seven years."""

    table: ClassVar[str] = "exchange_record"
    key: ClassVar[tuple[str, ...]] = ("side", "inquirer", "request_number")

    side: Literal["inquirer", "provider"]
    """情報照会者 or 情報提供者: which side this municipality is on."""
    inquirer: InstitutionCode
    """情報照会者."""
    provider: InstitutionCode
    """情報提供者."""
    request_number: RequestNumber
    """照会番号."""
    affair: AffairCode
    """事務."""
    procedure: ProcedureCode
    """事務手続."""
    fact_kind: FactKind
    """特定個人情報名."""
    scope: Scope
    """年度."""
    requested_items: Items
    """項目 asked for."""
    items: Items
    """項目 provided; none unless it was answered."""
    addressee_number: AddresseeNumber | None
    """宛名番号 here; None where the code was unknown."""
    version: int
    """版 of the replica that was provided; 0 on the inquirer's side, and where nothing was."""
    outcome: Outcome
    """How it stands."""
    reason: ShortText
    """Why it was held, withheld or refused, as a code; empty otherwise."""
    basis: ShortText
    """The version of the legal table, or the disaster exception, by which it was decided."""
    requested_at: Timestamp
    """照会日時, UTC."""
    decided_at: Timestamp | None
    """提供日時 or the time of the refusal, UTC."""
    decided_by: ShortText
    """The party that decided about a held request; empty for an automatic answer."""
    hidden: bool
    """不開示: the resident does not see this record (番号法23条2項)."""
    keep_until: CalendarDate
    """保存期限."""
    request_digest: Digest
    """SHA-256 of what was asked: a repeated request number with another one is refused."""
    exchange_digest: ShortText
    """SHA-256 of what passed between the two sides; both must come to the same. Empty before the answer."""
    answer: Commitment | None
    """The commitment of the sealed answer, on the inquirer's side."""
    fetched_at: Timestamp | None
    """When the answer was first fetched, UTC."""


class DisasterExceptionRow(Row):
    """災害時の特例: for a limited time, a kind of fact may be provided outside the table. Two persons decide."""

    table: ClassVar[str] = "disaster_exception"
    key: ClassVar[tuple[str, ...]] = ("exception",)

    exception: Reference
    """Its name."""
    inquirer: InstitutionCode
    """情報照会者 whom it lets ask."""
    fact_kind: FactKind
    """特定個人情報名."""
    items: Items
    """項目."""
    reason: ShortText
    """Why."""
    asked_by: PartyId
    """Who asked for it."""
    asked_at: Timestamp
    """When, UTC."""
    approved_by: PartyId | None
    """Who approved it; never the same person."""
    approved_at: Timestamp | None
    """When, UTC."""
    until: Timestamp | None
    """Until when it holds, UTC."""


class LinkageEvent(Event):
    """What the events of this module share."""

    stream: ClassVar[str] = STREAM


class FactsReplicated(LinkageEvent):
    """副本の更新: facts that other bodies may ask for have new versions."""

    type: ClassVar[str] = "linkage.facts-replicated.v1"

    versions: Annotated[tuple[FactVersionRow, ...], Field(min_length=1)]
    """副本: each new version."""

    def subject(self) -> str:
        """The 宛名番号 of the first person."""
        return self.versions[0].addressee_number

    def keys(self) -> frozenset[str]:
        """The 宛名番号 of everybody concerned."""
        return frozenset(row.addressee_number for row in self.versions)


class AcquisitionEvent(LinkageEvent):
    """What the events about a code share."""

    acquisitions: Annotated[tuple[CodeAcquisitionRow, ...], Field(min_length=1)]
    """符号取得 of each person."""


class CodeRequested(AcquisitionEvent):
    """符号取得要求: people got one-off 取得番号, to be given to 住基ネット."""

    type: ClassVar[str] = "linkage.code-requested.v1"


class CodeAcquired(AcquisitionEvent):
    """符号取得: the network knows the code."""

    type: ClassVar[str] = "linkage.code-acquired.v1"


class ProcedureGranted(LinkageEvent):
    """照会権限の付与・取消し: what the municipality's people may ask for in a procedure."""

    type: ClassVar[str] = "linkage.procedure-granted.v1"

    grant: ProcedureGrantRow
    """照会権限, as it is now."""


class ExchangeEvent(LinkageEvent):
    """What every step of an exchange leaves behind: the record, whole."""

    record: ExchangeRecordRow
    """情報提供等記録, as it is now."""

    def subject(self) -> str:
        """Inquirer and request number."""
        return f"{self.record.inquirer}/{self.record.request_number}"


class InquiryRequested(ExchangeEvent):
    """情報照会: this municipality asks another body."""

    type: ClassVar[str] = "linkage.inquiry-requested.v1"


class InquiryAnswered(ExchangeEvent):
    """情報照会の結果受領: the other body's answer or refusal arrived."""

    type: ClassVar[str] = "linkage.inquiry-answered.v1"


class AnswerFetched(ExchangeEvent):
    """照会結果の取得: the answer was fetched for the first time."""

    type: ClassVar[str] = "linkage.answer-fetched.v1"


class FactsProvided(ExchangeEvent):
    """情報提供: another body was answered from the replica."""

    type: ClassVar[str] = "linkage.facts-provided.v1"


class ProvisionHeld(ExchangeEvent):
    """自動応答不可: a person has to decide."""

    type: ClassVar[str] = "linkage.provision-held.v1"


class ProvisionRefused(ExchangeEvent):
    """情報提供の拒否: the table, the code or a person said no."""

    type: ClassVar[str] = "linkage.provision-refused.v1"


class RecordsExpired(LinkageEvent):
    """情報提供等記録の保存期限満了: what is left of each is that there was an exchange under that number."""

    type: ClassVar[str] = "linkage.records-expired.v1"

    records: Annotated[tuple[ExchangeRecordRow, ...], Field(min_length=1, max_length=1000)]
    """情報提供等記録, without whom and what they were about."""

    def subject(self) -> str:
        """Inquirer and request number of the first."""
        return f"{self.records[0].inquirer}/{self.records[0].request_number}"

    def keys(self) -> frozenset[str]:
        """Inquirer and request number of each."""
        return frozenset(f"{record.inquirer}/{record.request_number}" for record in self.records)


class DisasterExceptionAsked(LinkageEvent):
    """災害時の特例の申請."""

    type: ClassVar[str] = "linkage.disaster-exception-asked.v1"

    exception: DisasterExceptionRow
    """災害時の特例, not in force yet."""


class DisasterExceptionApproved(LinkageEvent):
    """災害時の特例の承認: another person approved it; it ends by itself."""

    type: ClassVar[str] = "linkage.disaster-exception-approved.v1"

    exception: DisasterExceptionRow
    """災害時の特例, in force until its end."""
