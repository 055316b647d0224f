"""Linkage codes: the same for a person, another one for each institution, opaque, and not to be made up."""

from itertools import pairwise
from pathlib import Path

import pytest
from kumiai_contracts.institutions import institution_of
from kumiai_national_id_linkage.codes import CodeBook

BOOK = CodeBook(bytes(range(32)))
CITY, OTHER = institution_of("131016"), institution_of("151009")
PEOPLE = [f"{n:010d}" for n in range(2000)]


def test_a_code_is_the_same_again_and_means_the_person() -> None:
    code = BOOK.code(CITY, "131016", "0000000019")
    assert code == CodeBook(bytes(range(32))).code(CITY, "131016", "0000000019")
    assert BOOK.person(CITY, "131016", code) == "0000000019"


def test_each_institution_has_codes_of_its_own_which_mean_nothing_to_another() -> None:
    codes = [{BOOK.code(institution, "131016", person) for person in PEOPLE} for institution in (CITY, OTHER)]
    assert [len(found) for found in codes] == [2000, 2000]
    assert not codes[0] & codes[1]
    assert not [code for code in codes[0] if BOOK.person(OTHER, "131016", code)]


def test_a_code_of_another_municipality_or_one_that_was_made_up_means_nobody() -> None:
    code = BOOK.code(CITY, "131016", "0000000019")
    assert BOOK.person(CITY, "151009", code) is None
    assert BOOK.person(CITY, "131016", "00" * 16) is None
    changed = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert BOOK.person(CITY, "131016", changed) is None


def test_a_block_without_the_zeros_is_no_code_even_where_it_names_a_municipality_and_a_person() -> None:
    encrypt, _ = BOOK._of(CITY)
    named = (131016).to_bytes(3, "big") + (19).to_bytes(5, "big")
    assert BOOK.person(CITY, "131016", encrypt.update(named + bytes(8)).hex()) == "0000000019"
    assert BOOK.person(CITY, "131016", encrypt.update(named + bytes(7) + b"\x01").hex()) is None


def test_neighbouring_numbers_give_codes_that_have_nothing_in_common() -> None:
    """About half of the bits differ, wherever one number differs from the next by one."""
    codes = [int(BOOK.code(CITY, "131016", person), 16) for person in PEOPLE]
    differing = [(a ^ b).bit_count() for a, b in pairwise(codes)]
    assert 60 < sum(differing) / len(differing) < 68


def test_there_is_no_book_without_a_real_key(tmp_path: Path) -> None:
    for text, said in (("", "at least 32 bytes"), ("ab" * 31, "at least 32 bytes"), ("not hexadecimal", "hexadecimal")):
        path = tmp_path / "key"
        path.write_text(text)
        with pytest.raises(ValueError, match=said):
            CodeBook.load(path)
