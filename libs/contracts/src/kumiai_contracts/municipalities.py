"""The municipalities of Japan (市区町村) and the wards of the designated cities, by their code.

Source and licence of the table stand in `data/README.md`. It is read at the first use, never at import.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple


class Municipality(NamedTuple):
    """市区町村, or a ward (区) of a designated city."""

    code: str
    """全国地方公共団体コード: six digits, the last a check digit."""
    prefecture: str
    """都道府県."""
    name: str
    """The name; a ward's stands behind its city's."""
    name_kana: str
    """The reading, in hiragana."""
    is_ward: bool
    """Whether it is a ward of a designated city (行政区), which is no municipality of its own."""


@cache
def municipalities() -> Mapping[str, Municipality]:
    """Every municipality and ward by its code, in the table's order."""
    text = files("kumiai_contracts").joinpath("data", "municipalities.csv").read_text(encoding="utf-8")
    found = (
        Municipality(
            row["code"], row["prefecture"], row["name"], row["name_kana"], row["is_ward_of_designated_city"] == "1"
        )
        for row in csv.DictReader(text.splitlines())
    )
    return MappingProxyType({municipality.code: municipality for municipality in found})


def municipality(code: str) -> Municipality:
    """The municipality or ward of a code. Raises KeyError for a code that is none."""
    return municipalities()[code]
