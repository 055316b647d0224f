"""The search finds a marker in every form, in every kind of content, and nothing where nothing is."""

import gzip
import json
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support import markers
from tests.support.markers import Markers

NUMBER, PLACE, NAME = "314159265359", "隠れ里金糸雀町", "隠里 金糸雀"
FORMS = {
    "utf-8": lambda value: value.encode(),
    "cp932": lambda value: value.encode("cp932"),
    "euc": lambda value: value.encode("euc_jp"),
    "utf-16": lambda value: value.encode("utf-16"),
    "json": lambda value: json.dumps({"x": value}).encode(),
    "json in json": lambda value: json.dumps({"part": json.dumps({"x": value})}).encode(),
    "json, every character": lambda value: "".join(f"\\u{ord(character):04X}" for character in value).encode(),
    "base64": lambda value: b64encode(f'{{"x":"{value}"}}'.encode()),
    "base64 one on": lambda value: b64encode(f'.{{"x":"{value}"}}'.encode()),
    "base64 two on": lambda value: b64encode(f'..{{"x":"{value}"}}'.encode()),
    "base64url of cp932": lambda value: urlsafe_b64encode(f".{value}".encode("cp932")),
    "hex": lambda value: b"\\x" + f".{value}".encode().hex().encode(),
    "hex of cp932": lambda value: value.encode("cp932").hex().upper().encode(),
    "percent": lambda value: quote(f"?x={value}").encode(),
    "every byte in percent": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()).encode(),
}


@pytest.mark.parametrize("value", (NUMBER, PLACE, NAME))
@pytest.mark.parametrize("form", FORMS)
def test_a_marker_is_found_in_every_form(form: str, value: str) -> None:
    searched = Markers(NUMBER, PLACE, NAME)
    content = b"\x00\xffbefore " + FORMS[form](value) + b" after"
    assert {found.marker for found in searched.in_bytes("here", content)} == {value}


@pytest.mark.parametrize("text", ("3141 5926 5359", "3141-5926-5359", "３１４１５９２６５３５９"))
def test_a_number_is_found_however_it_is_spelled(text: str) -> None:
    assert Markers(NUMBER).in_bytes("here", json.dumps({"x": text}).encode())
    assert Markers(NUMBER).in_bytes("here", text.encode("cp932"))


def test_a_number_is_found_as_an_integer() -> None:
    assert Markers(NUMBER).in_bytes("here", b"\x01" + int(NUMBER).to_bytes(8, "big"))


def test_a_neighbour_is_not_found() -> None:
    searched = Markers(NUMBER, PLACE)
    for near in ("314159265259", NUMBER[1:], "1" + NUMBER[:-1], PLACE[:-1], PLACE[1:]):
        for form in FORMS.values():
            assert not searched.in_bytes("here", form(near))


def test_a_marker_across_the_chunks_of_a_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markers, "_CHUNK", 1000)
    for offset in range(985, 1003):
        path = tmp_path / "log"
        path.write_bytes(b"." * offset + NUMBER.encode() + b"." * 2000)
        (found,) = Markers(NUMBER).in_file(path)
        assert (found.marker, found.form) == (NUMBER, "utf-8")


def test_what_is_compressed_has_to_be_unfolded_before() -> None:
    assert not Markers(PLACE).in_bytes("here", gzip.compress(PLACE.encode() * 9))


def test_a_search_in_nothing_is_no_proof() -> None:
    with pytest.raises(AssertionError, match="nothing was searched"):
        Markers(NUMBER).in_all([])
