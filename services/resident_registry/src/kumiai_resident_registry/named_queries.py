"""The registry's SQL, by name."""

from typing import Any

from kumiai_common.queries import load

QUERIES: Any = load("kumiai_resident_registry")
