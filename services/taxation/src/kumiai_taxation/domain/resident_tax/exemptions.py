"""Exemptions (非課税): who pays no per capita levy and no income levy."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kumiai_taxation.domain.resident_tax.arithmetic import down
from kumiai_taxation.domain.resident_tax.case import Disability, Taxpayer
from kumiai_taxation.domain.resident_tax.parameters import FiscalYearParameters, Municipality


class Ground(StrEnum):
    """非課税の理由, which exempts from everything."""

    PUBLIC_ASSISTANCE = "public_assistance"
    DISABLED = "disabled"
    MINOR = "minor"
    WIDOW = "widow"
    SINGLE_PARENT = "single_parent"


@dataclass(frozen=True, slots=True)
class Exemptions:
    """The limits, and what they exempt this taxpayer from."""

    relatives: int
    """n: spouse within the limit and dependants"""
    ground: Ground | None
    per_capita_limit: int
    levy_limit: int
    per_capita: bool
    """均等割非課税"""
    forest: bool
    """森林環境税非課税: by the nation's limit for the class of area, whatever an ordinance has for its own levy"""
    levy: bool
    """所得割非課税"""


def exemptions(
    taxpayer: Taxpayer, total_income: int, relatives: int, municipality: Municipality, p: FiscalYearParameters
) -> Exemptions:
    """Compare the total income with every limit."""
    rule = p.exemption
    rate = rule.area_rates[municipality.area_class - 1]
    addition, own = rule.per_capita_addition, municipality.own_exemption
    of_the_class = down(rule.per_capita_unit, rate), down(rule.per_capita_with_relatives, rate)
    forest_limit = _limit(*of_the_class, addition, relatives)
    per_capita_limit = _limit(own.unit, own.with_relatives, addition, relatives) if own else forest_limit
    levy_limit = _limit(rule.levy_unit, rule.levy_with_relatives, rule.levy_addition, relatives)
    ground = _ground(taxpayer, total_income, p)
    return Exemptions(
        relatives,
        ground,
        per_capita_limit,
        levy_limit,
        ground is not None or total_income <= per_capita_limit,
        ground is not None or total_income <= forest_limit,
        ground is not None or total_income <= levy_limit,
    )


def _limit(unit: int, with_relatives: int, addition: int, relatives: int) -> int:
    return unit * (relatives + 1) + addition + (with_relatives if relatives else 0)


def _ground(taxpayer: Taxpayer, total_income: int, p: FiscalYearParameters) -> Ground | None:
    if taxpayer.public_assistance:
        return Ground.PUBLIC_ASSISTANCE
    if total_income > p.exemption.status_income_limit:
        return None
    # on 1 January whoever has the birthday on 2 January is already of age: one ages on the day before
    minor = taxpayer.birth_date > date(p.income_year + 1 - p.exemption.adult_age, 1, 2)
    states = (
        (taxpayer.disability is not Disability.NONE, Ground.DISABLED),
        (minor, Ground.MINOR),
        (taxpayer.widow, Ground.WIDOW),
        (taxpayer.single_parent is not None, Ground.SINGLE_PARENT),
    )
    return next((ground for holds, ground in states if holds), None)
