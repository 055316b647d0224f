"""Outliers (前年比較の要確認者): who pays so much more or less than last year that a person looks before it is issued.

The limits are the project's own: no law has any.
"""

RATIO_PER_CENT = 50
LEAST_CHANGE = 100_000
FIRST_TIME = 1_000_000


def outlier(total: int, last_year: int | None) -> str | None:
    """Why a tax in yen is one to look at, or None; `last_year` is None for somebody who was not assessed then."""
    if last_year is None:
        return "high-without-a-year-before" if total >= FIRST_TIME else None
    change = abs(total - last_year)
    if change < LEAST_CHANGE or change * 100 < last_year * RATIO_PER_CENT:
        return None
    return "rose" if total > last_year else "fell"
