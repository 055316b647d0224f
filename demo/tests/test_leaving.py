"""What the demo says of a municipality that leaves, and the key that it makes for it."""

from dataclasses import replace
from pathlib import Path

import pytest
from kumiai_common.http.tokens import load_private_key, public_key_text
from kumiai_demo.leaving import Left, acknowledgement_key

GONE = Left("ab" * 32, 10, True, {"taxation": True}, "certified", f"Bundle: {'ab' * 32}", {})


@pytest.mark.parametrize("wrong", [
    {"proven": False},
    {"same_state": {"taxation": True, "resident-registry": False}},
    {"state": "erasing"},
    {"certificate": "of another bundle"},
])  # fmt: skip
def test_only_what_was_proven_compared_and_certified_is_well(wrong: dict[str, object]) -> None:
    assert GONE.well
    assert not replace(GONE, **wrong).well  # type: ignore[arg-type]


def test_the_acknowledgement_key_is_private_and_its_public_half_is_what_joining_takes(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "acknowledgement.pem"
    public = acknowledgement_key(file)
    assert public == public_key_text(load_private_key(file).public_key())
    assert file.stat().st_mode & 0o077 == 0
