"""The rules about parameters: what may be set, from when, and that repeating changes nothing."""

from datetime import date, timedelta
from typing import Any

import pytest
from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.model import RowSet
from kumiai_contracts.parameter_catalogue import CATALOGUE, find, read_value
from kumiai_contracts.parameters import ParameterRow, ParametersSet
from kumiai_membership.domain import rules
from kumiai_membership.domain.parameters import Wanted, set_parameters

from tests.support.decisions import after

NOW, TODAY = "2026-11-25T00:00:00.000000Z", date(2026, 11, 25)
BY = "131016/system"
APRIL = date(2027, 4, 1)
RATE = Wanted("taxation", "resident-tax.municipal-rate", "6.1%", APRIL, "市税条例")
SCHEMA = {
    "type": "object",
    "properties": {"district": {"type": "string", "maxLength": 20}},
    "additionalProperties": False,
}


def member() -> RowSet:
    joined = rules.join(RowSet(), "131016", "千代田区", "東京都", ["taxation"], "A" * 43, NOW)
    assert isinstance(joined, Accepted)
    return after(RowSet(), joined)


def decided(state: RowSet, *wanted: Wanted, late: bool = False) -> Decision:
    return set_parameters(state, wanted, late, BY, TODAY, NOW)


def refusals(decision: Decision) -> list[tuple[str, str]]:
    assert isinstance(decision, Refused)
    return [(reason.code, reason.pointer) for reason in decision.reasons]


def changed(wanted: Wanted, **values: Any) -> Wanted:
    return Wanted(**{name: values.get(name, getattr(wanted, name)) for name in Wanted.__slots__})


def test_a_setting_is_one_event_with_its_version_and_who_made_it() -> None:
    decision = decided(member(), RATE, changed(RATE, name="resident-tax.municipal-per-capita", value=3500))
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, ParametersSet)
    assert [(row.version, row.value, row.set_by, row.late) for row in event.parameters] == [
        (1, '"6.1%"', BY, False),
        (2, "3500", BY, False),
    ]


def test_repeating_a_setting_changes_nothing_and_another_day_of_the_same_value_neither() -> None:
    state = after(member(), decided(member(), RATE))
    assert decided(state, RATE) == Accepted(())
    assert decided(state, changed(RATE, valid_from=date(2028, 4, 1))) == Accepted(())
    assert decided(state, changed(RATE, value=None, valid_from=date(2026, 4, 1)), late=True) == Accepted(())


def test_nothing_is_overwritten_and_the_standard_comes_back_as_a_setting() -> None:
    state = after(member(), decided(member(), RATE))
    state = after(state, decided(state, changed(RATE, value=None)))
    assert [(row.version, row.value) for row in state.all(ParameterRow)] == [(1, '"6.1%"'), (2, None)]


def test_a_day_that_has_passed_has_to_be_meant() -> None:
    passed = changed(RATE, valid_from=date(2026, 4, 1))
    assert refusals(decided(member(), passed)) == [("valid-from-has-passed", "/parameters/0/valid_from")]
    state = after(member(), decided(member(), passed, late=True))
    assert state.all(ParameterRow)[0].late


@pytest.mark.parametrize(
    ("wrong", "code", "pointer"),
    [
        ({"service": "tax"}, "service-unknown", "/service"),
        ({"name": "resident-tax.nothing"}, "parameter-unknown", "/name"),
        ({"name": "extensions.Bad"}, "parameter-unknown", "/name"),
        ({"service": "resident-registry", "name": "extensions.*"}, "parameter-unknown", "/name"),
        ({"value": 6.1}, "value-not-a-percentage", "/value"),
        ({"value": "6.1"}, "value-not-a-percentage", "/value"),
        ({"value": "６.1%"}, "value-not-a-percentage", "/value"),
        ({"value": "6.1234%"}, "value-not-a-percentage", "/value"),
        ({"value": "99%"}, "value-out-of-range", "/value"),
        ({"reason": " "}, "text-missing", "/reason"),
        ({"valid_from": date(2027, 4, 2)}, "valid-from-not-a-fiscal-year", "/valid_from"),
        ({"valid_from": date(2099, 4, 1)}, "valid-from-too-far", "/valid_from"),
        ({"name": "resident-tax.municipal-per-capita", "value": True}, "value-not-an-integer", "/value"),
        ({"name": "resident-tax.municipal-per-capita", "value": -1}, "value-out-of-range", "/value"),
        ({"name": "resident-tax.ordinary-due-dates", "value": "06-30"}, "value-not-month-days", "/value"),
        ({"name": "resident-tax.ordinary-due-dates", "value": []}, "value-out-of-range", "/value"),
        ({"name": "resident-tax.ordinary-due-dates", "value": ["06-30", "06-31"]}, "value-not-month-days", "/value/1"),
        ({"name": "resident-tax.ordinary-due-dates", "value": ["06-30", "02-29"]}, "value-not-month-days", "/value/1"),
        ({"name": "resident-tax.ordinary-due-dates", "value": ["01-31", "06-30"]}, "value-not-in-order", "/value/1"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(wrong: dict[str, Any], code: str, pointer: str) -> None:
    assert refusals(decided(member(), changed(RATE, **wrong))) == [(code, "/parameters/0" + pointer)]


def test_all_of_a_command_is_recorded_or_nothing() -> None:
    assert refusals(decided(member(), RATE, changed(RATE, value="x"))) == [
        ("value-not-a-percentage", "/parameters/1/value")
    ]
    assert refusals(decided(RowSet(), RATE)) == [("not-a-member", "/municipality")]
    assert refusals(decided(member())) == [("no-parameter", "/parameters")]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"$ref": "http://example.com/"}, "/$ref"),
        ({"additionalProperties": True}, "/additionalProperties"),
        ({"properties": {}}, "/properties"),
        ({"properties": {"a": {"type": "string"}}}, "/properties/a/maxLength"),
        ({"properties": {"a": {"type": "string", "maxLength": 9, "pattern": "(a+)+$"}}}, "/properties/a/pattern"),
        ({"properties": {"a": {"type": "object"}}}, "/properties/a"),
        ({"properties": {"a": {"type": "integer", "minimum": 1.5}}}, "/properties/a/minimum"),
        ({"properties": {"A": {"type": "boolean"}}}, "/properties/A"),
        ({"properties": {"a": {"type": "string", "maxLength": 10**9}}}, "/properties/a/maxLength"),
        ({"required": ["b"]}, "/required"),
        ({"type": "array"}, ""),
    ],
)
def test_a_schema_that_is_more_than_flat_and_bounded_is_refused(change: dict[str, Any], pointer: str) -> None:
    wanted = Wanted("resident-registry", "extensions.ward", SCHEMA | change, TODAY, "要綱")
    assert refusals(decided(member(), wanted))[0] == ("schema-not-allowed", "/parameters/0/value" + pointer)


def test_a_schema_is_a_setting_like_any_other() -> None:
    wanted = Wanted("resident-registry", "extensions.ward", SCHEMA, TODAY, "要綱")
    (row,) = after(member(), decided(member(), wanted)).all(ParameterRow)
    assert row.value is not None
    assert read_value(row.value) == SCHEMA
    many = {f"p{n:02}": {"type": "string", "maxLength": 9, "title": "字" * 400} for n in range(50)}
    big = changed(wanted, value=SCHEMA | {"properties": many})
    assert refusals(decided(member(), big)) == [("value-too-long", "/parameters/0/value")]


def test_nothing_is_set_for_a_service_that_is_being_left() -> None:
    from kumiai_membership.domain import leaving

    later = (date(2027, 1, 1) + timedelta(days=1)).isoformat() + "T00:00:00.000000Z"
    state = after(member(), leaving.request(member(), None, BY, later, NOW))
    assert isinstance(decided(state, RATE), Refused)


def test_every_standard_is_a_value_that_the_catalogue_allows() -> None:
    for each in CATALOGUE:
        if each.standard is not None:
            each.check(each.standard)
            assert find(each.service, each.name) is each
