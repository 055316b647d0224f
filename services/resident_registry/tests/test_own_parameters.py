"""The registry's own parameters: planning ahead, and extra attributes by the municipality's own schemas."""

from datetime import date, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_contracts.chain import commitment
from kumiai_contracts.extensions import check_schema, faults
from kumiai_contracts.model import canonical_json
from kumiai_contracts.parameters import BadValue, ParameterRow
from kumiai_contracts.registry import BodyError, parse_notice
from kumiai_contracts.resident import MoveOutNotice
from kumiai_contracts.resident_between import OverdueMoveOutsNotice
from kumiai_contracts.resident_extensions import ResidentExtensionsRecorded
from registry_in_memory import TODAY, Registry, move_in, move_out

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "district": {"type": "string", "maxLength": 20, "enum": ["東", "西"]},
        "dogs": {"type": "integer", "minimum": 0, "maximum": 9},
        "newsletter": {"type": "boolean"},
    },
    "required": ["district"],
    "additionalProperties": False,
}


def setting(version: int, name: str, value: Any, since: date = date(2026, 1, 1)) -> ParameterRow:
    return ParameterRow(
        version=version,
        service="resident-registry",
        name=name,
        value=None if value is None else canonical_json(value).decode(),
        valid_from=since,
        reason="要綱",
        set_by="131016/system",
        set_at="2026-01-01T00:00:00.000000Z",
        late=False,
    )


def registry(*settings: ParameterRow) -> Registry:
    made = Registry()
    for row in settings:
        made.state.settings.put(row)
    return made


def carrying(notice: Any, extensions: dict[str, dict[str, Any]]) -> Any:
    return notice.model_copy(update={"extensions": extensions})


def test_a_municipality_may_let_moves_be_planned_less_far_ahead() -> None:
    made = registry(setting(1, "move-out.planning-days", 30))
    (number,) = made.family("世帯主")
    late = move_out(number, effective=TODAY + timedelta(days=31), notified=TODAY)
    assert made.refuse(late) == {("effective-date-too-far", "/effective_date")}
    made.accept(move_out(number, effective=TODAY + timedelta(days=30), notified=TODAY))


def test_the_standard_is_a_year_and_a_setting_of_tomorrow_is_none_today() -> None:
    made = registry(setting(1, "move-out.planning-days", 30, TODAY + timedelta(days=1)))
    (number,) = made.family("世帯主")
    made.accept(move_out(number, effective=TODAY + timedelta(days=366), notified=TODAY))


@pytest.mark.parametrize(("settings", "days"), [((), 30), ((setting(1, "move-out.confirmation-days", 14),), 14)])
def test_a_municipality_may_look_sooner_for_moves_that_nobody_has_confirmed(
    settings: tuple[ParameterRow, ...], days: int
) -> None:
    made = registry(*settings)
    (number,) = made.family("世帯主")
    made.accept(move_out(number, effective=TODAY + timedelta(days=7), notified=TODAY))
    notice = OverdueMoveOutsNotice(addressee_numbers=(number,))
    made.today = TODAY + timedelta(days=7 + days)
    assert made.accept(notice).events == ()
    made.today += timedelta(days=1)
    assert len(made.accept(notice).events) == 1


def test_extra_attributes_are_recorded_for_the_movement_and_sealed() -> None:
    made = registry(setting(4, "extensions.ward", SCHEMA))
    content = {"district": "東", "dogs": 2}
    accepted = made.accept(carrying(move_in("世帯主"), {"ward": content}))
    recorded = accepted.events[-1]
    assert isinstance(recorded, ResidentExtensionsRecorded)
    (row,) = recorded.extensions
    (part,) = [part for part in accepted.sealed if part.name == "extension"]
    assert row.extension == commitment(part.salt, part.part)
    assert part.part == canonical_json(content)
    assert row.parameter_version == 4
    assert row.movement == accepted.events[0].residents[0].movement  # type: ignore[attr-defined]
    assert "東" not in recorded.body().decode()
    assert len({part.salt for part in accepted.sealed}) == len(accepted.sealed)


@pytest.mark.parametrize(
    ("extensions", "refusals"),
    [
        ({"ward": {}}, {("extension-missing", "/extensions/ward/district")}),
        ({"ward": {"district": "北"}}, {("extension-invalid", "/extensions/ward/district")}),
        ({"ward": {"district": "東", "cats": 1}}, {("extension-unknown", "/extensions/ward/cats")}),
        ({"ward": {"district": "東", "dogs": True}}, {("extension-invalid", "/extensions/ward/dogs")}),
        ({"ward": {"district": "東", "dogs": 10}}, {("extension-invalid", "/extensions/ward/dogs")}),
        ({"other": {"a": 1}}, {("extension-namespace-unknown", "/extensions/other")}),
        ({"ward": {"district": "字" * 10_001}}, {("extensions-too-large", "/extensions")}),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(extensions: Any, refusals: set[tuple[str, str]]) -> None:
    assert registry(setting(1, "extensions.ward", SCHEMA)).refuse(carrying(move_in("世帯主"), extensions)) == refusals


def test_a_schema_holds_from_its_day_on_and_until_it_is_taken_back() -> None:
    notice = carrying(move_in("世帯主"), {"ward": {"district": "東"}})
    unknown = {("extension-namespace-unknown", "/extensions/ward")}
    assert registry(setting(1, "extensions.ward", SCHEMA, TODAY + timedelta(days=1))).refuse(notice) == unknown
    taken_back = (setting(1, "extensions.ward", SCHEMA), setting(2, "extensions.ward", None, TODAY))
    assert registry(*taken_back).refuse(notice) == unknown


@pytest.mark.parametrize(
    "extensions",
    ['{"ward": {"a": {"b": 1}}}', '{"ward": {"a": 1.5}}', '{"Ward": {}}', '{"ward": [1]}', '{"ward": {"a": null}}'],
)
def test_nesting_and_other_names_are_refused_before_any_schema_is_asked(extensions: str) -> None:
    body = move_out("0000000019").body().decode().replace('"extensions":null', f'"extensions":{extensions}')
    assert extensions in body
    with pytest.raises(BodyError) as refused:
        parse_notice(MoveOutNotice, body.encode())
    assert all(pointer.startswith("/extensions") for _, pointer in refused.value.faults)


VALUES = st.one_of(st.booleans(), st.integers(-3, 12), st.sampled_from(["東", "西", "", "東東"]))
NAMES = st.sampled_from(["district", "dogs", "newsletter", "cats"])


@given(st.dictionaries(NAMES, VALUES))
def test_what_passes_is_what_a_json_schema_library_passes(content: dict[str, Any]) -> None:
    check_schema(SCHEMA)
    assert (not list(faults(SCHEMA, content))) == jsonschema.Draft202012Validator(SCHEMA).is_valid(content)


RULES = st.dictionaries(
    st.sampled_from(["type", "maxLength", "minLength", "enum", "minimum", "maximum", "pattern", "title"]),
    st.one_of(
        st.sampled_from(["string", "integer", "boolean", "object", "a"]), st.integers(-2, 9), st.lists(st.just("a"))
    ),
)


@given(st.dictionaries(st.sampled_from(["a", "b", "C"]), RULES), st.lists(st.sampled_from(["a", "b"])))
def test_a_schema_that_passes_is_one_to_a_json_schema_library(properties: Any, required: list[str]) -> None:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    try:
        check_schema(schema)
    except BadValue:
        return
    jsonschema.Draft202012Validator.check_schema(schema)
