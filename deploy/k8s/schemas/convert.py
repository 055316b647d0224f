"""Turns Kubernetes' OpenAPI document and custom resource definitions into the JSON Schemas that kubeconform reads.

usage: convert.py TARGET SWAGGER.json CRD.yaml...

Strict: an object that lists its fields accepts no others, so a misspelt field is an error and not a no-op. An object
that the schema leaves open (labels, configuration) stays open.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

GROUPS = {"", "apps", "batch", "networking.k8s.io", "policy"}
"""The Kubernetes API groups that our manifests use."""
INT_OR_STRING = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
NUMBER_OR_STRING = {"oneOf": [{"type": "string"}, {"type": "number"}]}


def name_of(kind: str, group: str, version: str) -> str:
    """The file name that kubeconform's default template asks for."""
    return "-".join(part.lower() for part in (kind, group.partition(".")[0], version) if part) + ".json"


CONDITIONS = {"oneOf", "anyOf", "allOf", "not"}
"""These only add conditions to an object whose fields are listed outside of them."""


def strict(schema: Any) -> Any:
    """The schema with every listed object closed."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: value if key in CONDITIONS else strict(value) for key, value in schema.items()}
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        return INT_OR_STRING
    open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(schema.get("properties"), dict) and schema.get("type", "object") == "object" and not open_ended:
        closed["additionalProperties"] = False
    return closed


def builtin(swagger: dict[str, Any], target: Path) -> int:
    """One schema for each kind of Kubernetes' own, with the definitions that it reaches."""
    definitions = {name: strict(schema) for name, schema in swagger["definitions"].items()}
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = NUMBER_OR_STRING
    definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = INT_OR_STRING
    written = 0
    for name, schema in swagger["definitions"].items():
        kinds = schema.get("x-kubernetes-group-version-kind", [])
        if len(kinds) != 1 or kinds[0]["group"] not in GROUPS:
            continue
        kind = kinds[0]
        whole = {**definitions[name], "definitions": reached(name, definitions)}
        path = target / name_of(kind["kind"], kind["group"], kind["version"])
        path.write_text(json.dumps(whole), encoding="utf-8")
        written += 1
    return written


def reached(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """All definitions that a definition leads to."""
    found: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        for reference in references(definitions[waiting.pop()]):
            if reference not in found:
                found[reference] = definitions[reference]
                waiting.append(reference)
    return found


def references(schema: Any) -> list[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(schema, list):
        return [name for item in schema for name in references(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].rpartition("/")[2]] if isinstance(schema.get("$ref"), str) else []
    return own + [name for value in schema.values() for name in references(value)]


def custom(definition: dict[str, Any], target: Path) -> int:
    """One schema for each served version of a custom resource."""
    spec = definition["spec"]
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        path = target / name_of(spec["names"]["kind"], spec["group"], version["name"])
        path.write_text(json.dumps(schema), encoding="utf-8")
    return len(spec["versions"])


def main() -> None:
    """Write everything into the target folder."""
    target, swagger, *crds = map(Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    written = builtin(json.loads(swagger.read_bytes()), target)
    for crd in crds:
        for document in yaml.safe_load_all(crd.read_bytes()):
            if document and document["kind"] == "CustomResourceDefinition":
                written += custom(document, target)
    print(f"{written} schemas")


if __name__ == "__main__":
    main()
