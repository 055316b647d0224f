"""The table of movements is whole: every reason stands in it once, with a test that exists."""

import re
from pathlib import Path

from kumiai_contracts.resident import Reason

_HERE = Path(__file__).parent
_TABLE = _HERE.parents[2] / "docs/architecture/movements.md"
_ROW = re.compile(r"^\|.*\| `([a-z-]+)` \|.*\| `(test_\w+)` \|$", re.MULTILINE)


def test_every_reason_stands_in_the_table_once_and_in_order() -> None:
    assert [reason for reason, _ in _ROW.findall(_TABLE.read_text())] == [reason.value for reason in Reason]


def test_every_test_that_the_table_names_exists() -> None:
    tests = {
        name for file in _HERE.glob("test_*.py") for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }
    assert {test for _, test in _ROW.findall(_TABLE.read_text())} <= tests
