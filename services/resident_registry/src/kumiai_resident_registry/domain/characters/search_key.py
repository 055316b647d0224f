"""Search key (検索キー): the form of a name in which names that people take for the same are equal.

Only a key is ever normalised, never a stored name. Ignored are 清濁, small kana, long vowels and hyphens, spaces,
punctuation, variation selectors, width, case, and which variant of a character it is (辺邊邉, 浜濱濵, 髙高).
Source of the rule: 住民記録システム標準仕様書, the search of names; of the variants: `data/README.md`.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from unicodedata import category, normalize

_SMALL = dict(
    zip(
        "ァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ",
        "アイウエオツヤユヨワカケクシストヌハヒフヘホムラリルレロ",
        strict=True,
    )
)
_TO_KATAKANA = {hiragana: hiragana + 0x60 for hiragana in range(0x3041, 0x3097)}
_LONG_VOWELS = "ー―－‐ｰ-‑–—−〜～"
_MARKS_OF_VOICE = "\u3099\u309a"
_REPEATED = re.compile("(.)[々〻ゝヽ]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SEPARATORS = re.compile(r"[\s\u30fb・]+")


@lru_cache(maxsize=20_000)
def search_key(name: str) -> str:
    """The key of a name in kanji, kana or Latin letters; empty if nothing in it can be searched for."""
    # Selectors go first and compatibility ideographs are folded with the others: a key may lose what a name may not.
    text = normalize("NFKC", _SELECTORS.sub("", name)).casefold()
    text = text.translate(_TO_KATAKANA)
    text = _REPEATED.sub(r"\1\1", text)
    text = normalize("NFC", normalize("NFD", text).translate(_folding()))
    return "".join(character for character in text if category(character)[0] in "LNC")


def search_keys(name: str) -> tuple[str, ...]:
    """The keys under which a name is found: the whole, and each part after the first (the given name), each once."""
    parts = [part for part in _SEPARATORS.split(name) if part]
    wanted = [name, *("".join(parts[n:]) for n in range(1, len(parts)))]
    return tuple(dict.fromkeys(key for text in wanted if (key := search_key(text))))


@cache
def _folding() -> Mapping[int, str | None]:
    """Character by character: variants to the first of their class, small kana to large, marks to nothing."""
    table: dict[int, str | None] = {}
    text = files("kumiai_resident_registry").joinpath("data", "variants.tsv").read_text(encoding="utf-8")
    for members in text.split("\n"):
        for character in members[1:]:
            table[ord(character)] = members[0]
    table.update({ord(small): large for small, large in _SMALL.items()})
    table.update(dict.fromkeys(map(ord, _LONG_VOWELS + _MARKS_OF_VOICE)))
    return table
