"""Personal names (氏名) as they occur in Japan: family names by how common they are, given names with their reading."""

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random

from japanese_personal_name_dataset import load_dataset
from kumiai_contracts.resident import Sex

_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


@dataclass(frozen=True, slots=True)
class Name:
    """A name or a part of one: as it is written, and its reading in katakana (振り仮名)."""

    written: str
    kana: str

    def joined(self, given: "Name") -> "Name":
        """氏名: family name and given name with the registry's full-width space between."""
        return Name(f"{self.written}\u3000{given.written}", f"{self.kana}\u3000{given.kana}")


def family_name(rng: Random) -> Name:
    """A family name, as likely as it is common (1,999 names, from 佐藤 on)."""
    names, weights = _family_names()
    return rng.choices(names, cum_weights=weights)[0]


def given_name(rng: Random, sex: Sex) -> Name:
    """A given name of the sex: a common reading, in one of its usual writings."""
    reading, writings = rng.choice(_given_names()[sex])
    return Name(rng.choice(writings), reading)


@cache
def _family_names() -> tuple[list[Name], list[int]]:
    *_, family = load_dataset(kind="opti", include_last_names=True)
    names = [Name(written, _katakana(entry["reading"])) for written, entry in family.items()]
    return names, list(accumulate(entry["count"] for entry in family.values()))


@cache
def _given_names() -> dict[Sex, list[tuple[str, list[str]]]]:
    men, women = load_dataset(kind="opti")
    return {
        sex: [(_katakana(reading), entry["kanji"]) for reading, entry in names.items() if entry["kanji"]]
        for sex, names in ((Sex.MALE, men), (Sex.FEMALE, women))
    }


def _katakana(hiragana: str) -> str:
    return hiragana.translate(_TO_KATAKANA)
