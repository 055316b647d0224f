"""Whatever stands in a file, each of its rows comes out once: as fields, or with the reason why not."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_cli.importing.messages import TEXTS
from kumiai_cli.importing.reading import LINES_OF_A_ROW, Record, examine, records
from kumiai_cli.outcome import Failure

BOM = b"\xef\xbb\xbf"


def read(content: bytes, encoding: str = "utf-8") -> list[Record]:
    return list(records(io.BytesIO(content), encoding))


def fields(content: bytes, encoding: str = "utf-8") -> list[list[str]]:
    found = read(content, encoding)
    assert all(record.fault is None for record in found), found
    return [record.fields for record in found]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends_say_the_same(encoding: str, end: str, tmp_path: Path) -> None:
    rows = ["name,town", '"髙橋, 花子","泉崎\n""一丁目"""', "﨑山,"]
    path = tmp_path / "file.csv"
    path.write_bytes(end.join([*rows, ""]).encode(encoding))
    source = examine(path)
    assert source.encoding == ("cp932" if encoding == "cp932" else "utf-8")
    assert fields(path.read_bytes(), source.encoding) == [
        ["name", "town"],
        ["髙橋, 花子", '泉崎\n"一丁目"'],
        ["﨑山", ""],
    ]


def test_gaiji_of_cp932_are_private_use_characters() -> None:
    assert fields("a,山\ue000\n".encode("cp932"), "cp932") == [["a", "山\ue000"]]


def test_a_line_of_another_encoding_costs_its_row_alone() -> None:
    found = read("a,b\nあ,い\n".encode() + "漢,字\n".encode("cp932") + "う,え\n".encode())
    assert [record.fault.code if record.fault else "" for record in found] == ["", "", "not-decodable", ""]
    assert [record.line for record in found] == [1, 2, 3, 4]


def test_the_encoding_that_reads_more_of_the_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes("あ\nい\nう\n".encode() + "漢字\n".encode("cp932"))
    assert examine(path).encoding == "utf-8"
    path.write_bytes("あ\n".encode() + "漢字\n漢字\n漢字\n".encode("cp932"))
    assert examine(path).encoding == "cp932"


def test_utf16_is_named_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes("a,b\n".encode("utf-16"))
    with pytest.raises(Failure, match="UTF-16"):
        examine(path)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b"1,\x002", "nul"),
        (b'1,"2', "quotes-unbalanced"),
        (b'1,"2"3', "row-malformed"),
        (b"1\r2,3", "row-malformed"),
        (b"1," + b"x" * 200_000, "too-long"),
        (b"1," + b"x" * 2_000_000, "too-long"),
    ],
)
def test_what_can_not_be_read_costs_its_row_alone(row: bytes, code: str) -> None:
    found = read(b"a,b\n" + row + b"\n5,6\n")
    assert [(record.line, record.fault.code if record.fault else None) for record in found] == [
        (1, None),
        (2, code),
        (3, None),
    ]
    assert found[2].fields == ["5", "6"]


def test_a_quotation_mark_that_nobody_closes_takes_no_other_row_along() -> None:
    content = b'a,b\n"1,2\n' + b"3,4\n" * (LINES_OF_A_ROW + 10)
    found = read(content)
    assert [record.line for record in found if record.fault] == [2]
    assert len(found) == LINES_OF_A_ROW + 12


def test_every_refusal_has_both_texts() -> None:
    assert all(ja and en and ja != en for ja, en in TEXTS.values())


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0\r", exclude_categories=("Cs",))), min_size=2)))
def test_what_python_writes_is_read_as_it_was(rows: list[list[str]]) -> None:
    rows = [row for row in rows if sum(cell.count("\n") for cell in row) < LINES_OF_A_ROW - 1]
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    assert fields(written.getvalue().encode()) == rows


@given(st.binary(max_size=300))
def test_no_bytes_raise_and_no_line_is_lost(content: bytes) -> None:
    found = read(content, "cp932")
    lines = content.removeprefix(BOM).split(b"\n")
    assert len(found) <= len(lines)
    assert [record.line for record in found] == sorted({record.line for record in found})
    if content.removeprefix(BOM).strip(b"\r\n"):
        assert found
