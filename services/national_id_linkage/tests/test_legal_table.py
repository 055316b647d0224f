"""The legal table: what no row allows is refused, and each version holds from its day."""

import json
from datetime import date, timedelta

import pytest
from kumiai_contracts.exchange import RESIDENT_FACTS, TAX_FACTS
from kumiai_contracts.institutions import institution_of, kind_of, municipality_of
from kumiai_national_id_linkage import legal_tables
from kumiai_national_id_linkage.domain.legal_table import (
    Asked,
    Lawful,
    LegalRow,
    LegalTables,
    Outside,
    TableVersion,
)

CITY, OTHER, PREFECTURE = institution_of("131016"), institution_of("151009"), institution_of("130001")
AFFAIR, PROCEDURE = "JM00000000000001", "JT00000000000001"
ROW = LegalRow(
    affair=AFFAIR,
    procedure=PROCEDURE,
    title="児童手当の認定の請求",
    inquirer="municipality",
    provider="municipality",
    fact_kind=TAX_FACTS,
    items=("total-income",),
)
FIRST, SECOND = date(2024, 5, 27), date(2026, 10, 1)
ASKED = Asked(OTHER, AFFAIR, PROCEDURE, CITY, TAX_FACTS)


def tables(*versions: tuple[date, LegalRow]) -> LegalTables:
    return LegalTables(TableVersion(valid_from=day, source="test", rows=(row,)) for day, row in versions)


def test_what_a_row_allows_is_its_items_and_nothing_else() -> None:
    found = tables((FIRST, ROW)).lookup(FIRST, ASKED)
    assert found == Lawful(frozenset({"total-income"}), False, "table/2024-05-27")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"inquirer": PREFECTURE}, "inquirer-not-in-table"),
        ({"inquirer": "7000012050002001"}, "inquirer-not-in-table"),
        ({"affair": "JM00000000000099"}, "affair-not-in-table"),
        ({"procedure": "JT00000000000099"}, "procedure-not-in-table"),
        ({"provider": PREFECTURE}, "provider-not-in-table"),
        ({"fact_kind": RESIDENT_FACTS}, "fact-kind-not-in-table"),
    ],
)
def test_the_reason_says_which_part_of_a_request_no_row_has(changed: dict[str, str], code: str) -> None:
    asked = Asked(**{name: getattr(ASKED, name) for name in Asked.__slots__} | changed)
    assert tables((FIRST, ROW)).lookup(FIRST, asked) == Outside(code)


def test_a_version_holds_from_its_first_day_until_the_next_version() -> None:
    later = ROW.model_copy(update={"items": ("assessment",)})
    both = tables((SECOND, later), (FIRST, ROW))
    assert both.lookup(FIRST - timedelta(days=1), ASKED) == Outside("no-table-on-that-day")
    old = Lawful(frozenset({"total-income"}), False, "table/2024-05-27")
    assert both.lookup(SECOND - timedelta(days=1), ASKED) == old
    assert both.lookup(SECOND, ASKED) == Lawful(frozenset({"assessment"}), False, "table/2026-10-01")


def test_two_rows_for_the_same_or_two_versions_for_a_day_are_refused() -> None:
    with pytest.raises(ValueError, match="two rows"):
        LegalTables([TableVersion(valid_from=FIRST, source="", rows=(ROW, ROW))])
    with pytest.raises(ValueError, match="same day"):
        tables((FIRST, ROW), (FIRST, ROW))


def test_the_files_that_are_shipped_can_be_read_and_follow_the_schema_that_is_shipped() -> None:
    assert isinstance(legal_tables.legal_tables().lookup(date(2026, 6, 1), ASKED), Lawful)
    shipped = legal_tables.files("kumiai_national_id_linkage").joinpath("legal_table", "schema.json")
    assert shipped.read_text("utf-8") == legal_tables.schema_text()


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("2024-05-27.json", {"valid_from": "2024-02-30"}, "valid_from"),
        ("2024-05-28.json", {}, "name it after that day"),
        ("2024-05-27.json", {"rows": [{"affair": "JM1"}]}, "/rows/0"),
    ],
)
def test_a_file_with_a_fault_is_named_with_the_place_of_the_fault(
    name: str, change: dict[str, object], said: str
) -> None:
    text = json.dumps({"valid_from": "2024-05-27", "source": "", "rows": []} | change)
    with pytest.raises(legal_tables.LegalTableError, match=said):
        legal_tables.read([(name, text)])


def test_an_institution_s_code_tells_the_local_government_and_its_kind() -> None:
    assert "8000020131016001"[:0] + CITY == CITY and CITY[1:13] == "000020131016"
    assert institution_of("130001").startswith("8000020130001"), "東京都's published 法人番号"
    assert [kind_of(code) for code in (CITY, PREFECTURE, "7000012050002001")] == ["municipality", "prefecture", None]
    assert municipality_of(CITY) == "131016"
