"""The JSON Schemas of the case format and of a parameter file, kept as files for people and for other programs.

`python -m kumiai_taxation.case_schema DIRECTORY` writes them; with `--check` it fails if one is not up to date.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from kumiai_taxation.case import CaseDocument
from kumiai_taxation.parameter_schema import file_schema

NAME = "resident-tax-case.schema.json"
PARAMETERS_NAME = "resident-tax-parameters.schema.json"


def schema_text() -> str:
    """The schema of a case as it stands in its file."""
    return _text({"$schema": "https://json-schema.org/draft/2020-12/schema", **CaseDocument.model_json_schema()})


def parameter_schema_text() -> str:
    """The schema of a parameter file as it stands in its file."""
    return _text(file_schema())


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files; 1 if one is not up to date."""
    parser = argparse.ArgumentParser(description="Write the JSON Schemas of resident-tax cases and parameter files.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args(arguments)
    stale = 0
    for name, text in ((NAME, schema_text()), (PARAMETERS_NAME, parameter_schema_text())):
        path = given.directory / name
        if not given.check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            run = f"python -m kumiai_taxation.case_schema {given.directory}"
            print(f"{path} is not up to date; run {run}", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
