"""The table of movements is whole: every reason stands in it once, with a test that exists."""

import re
from pathlib import Path

from kumiai_contracts.registry import NOTICES
from kumiai_contracts.resident import Reason, ResidentNotice
from kumiai_resident_registry.domain.decide import RULES
from kumiai_resident_registry.domain.refusals import TEXTS
from kumiai_resident_registry.domain.refusals_affairs import AFFAIRS_TEXTS

_HERE = Path(__file__).parent
_TABLE = _HERE.parents[2] / "docs/architecture/movements.md"
_ROW = re.compile(r"^\|.*\| `([a-z-]+)` \|.*\| `(test_\w+)` \|$", re.MULTILINE)


def test_every_reason_stands_in_the_table_once_and_in_order() -> None:
    assert [reason for reason, _ in _ROW.findall(_TABLE.read_text())] == [reason.value for reason in Reason]


def _tests_here() -> set[str]:
    return {
        name
        for file in _HERE.glob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.M)
    }


def test_every_test_that_the_table_names_exists() -> None:
    assert {test for _, test in _ROW.findall(_TABLE.read_text())} <= _tests_here()


def test_every_test_and_every_code_of_the_table_of_refusals_exists_and_none_is_missing() -> None:
    table = "\n".join(
        line for line in (_TABLE.parent / "resident-registry.md").read_text().splitlines() if line.startswith("|")
    )
    named = set(re.findall(r"`(test_\w+)`", table))
    assert named <= _tests_here()
    assert all((_HERE / file).exists() for file in re.findall(r"`(test_\w+\.py)`", table))
    assert set(TEXTS) <= set(re.findall(r"`([a-z-]+)`", table))


def test_every_code_about_protection_gaiji_and_the_work_list_is_told() -> None:
    pages = "".join((_TABLE.parent / page).read_text() for page in ("protection.md", "characters.md"))
    assert set(AFFAIRS_TEXTS) <= set(re.findall(r"`([a-z-]+)`", pages))


def test_every_kind_of_notice_about_people_has_a_rule() -> None:
    assert {kind for kind in NOTICES.values() if issubclass(kind, ResidentNotice)} == RULES.keys()
