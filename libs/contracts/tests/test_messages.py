"""What a refused sender reads: a text in both languages for every code that the ground can give."""

import ast
import inspect
import re

import pytest
from kumiai_contracts import envelope, registry, strict_json
from kumiai_contracts.messages import TEXTS, reason

OF_THE_GROUND = {
    "record-unreadable",
    "type-unknown",
    "not-subscribed",
    "municipality-mismatch",
    "id-reused",
    "cause-not-found",
    "processing-failed",
    "closed",
    "source-reserved",
    "recipient-not-subscribed",
}


def codes_in(module: object) -> set[str]:
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"(body|field|envelope|cause)(-[a-z0-9]+)+", text)}


def test_every_code_that_the_contracts_give_has_its_text_and_no_text_is_left_over() -> None:
    given = codes_in(strict_json) | codes_in(envelope) | codes_in(registry)
    assert given | OF_THE_GROUND == set(TEXTS)


@pytest.mark.parametrize("code", TEXTS)
def test_a_text_is_written_for_people_in_both_languages(code: str) -> None:
    ja, en = TEXTS[code]
    assert re.search("[ぁ-ん]", ja)
    assert ja.endswith("。")
    assert en.isascii()
    assert en.endswith(".")
    assert ja.count("。") >= 2, "says what is wrong and then what to do"
    assert en.count(". ") + en.count(": ") >= 1, "says what is wrong and then what to do"


def test_a_reason_points_at_what_is_wrong() -> None:
    given = reason("field-missing", "/persons/0/name")
    assert (given.code, given.pointer, given.ja, given.en) == (
        "field-missing",
        "/persons/0/name",
        *TEXTS["field-missing"],
    )
    assert reason("body-not-json").pointer == ""


def test_a_pointer_of_any_length_still_gives_a_reason() -> None:
    assert len(reason("field-unknown", "/" + "x" * 100_000).pointer) == 200


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        reason("no-such-code")
