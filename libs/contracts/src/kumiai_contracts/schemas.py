"""JSON Schemas (draft 2020-12) of the types, made from their classes, and what of a schema binds a reader.

A schema says less than its class: it has no check digits and no strict JSON. What it refuses, the class refuses too.
"""

import ast
import inspect
from enum import Enum
from hashlib import sha256
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from kumiai_contracts.model import Event, Notice, canonical_json

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_WORDS = frozenset(("title", "description", "examples", "$comment"))
_BY_NAME = frozenset(("properties", "patternProperties", "$defs"))


def json_schema(kind: type[Event] | type[Notice]) -> dict[str, Any]:
    """The schema of a type's body."""
    schema = kind.model_json_schema(schema_generator=_Described)
    description = dedent(schema.pop("description", "")).strip()
    head = {"$schema": DIALECT, "$id": kind.dataschema(), "title": schema.pop("title"), "description": description}
    return head | schema


def binding_hash(schema: dict[str, Any]) -> str:
    """SHA-256 of what binds a reader: the schema without its titles and descriptions, which may be improved."""
    return sha256(canonical_json(_without_words(schema))).hexdigest()


def member_docstrings(kind: type[Enum]) -> dict[str, str]:
    """The docstrings of an enumeration's members by value; empty where there is no source to read."""
    try:
        tree = ast.parse(dedent(inspect.getsource(kind)))
    except (OSError, TypeError):
        return {}
    statements = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found = {}
    for statement, following in pairwise(statements):
        match statement, following:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                found[str(kind[name].value)] = text
    return found


class _Described(GenerateJsonSchema):
    """Pydantic's schemas, with the meaning of every member of an enumeration in its description."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.enumerations: dict[str, type[Enum]] = {}

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        self.enumerations[schema["cls"].__name__] = schema["cls"]
        return super().enum_schema(schema)

    def generate(self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        made = super().generate(schema, mode)
        for name, kind in self.enumerations.items():
            meanings = [f"- `{value}`: {text}" for value, text in member_docstrings(kind).items()]
            described = made["$defs"][name]
            described["description"] = "\n".join([described.get("description", ""), *meanings]).strip()
        return made


def _without_words(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_words(item) for name, item in value.items()} if key in _BY_NAME else _without_words(value)
        for key, value in schema.items()
        if key not in _WORDS
    }
