"""Ways of writing one address have one key; a longer address begins with the key of a shorter one, and no other."""

import pytest
from kumiai_contracts.resident import Address
from kumiai_resident_registry.domain.address_key import address_key, beginning_of_key, key_of_text

HERE = ("東京都", "千代田区")


@pytest.mark.parametrize(
    "written",
    [
        "丸の内一丁目2番3号",
        "丸の内１－２－３",
        "丸ノ内1丁目2-3",
        "丸の内1の2の3",
        "丸の内 1丁目 2番地 3",
        "東京都千代田区丸の内一丁目2番3号",
        "千代田区丸の内1ー2ー3",
    ],
)
def test_ways_of_writing_one_address_have_one_key(written: str) -> None:
    assert beginning_of_key(written, *HERE) == key_of_text("丸の内1-2-3")


@pytest.mark.parametrize(
    ("one", "other"),
    [("北一条西二丁目", "北1条西2丁目"), ("二十三丁目4番", "23丁目4"), ("十丁目", "10丁目"), ("辺見町１", "邊見町1")],
)
def test_numbers_in_kanji_and_variants_are_the_same(one: str, other: str) -> None:
    assert key_of_text(one) == key_of_text(other)


def test_a_whole_address_begins_with_its_parts_and_with_no_other_number() -> None:
    home = Address(
        prefecture="東京都", municipality="千代田区", town="丸の内一丁目", number="11番2号", building="コーポ山 101"
    )
    key = address_key(home)
    for part in (
        "丸",
        "丸の内",
        "丸の内1",
        "丸の内1-11",
        "丸の内1-11-2",
        "丸の内1-11-2 コーポ",
        "丸の内1-11-2コーポ山101",
    ):
        assert key.startswith(beginning_of_key(part)), part
    for other in ("丸の内1-1", "丸の内11", "の内", "丸の内1-11-20", "丸の内1-11-2コーポ川"):
        assert not key.startswith(beginning_of_key(other)), other


@pytest.mark.parametrize("nothing", ["", "・", "東京都千代田区", "－"])
def test_what_says_nothing_has_no_key(nothing: str) -> None:
    assert beginning_of_key(nothing, *HERE) == ""
