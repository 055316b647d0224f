"""Institutions (機関) that ask and answer over the national network, by their sixteen-digit code (機関コード).

How the network composes its codes is not public as far as we know. Ours: the thirteen digits of the local government's
法人番号, then three of our own for the office: 001 is the mayor or governor. So the code tells the municipality.
"""

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from kumiai_contracts.identifiers import (
    corporate_number_check_digit,
    has_check_digit,
    local_government_check_digit,
)

InstitutionKind = Literal["municipality", "prefecture"]
"""市区町村長 or 都道府県知事: what the legal table names."""
_LOCAL_GOVERNMENT = "000020"
_HEAD_OF_GOVERNMENT = "001"


def _institution_code(value: str) -> str:
    if corporate_number_check_digit(value[1:13]) != value[0]:
        raise ValueError("check digit does not fit")
    return value


InstitutionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$"), AfterValidator(_institution_code)]
"""機関コード: sixteen digits; the first is the check digit of the 法人番号 that it begins with."""


def institution_of(municipality: str) -> str:
    """機関コード of the mayor of a municipality, or of the governor of a prefecture, by its 全国地方公共団体コード."""
    body = _LOCAL_GOVERNMENT + municipality
    return corporate_number_check_digit(body) + body + _HEAD_OF_GOVERNMENT


@lru_cache(maxsize=4096)
def municipality_of(institution: str) -> str | None:
    """全国地方公共団体コード of the local government that an institution belongs to; None for any other body."""
    code = institution[7:13]
    if institution[1:7] != _LOCAL_GOVERNMENT or not has_check_digit(code, 6, local_government_check_digit):
        return None
    return code


def kind_of(institution: str) -> InstitutionKind | None:
    """What kind of body an institution is in the legal table's words; None if the table knows no such kind."""
    code = municipality_of(institution)
    if code is None:
        return None
    return "prefecture" if code[2:5] == "000" else "municipality"
