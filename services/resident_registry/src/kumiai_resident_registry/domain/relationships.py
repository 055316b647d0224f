"""Relationships (続柄): the standard's terms, chained with の for up to four generations, and how to reckon with them.

Source: 住民記録システム標準仕様書. 祖父, 孫, 甥 and the like are never written: a grandchild is 子の子. A term is a
path from the head, one link for each の. Paths are turned round and joined, and only where the result is certain: the
child of somebody's wife may be that person's own child or not, so nobody reckons that, and somebody has to state it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from kumiai_contracts.resident import Sex

HEAD = "世帯主"
LODGER = "同居人"
RELATIVE = "縁故者"
_ALONE = (HEAD, LODGER, RELATIVE)
_SPOUSES = {"夫": "妻", "妻": "夫", "夫（未届）": "妻（未届）", "妻（未届）": "夫（未届）"}
"""Each with what the other one is."""
_MALE = frozenset(("夫", "夫（未届）", "父", "兄", "弟", "子（子の夫）"))
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(_SPOUSES, "spouse"),
    "子": "child",
    # An adopted child who is married to a child of the same person (婿養子).
    **dict.fromkeys(("子（子の夫）", "子（子の妻）"), "adopted"),
    **dict.fromkeys(("父", "母"), "parent"),
    **dict.fromkeys(("兄", "姉", "弟", "妹"), "sibling"),
}
_CERTAIN = frozenset(
    (
        ("spouse", "parent"),
        ("spouse", "sibling"),
        ("child", "spouse"),
        ("child", "child"),
        ("parent", "parent"),
        ("parent", "sibling"),
        ("sibling", "child"),
        ("sibling", "spouse"),
    )
)
"""Two links that say the same side by side: a child's child is 子の子, but a wife's child may just be 子."""
MAX_GENERATIONS = 4

_LINK = f"(?:{'|'.join(_KINDS)})"
_TERM = re.compile(f"{'|'.join(_ALONE)}|{_LINK}(?:の{_LINK}){{0,{MAX_GENERATIONS - 1}}}")
_SPLIT = re.compile("の(?![夫妻]）)")
"""の between two links, not the one within 子（子の夫）."""

Path = tuple[str, ...]
"""Links one after another; the empty path leads to oneself."""


class Relative(Protocol):
    """What is known of a person in a household."""

    @property
    def addressee_number(self) -> str:
        """宛名番号."""

    @property
    def relationship(self) -> str:
        """続柄 to the head."""

    @property
    def birth_date(self) -> str:
        """生年月日, X for an unknown part."""

    @property
    def sex(self) -> Sex:
        """性別."""


def is_term(relationship: str) -> bool:
    """Whether a relationship may be written."""
    return _TERM.fullmatch(relationship) is not None


def towards(
    head: str, stated: Mapping[str, str], household: Sequence[Relative], old_head: str | None
) -> dict[str, str | None]:
    """What everybody of a household is to a new head: as stated, or reckoned from what they were to their old head.

    The new head may be one of them or of another household. None for whom neither says anything. Without an old head
    nothing is reckoned: nobody knows to whom the terms were written.
    """
    people = {each.addressee_number: each for each in household}
    known = {number: HEAD if number == head else stated[number] for number in people if number in {head, *stated}}
    before = people.get(old_head) if old_head is not None else None
    anchors = [people[number] for number in sorted(known, key=lambda number: number != head)]
    return {
        number: known.get(number) or (None if before is None else _reckoned(each, before, anchors, known))
        for number, each in people.items()
    }


def as_seen_from(new_head: Relative, member: Relative, old_head: Relative) -> str | None:
    """What a member is to another one who becomes head; None where it has to be stated."""
    if new_head.addressee_number == old_head.addressee_number:
        return member.relationship
    if member.addressee_number == old_head.addressee_number and new_head.relationship in (LODGER, RELATIVE):
        return new_head.relationship
    return _term(_joined(_reversed(new_head, old_head), _path(member.relationship), new_head, member))


def _reckoned(
    person: Relative, old_head: Relative, anchors: Iterable[Relative], known: Mapping[str, str]
) -> str | None:
    """By way of somebody whose relationship to the new head is known, the new head first."""
    for anchor in anchors:
        seen = as_seen_from(anchor, person, old_head)
        to_anchor = known[anchor.addressee_number]
        if to_anchor != HEAD and seen is not None:
            seen = _term(_joined(_path(to_anchor), _path(seen), None, person))
        if seen is not None:
            return seen
    return None


def _path(relationship: str) -> Path | None:
    """The links of a term; None for one that says nothing about descent."""
    if relationship in (LODGER, RELATIVE):
        return None
    return () if relationship == HEAD else tuple(_SPLIT.split(relationship))


def _term(path: Path | None) -> str | None:
    if not path:
        return None
    return "の".join(path) if len(path) <= MAX_GENERATIONS else RELATIVE


def _reversed(person: Relative, head: Relative) -> Path | None:
    """The path from a member to the head: every link turned round, as far as everybody's sex on the way is known."""
    links = _path(person.relationship)
    if links is None:
        return None
    sexes = [head.sex, *[_sex_after(links, n) for n in range(len(links) - 1)]]
    turned = [_turned(link, sex) for link, sex in zip(links, sexes, strict=False)]
    return tuple(link for link in reversed(turned) if link is not None) if None not in turned else None


def _sex_after(links: Path, n: int) -> Sex | None:
    """The sex of whom the n-th link leads to: by the link, or by whom that person is married to."""
    if links[n] != "子":
        return Sex.MALE if links[n] in _MALE else Sex.FEMALE
    following = links[n + 1]
    if following in _SPOUSES:
        return Sex.FEMALE if following in _MALE else Sex.MALE
    return None


def _turned(link: str, sex: Sex | None) -> str | None:
    """What somebody of this sex is to the one whom a link leads to."""
    if link in _SPOUSES:
        return _SPOUSES[link]
    if _KINDS[link] == "parent":
        return "子"
    if sex is None:
        return None
    pair = {"child": ("父", "母"), "adopted": ("父", "母")}.get(_KINDS[link])
    if pair is None:
        pair = ("弟", "妹") if link in ("兄", "姉") else ("兄", "姉")
    return pair[sex is Sex.FEMALE]


def _joined(left: Path | None, right: Path | None, start: Relative | None, end: Relative) -> Path | None:
    """One path after another, made shorter where that is certain; None where it isn't certain."""
    if left is None or right is None:
        return None
    if not left or not right:
        return left + right
    if _SPOUSES.get(left[-1]) == right[0]:
        return _joined(left[:-1], right[1:], start, end)
    kinds = (_KINDS[left[-1]], _KINDS[right[0]])
    if kinds in _CERTAIN:
        return left + right
    if kinds == ("parent", "child") and len(left) == len(right) == 1 and start is not None:
        return _sibling(start, end)
    return None


def _sibling(start: Relative, end: Relative) -> Path | None:
    """Somebody's parent's child, by age and sex; None for twins, and as long as a date of birth is unknown in part."""
    if start.birth_date == end.birth_date or "X" in start.birth_date + end.birth_date:
        return None
    pair = ("兄", "姉") if end.birth_date < start.birth_date else ("弟", "妹")
    return (pair[end.sex is Sex.FEMALE],)
