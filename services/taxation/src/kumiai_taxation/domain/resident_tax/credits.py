"""Credits (税額控除): donations and housing loan."""

from dataclasses import dataclass

from kumiai_taxation.domain.resident_tax.arithmetic import NOTHING, WHOLE, Split, down, row_upto, share, up
from kumiai_taxation.domain.resident_tax.case import Credits
from kumiai_taxation.domain.resident_tax.parameters import Donation, HousingLoan, Shares


@dataclass(frozen=True, slots=True)
class DonationCredit:
    """寄附金税額控除 and its parts."""

    rate: int
    """Rate of the special part; it follows the donor's income-tax rate"""
    basic: Split
    special: Split
    """特例控除額, capped"""
    one_stop: Split
    """申告特例控除額"""
    total: Split


NO_DONATION = DonationCredit(0, NOTHING, NOTHING, NOTHING, NOTHING)


def donation_credit(
    given: Credits,
    rule: Donation,
    shares: Shares,
    *,
    total_income: int,
    taxable: int,
    difference: int,
    levy: Split,
) -> DonationCredit:
    """寄附金税額控除. `levy` is the income levy after the adjustment deduction, before any other credit.

    Every part is rounded up to a yen. The cap of the base by the income does not hold for the special part.
    """
    all_given = given.donations + given.donations_basic
    if all_given <= rule.own_share:
        return NO_DONATION
    base = min(all_given, down(total_income, rule.income_cap)) - rule.own_share
    basic = share(base, shares.donation) if base > 0 else NOTHING
    rate, special, one_stop = 0, NOTHING, NOTHING
    if given.donations > rule.own_share:
        measure = taxable - difference
        rate = special_rate(measure, rule)
        amount = given.donations - rule.own_share
        special = Split(
            min(_part_up(amount, rate, shares.parts.municipal), up(levy.municipal, rule.special_cap)),
            min(_part_up(amount, rate, shares.parts.prefectural), up(levy.prefectural, rule.special_cap)),
        )
        if given.one_stop:
            numerator, denominator = row_upto(measure, rule.one_stop_rates, (0, 1))
            one_stop = Split(
                -(-special.municipal * numerator // denominator), -(-special.prefectural * numerator // denominator)
            )
    total = Split(
        basic.municipal + special.municipal + one_stop.municipal,
        basic.prefectural + special.prefectural + one_stop.prefectural,
    )
    return DonationCredit(rate, basic, special, one_stop, total)


def special_rate(measure: int, rule: Donation) -> int:
    """The special part's rate by taxable income less the personal differences (地方税法37条の2第11項, 附則5条の6)."""
    if measure < 0:
        return rule.special_rate_below_zero
    return row_upto(measure, rule.special_rates, rule.special_rates[-1][1])


def housing_loan_credit(given: Credits, taxable: int, shares: Shares, rule: HousingLoan) -> Split:
    """住宅借入金等特別税額控除: what the income tax could not absorb, within the limit, shared by both bodies."""
    if not given.housing_loan:
        return NOTHING
    base = taxable if given.income_tax_taxable is None else given.income_tax_taxable
    if given.housing_loan_special:
        limit = min(rule.special_cap, down(base, rule.special_rate))
    else:
        limit = min(rule.cap, down(base, rule.rate))
    return share(min(given.housing_loan, limit), shares.parts)


def _part_up(amount: int, rate: int, part: int) -> int:
    return -(-amount * rate * part // (WHOLE * WHOLE))
