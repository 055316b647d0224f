"""A folder for stacks that a test starts and kills by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kumiai_local.layout import Layout
from kumiai_local.ownership import end_everything


@pytest.fixture
def own_layout(tmp_path: Path) -> Iterator[Layout]:
    """An empty folder; whatever the test leaves running in it is ended."""
    layout = Layout(tmp_path / "local")
    yield layout
    end_everything(layout)
