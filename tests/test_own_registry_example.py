"""The integrators' example of an own registry, as far as it needs no federation."""

import runpy
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[1] / "docs" / "integrators" / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return runpy.run_path(str(EXAMPLES / "own_registry.py"))


def test_nobody_leaves_who_does_not_live_there(example: dict[str, Any], tmp_path: Path) -> None:
    record = example["Record"](tmp_path / "own.sqlite")
    number = record.enter("千代田 花子", "チヨダ ハナコ")
    record.leave(number)
    for gone in (number, "0000000027"):
        with pytest.raises(ValueError, match=f"nobody with the number {gone}"):
            record.leave(gone)
    assert record.last == 2


@pytest.mark.parametrize("people", [0, 1, 1000, 1001, 2000, 2001])
def test_snapshots_name_everybody_once_and_cover_all_numbers(example: dict[str, Any], people: int) -> None:
    rows = [SimpleNamespace(addressee_number=f"{n * 10:010}") for n in range(1, people + 1)]
    ranges = list(example["ranges"](rows))
    assert [row for _, _, part in ranges for row in part] == rows
    assert max(len(part) for _, _, part in ranges) <= 1000
    assert (ranges[0][0], ranges[-1][1]) == ("0000000000", "9999999999")
    for (_, last, _), (first, _, _) in pairwise(ranges):
        assert int(first) == int(last) + 1


async def test_a_contradiction_is_counted_and_not_sent_again(example: dict[str, Any], tmp_path: Path) -> None:
    record = example["Record"](tmp_path / "own.sqlite")
    record.enter("千代田 花子", "チヨダ ハナコ")

    class Refusing:
        async def tell(self, notice: Any, id_: str) -> Any:
            reason = SimpleNamespace(code="not-on-live-record", en="…")
            return SimpleNamespace(outcome="refused", reasons=[reason], caused=[])

    assert await example["hand_in"](record, Refusing(), None) == 1
    assert record.waiting() is None
    assert await example["check"](record, Refusing()) == 1
