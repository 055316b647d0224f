"""住民票コード: the pool that a municipality was handed, whom a code of it was given to, and changes of codes.

A code is for the registry and the 住基ネット alone. So events hold commitments, and the codes are sealed parts.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kumiai_contracts.fields import AddresseeNumber, Commitment, ResidentCode
from kumiai_contracts.model import Row
from kumiai_contracts.resident import ResidentNotice
from kumiai_contracts.resident_affairs import AffairsEvent, AffairsNotice


class ResidentCodeRow(Row):
    """住民票コード of the pool. Once given it is never free again, whatever becomes of the movement that gave it."""

    table: ClassVar[str] = "resident_code"
    key: ClassVar[tuple[str, ...]] = ("code",)

    code: Commitment
    """住民票コード, sealed."""
    addressee_number: AddresseeNumber | None
    """宛名番号 of whom it was given to; None as long as it is free."""


class ResidentCodesChanged(AffairsEvent):
    """住民票コードの受入・付番: codes came into the pool, or were given to people."""

    type: ClassVar[str] = "resident.codes-changed.v1"

    codes: Annotated[tuple[ResidentCodeRow, ...], Field(min_length=1)]
    """住民票コード that are new in the pool, or given now."""


class CodePoolNotice(AffairsNotice):
    """住民票コードの受入: codes that the municipality was handed, to be given to people without order."""

    type: ClassVar[str] = "resident-notice.code-pool.v1"

    codes: Annotated[tuple[ResidentCode, ...], Field(min_length=1, max_length=1000)]
    """住民票コード."""


class ResidentCodeNotice(ResidentNotice):
    """住民票コードの変更請求 or 職権記載: somebody gets another code, or a first one."""

    type: ClassVar[str] = "resident-notice.resident-code.v1"

    addressee_number: AddresseeNumber
    """宛名番号."""
    kind: Literal["resident-code-change-requested", "resident-code-entered"]
    """変更請求 or 職権記載."""
    resident_code: ResidentCode | None = None
    """住民票コード, where the 住基ネット knows it; None takes one from the pool. A requested change always does."""
