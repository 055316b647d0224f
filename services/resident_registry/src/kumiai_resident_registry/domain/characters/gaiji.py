"""Gaiji (外字): private-use code points that only the system that sent them can read.

A name keeps them as they came. Each source system has a mapping table; what it identifies is shown in their place, what
it does not identify is listed for a person to decide, and nothing is dropped or replaced silently.
"""

import re
from collections.abc import Callable, Iterable

_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd]")
"""The private use area and plane 15. Plane 16 is left out: 行政事務標準文字 has its additional characters there."""


def private_characters(*texts: str) -> tuple[str, ...]:
    """The private-use characters of some texts, each once, in the order in which they stand."""
    return tuple(dict.fromkeys(character for text in texts for character in _PRIVATE.findall(text)))


def identified(text: str, character_of: Callable[[str], str | None]) -> str:
    """A text with every private-use character replaced that is identified; the others stay as they are."""
    return _PRIVATE.sub(lambda found: character_of(found[0]) or found[0], text)


def code_point(character: str) -> str:
    """A code point as it is written, U+E001."""
    return f"U+{ord(character):04X}"


def unidentified(texts: Iterable[str], character_of: Callable[[str], str | None]) -> tuple[str, ...]:
    """The private-use characters of some texts that nobody has identified yet."""
    return tuple(character for character in private_characters(*texts) if character_of(character) is None)
