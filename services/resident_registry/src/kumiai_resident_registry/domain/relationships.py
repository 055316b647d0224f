"""Relationships (続柄): the standard's terms, chained with の for up to four generations.

Source: 住民記録システム標準仕様書. 祖父, 孫, 甥 and the like are never written: a grandchild is 子の子.
"""

HEAD = "世帯主"
LODGER = "同居人"
_UNCHAINED = frozenset((HEAD, LODGER, "縁故者"))
_TERMS = frozenset(("夫", "妻", "夫（未届）", "妻（未届）", "子", "父", "母", "兄", "姉", "弟", "妹"))
_IN_LAW = frozenset(("子（子の夫）", "子（子の妻）"))
MAX_GENERATIONS = 4


def is_term(relationship: str) -> bool:
    """Whether a relationship may be written."""
    if relationship in _UNCHAINED or relationship in _IN_LAW:
        return True
    parts = relationship.split("の")
    return len(parts) <= MAX_GENERATIONS and all(part in _TERMS for part in parts)
