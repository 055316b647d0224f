"""Who is to be looked at before a run is confirmed."""

import pytest
from kumiai_taxation.domain.outliers import outlier


@pytest.mark.parametrize(
    ("total", "last_year", "found"),
    [
        (999_999, None, None),
        (1_000_000, None, "high-without-a-year-before"),
        (300_000, 200_000, "rose"),
        (299_999, 200_000, None),
        (299_999, 200_000 - 1, "rose"),
        (100_000, 200_000, "fell"),
        (100_001, 200_000, None),
        (0, 100_000, "fell"),
        (0, 99_999, None),
        (100_000, 0, "rose"),
        (600_000, 450_000, None),
    ],
)
def test_a_change_of_half_and_of_a_hundred_thousand_is_an_outlier(
    total: int, last_year: int | None, found: str | None
) -> None:
    assert outlier(total, last_year) == found
