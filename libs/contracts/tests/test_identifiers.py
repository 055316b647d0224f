"""Check digits: the published vectors, every code of the table, and python-stdnum where it knows the number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_contracts.identifiers import (
    addressee_check_digit,
    corporate_number_check_digit,
    has_check_digit,
    local_government_check_digit,
    my_number_check_digit,
    resident_record_check_digit,
    with_check_digit,
)
from kumiai_contracts.municipalities import municipalities, municipality
from stdnum.jp import cn, in_

MY_NUMBERS = ["123456789018", "621498320257", "983205673214", "379474484458", "454972364860", "000111111111"]
CORPORATE_NUMBERS = [
    "7000012050002",
    "5835678256246",
    "4011001098993",
    "8000020130001",
    "3000020141003",
]


@pytest.mark.parametrize("number", MY_NUMBERS)
def test_a_valid_my_number_has_its_check_digit(number: str) -> None:
    assert has_check_digit(number, 12, my_number_check_digit)


@pytest.mark.parametrize("number", ["123456789012", "621498320258", "507957100722"])
def test_an_invalid_my_number_is_told_apart(number: str) -> None:
    assert not has_check_digit(number, 12, my_number_check_digit)


@pytest.mark.parametrize(
    ("number", "valid"),
    [("24727059608", True), ("25208017643", True), ("25208017644", False), ("12345678901", False)],
)
def test_a_resident_record_code_has_its_check_digit(number: str, valid: bool) -> None:
    assert has_check_digit(number, 11, resident_record_check_digit) is valid


@pytest.mark.parametrize("number", CORPORATE_NUMBERS)
def test_a_corporate_number_begins_with_its_check_digit(number: str) -> None:
    assert corporate_number_check_digit(number[1:]) == number[0]


@given(st.text("0123456789", min_size=11, max_size=11))
def test_python_stdnum_agrees_on_my_number(body: str) -> None:
    assert in_.is_valid(with_check_digit(body, my_number_check_digit))


@given(st.text("0123456789", min_size=12, max_size=12))
def test_python_stdnum_agrees_on_corporate_numbers(body: str) -> None:
    number = corporate_number_check_digit(body) + body
    assert cn.is_valid(number)
    assert number[0] != "0"


@pytest.mark.parametrize("code", ["131016", "011002", "473821"])
def test_a_known_municipality_code_has_its_check_digit(code: str) -> None:
    assert has_check_digit(code, 6, local_government_check_digit)


def test_every_code_of_the_table_has_its_check_digit() -> None:
    assert len(municipalities()) == 1916
    assert sum(not each.is_ward for each in municipalities().values()) == 1741
    assert [code for code in municipalities() if not has_check_digit(code, 6, local_government_check_digit)] == []


def test_a_municipality_is_found_by_its_code() -> None:
    found = municipality("011011")
    assert (found.prefecture, found.name, found.is_ward) == ("北海道", "札幌市 中央区", True)
    with pytest.raises(KeyError):
        municipality("000000")


@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_of_an_addressee_number_is_found_except_where_remainders_meet(
    body: str, place: int, shift: int
) -> None:
    number = with_check_digit(body, addressee_check_digit)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert has_check_digit(number, 10, addressee_check_digit)
    if has_check_digit(wrong, 10, addressee_check_digit):
        assert number[-1] == wrong[-1] == "0"  # the remainders 0 and 1 share the check digit 0


@pytest.mark.parametrize(
    ("body", "digit"), [("000000000", "0"), ("000000001", "9"), ("000000006", "0"), ("000001041", "3")]
)
def test_an_addressee_number_has_the_modulus_11_check_digit(body: str, digit: str) -> None:
    assert addressee_check_digit(body) == digit


@pytest.mark.parametrize(
    "number", ["", "1", "１２３４５６７８９０１８", "12345678901x", "123456789018 ", "-23456789018"]
)
def test_what_is_no_number_has_no_check_digit(number: str) -> None:
    assert not has_check_digit(number, 12, my_number_check_digit)
