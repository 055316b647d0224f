"""`datapackage.json`: the bundle as a Frictionless Data Package, so that any tool can open it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kumiai_contracts.registry import tables_of_stream
from kumiai_contracts.topics import STREAM_OF

from kumiai_common.bundle import described, layout
from kumiai_common.bundle.described import Column
from kumiai_common.bundle.layout import File, Part
from kumiai_common.bundle.part import CHECKPOINTS, INBOX

_TYPES = {"text": "string", "bigint": "integer", "boolean": "boolean", "date": "date", "jsonb": "any"}
_KEYS = {"inbox": ("source", "id"), "checkpoints": ("stream", "incarnation", "position")}


def descriptor(
    parts: Iterable[Part], documents: Mapping[str, tuple[int, str]], header: Callable[[str], Sequence[str]]
) -> dict[str, Any]:
    """The package's description; `documents` are size and SHA-256 by path, `header` reads a CSV file's first line."""
    parts = list(parts)
    resources = [_resource(part.service, file, header) for part in parts for file in part.files]
    resources += [
        {"name": _name(path), "type": "file", "path": path, "bytes": size, "hash": f"sha256:{total}"}
        for path, (size, total) in documents.items()
    ]
    return {
        "profile": "data-package",
        "name": f"kumiai-{parts[0].municipality}",
        "title": f"{parts[0].municipality}の持出しデータ / everything of municipality {parts[0].municipality}",
        "version": layout.identity(parts),
        "resources": resources,
    }


def _resource(service: str, file: File, header: Callable[[str], Sequence[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": _name(file.path),
        "path": file.path,
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }
    columns = _columns(service, file.path, header)
    if not columns:
        found["type"] = "file"
    else:
        key, fields = columns
        found |= {
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "schema": {"fields": fields, "missingValues": [""], **({"primaryKey": key} if key else {})},
        }
    return found


def _columns(
    service: str, path: str, header: Callable[[str], Sequence[str]]
) -> tuple[list[str], list[dict[str, str]]] | None:
    folder, _, name = path.removeprefix(service + "/").rpartition("/")
    name = name.removesuffix(".csv")
    if folder == "tables":
        kind = next(kind for kind in tables_of_stream(STREAM_OF[service]) if kind.table == name)
        return list(kind.key), [_field(column) for column in described.columns(kind)]
    beside = {"inbox": INBOX, "checkpoints": CHECKPOINTS}.get(name) if not folder else None
    if beside:
        return list(_KEYS[name]), [_field(column) for column in beside]
    if folder == "records":  # known to their service alone
        return [], [{"name": column, "type": "string"} for column in header(path)]
    return None


def _field(column: Column) -> dict[str, str]:
    described_as = {"description": column.description} if column.description else {}
    return {"name": column.name, "type": _TYPES[column.type], **described_as}


def _name(path: str) -> str:
    return path.lower().replace("/", "--")
