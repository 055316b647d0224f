"""A bundle's folder: where parts come in, and what makes a bundle of them.

Invariant: `manifest.json` is written last and in one step. A folder without one is an export that was broken off; it
is begun anew, and gives the same identity as long as the heads are the same.
"""

import csv
import json
import re
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from kumiai_contracts.model import canonical_json

from kumiai_common.bundle import layout
from kumiai_common.bundle.descriptor import descriptor
from kumiai_common.bundle.layout import Part, part_of
from kumiai_common.bundle.readme import readme
from kumiai_common.bundle.verifier import verifier

_PATH = re.compile(r"[a-z0-9][a-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){1,2}")


class NotEmpty(ValueError):
    """The folder holds something that is no broken-off export."""


class BundleFolder:
    """Takes the parts of a bundle and completes it. One part after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: dict[str, IO[bytes]] = {}
        self._parts: list[Part] = []
        self._signatures: list[dict[str, str]] = []

    def begin(self) -> None:
        """Make the folder, or empty it of an export that was broken off. Raises NotEmpty for anything else."""
        working = self.path / ".exporting"
        if self.path.exists() and any(self.path.iterdir()) and not working.exists():
            raise NotEmpty(f"{self.path} is not empty")
        if self.path.exists():
            shutil.rmtree(self.path)
        self.path.mkdir(parents=True, mode=0o700)
        working.touch()

    def write(self, path: str, data: bytes) -> None:
        """Append to a file of a part. Raises ValueError for a path that would lead elsewhere."""
        file = self._open.get(path)
        if file is None:
            if not _PATH.fullmatch(path):
                raise ValueError(f"{path!r} is no path in a bundle")
            target = self.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            file = self._open[path] = target.open("wb")
        file.write(data)

    def close_part(self, said: Mapping[str, Any]) -> Part:
        """Take the statement of the part whose files were written, with its key and signature."""
        self._close()
        part = part_of(said["part"])
        self._parts.append(part)
        signed = {"service": part.service, "public_key": said["public_key"], "signature": said["signature"]}
        self._signatures.append(signed)
        return part

    def finish(self) -> str:
        """Write what makes a bundle of the parts; gives its identity."""
        self._close()
        self._parts.sort(key=lambda part: part.service)
        documents = {layout.README: readme(self._parts), layout.VERIFIER: verifier()}
        summed = {path: (len(content), sha256(content).hexdigest()) for path, content in documents.items()}
        documents[layout.DESCRIPTOR] = _pretty(descriptor(self._parts, summed, self._header))
        for path, content in documents.items():
            (self.path / path).write_bytes(content)
        manifest = {
            "format": layout.FORMAT,
            "municipality": self._parts[0].municipality,
            "identity": layout.identity(self._parts),
            "parts": [part.statement() for part in self._parts],
            "documents": [
                {"path": path, "bytes": len(content), "sha256": sha256(content).hexdigest()}
                for path, content in documents.items()
            ],
        }
        (self.path / layout.SIGNATURES).write_bytes(_pretty(sorted(self._signatures, key=lambda s: s["service"])))
        draft = self.path / ".manifest"
        draft.write_bytes(canonical_json(manifest) + b"\n")
        draft.replace(self.path / layout.MANIFEST)
        (self.path / ".exporting").unlink()
        return layout.identity(self._parts)

    def _header(self, path: str) -> list[str]:
        with (self.path / path).open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file))

    def _close(self) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()


def _pretty(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
