"""What strangers send as JSON: every hostile text is refused with its code and its pointer."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_contracts.strict_json import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, StrictJsonError, parse_strictly

REFUSED = {
    "empty": (b"", "body-not-json", ""),
    "no JSON at all": (b"<notice/>", "body-not-json", ""),
    "cut off": (b'{"a":', "body-not-json", ""),
    "two values": (b"{}{}", "body-not-json", ""),
    "trailing comma": (b'{"a":1,}', "body-not-json", ""),
    "comment": (b'{"a":1/*x*/}', "body-not-json", ""),
    "single quotes": (b"{'a':1}", "body-not-json", ""),
    "byte order mark": (b"\xef\xbb\xbf{}", "body-not-json", ""),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "body-not-utf8", ""),
    "Shift_JIS": ('{"a":"氏名"}'.encode("shift_jis"), "body-not-utf8", ""),
    "overlong UTF-8": (b'"\xc0\x80"', "body-not-utf8", ""),
    "surrogate as UTF-8": (b'"\xed\xa0\x80"', "body-not-utf8", ""),
    "raw NUL in a text": (b'{"a":"\x00"}', "body-not-json", ""),
    "raw NUL between values": (b'{"a":1}\x00', "body-not-json", ""),
    "raw line feed in a text": (b'{"a":"x\ny"}', "body-not-json", ""),
    "escaped NUL": (rb'{"a":[0,{"b":"x\u0000"}]}', "body-nul", "/a/1/b"),
    "escaped NUL in a key": (rb'{"a":{"x\u0000":1}}', "body-nul", "/a"),
    "high surrogate alone": (rb'{"a":["\ud867"]}', "body-lone-surrogate", "/a/0"),
    "low surrogate alone": (rb'{"a":"\udc00x"}', "body-lone-surrogate", "/a"),
    "surrogates the wrong way round": (rb'"\udc00\ud800"', "body-lone-surrogate", ""),
    "surrogate alone in a key": (rb'{"\ud800":1}', "body-lone-surrogate", ""),
    "repeated key": (b'{"a":1,"a":1}', "body-duplicate-key", "/a"),
    "repeated key, nested": (b'{"p":[{},{"q":{"a":1,"b":2,"a":3}}]}', "body-duplicate-key", "/p/1/q/a"),
    "repeated key behind an escape": (rb'{"a":1,"\u0061":2}', "body-duplicate-key", "/a"),
    "repeated key to be escaped": (b'{"a/b~c":1,"a/b~c":2}', "body-duplicate-key", "/a~1b~0c"),
    "repeated key that no store holds": (rb'{"\u0000\ud800":1,"\u0000\ud800":2}', "body-duplicate-key", "/?"),
    "repeated key that says where somebody lives": (
        '{"丸の内1番":1,"丸の内1番":2}'.encode(),
        "body-duplicate-key",
        "/?",
    ),
    "repeated key like a 個人番号": (b'{"123456789018":1,"123456789018":2}', "body-duplicate-key", "/?"),
    "NaN": (b'{"a":NaN}', "body-number-not-finite", "/a"),
    "Infinity": (b'{"a":[1,Infinity]}', "body-number-not-finite", "/a/1"),
    "-Infinity": (b"-Infinity", "body-number-not-finite", ""),
    "1e400": (b'{"a":{"b":1e400}}', "body-number-not-finite", "/a/b"),
    "-1e400": (b'{"a":-1e400}', "body-number-not-finite", "/a"),
    "2^53": (b'{"a":9007199254740992}', "body-number-too-large", "/a"),
    "-2^53": (b'{"a":-9007199254740992}', "body-number-too-large", "/a"),
    "an integer of 4,000 digits": (b'{"a":' + b"9" * 4_000 + b"}", "body-number-too-large", "/a"),
    "an integer of 5,000 digits": (b'{"a":[' + b"9" * 5_000 + b"]}", "body-number-too-large", "/a/0"),
    "an integer of a million digits": (b'{"a":-' + b"9" * 1_000_000 + b"}", "body-number-too-large", "/a"),
    "100 lists deep": (b"[" * 100 + b"]" * 100, "body-too-deep", ""),
    "100 objects deep": (b'{"a":' * 100 + b"1" + b"}" * 100, "body-too-deep", ""),
    "500,000 lists deep and never closed": (b"[" * 500_000, "body-too-deep", ""),
    "33 deep": (b"[" * 33 + b"]" * 33, "body-too-deep", ""),
    "one byte too many": (b'"' + b"x" * (MAX_BYTES - 1) + b'"', "body-too-large", ""),
}


@pytest.mark.parametrize(("body", "code", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_body_is_refused_with_its_code_and_pointer(body: bytes, code: str, pointer: str) -> None:
    with pytest.raises(StrictJsonError) as refused:
        parse_strictly(body)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"a":{"a":1},"b":{"a":1}}',
        '{"氏名":"𩸽葛󠄀城"}'.encode(),
        rb'"\ud867\ude3d"',
        rb'"\\u0000"',
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        b'"' + b"[{" * 100 + b'"',
        b'"' + b"x" * (MAX_BYTES - 2) + b'"',
        b" \r\n\t[1, -0, 1.5e3]\n",
        str(MAX_INTEGER).encode(),
        str(-MAX_INTEGER).encode(),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_an_unusual_body_that_is_strict_passes_unchanged(body: bytes) -> None:
    assert parse_strictly(body) == json.loads(body)


def test_a_fault_is_found_even_where_python_itself_gives_up_on_digits() -> None:
    assert sys.get_int_max_str_digits() < 5_000
    with pytest.raises(StrictJsonError, match="body-number-too-large"):
        parse_strictly(b"1" * 5_000)


TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_every_value_that_has_one_meaning_passes(value: object, ascii_only: bool) -> None:
    assert parse_strictly(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0dN1-.e \x00', max_size=60).map(str.encode))
def test_no_bytes_raise_anything_but_the_refusal(body: bytes) -> None:
    try:
        parse_strictly(body)
    except StrictJsonError as refused:
        assert refused.code.startswith("body-")
        assert "\x00" not in refused.pointer
        refused.pointer.encode()
