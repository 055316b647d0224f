"""Extra attributes of movements (拡張項目) in the stream `resident`: that there are some, and sealed what they say."""

from typing import Annotated, ClassVar

from pydantic import Field

from kumiai_contracts.extensions import MAX_NAMESPACES, Namespace
from kumiai_contracts.fields import Commitment, ShortText
from kumiai_contracts.model import Row
from kumiai_contracts.resident_affairs import AffairsEvent


class ResidentExtensionRow(Row):
    """拡張項目: what a notice carried in one namespace. It belongs to every history row of its movement."""

    table: ClassVar[str] = "resident_extension"
    key: ClassVar[tuple[str, ...]] = ("movement", "namespace")

    movement: ShortText
    """異動: as in the history rows that the notice made."""
    namespace: Namespace
    """名前空間."""
    parameter_version: Annotated[int, Field(ge=1)]
    """パラメータ設定の版: the setting that held the schema."""
    extension: Commitment
    """拡張項目の内容, sealed: JSON that fits the schema."""


class ResidentExtensionsRecorded(AffairsEvent):
    """拡張項目の記録: a movement carried extra attributes."""

    type: ClassVar[str] = "resident.extensions-recorded.v1"

    extensions: Annotated[tuple[ResidentExtensionRow, ...], Field(min_length=1, max_length=MAX_NAMESPACES)]
    """拡張項目, one for each namespace."""

    def subject(self) -> str:
        """The movement."""
        return self.extensions[0].movement
