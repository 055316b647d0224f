"""What stands below the fields of a class and the members of an enumeration in the source: what each of them means.

It is read when somebody asks for it: reading it at import took a fifth of the time in which a command starts.
"""

import ast
import inspect
import sys
from collections.abc import Mapping
from enum import Enum
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


def field_docstrings(kind: type[BaseModel]) -> dict[str, str]:
    """By field, its own or that of the class it comes from; a field without one is left out."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        found |= _written(each.__module__).get(each.__name__, {})
    return {name: found[name] for name in kind.model_fields if name in found}


def member_docstrings(kind: type[Enum]) -> dict[str, str]:
    """By value of a member; empty where there is no source to read."""
    written = _written(kind.__module__).get(kind.__name__, {})
    return {str(kind[name].value): text for name, text in written.items()}


@cache
def _written(module: str) -> Mapping[str, Mapping[str, str]]:
    """By class of a module, what stands below each of its names."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):
        return {}
    return {node.name: _below(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _below(node: ast.ClassDef) -> dict[str, str]:
    found = {}
    for statement, following in pairwise(node.body):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
    return found
