"""Parameters of a fiscal year (年度別の税制パラメータ): every number that a law or an ordinance may change.

Rates are in 1/100,000, amounts in yen, limits inclusive (以下). The values come from parameter files; none is a literal
in the rules. `sources` says for each field where its value was found and since when it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kumiai_taxation.domain.resident_tax.arithmetic import Band, Split

Table = tuple[Band, ...]
Steps = tuple[tuple[int, int], ...]
"""Rows of (limit, amount)."""
ByTaxpayer = tuple[int, int, int]
"""Amounts for the three brackets of `spouse_taxpayer_limits`."""


@dataclass(frozen=True, slots=True)
class Source:
    """出典: where a value was found, how sure it is, and since when it holds."""

    text: str
    valid_from: str


@dataclass(frozen=True, slots=True)
class SalaryAdjustment:
    """所得金額調整控除 for children and special disability: `rate` of the salary between `over` and `upto`."""

    over: int
    upto: int
    rate: int
    child_under: int
    """A dependant below this age gives the right."""


@dataclass(frozen=True, slots=True)
class Personal:
    """人的控除: the deduction and its difference to that of the income tax (人的控除差)."""

    amount: int
    difference: int


@dataclass(frozen=True, slots=True)
class DependantBand:
    """扶養控除 of an age range (inclusive)."""

    kind: str
    age_from: int
    age_upto: int
    amount: int
    difference: int
    living_together_ascendant: Personal | None = None
    """同居老親等"""


@dataclass(frozen=True, slots=True)
class SpecifiedRelative:
    """特定親族特別控除 by the relative's income; no rows in a year that does not know it."""

    age_from: int
    age_upto: int
    rows: Steps


@dataclass(frozen=True, slots=True)
class LifeInsurance:
    """生命保険料控除."""

    new: Table
    new_cap: int
    old: Table
    old_cap: int
    total_cap: int


@dataclass(frozen=True, slots=True)
class EarthquakeInsurance:
    """地震保険料控除 with the old long-term casualty insurance."""

    rate: int
    cap: int
    old: Table
    old_cap: int
    total_cap: int


@dataclass(frozen=True, slots=True)
class Medical:
    """医療費控除 and its self-medication alternative."""

    floor: int
    floor_rate: int
    cap: int
    self_medication_floor: int
    self_medication_cap: int


@dataclass(frozen=True, slots=True)
class Casualty:
    """雑損控除."""

    floor_rate: int
    disaster_floor: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """調整控除."""

    basic_difference: int
    threshold: int
    """合計課税所得金額 above which the base shrinks"""
    minimum_base: int
    income_limit: int


@dataclass(frozen=True, slots=True)
class Donation:
    """寄附金税額控除."""

    own_share: int
    """What the donor bears"""
    income_cap: int
    """Share of the total income that the basic part counts at most"""
    special_cap: int
    """Share of the income levy after adjustment that the special part is at most"""
    special_rate_below_zero: int
    """Rate where the personal differences exceed the taxable income"""
    special_rates: Steps
    """Rate by taxable income less the personal differences"""
    one_stop_rates: tuple[tuple[int, tuple[int, int]], ...]
    """申告特例控除: (numerator, denominator) by the same measure"""


@dataclass(frozen=True, slots=True)
class HousingLoan:
    """住宅借入金等特別税額控除: the limits."""

    rate: int
    cap: int
    special_rate: int
    special_cap: int


@dataclass(frozen=True, slots=True)
class Exemption:
    """非課税限度額."""

    per_capita_unit: int
    per_capita_addition: int
    per_capita_with_relatives: int
    area_rates: tuple[int, int, int]
    """By class of area (級地) 1, 2, 3: holds for the unit and for the addition with relatives"""
    levy_unit: int
    levy_addition: int
    levy_with_relatives: int
    status_income_limit: int
    """障害者・未成年者・寡婦・ひとり親"""
    adult_age: int


@dataclass(frozen=True, slots=True)
class FixedCut:
    """定額による特別控除 (R7: for a spouse who is no 控除対象配偶者 because of the taxpayer's income)."""

    amount: int
    income_over: int
    income_upto: int


@dataclass(frozen=True, slots=True)
class Instalments:
    """納期: how a tax is cut into instalments."""

    count: int
    unit: int
    """Each instalment is rounded down to this; the remainder goes to the first"""
    per_capita_at_once: bool
    """A tax without income levy is paid in one instalment"""
    due: tuple[str, ...]
    """MM-DD, in order"""


@dataclass(frozen=True, slots=True)
class Shares:
    """How both bodies share, for a designated city or for another municipality."""

    rates: Split
    """標準税率 of the income levy"""
    adjustment: Split
    """調整控除率"""
    donation: Split
    """Rate of the basic part of the donation credit"""
    parts: Split
    """Parts of the special part, the housing loan and so on; together 100 %"""


@dataclass(frozen=True, slots=True)
class OwnExemption:
    """均等割の非課税限度額 as an ordinance has it, where that is not the class of area's share of the nation's."""

    unit: int
    """基本額"""
    with_relatives: int
    """加算額"""


@dataclass(frozen=True, slots=True)
class Municipality:
    """賦課団体 as it stands in the fiscal year, national values and ordinances resolved."""

    code: str
    name: str
    designated: bool
    area_class: int
    rates: Split
    per_capita: Split
    shares: Shares
    own_exemption: OwnExemption | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FiscalYearParameters:
    """All parameters of one fiscal year."""

    fiscal_year: str
    income_year: int
    """所得の生じた年, the calendar year before"""
    employment_income: Table
    pension_income_under_65: Table
    pension_income_from_65: Table
    pension_age: int
    pension_other_income: Steps
    """What the pension income rises by, by the income besides pensions"""
    pension_other_income_beyond: int
    salary_adjustment: SalaryAdjustment
    salary_pension_adjustment: int
    """所得金額調整控除 for salary and pension together: the cap of each and the common deduction"""
    basic_deduction: Steps
    relative_income_limit: int
    """同一生計配偶者・扶養親族の所得要件"""
    spouse_taxpayer_limits: ByTaxpayer
    spouse_deduction: ByTaxpayer
    spouse_deduction_elderly: ByTaxpayer
    spouse_difference: ByTaxpayer
    spouse_difference_elderly: ByTaxpayer
    spouse_elderly_age: int
    spouse_special: tuple[tuple[int, ByTaxpayer], ...]
    """配偶者特別控除 by the spouse's income"""
    spouse_special_difference: tuple[tuple[int, ByTaxpayer], ...]
    dependants: tuple[DependantBand, ...]
    specified_relative: SpecifiedRelative
    disability: Personal
    disability_special: Personal
    disability_special_living_together: Personal
    widow: Personal
    single_mother: Personal
    single_father: Personal
    single_income_limit: int
    """寡婦・ひとり親の所得要件"""
    student: Personal
    student_income_limit: int
    student_unearned_limit: int
    life_insurance: LifeInsurance
    earthquake_insurance: EarthquakeInsurance
    medical: Medical
    casualty: Casualty
    taxable_unit: int
    levy_unit: int
    adjustment: Adjustment
    donation: Donation
    housing_loan: HousingLoan
    exemption: Exemption
    fixed_cut: FixedCut | None
    forest_environment_tax: int
    special_collection: Instalments
    ordinary_collection: Instalments
    municipalities: Mapping[str, Municipality]
    ended: Mapping[str, str]
    """The parameter of an ordinance whose term is over, by code of the municipality that cannot be assessed for it"""
    sources: Mapping[str, Source]
