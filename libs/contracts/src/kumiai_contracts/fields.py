"""Field types that the contracts share: each is a constrained string, number or date with its Japanese term.

A pattern says [0-9] where it means ASCII digits: for some validators \\d takes the digits of every script.
"""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from kumiai_contracts.identifiers import (
    addressee_check_digit,
    has_check_digit,
    local_government_check_digit,
    resident_record_check_digit,
)


def _municipality_code(value: str) -> str:
    if not has_check_digit(value, 6, local_government_check_digit):
        raise ValueError("check digit does not fit")
    return value


def _addressee_number(value: str) -> str:
    if not has_check_digit(value, ADDRESSEE_DIGITS, addressee_check_digit):
        raise ValueError("check digit does not fit")
    return value


def _resident_code(value: str) -> str:
    if not has_check_digit(value, RESIDENT_CODE_DIGITS, resident_record_check_digit):
        raise ValueError("check digit does not fit")
    return value


RESIDENT_CODE_DIGITS = 11
"""Digits of 住民票コード, check digit included."""
ADDRESSEE_DIGITS = 10
"""Digits of 宛名番号 and 世帯番号, check digit included: our choice, since no standard sets it."""

MunicipalityCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$"), AfterValidator(_municipality_code)]
"""全国地方公共団体コード: six digits, the last a check digit."""

AddresseeNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$"), AfterValidator(_addressee_number)]
"""宛名番号: the registry's key of a resident, ten digits, the last a check digit."""

HouseholdNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$"), AfterValidator(_addressee_number)]
"""世帯番号: the registry's key of a household, ten digits, the last a check digit."""

ResidentCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{11}$"), AfterValidator(_resident_code)]
"""住民票コード: eleven digits, the last a check digit. Never in an event, where only its commitment stands."""

IntegratedAddresseeNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{15}$")]
"""団体内統合宛名番号: one per person and municipality, fifteen digits."""

MyNumberToken = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}\.[A-Za-z0-9_-]{43}$")]
"""個人番号のトークン: what the vault makes of a number with a municipality's own key: version, dot, base64url."""

ResidenceCardNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9]{8}[A-Z]{2}$")]
"""在留カード番号 or 特別永住者証明書番号: two letters, eight digits, two letters. Never in an event, but sealed."""

_YEAR, _MONTH, _DAY = "([0-9]{4}|XXXX)", "(0[1-9]|1[0-2]|XX)", "(0[1-9]|[12][0-9]|3[01]|XX)"
CivilDate = Annotated[str, StringConstraints(pattern=f"^{_YEAR}-{_MONTH}-{_DAY}$")]
"""A date as the record has it, YYYY-MM-DD: X for an unknown part (不詳), and days that no calendar has are kept."""

Timestamp = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{6}Z$")]
"""An instant in UTC with microseconds, RFC 3339."""

Yen = Annotated[int, Field(ge=0, lt=10**12)]
"""An amount in yen, never negative, below 10^12."""

PersonName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""氏名 as it came, code point by code point: variation selectors are kept and nothing is normalised."""

# The mark keeps it another type than a digest of the same pattern: Python makes equal annotations one object.
Commitment = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), "sealed part"]
"""SHA-256(salt ‖ bytes) of a sealed part, in hexadecimal."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), "SHA-256"]
"""A SHA-256 in hexadecimal. Its name keeps it from being the same annotation as a commitment, whose pattern it has."""

FiscalYear = Annotated[int, Field(ge=2000, le=2100)]
"""年度 by its calendar year: 2026 is R8 (令和8年度), taxed on the income of 2025."""

ShortText = Annotated[str, StringConstraints(max_length=200)]
"""A line of text, at most 200 characters."""

CalendarDate = date
"""A day of the Gregorian calendar, YYYY-MM-DD."""
