"""Mergers (市町村合併): which municipality took over which other, and where the other's streams had ended.

Invariant: what is recorded of a predecessor are the heads at which its own leave closed its streams. So the successor's
stream proves, by its chain, which history its people come from, and that history stays under the old code.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kumiai_contracts.fields import CalendarDate, Digest, MunicipalityCode, ShortText, Timestamp
from kumiai_contracts.membership import MembershipEvent
from kumiai_contracts.model import Frozen, Row

Count = Annotated[int, Field(ge=0)]


class ClosedHead(Frozen):
    """締切位置: where a stream of the predecessor ended."""

    stream: ShortText
    """ストリーム."""
    incarnation: int
    """世代."""
    position: int
    """位置."""
    hash: Digest
    """The hash of its last event: it stands for all before it."""


class MergerRow(Row):
    """合併: a predecessor, and how far its people have been taken over."""

    table: ClassVar[str] = "merger"
    key: ClassVar[tuple[str, ...]] = ("predecessor",)

    predecessor: MunicipalityCode
    """合併関係市町村: the old code."""
    effective_date: CalendarDate
    """合併期日."""
    bundle_hash: Digest
    """持出しデータの識別値: the predecessor's bundle at its closed heads, from which everything is taken."""
    heads: tuple[ClosedHead, ...]
    """締切位置 of the predecessor's streams."""
    state: Literal["begun", "completed"]
    """引継ぎ中 or 完了."""
    begun_at: Timestamp
    """開始日時, UTC."""
    begun_by: ShortText
    """Municipality and party that began it."""
    completed_at: Timestamp | None
    """完了日時, UTC."""
    people: Count
    """引き継いだ者の数; 0 until it is complete."""
    live: Count
    """Those of them who are on the live record (住民票)."""
    assessments: Count
    """引き継いだ賦課の数."""


class MergerBegun(MembershipEvent):
    """合併による引継ぎの開始: this municipality takes over another's people."""

    type: ClassVar[str] = "membership.merger-begun.v1"

    merger: MergerRow
    """合併."""


class MergerCompleted(MembershipEvent):
    """合併による引継ぎの完了: everybody whom the predecessor's bundle holds was taken over, and counted."""

    type: ClassVar[str] = "membership.merger-completed.v1"

    merger: MergerRow
    """合併, completed."""
