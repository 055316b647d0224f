"""Batch inquiry files: each record is good or broken by itself, whatever stands around it."""

import pytest
from kumiai_national_id_linkage.domain.batch_file import COLUMNS, FAULTS, MOST_RECORDS, NotABatchFile, Record, read

CODES = "JM00000000000001,JT00000000000001,TM00000000000002"
GOOD = f"r-1,0000000019,3000020151009001,{CODES},total-income;assessment,2,1,2026,2026"
HEAD = ",".join(COLUMNS)


def file(*lines: str | bytes, head: str = HEAD) -> bytes:
    return b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in (head, *lines))


def changed(number: str, **fields: str) -> str:
    values = dict(zip(COLUMNS, GOOD.split(","), strict=True)) | {"レコード識別番号": number} | fields
    return ",".join(values.values())


def faults(*lines: str | bytes) -> list[str]:
    return [record.fault for record in read(file(*lines))]


def test_a_good_record_is_an_inquiry_with_all_its_fields() -> None:
    (record,) = read(file(GOOD))
    (wanted,) = record.wanted
    assert (record.line, record.number, record.fault) == (2, "r-1", "")
    assert (wanted.request_number, wanted.addressee_number, wanted.scope) == ("r-1", "0000000019", "2026")
    assert wanted.items == ("total-income", "assessment")


def test_broken_records_in_the_middle_are_refused_by_themselves_and_the_rest_goes_on() -> None:
    found = read(
        file(
            changed("a"),
            'b,"left open,0000000019',
            changed("c"),
            changed("d").encode() + b"\xff",
            "e,too,few",
            changed("f g"),
            changed("c"),
            changed("h", 照会年度区分="9"),
            "",
            changed("z"),
        )
    )
    assert [record.fault for record in found] == [
        "", "record-not-csv", "", "record-not-utf8", "record-fields", "record-number", "record-number-twice",
        "record-years", "",
    ]  # fmt: skip
    assert [record.line for record in found] == [2, 3, 4, 5, 6, 7, 8, 9, 11]
    assert set(FAULTS) >= {record.fault for record in found if record.fault}


@pytest.mark.parametrize(
    ("fields", "scopes"),
    [
        (("1", "", "", ""), [""]),
        (("2", "1", "2024", "2026"), ["2024", "2025", "2026"]),
        (("2", "1", "2026", "2024"), []),
        (("2", "1", "2000", "2026"), []),
        (("1", "1", "2026", "2026"), []),
        (("3", "", "", ""), []),
        (("2", "1", "２０２６", "2026"), []),
    ],
)
def test_a_record_asks_about_now_or_about_each_of_its_years(fields: tuple[str, ...], scopes: list[str]) -> None:
    condition = dict(zip(COLUMNS[7:], fields, strict=True))
    (record,) = read(file(changed("r-1", **condition)))
    assert [wanted.scope for wanted in record.wanted] == scopes
    assert bool(record.fault) is not bool(scopes)
    if len(scopes) > 1:
        assert [wanted.request_number for wanted in record.wanted] == ["r-1-2024", "r-1-2025", "r-1-2026"]


def test_what_is_no_batch_file_is_refused_as_a_whole_with_what_its_first_line_must_be() -> None:
    for content in (b"", b"\x00\x01", file(GOOD, head="number,person"), file(*["x"] * (MOST_RECORDS + 5))):
        with pytest.raises(NotABatchFile):
            read(content)


def test_a_byte_order_mark_and_blank_lines_are_no_records() -> None:
    assert read(b"\xef\xbb\xbf" + file("", "", "")) == []
    assert isinstance(read(file(GOOD, ""))[0], Record)


def test_a_fault_never_repeats_what_the_record_held() -> None:
    assert faults("x" * 1000) == ["record-fields"]
    (record,) = read(file("x" * 1000))
    assert len(record.number) <= 35
