"""There is no code for one municipality: no service names or compares its code, whatever differs is data."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from kumiai_contracts.identifiers import has_check_digit, local_government_check_digit
from kumiai_contracts.topics import FEDERATION

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in (*(ROOT / "services").iterdir(), ROOT / "libs" / "common", ROOT / "libs" / "contracts")
    for path in (folder / "src").rglob("*.py")
    if not path.name.startswith("examples")
)
CODE_NAMES = frozenset(("municipality", "code", "recipient", "municipality_code"))
"""What variables and attributes that hold a municipality's code are called here."""
PREFECTURE_ITSELF = "000"
"""Digits 3 to 5 of every prefecture's own code."""


def test_no_code_names_a_municipality() -> None:
    assert len(SOURCES) > 150
    found = [f"{path.relative_to(ROOT)}:{line}" for path in SOURCES for line in customised(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'if municipality == "131016": pass',
        'if case.municipality in ("011002", x): pass',
        'SPECIAL = {"141003": 1}',
        'def f(municipality):\n    return municipality.startswith("14")',
        'def f(municipality):\n    return municipality[:2] == "14"',
        'match municipality:\n    case "13": pass',
    ],
)
def test_each_way_of_writing_such_code_is_found(code: str) -> None:
    assert list(customised(code))


@pytest.mark.parametrize(
    "code",
    [
        f'if municipality == "{FEDERATION}": pass',
        "if municipality == other.municipality: pass",
        '"""Such as 131016."""',
        'def f():\n    """Of 131016."""',
        'x = "1310167"',
        "if municipality == FEDERATION: pass",
        'if problem.code == "not-found": pass',
    ],
)
def test_what_is_for_everybody_is_not(code: str) -> None:
    assert not list(customised(code))


def customised(source: str) -> Iterator[int]:
    """Lines that hold a municipality's code, or look at a part of one."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant() if id(node) not in prose and _is_code(node.value):
                yield node.lineno
            case ast.Compare() if any(_holds_code(side) for side in (node.left, *node.comparators)):
                if any(_is_part(side) for side in (node.left, *node.comparators)):
                    yield node.lineno
            case ast.Call(func=ast.Attribute(value=value, attr="startswith" | "endswith")) if _holds_code(value):
                if any(_is_part(argument) for argument in node.args):
                    yield node.lineno
            case ast.Match() if _holds_code(node.subject):
                yield from (case.pattern.lineno for case in node.cases if _matches_part(case.pattern))


def _is_code(value: object) -> bool:
    return (
        isinstance(value, str)
        and value != FEDERATION
        and "01" <= value[:2] <= "47"
        and has_check_digit(value, 6, local_government_check_digit)
    )


def _holds_code(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in CODE_NAMES
        case ast.Subscript(value=value):
            return _holds_code(value)
    return False


def _is_part(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return text.isdigit() and text not in (FEDERATION, PREFECTURE_ITSELF)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return any(_is_part(item) for item in items)
    return False


def _matches_part(pattern: ast.pattern) -> bool:
    return any(isinstance(node, ast.MatchValue) and _is_part(node.value) for node in ast.walk(pattern))
