"""What a bundle consists of: paths, the statement of each service's part, and the identity.

Invariant: the identity covers what the logs determine and nothing else. Whatever may differ between two exports of the
same heads (signatures, checkpoints, notices that expire, records of reading, texts for people) stands in the statement
beside it, is summed and signed, and leaves the identity alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_contracts.chain import length_prefixed
from kumiai_contracts.model import canonical_json
from kumiai_contracts.topics import STREAM_OF

FORMAT = "kumiai-bundle-v1"
PART_FORMAT = "kumiai-bundle-part-v1"
MANIFEST = "manifest.json"
SIGNATURES = "signatures.json"
DESCRIPTOR = "datapackage.json"
README = "README.md"
VERIFIER = "verify.py"
MEMBERSHIP = STREAM_OF["membership"]


@dataclass(frozen=True, slots=True)
class End:
    """Where a stream ends, or how far it had been read."""

    stream: str
    incarnation: int
    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of a part, summed."""

    path: str
    """Within the bundle, with `/`."""
    bytes: int
    sha256: str
    records: int
    """Lines, rows without the header, or 0 for a document."""
    identity: bool
    """Whether the logs determine it, so that it belongs to the bundle's identity."""


@dataclass(frozen=True, slots=True)
class Part:
    """A service's part of a bundle: what the service states of it."""

    municipality: str
    service: str
    contract_version: str
    heads: tuple[End, ...]
    readers: tuple[End, ...]
    """How far the service had read foreign streams."""
    state_hash: str
    """The state hash of the service's own tables."""
    checkpoint_signers: tuple[str, ...]
    """Public keys that have signed the municipality's checkpoints."""
    files: tuple[File, ...]

    @property
    def identity(self) -> str:
        """SHA-256 of what the logs determine. A file without a record says nothing and is left out, so that a later
        version, which knows more tables, gives the same. How far membership's log was read is left out, too: it goes
        on while the municipality leaves, and nothing that the service holds in its own log follows from it."""
        said = {
            "municipality": self.municipality,
            "service": self.service,
            "heads": [asdict(head) for head in self.heads],
            "readers": [asdict(reader) for reader in self.readers if reader.stream != MEMBERSHIP],
            "state_hash": self.state_hash,
            "files": [
                {"path": file.path, "records": file.records, "sha256": file.sha256}
                for file in self.files
                if file.identity and file.records
            ],
        }
        return sha256(canonical_json(said)).hexdigest()

    def statement(self) -> dict[str, Any]:
        """What stands in the manifest."""
        return {"format": PART_FORMAT, "identity": self.identity, **asdict(self)}

    def signed_bytes(self) -> bytes:
        """What the service signs."""
        return length_prefixed(PART_FORMAT.encode(), canonical_json(self.statement()))

    def signature(self, key: Ed25519PrivateKey) -> str:
        """The service's signature, in hexadecimal."""
        return key.sign(self.signed_bytes()).hex()


def part_of(statement: dict[str, Any]) -> Part:
    """The part of a statement. Raises KeyError or TypeError for anything else."""
    return Part(
        statement["municipality"],
        statement["service"],
        statement["contract_version"],
        tuple(End(**head) for head in statement["heads"]),
        tuple(End(**reader) for reader in statement["readers"]),
        statement["state_hash"],
        tuple(statement["checkpoint_signers"]),
        tuple(File(**file) for file in statement["files"]),
    )


def identity(parts: Sequence[Part]) -> str:
    """同一性: the identity of a bundle, from its parts in any order."""
    named = sorted((part.municipality, part.service, part.identity) for part in parts)
    return sha256(length_prefixed(FORMAT.encode(), *[text.encode() for each in named for text in each])).hexdigest()


def stream_path(service: str, stream: str) -> str:
    """Where a stream stands: one JSON object a line."""
    return f"{service}/streams/{stream}.jsonl"


def table_path(service: str, table: str) -> str:
    """Where a table stands."""
    return f"{service}/tables/{table}.csv"


def record_path(service: str, table: str) -> str:
    """Where a table stands that no stream fills."""
    return f"{service}/records/{table}.csv"


def document_path(service: str, name: str) -> str:
    """Where a document stands, such as a file of parameters."""
    return f"{service}/parameters/{name}"
