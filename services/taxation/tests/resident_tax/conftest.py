"""Cases for the tests: an adult without relatives who lives in a municipality with standard rates (千代田区)."""

from collections.abc import Callable
from typing import Any

import pytest
from kumiai_taxation.case import read_case
from kumiai_taxation.domain.resident_tax import Assessment, Case, Refused
from kumiai_taxation.resident_tax import assess_case

STANDARD = "131016"


def build_document(**given: Any) -> dict[str, Any]:
    taxpayer = {"birth_date": "1980-05-05"} | given.pop("taxpayer", {})
    return {"fiscal_year": "R8", "municipality": STANDARD, "taxpayer": taxpayer} | given


@pytest.fixture(scope="session")
def document() -> Callable[..., dict[str, Any]]:
    """A case document with what the test states."""
    return build_document


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    """A case with what the test states."""

    def build(**given: Any) -> Case:
        found = read_case(build_document(**given))
        assert not isinstance(found, tuple), found
        return found

    return build


@pytest.fixture(scope="session")
def tax(case: Callable[..., Case]) -> Callable[..., Assessment]:
    """The assessment of a case with what the test states."""

    def compute(**given: Any) -> Assessment:
        found = assess_case(case(**given))
        assert not isinstance(found, tuple), found
        return found

    return compute


@pytest.fixture(scope="session")
def refused() -> Callable[..., tuple[Refused, ...]]:
    """Why a case with what the test states is not assessed."""

    def compute(**given: Any) -> tuple[Refused, ...]:
        found = read_case(build_document(**given))
        result = found if isinstance(found, tuple) else assess_case(found)
        assert isinstance(result, tuple)
        return result

    return compute
