"""続柄: which terms may be written, and how they are reckoned when the head is another one."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_contracts.resident import Sex
from kumiai_resident_registry.domain.relationships import as_seen_from, is_term, towards


@pytest.mark.parametrize(
    "relationship",
    [
        "世帯主",
        "同居人",
        "縁故者",
        "夫（未届）",
        "妻の母",
        "子の子",
        "子の子の子の子",
        "子（子の妻）",
        "子の子（子の夫）",
    ],
)
def test_a_term_of_the_standard_may_be_written(relationship: str) -> None:
    assert is_term(relationship)


@pytest.mark.parametrize(
    "relationship",
    [
        "",
        "孫",
        "祖父",
        "甥",
        "世帯主の子",
        "同居人の子",
        "子の",
        "の子",
        "子の子の子の子の子",
        "妻(未届)",
        "子の 子",
        "妻子",
    ],
)
def test_anything_else_may_not(relationship: str) -> None:
    assert not is_term(relationship)


class Someone(NamedTuple):
    """A relative, by what the algebra looks at."""

    addressee_number: str
    relationship: str
    sex: Sex
    birth_date: str = "1980-04-01"


def someone(number: str, relationship: str, sex: str, birth_date: str = "1980-04-01") -> Someone:
    return Someone(number, relationship, Sex.MALE if sex == "男" else Sex.FEMALE, birth_date)


O_MAN, O_WOMAN = someone("o", "世帯主", "男", "1950-01-01"), someone("o", "世帯主", "女", "1950-01-01")


@pytest.mark.parametrize(
    ("head", "relationship", "turned"),
    [
        (O_MAN, "妻", "夫"),
        (O_WOMAN, "夫（未届）", "妻（未届）"),
        (O_MAN, "子", "父"),
        (O_WOMAN, "子", "母"),
        (O_WOMAN, "父", "子"),
        (O_MAN, "兄", "弟"),
        (O_WOMAN, "妹", "姉"),
        (O_MAN, "子の妻", "夫の父"),
        (O_WOMAN, "子の夫", "妻の母"),
        (O_WOMAN, "妹の子", "母の姉"),
        (O_WOMAN, "子（子の夫）", "母"),
        (O_WOMAN, "母の姉", "妹の子"),
        (O_MAN, "子の子", None),
        (O_MAN, "子の夫の母", "子の妻の父"),
        (O_MAN, "同居人", "同居人"),
    ],
)
def test_a_term_turned_round_is_what_the_old_head_is_to_the_new_one(
    head: Someone, relationship: str, turned: str | None
) -> None:
    assert as_seen_from(someone("n", relationship, "女"), head, head) == turned


@pytest.mark.parametrize(
    ("new_head", "member", "seen"),
    [
        (someone("n", "妻", "女"), someone("m", "妻の子", "男"), "子"),
        (someone("n", "妻", "女"), someone("m", "妻の母", "女"), "母"),
        (someone("n", "妻", "女"), someone("m", "父", "男"), "夫の父"),
        (someone("n", "妻", "女"), someone("m", "子", "男"), None),
        (someone("n", "父", "男"), someone("m", "妻", "女"), "子の妻"),
        (someone("n", "父", "男"), someone("m", "子", "女"), "子の子"),
        (someone("n", "父", "男"), someone("m", "母", "女"), None),
        (someone("n", "父", "男"), someone("m", "子の子の子", "女"), "子の子の子の子"),
        (someone("n", "父の父", "男"), someone("m", "子の子の子", "女"), "縁故者"),
        (someone("n", "子", "女", "1980-04-01"), someone("m", "子", "男", "1978-01-01"), "兄"),
        (someone("n", "子", "女", "1980-04-01"), someone("m", "子", "女", "1982-01-01"), "妹"),
        (someone("n", "子", "女", "1980-04-01"), someone("m", "子", "女", "1980-04-01"), None),
        (someone("n", "子", "女", "1980-04-01"), someone("m", "子", "女", "1980-XX-XX"), None),
        (someone("n", "子", "女"), someone("m", "妻", "女"), None),
        (someone("n", "子の妻", "女"), someone("m", "子", "男"), None),
        (someone("n", "妻（未届）", "女"), someone("m", "妻の子", "女"), None),
        (someone("n", "同居人", "女"), someone("m", "子", "女"), None),
        (someone("n", "妻", "女"), someone("m", "同居人", "女"), None),
    ],
)
def test_only_what_is_certain_is_reckoned(new_head: Someone, member: Someone, seen: str | None) -> None:
    assert as_seen_from(new_head, member, O_MAN) == seen


def test_who_comes_along_is_reckoned_by_way_of_whoever_is_stated() -> None:
    wife, child = someone("w", "妻", "女"), someone("c", "子", "男")
    assert towards("elsewhere", {"o": "子"}, [O_MAN, wife, child], "o") == {"o": "子", "w": "子の妻", "c": "子の子"}
    assert towards("elsewhere", {"w": "子"}, [O_MAN, wife, child], "o") == {"o": "子の夫", "w": "子", "c": None}
    assert towards("elsewhere", {"o": "子"}, [O_MAN, wife], None) == {"o": "子", "w": None}


_TERMS = st.lists(
    st.sampled_from(("夫", "妻", "夫（未届）", "子", "子（子の妻）", "父", "母", "兄", "妹")), min_size=1, max_size=4
).map("の".join)


@given(_TERMS, _TERMS, st.sampled_from("男女"), st.sampled_from("男女"))
def test_what_is_reckoned_is_always_a_term(first: str, second: str, of_one: str, of_other: str) -> None:
    one, other = someone("n", first, of_one), someone("m", second, of_other, "1990-05-05")
    for seen in (as_seen_from(one, other, O_MAN), as_seen_from(one, O_MAN, O_MAN)):
        assert seen is None or (is_term(seen) and seen != "世帯主")
