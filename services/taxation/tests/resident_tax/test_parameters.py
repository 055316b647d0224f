"""Parameter files: complete, sourced, resolved for every municipality."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import kumiai_taxation.parameters as files
import pytest
from kumiai_taxation.case_schema import parameter_schema_text
from kumiai_taxation.domain.resident_tax import Assessment, Case, Refused, assess
from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.parameters import Entry, MissingParameter, ParameterError, ParameterFile, UnknownFiscalYear, load


@pytest.fixture
def base() -> ParameterFile:
    path = Path(files.__file__).parent / "parameter_files" / "R7.json"
    return ParameterFile.model_validate_json(path.read_bytes())


@pytest.mark.parametrize("year", ["R7", "R8", "R9"])
def test_every_value_of_a_year_has_a_source_and_a_day(year: str) -> None:
    p = load(year)
    assert len(p.municipalities) == 1_741
    assert all(source.text and source.valid_from for source in p.sources.values())
    for municipality in p.municipalities.values():
        assert municipality.sources
        assert municipality.area_class in (1, 2, 3)


def test_the_twenty_designated_cities_share_eight_to_two() -> None:
    cities = [m for m in load("R8").municipalities.values() if m.designated]
    assert len(cities) == 20
    assert {m.shares.rates for m in cities} == {Split(8_000, 2_000)}


def test_a_prefecture_s_surcharge_holds_for_all_of_its_municipalities() -> None:
    kanagawa = [m for m in load("R8").municipalities.values() if m.code.startswith("14")]
    assert {m.rates.prefectural for m in kanagawa} == {2_025, 4_025}
    assert {m.per_capita.prefectural for m in kanagawa} == {1_300}


@pytest.mark.parametrize(
    "name", ["basic_deduction", "area_class", "area_classes", "ordinary_shares", "municipal_per_capita", "exemption"]
)
def test_a_missing_parameter_is_named(base: ParameterFile, name: str) -> None:
    parameters = {key: value for key, value in base.parameters.items() if key != name}
    with pytest.raises(MissingParameter, match=name):
        files.resolve([base.model_copy(update={"parameters": parameters, "municipalities": {}})], {"133078": "檜原村"})


def test_a_missing_part_of_a_parameter_is_named(base: ParameterFile) -> None:
    short = Entry(value={"rate": "5%", "cap": 1, "special_rate": "7%"}, valid_from="2027-01-01", source="test")
    layer = ParameterFile(fiscal_year="R99", income_year=2116, parameters={"housing_loan": short})
    broken = base.model_copy(update={"prefectures": {}, "municipalities": {}})
    with pytest.raises(MissingParameter, match=r"R99.*housing_loan\.special_cap"):
        files.resolve([broken, layer], {"131016": "千代田区"})


def test_an_ordinance_whose_term_has_ended_stops_its_municipalities_and_is_named(
    base: ParameterFile, case: Callable[..., Case]
) -> None:
    layer = ParameterFile(fiscal_year="R9", income_year=2026, based_on="R7", parameters={})
    plain = base.model_copy(update={"municipalities": {}})
    later = files.resolve([plain, layer], {"131016": "千代田区", "142115": "秦野市"})
    given = case(fiscal_year="R9", municipality="142115", income={"salary": 5_000_000})
    refused = assess(given, later)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.pointer) == ("parameter-missing", "/municipality")
    assert "prefectural_per_capita (until R8)" in refused.en
    assert "prefectural_per_capita (until R8)" in refused.ja
    assert isinstance(assess(replace(given, municipality="131016"), later), Assessment)


@pytest.mark.parametrize(
    ("code", "per_capita"),
    [
        ("011002", 1_000), ("022039", 1_000), ("032018", 2_000), ("042072", 2_200), ("052035", 1_800),
        ("062049", 2_000), ("072036", 2_000), ("082015", 2_000), ("092011", 1_700), ("102024", 1_700),
        ("131016", 1_000), ("142115", 1_300), ("151009", 1_000), ("162027", 1_500), ("202088", 1_500),
        ("212016", 2_000), ("222267", 1_400), ("232122", 1_500), ("242021", 2_000), ("252018", 1_800),
        ("261009", 1_600), ("271004", 1_300), ("281000", 1_800), ("322016", 1_500), ("382019", 1_700),
        ("402044", 1_500), ("462012", 1_500), ("472018", 1_000),
    ],
)  # fmt: skip
@pytest.mark.parametrize("year", ["R7", "R8", "R9"])
def test_the_per_capita_levy_of_a_prefecture_has_its_surcharge(year: str, code: str, per_capita: int) -> None:
    assert load(year).municipalities[code].per_capita.prefectural == per_capita


def test_a_new_fiscal_year_is_one_file_with_what_changed(base: ParameterFile) -> None:
    changed = {"forest_environment_tax": Entry(value=999, valid_from="2030-01-01", source="test")}
    layer = ParameterFile(fiscal_year="R12", income_year=2029, based_on="R7", parameters=changed)
    plain = base.model_copy(update={"municipalities": {}})
    later = files.resolve([plain, layer], {"131016": "千代田区"})
    assert later.forest_environment_tax == 999
    assert later.basic_deduction == load("R7").basic_deduction


@pytest.mark.parametrize("year", ["R7", "R8", "R9"])
def test_every_parameter_file_follows_its_schema(year: str) -> None:
    path = Path(files.__file__).parent / "parameter_files" / f"{year}.json"
    jsonschema.Draft202012Validator(json.loads(parameter_schema_text())).validate(json.loads(path.read_bytes()))


def test_the_schema_refuses_what_the_rules_do_not_read(base: ParameterFile) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(parameter_schema_text()))
    entry = {"value": 1, "valid_from": "2030-01-01", "source": "test"}
    file = {"fiscal_year": "R12", "income_year": 2029, "parameters": {"taxable_unit": entry}}
    assert validator.is_valid(file)
    for wrong in (
        {"parameters": {"taxable_unite": entry}},
        {"parameters": {"taxable_unit": entry | {"value": "much"}}},
        {"parameters": {"taxable_unit": {"value": 1, "valid_from": "2030-01-01"}}},
        {"municipalities": {"131016": {"taxable_unit": entry}}},
    ):
        assert not validator.is_valid(file | wrong)


def test_a_parameter_that_no_rule_reads_is_an_error(base: ParameterFile) -> None:
    entry = Entry(value=1, valid_from="2030-01-01", source="test")
    for where in (
        {"parameters": {"taxable_unite": entry}},
        {"parameters": {}, "prefectures": {"13": {"taxable_unit": entry}}},
        {"parameters": {}, "municipalities": {"131016": {"municipal_per_capital": entry}}},
    ):
        layer = ParameterFile(fiscal_year="R12", income_year=2029, **where)
        with pytest.raises(ParameterError, match=r"R12: there is no parameter '(taxable|municipal)"):
            files.resolve([base.model_copy(update={"municipalities": {}}), layer], {"131016": "千代田区"})


@pytest.mark.parametrize("value", ["3,000", -1, 3000.5, None])
def test_a_municipality_s_value_of_another_kind_is_an_error_that_names_it(base: ParameterFile, value: object) -> None:
    entry = Entry(value=value, valid_from="2030-01-01", source="test")
    own = {"131016": {"municipal_per_capita": entry}}
    layer = ParameterFile(fiscal_year="R12", income_year=2029, parameters={}, municipalities=own)
    with pytest.raises(ParameterError, match=r"R12.*131016\.municipal_per_capita"):
        files.resolve([base.model_copy(update={"municipalities": {}}), layer], {"131016": "千代田区"})


def test_an_entry_for_an_unknown_municipality_is_an_error(base: ParameterFile) -> None:
    with pytest.raises(ParameterError, match="no municipality"):
        files.resolve([base], {"131016": "千代田区"})


def test_a_year_without_a_file_is_an_error() -> None:
    with pytest.raises(UnknownFiscalYear, match="R98"):
        load("R98")


@pytest.mark.parametrize(("text", "rate"), [("2.025%", 2_025), ("100%", 100_000), ("0%", 0), ("84.895%", 84_895)])
def test_a_percentage_is_read_exactly(text: str, rate: int) -> None:
    assert files.rate(text) == rate


@pytest.mark.parametrize("text", ["1.2345%", "5", "x%", "-1%", "%"])
def test_what_is_no_percentage_is_an_error(text: str) -> None:
    with pytest.raises(ParameterError):
        files.rate(text)


def test_every_municipality_of_the_list_of_area_classes_exists(base: ParameterFile) -> None:
    known = load("R7").municipalities
    listed = base.parameters["area_classes"].value
    assert set(listed["1"]) | set(listed["2"]) <= known.keys()
    assert not set(listed["1"]) & set(listed["2"])


@pytest.mark.parametrize(
    ("code", "area_class"), [("131016", 1), ("133035", 2), ("151009", 2), ("042072", 2), ("133078", 3)]
)
def test_the_class_of_area_follows_from_the_municipality(code: str, area_class: int) -> None:
    assert load("R8").municipalities[code].area_class == area_class
