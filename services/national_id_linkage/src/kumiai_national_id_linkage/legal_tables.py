"""The legal table's versions, from the files beside this module: `legal_table/<first day>.json`, checked when read.

Their form is `legal_table/schema.json`, made from `TableVersion`. A new version is a new file; none is ever changed.
"""

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from kumiai_contracts.schemas import Described
from pydantic import ValidationError

from kumiai_national_id_linkage.domain.legal_table import LegalTables, TableVersion

FOLDER = "legal_table"


class LegalTableError(ValueError):
    """A file of the table can't be used; the message says which and why."""


@cache
def legal_tables() -> LegalTables:
    """Every version. Raises LegalTableError."""
    found = files(__package__).joinpath(FOLDER).iterdir()
    return read((file.name, file.read_text("utf-8")) for file in found if file.name not in ("schema.json", "README.md"))


def read(texts: Iterable[tuple[str, str]]) -> LegalTables:
    """The versions in these files, by name and text. Raises LegalTableError."""
    versions = []
    for name, text in texts:
        try:
            version = TableVersion.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise LegalTableError(f"{name}: {first['msg']} at /{'/'.join(map(str, first['loc']))}") from None
        if name != f"{version.valid_from.isoformat()}.json":
            raise LegalTableError(f"{name} begins on {version.valid_from}; name it after that day")
        versions.append(version)
    try:
        return LegalTables(versions)
    except ValueError as error:
        raise LegalTableError(str(error)) from None


def schema() -> dict[str, Any]:
    """The JSON Schema of a version's file."""
    return TableVersion.model_json_schema(schema_generator=Described)


def schema_text() -> str:
    """The same as it stands in `schema.json`."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
