"""JSON Schemas (draft 2020-12) of the types, made from their classes, and what of a schema binds a reader.

A schema says less than its class: it has no check digits and no strict JSON. What it refuses, the class refuses too.
"""

from enum import Enum
from hashlib import sha256
from textwrap import dedent
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from kumiai_contracts.docstrings import field_docstrings, member_docstrings
from kumiai_contracts.model import Event, Notice, canonical_json

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_WORDS = frozenset(("title", "description", "examples", "$comment"))
_BY_NAME = frozenset(("properties", "patternProperties", "$defs"))


def json_schema(kind: type[Event] | type[Notice]) -> dict[str, Any]:
    """The schema of a type's body."""
    schema = kind.model_json_schema(schema_generator=Described)
    description = dedent(schema.pop("description", "")).strip()
    head = {"$schema": DIALECT, "$id": kind.dataschema(), "title": schema.pop("title"), "description": description}
    return head | schema


def binding_hash(schema: dict[str, Any]) -> str:
    """SHA-256 of what binds a reader: the schema without its titles and descriptions, which may be improved."""
    return sha256(canonical_json(_without_words(schema))).hexdigest()


class Described(GenerateJsonSchema):
    """Pydantic's schemas, with the meaning of every field and every member of an enumeration in its description."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.enumerations: dict[str, type[Enum]] = {}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        for name, text in field_docstrings(schema["cls"]).items():
            made.get("properties", {}).get(name, {}).setdefault("description", text)
        return made

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
