"""`kumiai tax assess` as a person or a program sees it: the keys of the JSON, the table, the refusals."""

import json
from pathlib import Path

import pytest
from kumiai_taxation.explain import assess_file

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"
SPLIT = {"municipal", "prefectural"}


def test_the_json_has_the_documented_keys_and_the_working(capsys: pytest.CaptureFixture[str]) -> None:
    assert assess_file(EXAMPLES / "every-field.json", as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == [
        "employment_income", "total_income", "deductions_total", "taxable_income", "gross", "adjustment",
        "donation_credit", "income_levy", "per_capita", "forest_environment_tax", "total", "special_collection",
        "ordinary_collection", "working",
    ]  # fmt: skip
    for name in ("gross", "adjustment", "donation_credit", "income_levy", "per_capita"):
        assert found[name].keys() == SPLIT
    assert (len(found["special_collection"]), len(found["ordinary_collection"])) == (12, 4)


def test_every_deduction_in_the_working_shows_what_it_was_computed_from(capsys: pytest.CaptureFixture[str]) -> None:
    assess_file(EXAMPLES / "every-field.json", as_json=True)
    working = json.loads(capsys.readouterr().out)["working"]
    by_step = {(step["key"], step["inputs"].get("of")): step for step in working}
    assert by_step["deduction:life_insurance", None]["inputs"] == {
        "life_general_new": 30_000, "life_general_old": 20_000, "life_medical": 10_000, "life_pension_new": 5_000,
        "life_pension_old": 60_000,
    }  # fmt: skip
    assert by_step["deduction:medical", None]["inputs"] == {"medical_deduction": 12_345}
    assert by_step["deduction:medical", None]["source"] == "the case's own /deductions/medical_deduction"
    assert by_step["deduction:specified_relative", "/dependants/1"]["inputs"]["income"] == 960_000
    assert by_step["deduction:specified_relative", "/dependants/1"]["result"] == 410_000
    ascendant = by_step["deduction:dependant", "/dependants/0"]
    assert (ascendant["inputs"]["age"], ascendant["result"]) == (96, 450_000)
    assert by_step["deduction:disability", "/spouse/disability"]["result"] == 530_000
    assert "/rates/pref_kintou" in by_step["per_capita", None]["source"]
    loan = by_step["housing_loan", None]["inputs"]
    assert loan == {"unabsorbed": 20_000, "taxable_income": 1_500_000, "limit": "5%"}
    assert by_step["donation_special", None]["inputs"]["levy_after_adjustment"] == {
        "municipal": 168_120, "prefectural": 42_590,
    }  # fmt: skip
    for step in working:
        assert step["inputs"] or step["key"] in ("deductions_total", "donation_credit", "total")


def test_the_table_fits_eighty_columns_and_lists_every_source_once_below_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert assess_file(EXAMPLES / "employee.json", as_json=False) == 0
    table, _, sources = capsys.readouterr().out.partition("\n(1) ")
    assert "194,500" in table
    assert "16,300 + 16,200 × 11" in table
    assert "…" not in table
    for whole in ("給与所得", "合計所得金額", "1,970,000", "taxable_income 1,970,000", "personal_difference"):
        assert whole in table.replace("\N{NO-BREAK SPACE}", " ")
    assert sources.count("所得税法28条・別表第五") == 1


def test_a_refusal_names_the_place_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "case.json"
    file.write_text((EXAMPLES / "employee.json").read_text().replace("5000000", "-1"))
    assert assess_file(file, as_json=False) == 1
    shown = capsys.readouterr().err
    assert "/income/salary" in shown
    assert "0より小さい値" in shown
    assert "less than 0" in shown
    assert assess_file(file, as_json=True) == 1
    (refused,) = json.loads(capsys.readouterr().out)["refused"]
    assert (refused["code"], refused["pointer"]) == ("negative", "/income/salary")
    assert assess_file(tmp_path / "nothing.json", as_json=False) == 2
