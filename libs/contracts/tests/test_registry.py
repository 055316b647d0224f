"""Every type: its examples are read and refused as they say, its schema agrees, and its fields are explained."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from kumiai_contracts.docstrings import member_docstrings
from kumiai_contracts.examples import valid_examples
from kumiai_contracts.model import Event, Frozen, Notice, RowSet
from kumiai_contracts.registry import (
    EVENTS,
    MAX_FAULTS,
    NOTICES,
    TYPES,
    BodyError,
    parse_body,
    parse_event,
    parse_notice,
    tables_of,
    tables_of_stream,
)
from kumiai_contracts.resident import ChangeOfHeadNotice, HouseholdRow, MoveOutNotice, ResidentRow
from kumiai_contracts.schemas import binding_hash, json_schema
from kumiai_contracts.strict_json import StrictJsonError
from kumiai_contracts.taxation import EmploymentIncomeReport

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
INVALID = [
    (folder.name, name, fault["code"], fault["pointer"])
    for folder in sorted(EXAMPLES.iterdir())
    for name, fault in json.loads((folder / "expected.json").read_text(encoding="utf-8")).items()
]
BEYOND_A_SCHEMA = {"invalid-wrong-check-digit.json"}


def published_schema(type_: str) -> Draft202012Validator:
    schema = json.loads((ROOT / "schemas" / f"{type_}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def valid_body(type_: str) -> bytes:
    return (EXAMPLES / type_ / "valid.json").read_bytes()


def faults(kind: type[Frozen], body: bytes) -> tuple[tuple[str, str], ...]:
    try:
        parse_body(kind, body)
    except StrictJsonError as refused:
        return ((refused.code, refused.pointer),)
    except BodyError as refused:
        return refused.faults
    return ()


@pytest.mark.parametrize("type_", TYPES)
def test_a_valid_example_is_read_and_written_as_the_same_bytes(type_: str) -> None:
    body = valid_body(type_)
    read = parse_body(TYPES[type_], body)
    assert read == valid_examples()[type_]
    assert read.body() == body
    assert (parse_event(type_, body) if type_ in EVENTS else parse_notice(NOTICES[type_], body)) == read


@pytest.mark.parametrize("type_", TYPES)
def test_a_valid_example_fits_its_schema(type_: str) -> None:
    assert list(published_schema(type_).iter_errors(json.loads(valid_body(type_)))) == []


@pytest.mark.parametrize(("type_", "name", "code", "pointer"), INVALID)
def test_an_invalid_example_is_refused_for_its_one_fault(type_: str, name: str, code: str, pointer: str) -> None:
    body = (EXAMPLES / type_ / name).read_bytes()
    assert faults(TYPES[type_], body) == ((code, pointer),)
    if code.startswith("field-") and name not in BEYOND_A_SCHEMA:
        assert not published_schema(type_).is_valid(json.loads(body))


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_has_several_invalid_examples(type_: str) -> None:
    assert len([name for of, name, *_ in INVALID if of == type_]) >= 5


@pytest.mark.parametrize("type_", TYPES)
def test_every_field_of_every_type_is_explained(type_: str) -> None:
    schema = json_schema(TYPES[type_])
    definitions = schema.get("$defs", {})
    unexplained = [
        f"{holder['title']}.{name}"
        for holder in (schema, *definitions.values())
        for name, field in holder.get("properties", {}).items()
        if not (field.get("description") or definitions[field["$ref"].rpartition("/")[2]].get("description"))
    ]
    assert schema["description"]
    assert unexplained == []


@pytest.mark.parametrize("type_", TYPES)
def test_a_schema_names_its_type_and_version(type_: str) -> None:
    schema = json_schema(TYPES[type_])
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == TYPES[type_].dataschema() == f"urn:kumiai:schema:{type_}:1"
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("type_", EVENTS)
def test_an_event_has_a_subject_and_keys_and_folds_into_the_rows_that_it_carries(type_: str) -> None:
    event = valid_examples()[type_]
    assert isinstance(event, Event)
    assert event.subject()
    assert event.keys()
    rows = list(event.rows())
    assert {type(row) for row in rows} <= {kind for _, kind in tables_of(type_)}
    folded = RowSet().apply(event)
    assert all(folded.get(type(row), *row.key_values()) == row for row in rows)


def test_the_members_of_an_enumeration_are_explained_in_the_schema() -> None:
    reasons = json_schema(TYPES["resident.moved-in.v1"])["$defs"]["Reason"]["description"]
    assert "- `domestic-move-in`: 国内転入" in reasons
    assert member_docstrings(ResidentRow.model_fields["sex"].annotation or type) == {"male": "男", "female": "女"}


def test_every_type_is_named_and_versioned_in_one_way() -> None:
    for type_, kind in TYPES.items():
        context, name, version = type_.split(".")
        assert version[0] == "v" and version[1:].isdigit() and version[1] != "0"
        assert all(part.islower() and part.replace("-", "").isalnum() for part in (context, name))
        assert issubclass(kind, Notice) == context.endswith("-notice")


def test_two_tables_of_a_stream_never_share_a_name() -> None:
    for stream in ("membership", "resident", "taxation", "linkage"):
        names = [row.table for row in tables_of_stream(stream)]
        assert len(set(names)) == len(names)
    assert {ResidentRow, HouseholdRow} < set(tables_of_stream("resident"))


def move_out(**changes: Any) -> bytes:
    return json.dumps(json.loads(valid_body(MoveOutNotice.type)) | changes, ensure_ascii=False).encode()


def report(**changes: Any) -> bytes:
    return json.dumps(json.loads(valid_body(EmploymentIncomeReport.type)) | changes).encode()


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1", b"true"])
def test_a_body_that_is_no_object_is_refused_as_a_whole(body: bytes) -> None:
    assert faults(MoveOutNotice, body) == (("field-invalid", ""),)


def test_an_empty_list_is_refused_at_the_list() -> None:
    assert faults(MoveOutNotice, move_out(addressee_numbers=[])) == (("field-invalid", "/addressee_numbers"),)


def test_a_bad_item_is_the_only_fault_even_if_the_list_is_too_short_without_it() -> None:
    found = faults(MoveOutNotice, move_out(addressee_numbers=["0000010414"]))
    assert found == (("field-invalid", "/addressee_numbers/0"),)


def test_every_fault_of_a_body_is_named_up_to_a_limit() -> None:
    assert faults(MoveOutNotice, move_out(place=1, operator=2)) == (
        ("field-invalid", "/place"),
        ("field-invalid", "/operator"),
    )
    many = {f"extra_{n}": n for n in range(1_000)}
    assert len(faults(MoveOutNotice, move_out(**many))) == MAX_FAULTS


def test_a_key_that_does_not_fit_is_pointed_at_itself() -> None:
    body = json.loads(valid_body(ChangeOfHeadNotice.type))
    body["relationships"] = {"1/2~3": "妻"}
    text = json.dumps(body).encode()
    assert faults(ChangeOfHeadNotice, text) == (("field-invalid", "/relationships/1~12~03"),)
    assert not published_schema(ChangeOfHeadNotice.type).is_valid(body)


def test_an_unknown_field_of_any_name_is_pointed_at_itself() -> None:
    assert faults(MoveOutNotice, move_out(**{"[key]": 1})) == (("field-unknown", "/[key]"),)
    assert faults(MoveOutNotice, move_out(**{"a/b": 1})) == (("field-unknown", "/a~1b"),)
    assert faults(MoveOutNotice, move_out(**{"": 1})) == (("field-unknown", "/"),)


@pytest.mark.parametrize("value", [-1, 10**12, 1.0, "1", True, None])
def test_an_amount_that_is_no_amount_of_yen_is_refused(value: object) -> None:
    assert faults(EmploymentIncomeReport, report(salary=value)) == (("field-invalid", "/salary"),)


@pytest.mark.parametrize(
    "value", ["2026-02-30", "2026-4-1", "20260401", "2026-04-01T00:00:00", "R8.4.1", "", "２０２６-04-01", 1775001600]
)
def test_a_day_that_is_no_day_of_the_calendar_is_refused(value: object) -> None:
    assert faults(MoveOutNotice, move_out(effective_date=value)) == (("field-invalid", "/effective_date"),)


@pytest.mark.parametrize("value", ["1950-XX-XX", "XXXX-XX-XX", "1950-02-30", "1950-02-XX"])
def test_a_date_of_birth_may_be_unknown_in_part_or_on_no_calendar(value: str) -> None:
    assert faults(EmploymentIncomeReport, report(spouse={"birth_date": value, "income": 0})) == ()


@pytest.mark.parametrize("value", ["1950-13-01", "1950-00-10", "1950-1-1", "１９５０-01-01", "1950-01-01\n", "不詳"])
def test_a_date_of_birth_in_another_form_is_refused(value: str) -> None:
    body = report(spouse={"birth_date": value, "income": 0})
    assert faults(EmploymentIncomeReport, body) == (("field-invalid", "/spouse/birth_date"),)


def test_names_are_kept_code_point_by_code_point() -> None:
    name = "葛\U000e0100󠄀城 か\u3099\u200d𩸽"
    body = json.loads(valid_body("resident-notice.birth.v1"))
    body["child"]["name"] = name
    read = parse_notice(NOTICES["resident-notice.birth.v1"], json.dumps(body).encode())
    assert json.loads(read.body())["child"]["name"] == name


def test_words_do_not_bind_a_reader_and_everything_else_does() -> None:
    schema = json_schema(MoveOutNotice)
    place = schema["properties"]["place"]
    before = binding_hash(schema)
    place["description"] = schema["title"] = "better words"
    assert binding_hash(schema) == before
    place["maxLength"] += 1
    assert binding_hash(schema) != before
    place["maxLength"] -= 1
    schema["properties"]["title"] = {"type": "string"}
    assert binding_hash(schema) != before


def test_no_two_streams_fill_a_table_of_the_same_name() -> None:
    # A reader keeps its own tables and those of every stream it reads in one database.
    kinds = {row for event in EVENTS.values() for row in event.row_fields.values()}
    assert len({row.table for row in kinds}) == len(kinds)
