"""What the service of national-ID linkage is told: by the municipality's systems, and by the network.

Whatever the network delivers carries its proof: an Ed25519 signature over type and content. So nobody who may write to
a municipality's notices topic can ask, or answer, in another body's name.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from kumiai_contracts.chain import length_prefixed
from kumiai_contracts.exchange import (
    AffairCode,
    FactItem,
    FactKind,
    ItemCode,
    Items,
    ProcedureCode,
    Reference,
    RequestNumber,
    Scope,
)
from kumiai_contracts.fields import AddresseeNumber, ShortText, Timestamp
from kumiai_contracts.institutions import InstitutionCode
from kumiai_contracts.linkage import SERVICE
from kumiai_contracts.model import Notice, canonical_json

LinkageCode = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""機関別符号: opaque, another one for each institution; only the network and this service ever see it."""
Proof = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
"""Ed25519 signature, in hexadecimal."""
AskedItems = Annotated[tuple[ItemCode, ...], Field(min_length=1, max_length=100)]


class LinkageNotice(Notice):
    """What all notices to this service share."""

    service: ClassVar[str] = SERVICE


class CodeRequestNotice(LinkageNotice):
    """符号取得要求: the municipality wants the network to know people, so that it can ask and be asked about them."""

    type: ClassVar[str] = "linkage-notice.code-request.v1"

    addressee_numbers: Annotated[tuple[AddresseeNumber, ...], Field(min_length=1, max_length=1000)]
    """宛名番号."""


class ProcedureGrantNotice(LinkageNotice):
    """照会権限の付与・取消し: which items may be asked for in a procedure; none takes the grant back."""

    type: ClassVar[str] = "linkage-notice.procedure-grant.v1"

    procedure: ProcedureCode
    """事務手続."""
    fact_kind: FactKind
    """特定個人情報名."""
    items: Items
    """項目."""


class InquiryNotice(LinkageNotice):
    """情報照会: ask another body about a person. Repeating it under the same request number asks once."""

    type: ClassVar[str] = "linkage-notice.inquiry.v1"

    request_number: RequestNumber
    """照会番号."""
    inquirer: InstitutionCode
    """情報照会者: an institution of this municipality."""
    provider: InstitutionCode
    """情報提供者."""
    affair: AffairCode
    """事務."""
    procedure: ProcedureCode
    """事務手続."""
    fact_kind: FactKind
    """特定個人情報名."""
    scope: Scope = ""
    """照会年度."""
    items: AskedItems
    """項目 asked for."""
    addressee_number: AddresseeNumber
    """宛名番号 of the person."""


class NetworkNotice(LinkageNotice):
    """What the network delivers: from whom, to whom, when it was sent and accepted, until when it counts."""

    sender: InstitutionCode
    """送信機関, as the network knows it by its key."""
    receiver: InstitutionCode
    """受信機関."""
    sent_at: Timestamp
    """When the sender says that it sent it, UTC."""
    accepted_at: Timestamp
    """When the network accepted it, UTC."""
    expires_at: Timestamp
    """有効期限, UTC."""
    proof: Proof
    """The network's signature over `proven`."""

    def proven(self) -> bytes:
        """The bytes that the network signs: the type, and all but the proof as canonical JSON."""
        return length_prefixed(self.type.encode(), canonical_json(self.model_dump(mode="json", exclude={"proof"})))


class CodeIssuedNotice(NetworkNotice):
    """符号の通知: the network knows the code that goes with a 取得番号."""

    type: ClassVar[str] = "linkage-notice.code-issued.v1"

    acquisition_number: Reference
    """取得番号."""


class ProvisionRequestNotice(NetworkNotice):
    """情報提供の求め: another body asks about a person of this municipality."""

    type: ClassVar[str] = "linkage-notice.provision-request.v1"

    request_number: RequestNumber
    """照会番号, the sender's."""
    affair: AffairCode
    """事務."""
    procedure: ProcedureCode
    """事務手続."""
    fact_kind: FactKind
    """特定個人情報名."""
    scope: Scope
    """照会年度."""
    items: AskedItems
    """項目 asked for."""
    code: LinkageCode
    """機関別符号 of the person for the receiver."""


class AnswerNotice(NetworkNotice):
    """情報提供: another body's answer to this municipality's inquiry. Nothing in it is about more than the inquiry."""

    type: ClassVar[str] = "linkage-notice.answer.v1"

    request_number: RequestNumber
    """照会番号, the receiver's."""
    outcome: Literal["answered", "withheld", "refused"]
    """提供, 不開示 or 拒否."""
    decided_at: Timestamp
    """提供日時 or the time of the refusal, as the sender has it on record, UTC."""
    reason: ShortText
    """Why it was withheld or refused, as a code; empty otherwise."""
    facts: Annotated[tuple[FactItem, ...], Field(max_length=100)]
    """項目 with their values; none unless answered."""


class NetworkRefusalNotice(NetworkNotice):
    """照会の拒否: the network itself did not pass an inquiry on; the sender is the provider that was never asked."""

    type: ClassVar[str] = "linkage-notice.network-refusal.v1"

    request_number: RequestNumber
    """照会番号, the receiver's."""
    reason: ShortText
    """Why, as a code."""
