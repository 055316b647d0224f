"""続柄: which terms may be written."""

import pytest
from kumiai_resident_registry.domain.relationships import is_term


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
