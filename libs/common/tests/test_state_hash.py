"""The state hash covers the one JSON text of each row, whichever library writes it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kumiai_common.tables import canonical_row
from kumiai_contracts.model import canonical_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
NESTED = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=8)


@given(st.lists(SCALARS | NESTED))
def test_a_row_is_hashed_as_its_canonical_json(values: list[Any]) -> None:
    assert canonical_row(values) == canonical_json(values)
