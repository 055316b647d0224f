"""The file of a recall (訂正対象ファイル): whose fact of which year was wrong up to which version."""

import re
from typing import NamedTuple

from kumiai_contracts.fields import ADDRESSEE_DIGITS
from kumiai_contracts.identifiers import addressee_check_digit, has_check_digit

COLUMNS = "addressee_number,scope,until_version"
MOST_TARGETS = 200_000
"""Targets in one file."""
_SCOPE = re.compile(r"([0-9]{4})?", re.ASCII)
_VERSION = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


class BadRecallFile(ValueError):
    """A file that says not exactly what was wrong; the message names the first line that doesn't, and not its content.

    A recall is one decision, so unlike an inquiry file it is taken whole or not at all.
    """


class Wrong(NamedTuple):
    """One person's fact that was wrong up to a version."""

    addressee_number: str
    scope: str
    until_version: int


def read(content: bytes) -> list[Wrong]:
    """The targets, each person and fiscal year once. Raises BadRecallFile."""
    try:
        head, *lines = content.decode("utf-8-sig").splitlines() or [""]
    except UnicodeDecodeError:
        raise BadRecallFile("the file is not UTF-8") from None
    if head != COLUMNS:
        raise BadRecallFile(f"the first line must be {COLUMNS}")
    found: dict[tuple[str, str], Wrong] = {}
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        target = _target(line)
        if target is None:
            raise BadRecallFile(f"line {number} is not a 宛名番号, a fiscal year or nothing, and a version")
        if found.setdefault(target[:2], target) is not target:
            raise BadRecallFile(f"line {number} names a person and fiscal year that stand in the file already")
    if not 0 < len(found) <= MOST_TARGETS:
        raise BadRecallFile(f"a file names from 1 to {MOST_TARGETS} targets")
    return list(found.values())


def _target(line: str) -> Wrong | None:
    match line.split(","):
        case [person, scope, version] if (
            has_check_digit(person, ADDRESSEE_DIGITS, addressee_check_digit)
            and _SCOPE.fullmatch(scope)
            and _VERSION.fullmatch(version)
        ):
            return Wrong(person, scope, int(version))
    return None
