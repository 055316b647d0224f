"""Integer arithmetic of the tax rules: yen, rates in 1/100,000, and the tables that laws are written in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

WHOLE = 100_000
"""100 % as a rate."""

MAX_YEN = 10**12 - 1
"""The largest amount in yen, given or computed: an assessment's fields hold no more."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Band:
    """A row of a table (速算表): up to and including `upto`, the amount is `rate` of the base and `plus` on top.

    The base is first rounded down to `step` yen.
    """

    upto: int
    rate: int
    plus: int
    step: int = 1


@dataclass(frozen=True, slots=True)
class Split:
    """An amount of both bodies: 市町村 and 道府県."""

    municipal: int
    prefectural: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.municipal + self.prefectural


NOTHING = Split(0, 0)


def down(amount: int, rate: int) -> int:
    """`rate` of an amount, a fraction of a yen dropped (切捨て)."""
    return amount * rate // WHOLE


def up(amount: int, rate: int) -> int:
    """`rate` of an amount, a fraction of a yen counted as one (切上げ)."""
    return -(-amount * rate // WHOLE)


def share(amount: int, rates: Split) -> Split:
    """The parts of both bodies, a fraction of a yen counted as one in each."""
    return Split(up(amount, rates.municipal), up(amount, rates.prefectural))


def by_table(amount: int, table: Sequence[Band]) -> int:
    """The table's amount, a fraction dropped; its last row holds for whatever is more."""
    band = next((band for band in table if amount <= band.upto), table[-1])
    return amount // band.step * band.step * band.rate // WHOLE + band.plus


def by_table_up(amount: int, table: Sequence[Band], cap: int) -> int:
    """The table's amount, a fraction counted as one; `cap` beyond its last row and at most."""
    for band in table:
        if amount <= band.upto:
            return min(cap, up(amount, band.rate) + band.plus)
    return cap


def row_upto(amount: int, rows: Sequence[tuple[int, T]], beyond: T) -> T:
    """The value of the first row whose limit (inclusive) the amount does not pass, or `beyond`."""
    for limit, value in rows:
        if amount <= limit:
            return value
    return beyond
