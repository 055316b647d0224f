"""Who sees an address, and a month that has to add up."""

from datetime import date

import pytest
from kumiai_contracts.membership import Purpose
from kumiai_resident_registry.domain.statistics import Moved, Standing, bounds, month, population
from kumiai_resident_registry.domain.visible import ADDRESSES, FIELDS, sees_address, visible
from registry_in_memory import Registry


@pytest.mark.parametrize(
    ("purpose", "plain", "protected", "released"),
    [
        (Purpose.RESIDENT_SERVICES, True, False, True),
        (Purpose.PROTECTION, True, True, True),
        (Purpose.DISASTER, True, False, False),
        (Purpose.TAXATION, False, False, False),
        (Purpose.LINKAGE, False, False, False),
        (Purpose.OPERATION, False, False, False),
        (Purpose.REPLICATION, False, False, False),
    ],
)
def test_who_sees_an_address(purpose: Purpose, plain: bool, protected: bool, released: bool) -> None:
    assert sees_address(purpose, is_protected=False, is_released=False) is plain
    assert sees_address(purpose, is_protected=True, is_released=False) is protected
    assert sees_address(purpose, is_protected=True, is_released=True) is released


def test_no_purpose_is_shown_a_commitment_or_a_field_that_is_not_named(registry: Registry) -> None:
    (number,) = registry.family("世帯主")
    for purpose in FIELDS:
        shown = visible(registry.row(number), purpose)
        assert shown.keys() <= FIELDS[purpose]
        assert not shown.keys() & ADDRESSES


def test_a_month_adds_up_and_says_so_when_it_does_not() -> None:
    people = [Standing("resident", "1", "1980-04-01", "male"), Standing("resident", "1", "XXXX-XX-XX", "female")]
    opening, closing = population(people[:1], date(2026, 4, 30)), population(people, date(2026, 5, 31))
    entered = Moved("removed", "resident", "birth", "female", 1)
    amended = Moved("resident", "resident", "correction", "female", 3)
    assert month(opening, closing, [entered])["adds_up"]
    assert not month(opening, closing, [])["adds_up"]
    assert not month(opening, closing, [entered, Moved("resident", "removed", "death", "male", 1)])["adds_up"]
    table = month(opening, closing, [entered, amended])
    assert table["adds_up"] and table["amendments"] == {"correction": 3}
    assert closing.by_age == {"46": {"male": 1}, "unknown": {"female": 1}}
    assert closing.by_household_size == {2: 1}


def test_ages_fall_into_their_bands() -> None:
    born = (
        "2026-05-31",
        "2021-06-01",
        "2021-05-31",
        "2011-06-01",
        "2011-05-31",
        "1961-05-31",
        "1926-05-31",
        "XXXX-XX-XX",
    )
    counted = population([Standing("resident", "1", day, "female") for day in born], date(2026, 5, 31))
    assert {band: sexes["female"] for band, sexes in counted.by_age_band.items()} == {
        "0-4": 2,
        "5-9": 1,
        "10-14": 1,
        "15-19": 1,
        "65-69": 1,
        "100+": 1,
        "unknown": 1,
    }
    assert {band: sexes["female"] for band, sexes in counted.by_broad_band.items()} == {
        "0-14": 4,
        "15-64": 1,
        "65+": 2,
        "unknown": 1,
    }


def test_bounds_of_a_month() -> None:
    assert bounds("2026-01") == (date(2025, 12, 31), date(2026, 1, 31))
    assert bounds("2024-12") == (date(2024, 11, 30), date(2024, 12, 31))
    with pytest.raises(ValueError, match="month"):
        bounds("2026-13")
