"""Batches of notices by HTTP."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_common.http.batch import MAX_NOTICES, BatchError, parse_batch
from kumiai_contracts.model import canonical_json

ENVELOPE = {
    "specversion": "1.0",
    "id": "n-1",
    "source": "urn:system",
    "type": "resident-notice.birth.v1",
    "municipality": "131016",
}


def element(data: str, **changes: Any) -> str:
    head = json.dumps({**ENVELOPE, **changes})[:-1]
    return f'{head}, "data": {data}}}'


def refused(text: str) -> tuple[str, str]:
    with pytest.raises(BatchError) as error:
        parse_batch(text.encode())
    return error.value.code, error.value.pointer


def test_each_notice_comes_with_its_envelope_and_the_canonical_text_of_its_data() -> None:
    spaced = '{ "b" : 1, "a":[2 ]}'
    text = f"[{element(spaced, subject='s')} , {element('{}', id='n-2')}]"
    (first, body), (second, empty) = parse_batch(text.encode())
    assert (first.id, first.subject, first.municipality) == ("n-1", "s", "131016")
    assert body == b'{"a":[2],"b":1}'
    assert (second.id, empty) == ("n-2", b"{}")


def test_an_empty_batch_holds_nothing() -> None:
    assert parse_batch(b" [ ] ") == []


@pytest.mark.parametrize(
    "data",
    ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": "\\u0000"}', '{"a": "\\ud800"}', "[" * 50 + "]" * 50, '{"a": 1e999}'],
)
def test_data_that_is_not_strict_json_goes_on_as_it_came_so_that_it_is_refused_alone(data: str) -> None:
    batch = f"[{element(data)}, {element('{}', id='n-2')}]"
    found = parse_batch(batch.encode())
    assert [body for _, body in found] == [data.encode(), b"{}"]


@pytest.mark.parametrize(
    ("text", "code", "pointer"),
    [
        ("", "batch-not-array", ""),
        ("{}", "batch-not-array", ""),
        ("[", "body-not-json", ""),
        ("[1", "body-not-json", ""),
        ("[{},]", "body-not-json", ""),
        ("[] []", "body-not-json", ""),
        ("[1]", "notice-not-object", "/0"),
        ("[{}]", "data-missing", "/0/data"),
        (f"[{element('{}')}, {element('{}', id='')}]", "envelope-attribute-missing", "/1/id"),
        (f"[{element('{}', type=None)}]", "envelope-attribute-missing", "/0/type"),
        (f"[{element('{}', source='x' * 201)}]", "envelope-attribute-malformed", "/0/source"),
        (f"[{element('{}', specversion='0.3')}]", "envelope-attribute-malformed", "/0/specversion"),
        (f"[{element('{}', id=chr(0xD800))}]", "envelope-not-utf8", "/0/id"),
        (f'[{element("{}")[:-1]}, "data": {{}}}}]', "body-duplicate-key", "/0"),
        ("[" * 100_000, "body-too-deep", ""),
    ],
)
def test_a_batch_that_cannot_be_answered_notice_by_notice_is_refused_whole(text: str, code: str, pointer: str) -> None:
    assert refused(text) == (code, pointer)


def test_a_batch_is_bounded_in_number() -> None:
    assert refused("[" + ",".join([element("{}")] * (MAX_NOTICES + 1)) + "]")[0] == "batch-too-many"


def test_what_is_not_utf8_is_refused() -> None:
    with pytest.raises(BatchError, match="body-not-utf8"):
        parse_batch(b"[\xff]")


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 0, 2]))
def test_whatever_is_written_as_json_comes_back_as_its_canonical_text(values: list[Any], indent: int | None) -> None:
    batch = json.dumps([{**ENVELOPE, "data": value} for value in values], indent=indent).encode()
    assert [body for _, body in parse_batch(batch)] == [canonical_json(value) for value in values]


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_batch_error(noise: bytes) -> None:
    with contextlib.suppress(BatchError):
        parse_batch(b"[" + noise)
