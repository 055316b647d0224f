"""From a file to notices, and from receipts back to rows: nothing is asked of any service."""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from kumiai_cli.importing.document import documented
from kumiai_cli.importing.kinds import KINDS
from kumiai_cli.importing.messages import Fault
from kumiai_cli.importing.plan import Kind, Options, Prepared, Unprepared
from kumiai_cli.importing.reading import examine
from kumiai_cli.importing.report import write_refusals
from kumiai_cli.importing.sending import MOST_NOTICES, Numbered, answered, batched
from kumiai_cli.importing.taking import take
from kumiai_cli.importing.workbook import Workbook
from kumiai_cli.outcome import Failure

from .import_files import RESIDENT_COLUMNS, history_row, payer_row, text_of, write

RESIDENTS, PAYERS, ADDRESSEES = KINDS.values()
OPTIONS = Options("old-juki", date(2026, 4, 1), "本庁", "import")
Told = list[tuple[int, str, str]]


def taken(path: Path, kind: Kind = RESIDENTS) -> Workbook:
    workbook = Workbook(None)
    take(path, examine(path), kind, workbook, lambda done: None)
    return workbook


def told(workbook: Workbook) -> Told:
    return [(each.line, each.column, each.code) for each in workbook.refusals()]


def prepared(workbook: Workbook, kind: Kind = RESIDENTS) -> list[Prepared]:
    made = [each for rows in workbook.units() for each in kind.notices(rows, OPTIONS)]
    assert not any(isinstance(each, Unprepared) for each in made), made
    return [each for each in made if isinstance(each, Prepared)]


def test_the_rows_of_a_household_are_one_notice_with_the_head_first(tmp_path: Path) -> None:
    child = history_row("P2", relationship="子", name="比嘉 次郎")
    path = write(
        tmp_path / "f.csv",
        child,
        history_row("P1", number=2, reason="change-of-address"),
        history_row("P1", "H9", previous_prefecture="東京都", former_name="旧", former_name_kana="キュウ"),
        history_row("P3", "H2"),
    )
    first, second = prepared(taken(path))
    body = json.loads(first.body)
    assert first.type == "resident-notice.history-carry-over.v1"
    assert [person["old_number"] for person in body["persons"]] == ["P1", "P2"]
    assert [row["old_household_number"] for row in body["persons"][0]["history"]] == ["H9", "H1"]
    assert body["persons"][0]["history"][0]["other_names"]["former_name"]["name"] == "旧"
    assert body["persons"][0]["history"][0]["previous_address"]["prefecture"] == "東京都"
    assert (first.lines, second.lines) == ((4, 3, 2), (5,))
    assert (body["effective_date"], "gaiji_system" in body) == ("2026-04-01", False)


def test_who_left_comes_with_the_household_of_the_last_row(tmp_path: Path) -> None:
    gone = history_row("P2", number=3, status="removed", removed_on="2020-01-01", reason="death", relationship="父")
    path = write(tmp_path / "f.csv", history_row("P2", "H7"), history_row("P1"), gone)
    (notice,) = prepared(taken(path))
    assert [person["old_number"] for person in json.loads(notice.body)["persons"]] == ["P1", "P2"]


def test_dates_that_no_calendar_has_are_kept_where_the_record_has_them(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", history_row(birth_date="1980-02-30", address_since="XXXX-XX-XX"))
    (notice,) = prepared(taken(path))
    (row,) = json.loads(notice.body)["persons"][0]["history"]
    assert (row["birth_date"], row["address_since"]) == ("1980-02-30", "XXXX-XX-XX")


def test_gaiji_are_kept_and_counted_and_the_notice_says_whose_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", history_row(name="山\ue001"), encoding="cp932")
    workbook = Workbook(None)
    assert take(path, examine(path), RESIDENTS, workbook, lambda done: None) == {"\ue001": 1}
    (notice,) = prepared(workbook)
    body = json.loads(notice.body)
    assert (body["gaiji_system"], body["persons"][0]["history"][0]["name"]) == ("old-juki", "山\ue001")


def test_a_large_household_is_several_notices(tmp_path: Path) -> None:
    rows = [history_row(f"P{n}", relationship="同居人") for n in range(1, 65)]
    rows[63]["relationship"] = "世帯主"
    made = prepared(taken(write(tmp_path / "f.csv", *rows)))
    sizes = [len(json.loads(each.body)["persons"]) for each in made]
    assert (sizes, json.loads(made[0].body)["persons"][0]["old_number"]) == ([30, 30, 4], "P64")


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"name": ""}, "name", "missing"),
        ({"sex": "男"}, "sex", "not-a-code"),
        ({"effective_date": "2010-02-30"}, "effective_date", "not-a-day"),
        ({"effective_date": "20100401"}, "effective_date", "not-a-day"),
        ({"effective_date": "0"}, "effective_date", "not-a-day"),
        ({"removed_on": "2010/04/01"}, "removed_on", "not-a-day"),
        ({"birth_date": "S55.4.1"}, "birth_date", "form"),
        ({"history_number": "eins"}, "history_number", "not-a-number"),
        ({"history_number": "0"}, "history_number", "out-of-range"),
        ({"person_number": "=cmd|' /C calc'!A0"}, "person_number", "form"),
        ({"name": "あ" * 201}, "name", "too-long"),
        ({"alias": "通称"}, "alias", "with-kana"),
        ({"ex_officio": "perhaps"}, "ex_officio", "not-a-code"),
        ({"resident_code": "12345678901"}, "resident_code", "form"),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_column(
    changes: dict[str, str], column: str, code: str, tmp_path: Path
) -> None:
    workbook = taken(write(tmp_path / "f.csv", history_row("P9", "H9"), history_row(**changes)))
    assert told(workbook) == [(3, column, code)]
    assert workbook.counts() == {"waiting": 1, "accepted": 0, "refused": 1}


def test_a_wrong_row_takes_its_household_along_and_nobody_else(tmp_path: Path) -> None:
    rows = [history_row("P1"), history_row("P2", relationship="子", sex="?"), history_row("P3", "H3")]
    workbook = taken(write(tmp_path / "f.csv", *rows))
    assert told(workbook) == [(2, "", "goes-with-refused"), (3, "sex", "not-a-code")]
    assert [notice.lines for notice in prepared(workbook)] == [(4,)]


def test_a_history_number_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    workbook = taken(write(tmp_path / "f.csv", history_row(), history_row(name="別 人")))
    assert told(workbook) == [(2, "", "goes-with-refused"), (3, "", "history-number-twice")]


@pytest.mark.parametrize(("row", "code"), [("1,2,3", "too-few-columns"), ("1," * 60, "too-many-columns")])
def test_too_few_and_too_many_columns_are_refused(row: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text(text_of([history_row()]) + row + "\n")
    workbook = taken(path)
    assert told(workbook) == [(3, "", code)]
    assert sum(workbook.counts().values()) == 2


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (",".join([*RESIDENT_COLUMNS, "name"]), "'name' is there twice"),
        (",".join([*RESIDENT_COLUMNS, "shoe_size"]), "'shoe_size' is unknown"),
        (",".join(name for name in RESIDENT_COLUMNS if name != "sex"), "'sex' is missing"),
        ("", "is empty"),
        ('"name', "header can't be read"),
        (";".join(RESIDENT_COLUMNS), "separated by semicolons"),
        ("\t".join(RESIDENT_COLUMNS), "separated by tabs"),
        (",".join(payer_row()), "kumiai import taxpayers"),
    ],
)
def test_a_wrong_header_stops_everything(header: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text(header + "\n" if header else "")
    with pytest.raises(Failure, match=said):
        taken(path)


def test_amounts_that_do_not_add_up_are_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    rows = [
        payer_row(),
        payer_row("P2", total="1"),
        payer_row("P3", open_balance="205001"),
        payer_row("P4", total="1,0"),
    ]
    workbook = taken(write(tmp_path / "f.csv", *rows), PAYERS)
    assert told(workbook) == [
        (3, "total", "total-does-not-add-up"),
        (3, "open_balance", "more-than-total"),
        (4, "open_balance", "more-than-total"),
        (5, "total", "not-a-number"),
    ]
    (notice,) = prepared(workbook, PAYERS)
    assert json.loads(notice.body)["old_number"] == "P1"


def test_an_addressee_number_is_a_notice_of_its_own(tmp_path: Path) -> None:
    row = {"business": "taxation", "number": "T-1", "person_number": "P1"}
    workbook = taken(write(tmp_path / "f.csv", row, {**row, "number": "T-2"}, {**row, "number": "T-2"}), ADDRESSEES)
    (notice,) = prepared(workbook, ADDRESSEES)
    assert json.loads(notice.body)["number"] == "T-1"
    assert told(workbook) == [(3, "", "goes-with-refused"), (4, "", "row-twice")]


def test_a_refusal_points_at_the_line_and_column_that_it_means(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", history_row(), history_row(number=2), history_row("P2", relationship="子"))
    (notice,) = prepared(taken(path))

    def refused(pointer: str) -> Told:
        reason = {"code": "c", "pointer": pointer, "ja": "理由", "en": "why"}
        found = answered(notice, {"outcome": "refused", "reasons": [reason]})
        assert (found.accepted, sorted(found.refused)) == ((), [2, 3, 4])
        return [(each.line, each.column, each.code) for each in found.faults]

    rest = "goes-with-refused"
    assert refused("/persons/0/history/1/effective_date") == [(3, "effective_date", "c"), (2, "", rest), (4, "", rest)]
    assert refused("/persons/1/old_number")[0] == (4, "person_number", "c")
    assert refused("/persons/1/history/0/address/town")[0] == (4, "address_town", "c")
    assert refused("/persons/1/history/0/old_household_number")[0] == (4, "household_number", "c")
    assert refused("/persons/0/history/0/other_names/alias/name_kana")[0] == (2, "alias_kana", "c")
    assert refused("/persons")[0] == (3, "", "c")


def test_an_accepted_household_says_who_has_which_number(tmp_path: Path) -> None:
    (notice,) = prepared(taken(write(tmp_path / "f.csv", history_row())))
    assigned: Any = [{"pointer": "/persons/0", "kind": "addressee-number", "number": "0000000019"}]
    found = answered(notice, {"outcome": "accepted", "assigned": assigned})
    assert (found.accepted, found.given) == ((2,), (("P1", "0000000019"),))


def test_notices_that_need_each_other_stay_in_one_batch() -> None:
    made = Prepared("type", b"{}", (1,), lambda pointer: (1, ""))
    units = [[Numbered("a", made)] * (MOST_NOTICES - 1), [Numbered("b", made)] * 3, [Numbered("c", made)]]
    assert [len(batch) for batch in batched(units)] == [MOST_NOTICES - 1, 4]


def test_the_report_holds_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    faults = [Fault(2, "=cmd|' /C calc'!A0", "+1", "@sum", "-2"), Fault(3, "name", "form", "理由", "why")]
    assert write_refusals(path, faults) == 2
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1] == ["2", "'=cmd|' /C calc'!A0", "'+1", "'@sum", "'-2"]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_documentation_has_exactly_the_columns_that_are_checked() -> None:
    page = Path(__file__).parents[3] / "docs/integrators/import.md"
    assert documented(page.read_text()) == page.read_text()


def test_a_second_import_of_the_same_file_has_to_wait(tmp_path: Path) -> None:
    first = Workbook(tmp_path / "w.sqlite")
    with pytest.raises(Failure, match="under way"):
        Workbook(tmp_path / "w.sqlite")
    first.close()
    Workbook(tmp_path / "w.sqlite").close()
    assert (tmp_path / "w.sqlite").stat().st_mode & 0o077 == 0
