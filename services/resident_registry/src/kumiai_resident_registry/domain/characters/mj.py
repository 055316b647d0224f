"""MJ characters: which character a sequence of code points writes, and what a smaller set has in its place (縮退).

Reduction is one to many and depends on a rule, so a destination states its policy: the character set it can take, and
the order in which it believes the tables of the map. The original is never changed; a reduction is made when something
is handed over, and says what it could not reduce.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

MjName = str
"""MJ文字図形名, such as MJ026190."""
CharacterSet = Literal["jis-x-0208", "jis-x-0213", "shift-jis-windows", "unicode-bmp"]
"""What a destination can take: 第1・第2水準, 第1から第4水準, Windows-31J, or one unit of UTF-16 each."""
CHARACTER_SETS: tuple[CharacterSet, ...] = get_args(CharacterSet)
USUAL_TABLES = "JAKTMSBZD"
"""Letters of the map's tables in the order in which they are believed unless a destination says otherwise."""
TABLES = frozenset(USUAL_TABLES + "Y")
"""All of them, 別字 among them."""


class Reduction(NamedTuple):
    """縮退候補: a character that may stand in for another, by one table of the map."""

    table: str
    """The letter of the table, as in `data/README.md`."""
    rank: int
    """The table's own rank or number of hops, 1 first."""
    character: str


@dataclass(frozen=True, slots=True)
class Policy:
    """縮退方針: how names are reduced for one destination."""

    destination: str
    characters: CharacterSet
    tables: str = USUAL_TABLES
    """Letters of the tables in the order in which they are believed; one left out is not used, by default 別字."""
    missing: str = "〓"
    """What stands for a character that no table reduces (げた); always reported, too."""


class Reduced(NamedTuple):
    """A name for a destination, with what became of it."""

    text: str
    replaced: tuple[tuple[str, str], ...]
    """Each sequence that was replaced, with what stands for it."""
    missing: tuple[str, ...]
    """Sequences that could not be reduced: a person decides."""


class _Table(NamedTuple):
    sequences: Mapping[MjName, str]
    names: Mapping[str, MjName]
    reductions: Mapping[MjName, tuple[Reduction, ...]]


def sequence_of(name: MjName) -> str | None:
    """The code points that write an MJ character; None for a name that the table does not have or can't write."""
    return _table().sequences.get(name) or None


def name_of(sequence: str) -> MjName | None:
    """The MJ character that a sequence writes; None if none does."""
    return _table().names.get(sequence)


def reductions(sequence: str) -> tuple[Reduction, ...]:
    """Every character that the map gives for a sequence."""
    name = name_of(sequence) or name_of(sequence[:1])
    return _table().reductions.get(name, ()) if name else ()


def reduce(text: str, policy: Policy) -> Reduced:
    """A text as a destination can take it (縮退), by its policy; the text itself stays what it was."""
    found: list[str] = []
    replaced: list[tuple[str, str]] = []
    missing: list[str] = []
    for sequence in sequences(text):
        if _fits(sequence, policy.characters):
            found.append(sequence)
            continue
        stand_in = _stand_in(sequence, policy)
        if stand_in is None:
            missing.append(sequence)
        else:
            replaced.append((sequence, stand_in))
        found.append(policy.missing if stand_in is None else stand_in)
    return Reduced("".join(found), tuple(replaced), tuple(missing))


def sequences(text: str) -> Iterator[str]:
    """A text character by character, each with its variation selector."""
    start = 0
    for n in range(1, len(text) + 1):
        if n == len(text) or not _is_selector(text[n]):
            yield text[start:n]
            start = n


def _stand_in(sequence: str, policy: Policy) -> str | None:
    candidates = sorted(
        (policy.tables.index(each.table), each.rank, each.character)
        for each in reductions(sequence)
        if each.table in policy.tables and _fits(each.character, policy.characters)
    )
    if candidates:
        return candidates[0][2]
    base = sequence[0]
    return base if base != sequence and _fits(base, policy.characters) else None


def _fits(sequence: str, characters: CharacterSet) -> bool:
    if len(sequence) > 1:
        return False
    if characters == "unicode-bmp":
        return ord(sequence) <= 0xFFFF and not 0xE000 <= ord(sequence) <= 0xF8FF
    codec = {"jis-x-0208": "euc_jp", "jis-x-0213": "euc_jis_2004", "shift-jis-windows": "cp932"}[characters]
    try:
        encoded = sequence.encode(codec)
    except UnicodeEncodeError:
        return False
    if characters == "shift-jis-windows":
        return not 0xF0 <= encoded[0] <= 0xF9  # codec writes private-use characters there
    # EUC-JP's third byte set is JIS X 0212, which JIS X 0208 has not.
    return characters != "jis-x-0208" or encoded[0] != 0x8F


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


@cache
def _table() -> _Table:
    written: dict[MjName, str] = {}
    names: dict[str, MjName] = {}
    reduced: dict[MjName, tuple[Reduction, ...]] = {}
    text = files("kumiai_resident_registry").joinpath("data", "mj.tsv").read_text(encoding="utf-8")
    for line in text.split("\n")[:-1]:
        name, sequence, candidates = line.split("\t")
        written[name] = sequence
        reduced[name] = tuple(Reduction(each[0], int(each[1]), each[2:]) for each in candidates.split(" ") if each)
        if sequence:
            names.setdefault(sequence, name)
            # A character alone is its first glyph in the table's order.
            names.setdefault(sequence[0], name)
    return _Table(written, names, reduced)
