"""Address key (住所検索キー): the form of an address in which ways of writing one address are equal.

Only a key is ever normalised, never a stored address. `丸の内一丁目2番3号`, `丸の内１－２－３` and `丸の内1丁目2-3` are
one, a list of names and numbers; so the key of a longer address begins with that of a shorter one, and 1-1 is no
beginning of 1-11. Prefecture and municipality stand in none: it is always the municipality's own address.
"""

import re
from collections.abc import Iterator
from unicodedata import normalize

from kumiai_contracts.resident import Address

from kumiai_resident_registry.domain.characters.search_key import search_key

_TENS = re.compile("([一二三四五六七八九]?)十([一二三四五六七八九]?)|([〇一二三四五六七八九])")
_DIGITS = {character: n for n, character in enumerate("〇一二三四五六七八九")}
_COUNTED = re.compile("[〇一二三四五六七八九十]+(?=丁目|番地|番|号|条|線)")
_BETWEEN = re.compile(r"(?<=[0-9])(?:丁目|番地|番|号|の|ノ|[-‐‑–—−ー―－、,\s])+")
_PARTS = re.compile("[0-9]+|[^0-9/]+")


def address_key(address: Address) -> str:
    """The key of an address of this municipality."""
    return key_of_text(f"{address.town} {address.number} {address.building}")


def beginning_of_key(text: str, *before: str) -> str:
    """With what the keys of all addresses begin that somebody may mean; empty if there is nothing to search for.

    Names of prefecture and municipality `before` the text are left out where they stand. A name at its end may be cut
    short, a number is whole.
    """
    text = text.strip()
    for name in before:
        text = text.removeprefix(name).lstrip()
    key = key_of_text(text)
    return key if key[-2:-1].isdecimal() else key[:-1]


def key_of_text(text: str) -> str:
    """The key of what somebody writes; empty if nothing in it can be searched for."""
    return "".join(f"{part}/" for part in _parts(normalize("NFKC", text)))


def _parts(text: str) -> Iterator[str]:
    counted = _COUNTED.sub(lambda found: _in_digits(found[0]), text)
    for part in _PARTS.findall(_BETWEEN.sub("/", counted)):
        key = part.lstrip("0") or "0" if part[0] in "0123456789" else search_key(part)
        if key:
            yield key


def _in_digits(kanji: str) -> str:
    return _TENS.sub(_number, kanji)


def _number(found: "re.Match[str]") -> str:
    tens, ones, digit = found.groups()
    if digit:
        return str(_DIGITS[digit])
    return str(10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0))
