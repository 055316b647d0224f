"""Instalments (徴収): a year's tax cut into what is paid when."""

from kumiai_taxation.domain.resident_tax.parameters import Instalments


def instalments(total: int, rule: Instalments, *, per_capita_only: bool) -> tuple[int, ...]:
    """Equal instalments rounded down to the rule's unit, the remainder in the first; they add up to `total`."""
    if per_capita_only and rule.per_capita_at_once:
        return (total, *(0,) * (rule.count - 1))
    each = total // rule.count // rule.unit * rule.unit
    return (total - each * (rule.count - 1), *(each,) * (rule.count - 1))
