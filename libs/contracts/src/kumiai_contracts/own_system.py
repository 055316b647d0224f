"""Own systems (自団体システム): that a municipality's own system keeps the record of a service it subscribes to."""

from typing import ClassVar

from kumiai_contracts.fields import Timestamp
from kumiai_contracts.membership import MembershipEvent, ServiceName
from kumiai_contracts.model import Row


class OwnSystemRow(Row):
    """自団体システム: who keeps a service's record, the municipality's own system or the shared service."""

    table: ClassVar[str] = "own_system"
    key: ClassVar[tuple[str, ...]] = ("service",)

    service: ServiceName
    """サービス: which one."""
    active: bool
    """Whether the municipality's own system keeps the record now."""
    changed_at: Timestamp
    """When that last changed, UTC."""


class OwnSystemBegun(MembershipEvent):
    """自団体システムへの切替え: from here on the municipality's own system keeps a service's record."""

    type: ClassVar[str] = "membership.own-system-begun.v1"

    own_system: OwnSystemRow
    """自団体システム, now active."""


class OwnSystemEnded(MembershipEvent):
    """共同利用への切替え: from here on the shared service keeps the record."""

    type: ClassVar[str] = "membership.own-system-ended.v1"

    own_system: OwnSystemRow
    """自団体システム, no longer active."""
