"""Makes the sender's side importable, and gives each test a key file of its own."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kumiai_national_id_linkage.vault.key_management import FileKeys
from kumiai_national_id_linkage.vault.keys import with_new_keys, write


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A new key file."""
    path = tmp_path / "vault-keys.json"
    write(path, with_new_keys([], ["receiving", "wrapping"], datetime(2026, 4, 1, tzinfo=UTC)))
    return path


@pytest.fixture
def keys(key_file: Path) -> FileKeys:
    """Its keys."""
    return FileKeys(key_file)
