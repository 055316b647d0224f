"""The income levy (所得割): gross levy, adjustment deduction, reduction just above the limit, rounding."""

from kumiai_taxation.domain.resident_tax.arithmetic import NOTHING, Split, down
from kumiai_taxation.domain.resident_tax.parameters import Adjustment, Shares


def taxable_income(total_income: int, deductions_total: int, unit: int) -> int:
    """課税総所得金額: what the deductions leave, rounded down to `unit`."""
    return max(0, total_income - deductions_total) // unit * unit


def gross_levy(taxable: int, rates: Split) -> Split:
    """算出所得割額: a fraction of a yen is dropped in each."""
    return Split(down(taxable, rates.municipal), down(taxable, rates.prefectural))


def adjustment_base(taxable: int, difference: int, total_income: int, rule: Adjustment) -> int:
    """調整控除の基礎: the personal differences, shrinking above the threshold, none above the income limit."""
    if total_income > rule.income_limit:
        return 0
    if taxable <= rule.threshold:
        return min(difference, taxable)
    return max(difference - (taxable - rule.threshold), rule.minimum_base)


def adjustment_credit(base: int, gross: Split, shares: Shares) -> Split:
    """調整控除: never more than the gross levy."""
    return Split(
        min(gross.municipal, down(base, shares.adjustment.municipal)),
        min(gross.prefectural, down(base, shares.adjustment.prefectural)),
    )


def less(levy: Split, credit: Split) -> Split:
    """What a credit leaves of a levy, never below zero."""
    if credit is NOTHING:
        return levy
    return Split(max(0, levy.municipal - credit.municipal), max(0, levy.prefectural - credit.prefectural))


def pro_rata(amount: int, levy: Split) -> Split:
    """An amount taken from both levies by their size: fractions up, so that no less than `amount` is taken."""
    both = levy.total
    if amount <= 0 or not both:
        return NOTHING
    amount = min(amount, both)
    return Split(-(-amount * levy.municipal // both), -(-amount * levy.prefectural // both))


def reduction(levy: Split, total_income: int, limit: int) -> Split:
    """附則3条の3: the levy falls so far that income less levy is not below the exemption limit.

    `levy` is what all credits have left. The shares' fractions go up, which is the law's exact share once the levy is
    rounded down.
    """
    return pro_rata(limit - (total_income - levy.total), levy)


def rounded(levy: Split, unit: int) -> Split:
    """Each body's levy down to `unit` (地方税法20条の4の2)."""
    return Split(levy.municipal // unit * unit, levy.prefectural // unit * unit)
