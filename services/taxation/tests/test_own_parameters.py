"""A municipality's own parameters: what they take the place of, from when on, and what stays as it was issued."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_contracts.decision import Context
from kumiai_contracts.model import canonical_json
from kumiai_contracts.parameter_catalogue import CATALOGUE
from kumiai_contracts.parameters import ParameterRow, ParametersSet, holding
from kumiai_contracts.taxation import AssessmentRow, IncomeReportRow
from kumiai_taxation import deciding
from kumiai_taxation.assessing import assess_reports
from kumiai_taxation.domain.roll import TaxationState
from kumiai_taxation.own_parameters import _TAKEN_OVER, STANDARD, OwnParameters
from kumiai_taxation.parameters import load
from kumiai_taxation.stored_working import Disagrees, working_of

HERE, ELSEWHERE, PERSON = "131016", "141003", "0000000019"
YEAR = 2027
REPORT = IncomeReportRow(
    fiscal_year=YEAR,
    addressee_number=PERSON,
    employer="0012345",
    salary=5_000_000,
    social_insurance=500_000,
    life_insurance_new=0,
    earthquake_insurance=0,
    spouse=None,
    dependants=(),
)
RATE, PER_CAPITA = "resident-tax.municipal-rate", "resident-tax.municipal-per-capita"


def setting(version: int, name: str, value: Any, year: int = YEAR, service: str = "taxation") -> ParameterRow:
    return ParameterRow(
        version=version,
        service=service,  # type: ignore[arg-type]
        name=name,
        value=None if value is None else canonical_json(value).decode(),
        valid_from=date(year, 4, 1),
        reason="市税条例",
        set_by="131016/system",
        set_at="2026-11-25T04:10:00.000000Z",
        late=False,
    )


def assessed(*settings: ParameterRow, municipality: str = HERE) -> AssessmentRow:
    row = assess_reports(municipality, PERSON, "1980-01-01", [REPORT], OwnParameters(settings))
    assert isinstance(row, AssessmentRow)
    return row


def state(*rows: Any, years: tuple[int, ...] = ()) -> TaxationState:
    return TaxationState(rows, years)


def test_every_parameter_of_the_catalogue_takes_the_place_of_something() -> None:
    assert set(_TAKEN_OVER) == {each.name for each in CATALOGUE if each.service == "taxation"}


def test_the_catalogues_standards_are_those_of_the_parameter_files() -> None:
    chiyoda = load(f"R{YEAR - 2018}").municipalities["131016"]
    standards = {each.name: each.standard for each in CATALOGUE}
    assert (chiyoda.rates.municipal, chiyoda.per_capita.municipal) == (6_000, standards[PER_CAPITA])
    assert standards[RATE] == "6%"
    due = load(f"R{YEAR - 2018}").ordinary_collection.due
    assert due == tuple(standards["resident-tax.ordinary-due-dates"])


def test_a_rate_of_its_own_changes_the_municipalitys_levy_and_nothing_else() -> None:
    standard, own = assessed(), assessed(setting(1, RATE, "6.1%"))
    assert own.income_levy_municipal > standard.income_levy_municipal
    assert own.income_levy_prefectural == standard.income_levy_prefectural
    assert own.per_capita_municipal == standard.per_capita_municipal
    assert (standard.rule_version, own.rule_version) == ("R9/2", "R9/2/1")


def test_a_setting_holds_from_its_fiscal_year_on_and_until_the_next() -> None:
    later, earlier = setting(1, PER_CAPITA, 5000, YEAR + 1), setting(2, PER_CAPITA, 4000, YEAR - 1)
    assert assessed(later).per_capita_municipal == 3000
    assert assessed(later, earlier).per_capita_municipal == 4000
    back = setting(3, PER_CAPITA, None)
    assert assessed(later, earlier, back).per_capita_municipal == 3000


def test_dates_of_its_own_make_as_many_instalments() -> None:
    own = assessed(setting(1, "resident-tax.ordinary-due-dates", ["06-30", "08-31", "10-31", "12-25", "02-28"]))
    assert len(own.ordinary_collection) == 5
    assert sum(own.ordinary_collection) == own.total


def test_an_ordinance_of_the_parameter_files_gives_way_to_the_municipalitys_own_setting() -> None:
    assert assessed(municipality=ELSEWHERE).per_capita_municipal == 3900
    assert assessed(setting(1, PER_CAPITA, 3000), municipality=ELSEWHERE).per_capita_municipal == 3000


def test_the_working_names_the_setting_and_can_be_shown_after_later_settings() -> None:
    first = setting(1, RATE, "6.1%")
    row = assessed(first)
    held = state(first, setting(2, RATE, "6.2%"), REPORT, row)
    steps = {step["key"]: step["source"] for step in working_of(HERE, held, row)}
    assert any("version 1: 市税条例, since 2027-04-01" in source for source in steps.values())
    with pytest.raises(Disagrees):
        working_of(HERE, held, row.model_copy(update={"rule_version": "R9/2/2"}))


def test_another_services_settings_change_nothing() -> None:
    other = setting(1, "move-out.planning-days", 30, service="resident-registry")
    assert assessed(other) == assessed()


def context() -> Context:
    return Context(HERE, date(2027, 5, 1), "2027-05-01T00:00:00.000000Z", "membership:1:9", lambda _: b"")


def raised(before: tuple[ParameterRow, ...], new: ParameterRow, years: tuple[int, ...]) -> list[int | None]:
    held = state(*before, new, years=years)
    return [
        event.work_item.fiscal_year
        for event in deciding.parameters_changed(held, ParametersSet(parameters=(new,)), context())
    ]


def test_what_was_issued_stays_and_a_person_hears_of_a_setting_for_its_year() -> None:
    first = setting(1, RATE, "6.1%")
    assert raised((), first, (2026, 2027, 2028)) == [2027, 2028]
    assert raised((), first, (2026,)) == []
    assert raised((first,), setting(2, RATE, "6.1%", 2028), (2027, 2028)) == []
    assert raised((first,), setting(2, "move-out.planning-days", 30, service="resident-registry"), (2027,)) == []


@given(st.lists(st.tuples(st.integers(2024, 2030), st.sampled_from([None, 1000, 2000, 3000])), max_size=8))
def test_what_held_can_be_said_again_from_the_rule_version(made: list[tuple[int, int | None]]) -> None:
    settings = [setting(n, PER_CAPITA, value, year) for n, (year, value) in enumerate(made, start=1)]
    for known in range(len(settings) + 1):
        then = OwnParameters(settings[:known])
        again = OwnParameters(settings).known_by(then.rules_of(YEAR))
        assert again.own_values(YEAR) == then.own_values(YEAR)
        assert again.rules_of(YEAR) == then.rules_of(YEAR)


def test_of_one_day_the_setting_made_last_counts() -> None:
    rows = [setting(1, RATE, "6.1%"), setting(2, RATE, "6.2%"), setting(3, RATE, "6.3%", YEAR - 1)]
    assert holding(rows, "taxation", date(YEAR, 4, 1))[RATE].version == 2
    assert holding(rows, "taxation", date(YEAR, 3, 31))[RATE].version == 3
    assert STANDARD.own_values(YEAR) == {}
