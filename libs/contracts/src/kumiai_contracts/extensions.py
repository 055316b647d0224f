"""Extra attributes (拡張項目): what a municipality adds to a notice, by namespace, each with a JSON Schema of its own.

A schema is a flat part of JSON Schema (draft 2020-12): an object of texts, integers, truth values and lists of choices.
Patterns, references and nesting are left out: a schema comes from outside, and must neither cost time nor reach out.
Invariant: what passes here is valid by any JSON Schema library, and what such a library refuses is refused here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from kumiai_contracts.parameters import BadValue
from kumiai_contracts.strict_json import MAX_INTEGER, json_pointer

MAX_PROPERTIES = 50
MAX_LENGTH = 1000
"""The longest text, in characters."""
MAX_NAMESPACES = 10
MAX_CHARACTERS = 10_000
"""The largest `extensions` object, in characters of its JSON."""
_NAMESPACE = re.compile(r"[a-z][a-z0-9-]{0,62}")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WORDS = frozenset(("title", "description"))
_OBJECT = frozenset(("$schema", "type", "properties", "required", "additionalProperties")) | _WORDS
_OF_TYPE: Mapping[str, frozenset[str]] = {
    "string": frozenset(("enum", "minLength", "maxLength")),
    "integer": frozenset(("minimum", "maximum")),
    "boolean": frozenset(),
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""名前空間 of extra attributes, as a municipality registered it."""
PropertyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Extension = dict[PropertyName, str | int | bool]
Extensions = Annotated[
    dict[Namespace, Extension],
    Field(max_length=MAX_NAMESPACES, json_schema_extra={"additionalProperties": False}),
]
"""拡張項目 by namespace."""


def is_namespace(text: str) -> bool:
    """Whether a text can name a namespace."""
    return _NAMESPACE.fullmatch(text) is not None


def check_schema(schema: Any) -> None:
    """Raises BadValue for a schema that is not of the part of JSON Schema described above."""
    fault = next(_schema_faults(schema), None)
    if fault is not None:
        raise BadValue("schema-not-allowed", json_pointer(*fault))


def faults(schema: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every fault of a namespace's object by its schema: code and pointer, in the order of the names."""
    properties = schema["properties"]
    for name in sorted(set(schema.get("required", ())) - value.keys()):
        yield "extension-missing", json_pointer(name)
    for name, item in sorted(value.items()):
        if name not in properties:
            yield "extension-unknown", json_pointer(name)
        elif not _fits(properties[name], item):
            yield "extension-invalid", json_pointer(name)


def _fits(rule: Mapping[str, Any], item: Any) -> bool:
    match rule["type"]:
        case "boolean":
            return isinstance(item, bool)
        case "integer":
            return (
                isinstance(item, int)
                and not isinstance(item, bool)
                and rule.get("minimum", item) <= item <= rule.get("maximum", item)
            )
    return (
        isinstance(item, str)
        and rule.get("minLength", 0) <= len(item) <= rule["maxLength"]
        and item in rule.get("enum", (item,))
    )


def _schema_faults(schema: Any) -> Iterator[tuple[str, ...]]:
    if not isinstance(schema, dict) or schema.get("type") != "object":
        yield ()
        return
    yield from ((key,) for key in sorted(schema.keys() - _OBJECT))
    if schema.get("$schema", DIALECT) != DIALECT:
        yield ("$schema",)
    if schema.get("additionalProperties") is not False:
        yield ("additionalProperties",)
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not 1 <= len(properties) <= MAX_PROPERTIES:
        yield ("properties",)
        return
    for name, rule in properties.items():
        yield from (("properties", name, *at) for at in _rule_faults(name, rule))
    required = schema.get("required", [])
    if not _are_texts(required) or not properties.keys() >= set(required):
        yield ("required",)
    yield from ((word,) for word in sorted(_WORDS & schema.keys()) if not isinstance(schema[word], str))


def _rule_faults(name: str, rule: Any) -> Iterator[tuple[str, ...]]:
    kind = rule.get("type") if isinstance(rule, dict) else None
    if _PROPERTY.fullmatch(name) is None or not isinstance(kind, str) or kind not in _OF_TYPE:
        yield ()
        return
    yield from ((key,) for key in sorted(rule.keys() - _OF_TYPE[kind] - _WORDS - {"type"}))
    yield from ((word,) for word in sorted(_WORDS & rule.keys()) if not isinstance(rule[word], str))
    if kind == "string":
        if not _is_count(rule.get("maxLength")) or not _is_count(rule.get("minLength", 0)):
            yield ("maxLength",)
        choices = rule.get("enum", [""])
        if not choices or not _are_texts(choices):
            yield ("enum",)
    for key in ("minimum", "maximum") if kind == "integer" else ():
        bound = rule.get(key, 0)
        if not isinstance(bound, int) or isinstance(bound, bool) or abs(bound) > MAX_INTEGER:
            yield (key,)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_LENGTH


def _are_texts(value: Any) -> bool:
    """Whether it is a list of texts, each once."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value) and len(set(value)) == len(value)
