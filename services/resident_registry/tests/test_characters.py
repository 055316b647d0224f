"""Characters: stored as they came, found however they are written, reduced by a policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_resident_registry.domain.characters.gaiji import code_point, identified, private_characters, unidentified
from kumiai_resident_registry.domain.characters.mj import Policy, name_of, reduce, reductions, sequence_of, sequences
from kumiai_resident_registry.domain.characters.search_key import search_key, search_keys

TSUJI_ONE_DOT, TSUJI_TWO_DOTS = "辻\U000e0102", "辻\U000e0103"


@pytest.mark.parametrize(
    "alike",
    [
        ("渡辺", "渡邊", "渡邉", "渡边", "渡邉\U000e010f"),
        ("浜田", "濱田", "濵田"),
        ("高橋", "髙橋"),
        ("山崎", "山﨑", "山嵜"),
        ("神田", "\ufa19田"),
        ("吉田", "𠮷田"),
        (TSUJI_ONE_DOT, TSUJI_TWO_DOTS, "辻"),
        ("佐々木", "佐佐木"),
        ("ヤマザキ", "やまさき", "ヤマサキ", "ﾔﾏｻﾞｷ", "ヤマ ザキ", "ヤマ　ザキ"),
        ("キョウコ", "きようこ", "キヨウコ"),
        ("ユー", "ユ―", "ユ－", "ユ‐", "ﾕｰ", "ユ-", "ユ"),
        ("ハッピー", "ハツヒ"),
        ("ヴァイオラ", "ウアイオラ"),
        ("SMITH JOHN", "Smith John", "ＳＭＩＴＨ　ＪＯＨＮ", "SMITH, JOHN"),
    ],
)
def test_names_that_people_take_for_the_same_have_one_key(alike: tuple[str, ...]) -> None:
    assert len({search_key(name) for name in alike}) == 1
    assert search_key(alike[0])


def test_other_names_have_other_keys() -> None:
    names = ["山田", "山口", "ヤマダ", "ヤマグチ", "佐藤", "サトウ", "渡部", "渡辺", "高田", "浜", "兵", "シマ", "ツマ"]
    assert len({search_key(name) for name in names}) == len(names)


def test_a_name_is_found_by_its_given_name_too() -> None:
    assert search_keys("山田　花子") == (search_key("山田花子"), search_key("花子"))
    assert search_keys("ヤマダ ハナコ")[1] == "ハナコ"


@given(st.text(max_size=30))
def test_a_key_of_a_key_is_the_key(name: str) -> None:
    assert search_key(search_key(name)) == search_key(name)


def test_the_dots_of_tsuji_are_two_characters_that_differ_by_the_selector_alone() -> None:
    assert (name_of(TSUJI_ONE_DOT), name_of(TSUJI_TWO_DOTS)) == ("MJ025760", "MJ025761")
    assert sequence_of("MJ025760") == TSUJI_ONE_DOT
    assert name_of("𠮷") == "MJ032129"


@pytest.mark.parametrize(
    ("sequence", "reduced"), [("髙", {"高"}), ("﨑", {"﨑", "崎"}), ("齊", {"齊", "斉"}), ("邉", {"邉", "辺", "邊"})]
)
def test_the_map_gives_every_candidate(sequence: str, reduced: set[str]) -> None:
    assert {each.character for each in reductions(sequence)} == reduced


def test_a_destination_gets_what_it_can_take_and_the_original_stays() -> None:
    name = f"髙\u200d{TSUJI_ONE_DOT}𠮷邉".replace("\u200d", "")
    old = reduce(name, Policy("printer", "jis-x-0208"))
    assert old.text == "高辻吉邉"
    assert ("髙", "高") in old.replaced
    assert not old.missing
    bmp = reduce(name, Policy("screen", "unicode-bmp"))
    assert bmp.text == "髙辻吉邉"
    assert "".join(sequences(name)) == name


def test_a_policy_chooses_among_candidates() -> None:
    by_register = Policy("post", "shift-jis-windows", tables="K")
    assert reduce("神", by_register).text == "神"
    assert reduce("邉\U000e0119", Policy("post", "jis-x-0208", tables="J")).text == "邉"


def test_what_no_table_reduces_is_reported_and_never_dropped() -> None:
    reduced = reduce("山\ue001田", Policy("printer", "shift-jis-windows"))
    assert (reduced.text, reduced.missing) == ("山〓田", ("\ue001",))


@given(st.text(max_size=20))
def test_sequences_lose_nothing(text: str) -> None:
    assert "".join(sequences(text)) == text


def test_private_characters_are_listed_and_only_the_identified_are_replaced() -> None:
    known = {"\ue001": TSUJI_ONE_DOT}
    assert private_characters("\ue001本\ue002", "\ue001") == ("\ue001", "\ue002")
    assert identified("\ue001本\ue002", known.get) == f"{TSUJI_ONE_DOT}本\ue002"
    assert unidentified(["\ue001本\ue002"], known.get) == ("\ue002",)
    assert code_point("\ue001") == "U+E001"
    assert private_characters("\U00100010") == ()
