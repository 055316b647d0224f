"""What a purpose may see of a row (利用目的ごとの閲覧範囲).

A field that is not named for a purpose is not shown: a new one is seen by nobody until somebody decides who may. The
address of a protected person (支援措置) is seen for 支援措置事務 alone, or while a release holds.
"""

from collections.abc import Mapping

from kumiai_contracts.membership import Purpose
from kumiai_contracts.resident import ResidentRow

ADDRESSES = frozenset(("address", "previous_address", "destination_address"))
SEALED = ADDRESSES | {"resident_code"}
"""What stands in a row as a commitment."""
_IDENTITY = frozenset(
    (
        "addressee_number",
        "history_number",
        "status",
        "household_number",
        "relationship",
        "name",
        "name_kana",
        "birth_date",
        "sex",
        "other_names",
    )
)
_MOVEMENT = frozenset(
    (
        "resident_since",
        "address_since",
        "removed_on",
        "reason",
        "effective_date",
        "notified_date",
        "processed_date",
        "ex_officio",
        "place",
        "operator",
        "movement",
        "cancels",
        "planned_on",
        "confirmed_on",
    )
)
EXTENSIONS_FOR = frozenset((Purpose.RESIDENT_SERVICES, Purpose.PROTECTION))
"""For whom extra attributes are shown (拡張項目): nobody knows what a municipality writes there."""
_DESK = frozenset(("nationality", "resident_code"))
"""What only the resident desk sees: 住民票コード is for the registry and the 住基ネット alone."""
FIELDS: Mapping[Purpose, frozenset[str]] = {
    Purpose.RESIDENT_SERVICES: _IDENTITY | _DESK | _MOVEMENT | ADDRESSES,
    Purpose.PROTECTION: _IDENTITY | _DESK | _MOVEMENT | ADDRESSES,
    Purpose.TAXATION: _IDENTITY | _MOVEMENT,
    Purpose.LINKAGE: _IDENTITY | _MOVEMENT,
    Purpose.DISASTER: _IDENTITY | {"address", "resident_since"},
}
"""The fields that each purpose sees; a purpose that is not named sees nobody."""


def visible(row: ResidentRow, purpose: Purpose) -> dict[str, object]:
    """The fields of a row that a purpose sees, apart from what is sealed, as JSON has them."""
    return row.model_dump(mode="json", include=set(FIELDS[purpose] - SEALED))


def sees_address(purpose: Purpose, *, is_protected: bool, is_released: bool) -> bool:
    """Whether the addresses of a person are seen for a purpose."""
    if "address" not in FIELDS.get(purpose, ()):
        return False
    return purpose is Purpose.PROTECTION or not is_protected or (is_released and purpose is Purpose.RESIDENT_SERVICES)
