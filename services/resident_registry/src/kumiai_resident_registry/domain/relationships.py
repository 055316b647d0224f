"""Relationships (続柄): the standard's terms, chained with の for up to four generations.

Source: 住民記録システム標準仕様書. 祖父, 孫, 甥 and the like are never written: a grandchild is 子の子.
"""

import re

HEAD = "世帯主"
LODGER = "同居人"
_ALONE = (HEAD, LODGER, "縁故者")
_CHAINED = (
    "夫",
    "妻",
    "夫（未届）",
    "妻（未届）",
    "子",
    "子（子の夫）",
    "子（子の妻）",
    "父",
    "母",
    "兄",
    "姉",
    "弟",
    "妹",
)
MAX_GENERATIONS = 4

_LINK = f"(?:{'|'.join(_CHAINED)})"
_TERM = re.compile(f"{'|'.join(_ALONE)}|{_LINK}(?:の{_LINK}){{0,{MAX_GENERATIONS - 1}}}")


def is_term(relationship: str) -> bool:
    """Whether a relationship may be written."""
    return _TERM.fullmatch(relationship) is not None
