"""Makes the in-memory registry importable, and gives a fresh one to each test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from registry_in_memory import Registry


@pytest.fixture
def registry() -> Registry:
    """An empty registry."""
    return Registry()
