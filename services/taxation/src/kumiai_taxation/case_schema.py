"""The JSON Schema of the case format, kept as a file for people and for other programs.

`python -m kumiai_taxation.case_schema DIRECTORY` writes it; with `--check` it fails if the file is not up to date.
"""

import argparse
import json
import sys
from pathlib import Path

from kumiai_taxation.case import CaseDocument

NAME = "resident-tax-case.schema.json"


def schema_text() -> str:
    """The schema as it stands in the file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **CaseDocument.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the file; 1 if it is not up to date."""
    parser = argparse.ArgumentParser(description="Write the JSON Schema of the resident-tax case format.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args(arguments)
    path = given.directory / NAME
    if not given.check:
        path.write_text(schema_text(), encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == schema_text():
        return 0
    print(f"{path} is not up to date; run python -m kumiai_taxation.case_schema {given.directory}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
