"""What commands look like as JSON."""

from typing import Annotated, Literal

from kumiai_contracts.fields import CalendarDate, ShortText
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.model import Frozen
from pydantic import Field, JsonValue


class JoinBody(Frozen):
    """加入の申請."""

    municipality: ShortText
    name: ShortText
    """団体名, such as 千代田区."""
    prefecture: ShortText
    """都道府県名."""
    services: tuple[ShortText, ...]
    own: tuple[ShortText, ...] = ()
    """自団体システム: the services whose record its own system keeps; they are subscribed to, too."""
    acknowledgement_key: ShortText | None = None
    """検収鍵: the public key with which it will acknowledge what it takes along; its own, and best given now."""


class LeaveBody(Frozen):
    """脱退の申請."""

    services: tuple[ShortText, ...] | None = None
    """Which services; without any the municipality leaves the federation."""
    readers_days: int = 14
    """How many days erasure waits, from now, for external readers that have not read everything."""


class BundleBody(Frozen):
    """持出しの報告."""

    bundle_hash: ShortText
    """The bundle's identity."""
    heads: dict[str, tuple[int, int, ShortText]]
    """Where its streams end: incarnation, position, hash."""


class AcknowledgementBody(Frozen):
    """検収."""

    bundle_hash: ShortText
    """The identity of the bundle that was verified."""
    signature: ShortText
    """Ed25519 over the acknowledgement's statement, in hexadecimal."""


class AcknowledgementKeyBody(Frozen):
    """検収鍵の登録."""

    public_key: ShortText
    """Ed25519, 32 bytes in base64url without padding; the private key never leaves the municipality."""
    signature: ShortText = ""
    """The present key's signature over the statement of the new one, in hexadecimal; empty for the first key."""


class MergerBody(Frozen):
    """合併の届出; who is taken over stands in the path."""

    effective_date: CalendarDate
    """合併期日."""
    bundle_hash: ShortText
    """The identity of the predecessor's bundle."""


class MergerCountsBody(Frozen):
    """引継ぎの結果."""

    people: Annotated[int, Field(ge=0)]
    """How many were to be taken over."""
    found: Annotated[int, Field(ge=0)]
    """How many of them are found in the successor's stream."""
    live: Annotated[int, Field(ge=0)]
    """How many of them are on the live record."""
    assessments: Annotated[int, Field(ge=0)]


class PartyBody(Frozen):
    """利用者登録の申請; who it is stands in the path."""

    kind: Literal["person", "system"]
    public_key: ShortText
    """Ed25519, 32 bytes in base64url without padding; the private key never leaves its owner."""
    roles: tuple[Role, ...]
    purposes: tuple[Purpose, ...]


class ParameterBody(Frozen):
    """One setting."""

    service: ShortText
    name: ShortText
    value: JsonValue
    """The value as the catalogue's type has it; null for the standard again."""
    valid_from: CalendarDate
    """適用開始日."""
    reason: ShortText
    """The ordinance or decision that it follows."""


class ParametersBody(Frozen):
    """パラメータ設定の申請: all of it is recorded, or nothing."""

    parameters: Annotated[tuple[ParameterBody, ...], Field(max_length=100)]
    late: bool = False
    """遡及: whether a day that has passed is meant."""
