"""Writes what the contracts publish besides their classes: JSON Schemas, examples, the AsyncAPI document,
and the catalogue of parameters.

`python -m kumiai_contracts.generate` writes them, `--check` (for CI) names what is stale, and `--publish` lists the
schemas of a release in `schemas/published.json`. Invariant: the schema of a published type never changes again.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kumiai_contracts import parameter_catalogue
from kumiai_contracts.asyncapi import document
from kumiai_contracts.examples import valid_examples
from kumiai_contracts.examples_invalid import invalid_examples
from kumiai_contracts.registry import TYPES
from kumiai_contracts.schemas import binding_hash, json_schema

HOW = "python -m kumiai_contracts.generate"
PUBLISHED = Path("schemas", "published.json")


def generated() -> dict[Path, bytes]:
    """Every generated file by its path below `libs/contracts`."""
    files = {
        Path("asyncapi.json"): _pretty(document()),
        Path("parameters.json"): _pretty(parameter_catalogue.document()),
    }
    for type_, kind in TYPES.items():
        files[Path("schemas", f"{type_}.json")] = _pretty(json_schema(kind))
    for type_, valid in valid_examples().items():
        folder = Path("examples", type_)
        files[folder / "valid.json"] = valid.body()
        expected = {}
        for invalid in invalid_examples(valid):
            name = f"invalid-{invalid.name}.json"
            files[folder / name] = invalid.body
            expected[name] = {"code": invalid.code, "pointer": invalid.pointer}
        files[folder / "expected.json"] = _pretty(expected)
    return files


def stale(root: Path) -> list[Path]:
    """The files below a folder that are missing, differ from what the code says, or should be gone."""
    wanted = generated()
    differing = [path for path, text in wanted.items() if _read(root / path) != text]
    found = [path.relative_to(root) for folder in ("schemas", "examples") for path in (root / folder).rglob("*.json")]
    return sorted(differing + [path for path in found if path not in wanted and path != PUBLISHED])


def broken_promises(root: Path) -> list[str]:
    """A line for every published type whose schema is no longer what was published."""
    now = _hashes()
    lines = []
    for type_, published in _published(root).items():
        if type_ not in now:
            lines.append(f"{type_} is published and gone: bring its class back, and make a new version beside it")
        elif now[type_] != published:
            lines.append(f"{type_} is published and its schema changed: make a new version beside it")
    return lines


def write(root: Path) -> list[Path]:
    """Write every file and remove those that should be gone; the files that were touched."""
    wanted = generated()
    touched = stale(root)
    for path in touched:
        if path in wanted:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(wanted[path])
        else:
            (root / path).unlink()
    return touched


def publish(root: Path) -> list[str]:
    """List the schema of every type as published, and give those that were not. What is listed must still hold."""
    before, now = _published(root), _hashes()
    (root / PUBLISHED).write_bytes(_pretty(now))
    return [type_ for type_ in now if type_ not in before]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code is 1 if something is stale or a published type changed."""
    parser = argparse.ArgumentParser(prog=HOW, description="Write the schemas, examples and the AsyncAPI document.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name what is stale")
    parser.add_argument("--publish", action="store_true", help="list every schema as published: a release's last step")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2], help="the folder libs/contracts")
    chosen = parser.parse_args(arguments)
    if not (chosen.root / "pyproject.toml").is_file():
        parser.error(f"{chosen.root} is not libs/contracts of a checkout; name it with --root")
    faults = broken_promises(chosen.root)
    if chosen.check:
        faults += [f"{path} is stale: run {HOW}" for path in stale(chosen.root)]
    elif not faults:
        touched = write(chosen.root)
        for path in touched:
            print(f"{path}: {'written' if (chosen.root / path).exists() else 'removed'}")
        print(f"{len(touched)} of {len(generated())} files changed" if touched else "everything is fresh")
        if chosen.publish:
            fresh = publish(chosen.root)
            for type_ in fresh:
                print(f"{type_}: published")
            print(f"{PUBLISHED}: {len(_published(chosen.root))} types, {len(fresh)} of them new")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _hashes() -> dict[str, str]:
    return {type_: binding_hash(json_schema(kind)) for type_, kind in TYPES.items()}


def _published(root: Path) -> dict[str, str]:
    text = _read(root / PUBLISHED)
    return dict(json.loads(text)) if text is not None else {}


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


if __name__ == "__main__":
    raise SystemExit(main())
