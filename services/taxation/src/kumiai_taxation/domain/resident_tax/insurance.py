"""Deductions for what was paid or lost: life and earthquake insurance, medical expenses, casualty (物的控除)."""

from kumiai_taxation.domain.resident_tax.arithmetic import by_table_up, down, up
from kumiai_taxation.domain.resident_tax.case import Payments
from kumiai_taxation.domain.resident_tax.parameters import Casualty, EarthquakeInsurance, LifeInsurance, Medical


def life_deduction(paid: Payments, rule: LifeInsurance) -> int:
    """生命保険料控除: general, medical care and pension, capped together."""
    if paid.life_deduction is not None:
        return paid.life_deduction
    return min(
        rule.total_cap,
        _life_kind(paid.life_general_new, paid.life_general_old, rule)
        + _life_kind(paid.life_medical, 0, rule)
        + _life_kind(paid.life_pension_new, paid.life_pension_old, rule),
    )


def _life_kind(new: int, old: int, rule: LifeInsurance) -> int:
    """One kind: new and old together up to the new contracts' cap, unless the old ones alone give more."""
    if not (new or old):
        return 0
    of_new = by_table_up(new, rule.new, rule.new_cap)
    of_old = by_table_up(old, rule.old, rule.old_cap)
    return max(of_old, min(rule.new_cap, of_new + of_old))


def earthquake_deduction(paid: Payments, rule: EarthquakeInsurance) -> int:
    """地震保険料控除: earthquake insurance and old long-term casualty insurance, capped together."""
    if paid.earthquake_deduction is not None:
        return paid.earthquake_deduction
    new = min(rule.cap, up(paid.earthquake, rule.rate))
    return min(rule.total_cap, new + by_table_up(paid.earthquake_old, rule.old, rule.old_cap))


def medical_deduction(paid: Payments, total_income: int, rule: Medical) -> int:
    """医療費控除, or セルフメディケーション税制 where that was chosen."""
    if paid.medical_deduction is not None:
        return paid.medical_deduction
    if paid.self_medication_paid:
        return max(0, min(rule.self_medication_cap, paid.self_medication_paid - rule.self_medication_floor))
    if not paid.medical_paid:
        return 0
    floor = min(rule.floor, down(total_income, rule.floor_rate))
    return max(0, min(rule.cap, paid.medical_paid - paid.medical_reimbursed - floor))


def casualty_deduction(paid: Payments, total_income: int, rule: Casualty) -> int:
    """雑損控除: the better of the loss beyond a share of the income and the disaster's expenses beyond a floor."""
    if paid.casualty_deduction is not None:
        return paid.casualty_deduction
    if not paid.casualty_loss:
        return 0
    beyond_income = paid.casualty_loss - down(total_income, rule.floor_rate)
    return max(0, beyond_income, paid.casualty_disaster_expense - rule.disaster_floor)
