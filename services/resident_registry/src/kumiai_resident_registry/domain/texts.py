"""Texts of a notice: none of them may hold what looks like a 個人番号.

個人番号 travels to the linkage vault alone, encrypted. No field of ours is for it, so it could only come in free text:
a run of exactly twelve digits whose check digit fits is refused. About one in ten numbers of twelve digits that are
none is refused with it, for ever the same ones; names and addresses have no such numbers, and an operator's identifier
that is hit has to be written with a letter. Only texts are looked at that are long enough.
"""

import re
from collections.abc import Iterator
from unicodedata import normalize

from kumiai_contracts.identifiers import has_check_digit, my_number_check_digit
from kumiai_contracts.model import Frozen
from kumiai_contracts.receipts import Reason
from kumiai_contracts.resident import ResidentNotice

from kumiai_resident_registry.domain.refusals import refusal

_DIGITS = 12
_TWELVE = re.compile(r"(?<![0-9])[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])")


def looks_like_my_number(text: str) -> bool:
    """Whether a text holds twelve digits, also full-width or in groups of four, that end in their check digit."""
    if len(text) < _DIGITS:
        return False
    plain = text if text.isascii() else normalize("NFKC", text)
    return any(
        has_check_digit(re.sub("[ -]", "", found), _DIGITS, my_number_check_digit) for found in _TWELVE.findall(plain)
    )


def refusals(notice: ResidentNotice) -> Iterator[Reason]:
    """A refusal for every text of a notice that looks like a 個人番号; the text itself is never repeated."""
    return refusals_in(notice, "")


def refusals_in(value: Frozen, at: str) -> Iterator[Reason]:
    """The same for a part of a notice, which stands at a JSON pointer."""
    for name, inside in value.__dict__.items():
        if isinstance(inside, str):
            if len(inside) >= _DIGITS and looks_like_my_number(inside):
                yield refusal("looks-like-my-number", f"{at}/{name}")
        elif isinstance(inside, Frozen):
            yield from refusals_in(inside, f"{at}/{name}")
        elif isinstance(inside, tuple):
            for n, item in enumerate(inside):
                if isinstance(item, Frozen):
                    yield from refusals_in(item, f"{at}/{name}/{n}")
