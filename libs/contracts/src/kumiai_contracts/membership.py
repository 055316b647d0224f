"""Membership (加入): who belongs to the federation, what they subscribe to, and who may do what."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from kumiai_contracts.fields import ShortText, Timestamp
from kumiai_contracts.model import Event, Row

STREAM = "membership"
SERVICE = "membership"

ServiceName = Literal["resident-registry", "taxation", "national-id-linkage"]
PartyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""The identifier of a person or system within its municipality."""


class Role(StrEnum):
    """What a party may do at all; a purpose says what for."""

    SYSTEM = "system"
    """A line-of-business system: sends notices, reads its municipality's own streams."""
    CLERK = "clerk"
    """職員: reads records for a purpose."""
    OPERATOR = "operator"
    """運用者 of the federation: joins, leaves, heads and lags; never a record."""
    SERVICE = "service"
    """A service of the federation: reads the streams that the design lets it read."""


class Purpose(StrEnum):
    """利用目的: why a record is read."""

    RESIDENT_SERVICES = "resident-services"
    """住民記録事務."""
    TAXATION = "taxation"
    """税務事務."""
    LINKAGE = "national-id-linkage"
    """番号連携事務."""
    PROTECTION = "protection"
    """支援措置事務: the only one that sees where protected people live."""
    DISASTER = "disaster"
    """災害時の閲覧: never granted; holds while an emergency access does that two persons agreed on."""
    EXPORT = "export"
    """持出し: taking everything of the municipality along, in clear. Nobody has it by joining."""
    OPERATION = "operation"
    """運用: heads, lags, health; no records."""
    REPLICATION = "replication"
    """Reading a stream into a replica."""


class MemberRow(Row):
    """構成団体: a municipality in the federation."""

    table: ClassVar[str] = "member"
    key: ClassVar[tuple[str, ...]] = ()

    name: ShortText
    """The municipality's name."""
    prefecture: ShortText
    """都道府県."""
    joined_at: Timestamp
    """加入日時, UTC."""


class SubscriptionRow(Row):
    """利用サービス: whether a municipality subscribes to a service."""

    table: ClassVar[str] = "subscription"
    key: ClassVar[tuple[str, ...]] = ("service",)

    service: ServiceName
    """サービス: which one."""
    active: bool
    """Whether the municipality subscribes to it now."""
    changed_at: Timestamp
    """When that last changed, UTC."""


class PartyRow(Row):
    """利用者: a person or a system, its public key and its rights."""

    table: ClassVar[str] = "party"
    key: ClassVar[tuple[str, ...]] = ("party",)

    party: PartyId
    """利用者ID: of the person or system, within the municipality."""
    kind: Literal["person", "system"]
    """Whether it is a person (職員) or a system (業務システム)."""
    public_key: ShortText
    """Ed25519 public key, base64url without padding."""
    roles: tuple[Role, ...]
    """役割: what the party may do at all."""
    purposes: tuple[Purpose, ...]
    """利用目的: what for it may read records."""
    revoked: bool
    """取消し: whether every right is taken back."""
    changed_at: Timestamp
    """When the rights last changed, UTC."""


class MembershipEvent(Event):
    """What all events of the stream `membership` share."""

    stream: ClassVar[str] = STREAM


class MunicipalityJoined(MembershipEvent):
    """加入: a municipality became a member, with the services it chose."""

    type: ClassVar[str] = "membership.municipality-joined.v1"

    member: MemberRow
    """構成団体: the municipality."""
    subscriptions: tuple[SubscriptionRow, ...]
    """利用サービス: what it chose."""

    def subject(self) -> str:
        """The stream's own municipality."""
        return "member"


class ServiceSubscribed(MembershipEvent):
    """利用開始: a municipality subscribed to a service."""

    type: ClassVar[str] = "membership.service-subscribed.v1"

    subscription: SubscriptionRow
    """利用サービス, now active."""


class ServiceUnsubscribed(MembershipEvent):
    """利用停止: a municipality no longer subscribes to a service."""

    type: ClassVar[str] = "membership.service-unsubscribed.v1"

    subscription: SubscriptionRow
    """利用サービス, no longer active."""


class PartyRegistered(MembershipEvent):
    """利用者登録: a person or system may act for the municipality."""

    type: ClassVar[str] = "membership.party-registered.v1"

    party: PartyRow
    """利用者, with its public key and rights."""


class PartyRevoked(MembershipEvent):
    """利用者取消し: a person or system may no longer act for the municipality."""

    type: ClassVar[str] = "membership.party-revoked.v1"

    party: PartyRow
    """利用者, revoked."""
