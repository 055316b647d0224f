"""How a part travels and how its cells are written: every cell means one value, and only a whole part has an end."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_common.bundle import cells
from kumiai_common.bundle.described import Column
from kumiai_common.bundle.frames import PIECE_BYTES, CutShort, Framed, Unframed
from kumiai_common.bundle.layout import End, File, Part, identity, part_of

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT | st.text('"', max_size=3),
    "bigint": st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
    "jsonb": st.lists(TEXT) | st.dictionaries(TEXT, st.integers(-(2**53), 2**53)),
}


class Files(dict[str, bytes]):
    """Files in memory."""

    def write(self, path: str, data: bytes) -> None:
        self[path] = self.get(path, b"") + data


@given(st.data(), st.sampled_from(list(VALUES)), st.booleans())
def test_a_cell_means_one_value(data: st.DataObject, type_: str, nullable: bool) -> None:
    column = Column("c", type_, nullable)
    values = data.draw(st.lists(VALUES[type_] | st.none() if nullable else VALUES[type_], min_size=1))
    written = cells.lines([[cells.cell(value, column), "x"] for value in values])
    rows = list(csv.reader(io.StringIO(written.decode(), newline=""), strict=True))
    assert [cells.value(text, column) for text, _ in rows] == values


def part(**changed: Any) -> Part:
    head = End("resident", 1, 3, "ab" * 32)
    files = (
        File("r/streams/resident.jsonl", 10, "cd" * 32, 3, True),
        File("r/checkpoints.csv", 5, "ef" * 32, 1, False),
    )
    said: dict[str, Any] = {
        "municipality": "131016", "service": "resident-registry", "contract_version": "1", "heads": (head,),
        "readers": (), "state_hash": "00" * 32, "checkpoint_signers": ("k",), "files": files,
    }  # fmt: skip
    return Part(**{**said, **changed})


def test_the_identity_is_of_what_the_logs_determine() -> None:
    whole = part()
    stream, checkpoints = whole.files
    empty = File("r/tables/new.csv", 20, "12" * 32, 0, True)
    same = (
        part(files=(stream,)),
        part(files=(*whole.files, empty)),
        part(checkpoint_signers=("k", "l"), contract_version="2"),
        part(readers=(End("membership", 1, 7, "ab" * 32),)),
        part_of(whole.statement()),
    )
    assert {each.identity for each in same} == {whole.identity}
    others = (
        part(municipality="131024"),
        part(state_hash="01" * 32),
        part(readers=whole.heads),
        part(heads=()),
        part(files=(File(stream.path, 10, "cc" * 32, 3, True), checkpoints)),
    )
    assert len({each.identity for each in (whole, *others)}) == 6
    registry, taxation = part(), part(service="taxation")
    assert identity([registry, taxation]) == identity([taxation, registry]) != identity([registry])


@pytest.mark.parametrize("step", [1, 7, 4096, 3 * PIECE_BYTES])
def test_a_part_comes_as_it_was_sent(step: int) -> None:
    sent, come = io.BytesIO(), Files()
    framed = Framed(sent)
    framed.write("a/empty.jsonl", b"")
    framed.write("a/b.csv", b"x\r\n" * 1000)
    framed.write("a/b.csv", b'{"end": 1}\n')
    if step > 7:
        framed.write("a/long.jsonl", b"\n" * (2 * PIECE_BYTES + 5))
    framed.end(part(), "key", "signature")
    taking = Unframed(come)
    data = sent.getvalue()
    for start in range(0, len(data), step):
        taking.take(data[start : start + step])
    assert part_of(taking.ended()["part"]) == part()
    assert come["a/b.csv"] == b"x\r\n" * 1000 + b'{"end": 1}\n'
    assert come["a/empty.jsonl"] == b""
    assert len(come.get("a/long.jsonl", b"")) == (2 * PIECE_BYTES + 5 if step > 7 else 0)


def test_what_was_cut_is_known_to_be_cut() -> None:
    sent = io.BytesIO()
    framed = Framed(sent)
    framed.write("a/b.csv", b"x" * 50)
    framed.end(part(), "key", "signature")
    data = sent.getvalue()
    for cut in (0, 10, 60, len(data) - 1):
        taking = Unframed(Files())
        taking.take(data[:cut])
        with pytest.raises(CutShort):
            taking.ended()
    with pytest.raises(CutShort):
        Unframed(Files()).take(b"<html>\n")
