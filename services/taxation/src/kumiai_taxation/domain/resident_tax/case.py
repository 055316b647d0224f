"""The case (課税資料): what is known about one taxpayer for one fiscal year. Amounts in yen, never negative."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Disability(StrEnum):
    """障害の区分 as decided for the income year."""

    NONE = "none"
    ORDINARY = "ordinary"
    """障害者"""
    SPECIAL = "special"
    """特別障害者"""


class SingleParent(StrEnum):
    """ひとり親の区分: the difference for the adjustment deduction is not the same for both."""

    MOTHER = "mother"
    FATHER = "father"


@dataclass(frozen=True, slots=True)
class Taxpayer:
    """納税義務者本人."""

    birth_date: date
    disability: Disability = Disability.NONE
    widow: bool = False
    """寡婦: the state; whether the income allows the deduction is computed."""
    single_parent: SingleParent | None = None
    """ひとり親: likewise."""
    student: bool = False
    """勤労学生: likewise."""
    public_assistance: bool = False
    """生活扶助 received on 1 January of the fiscal year."""


@dataclass(frozen=True, slots=True)
class Income:
    """前年中の収入・所得."""

    salary: int = 0
    """給与収入: before the employment income deduction."""
    pension: int = 0
    """公的年金等収入: before the pension deduction."""
    business: int = 0
    """事業所得 (also 不動産所得, 農業所得): after expenses."""
    other: int = 0
    """その他の総合課税の所得 (such as 雑所得 other than pensions): after expenses."""


@dataclass(frozen=True, slots=True)
class Spouse:
    """配偶者 who shares the taxpayer's livelihood."""

    birth_date: date
    income: int = 0
    """合計所得金額"""
    disability: Disability = Disability.NONE
    living_together: bool = False


@dataclass(frozen=True, slots=True)
class Dependant:
    """扶養親族の候補 (生計を一にする親族): whether the income allows it is computed."""

    birth_date: date
    income: int = 0
    """合計所得金額"""
    disability: Disability = Disability.NONE
    living_together: bool = False
    """同居"""
    ascendant: bool = False
    """直系尊属 of the taxpayer or the spouse"""


@dataclass(frozen=True, slots=True)
class Payments:
    """所得控除の基: amounts paid, or (`…_deduction`) a deduction as it was already decided."""

    social_insurance: int = 0
    small_enterprise_mutual_aid: int = 0
    """小規模企業共済等掛金"""
    life_general_new: int = 0
    life_general_old: int = 0
    life_medical: int = 0
    """介護医療保険料"""
    life_pension_new: int = 0
    life_pension_old: int = 0
    life_deduction: int | None = None
    earthquake: int = 0
    earthquake_old: int = 0
    """旧長期損害保険料"""
    earthquake_deduction: int | None = None
    medical_paid: int = 0
    medical_reimbursed: int = 0
    """保険金などで補填される金額"""
    self_medication_paid: int = 0
    """セルフメディケーション税制の対象額, after what was reimbursed; instead of `medical_paid`"""
    medical_deduction: int | None = None
    casualty_loss: int = 0
    """差引損失額, disaster-related expenses included"""
    casualty_disaster_expense: int = 0
    """災害関連支出の金額"""
    casualty_deduction: int | None = None


@dataclass(frozen=True, slots=True)
class Credits:
    """税額控除の基."""

    donations: int = 0
    """特例控除対象寄附金 (ふるさと納税)"""
    donations_basic: int = 0
    """Donations with the basic part only (共同募金会, 日本赤十字社, listed by both ordinances)"""
    one_stop: bool = False
    """ワンストップ特例: the income-tax part is taken over by the resident tax (申告特例控除)"""
    housing_loan: int = 0
    """住宅借入金等特別控除 that the income tax could not absorb"""
    housing_loan_special: bool = False
    """The 7 % limit of 附則5条の4の2 (特定取得 2014–2021 …) holds instead of the 5 % one"""
    income_tax_taxable: int | None = None
    """所得税の課税総所得金額等 for the housing loan's limit; without it the resident tax's taxable income is taken"""


@dataclass(frozen=True, slots=True)
class RateOverrides:
    """税率の上書き: rates in 1/100,000, amounts in yen; None keeps the parameter."""

    city_rate: int | None = None
    pref_rate: int | None = None
    city_kintou: int | None = None
    pref_kintou: int | None = None
    area_class: int | None = None
    """級地 1, 2 or 3"""


@dataclass(frozen=True, slots=True)
class Case:
    """One taxpayer's facts for one fiscal year."""

    fiscal_year: str
    """Such as `R8`"""
    municipality: str
    """団体コード of the municipality where the taxpayer lived on 1 January"""
    taxpayer: Taxpayer
    income: Income = Income()
    spouse: Spouse | None = None
    dependants: tuple[Dependant, ...] = ()
    deductions: Payments = Payments()
    credits: Credits = Credits()
    rates: RateOverrides | None = None
    not_implemented: tuple[str, ...] = ()
    """JSON pointers to facts in the case that have rules which are not computed here"""
