"""The case format (課税事案の書式): what a person, a file or another program hands in to have a tax computed.

Invariant: a case that parses means exactly one thing. Whatever is negative, fractional, absurd, unknown or given twice
in two forms is refused, each with a JSON pointer. What the rules don't compute, and what contradicts itself by law, is
kept for the domain to refuse: reports come there without this format.
"""

from typing import Annotated, Any

from kumiai_contracts.strict_json import StrictJsonError, parse_strictly
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from kumiai_taxation.case_fields import Day, Disability, FiscalYear, Flag, Rate, SingleParent, Yen
from kumiai_taxation.case_refusals import refusals_of, unreadable
from kumiai_taxation.domain.resident_tax import case as domain
from kumiai_taxation.domain.resident_tax.arithmetic import MAX_YEN
from kumiai_taxation.domain.resident_tax.refusals import Refused

MAX_DEPENDANTS = 20


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Taxpayer(_Closed):
    """納税義務者本人."""

    birth_date: Day
    disability: Disability = "none"
    """障害者 (`ordinary`, or true) or 特別障害者 (`special`)"""
    widow: Flag = False
    """寡婦"""
    single_parent: SingleParent = None
    """ひとり親: the adjustment deduction is not the same for both; true counts as `mother`"""
    student: Flag = False
    """勤労学生"""
    public_assistance: Flag = False
    """生活扶助 on 1 January of the fiscal year"""


class Income(_Closed):
    """前年中の収入・所得."""

    salary: Yen = 0
    """給与収入 before any deduction"""
    pension: Yen = 0
    """公的年金等収入 before any deduction"""
    business: Yen = 0
    """事業・不動産・農業所得 after expenses"""
    other: Yen = 0
    """その他の総合課税の所得 after expenses"""
    retirement: Yen = 0
    """退職所得 (refused: not computed here), as are all that follow"""
    forestry: Yen = 0
    """山林所得"""
    capital_gains: Yen = 0
    """譲渡所得"""
    stocks: Yen = 0
    """株式等に係る所得"""
    futures: Yen = 0
    """先物取引に係る雑所得等"""
    dividends: Yen = 0
    """配当所得"""
    interest: Yen = 0
    """利子所得"""
    occasional: Yen = 0
    """一時所得"""


class Spouse(_Closed):
    """配偶者 who shares the taxpayer's livelihood."""

    birth_date: Day
    income: Yen = 0
    """合計所得金額"""
    disability: Disability = "none"
    living_together: Flag = False
    overseas: Flag = False
    """国外居住 (refused: not computed here)"""


class Dependant(Spouse):
    """生計を一にする親族, other than the spouse."""

    ascendant: Flag = False
    """直系尊属: with `living_together` a 同居老親等 from 70 on"""


class Deductions(_Closed):
    """所得控除の基: amounts paid, or a deduction as already decided in their place."""

    social_insurance: Yen = 0
    """社会保険料"""
    small_enterprise_mutual_aid: Yen = 0
    """小規模企業共済等掛金"""
    life_general_new: Yen = 0
    """一般生命保険料（新）"""
    life_general_old: Yen = 0
    """一般生命保険料（旧）"""
    life_medical: Yen = 0
    """介護医療保険料"""
    life_pension_new: Yen = 0
    """個人年金保険料（新）"""
    life_pension_old: Yen = 0
    """個人年金保険料（旧）"""
    life_deduction: Yen | None = None
    """生命保険料控除額 as decided"""
    earthquake: Yen = 0
    """地震保険料"""
    earthquake_old: Yen = 0
    """旧長期損害保険料"""
    earthquake_deduction: Yen | None = None
    """地震保険料控除額 as decided"""
    medical_paid: Yen = 0
    """医療費"""
    medical_reimbursed: Yen = 0
    """補填される金額"""
    self_medication_paid: Yen = 0
    """セルフメディケーション税制の対象額, instead of 医療費"""
    medical_deduction: Yen | None = None
    """医療費控除額 as decided"""
    casualty_loss: Yen = 0
    """差引損失額"""
    casualty_disaster_expense: Yen = 0
    """うち災害関連支出"""
    casualty_deduction: Yen | None = None
    """雑損控除額 as decided"""
    loss_carried_forward: Yen = 0
    """繰越損失 (refused: not computed here)"""

    @model_validator(mode="after")
    def _paid_or_decided(self) -> "Deductions":
        for kind, paid in _PAID.items():
            if getattr(self, f"{kind}_deduction") is not None and any(getattr(self, name) for name in paid):
                raise PydanticCustomError(
                    "contradiction", f"give what was paid or {kind}_deduction, not both", {"field": f"{kind}_deduction"}
                )
        return self


_PAID = {
    "life": ("life_general_new", "life_general_old", "life_medical", "life_pension_new", "life_pension_old"),
    "earthquake": ("earthquake", "earthquake_old"),
    "medical": ("medical_paid", "self_medication_paid"),
    "casualty": ("casualty_loss", "casualty_disaster_expense"),
}


class Donation(_Closed):
    """寄附金 to one municipality."""

    amount: Yen
    """寄附金額"""
    one_stop: Flag = False
    """ワンストップ特例"""


_DONATIONS = TypeAdapter(list[Donation])


class Credits(_Closed):
    """税額控除の基."""

    donations: Annotated[
        Yen,
        WithJsonSchema(
            {
                "default": 0,
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": MAX_YEN},
                    Donation.model_json_schema(),
                    {"type": "array", "items": Donation.model_json_schema()},
                ],
            }
        ),
    ] = 0
    """ふるさと納税 (特例控除対象寄附金): the year's sum, or one gift or a list of gifts with `amount` and `one_stop`"""
    donations_basic: Yen = 0
    """Donations with the basic part only (共同募金会, 日本赤十字社 and the like)"""
    one_stop: Flag = False
    """ワンストップ特例"""
    housing_loan: Yen = 0
    """住宅借入金等特別控除 that the income tax could not absorb"""
    housing_loan_special: Flag = False
    """The limit of 7 % (136,500) holds, not that of 5 % (97,500)"""
    income_tax_taxable: Yen | None = None
    """所得税の課税総所得金額等 for the loan's limit; if absent, the resident tax's taxable income is taken"""
    dividend_credit: Yen = 0
    """配当控除 (refused: not computed here), as are all that follow"""
    foreign_tax_credit: Yen = 0
    """外国税額控除"""
    withheld_dividend_levy: Yen = 0
    """配当割額・株式等譲渡所得割額の控除"""

    @model_validator(mode="before")
    @classmethod
    def _sum_of_gifts(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("donations"), dict | list):
            return given
        gifts = given["donations"] if isinstance(given["donations"], list) else [given["donations"]]
        try:
            read = _DONATIONS.validate_python(gifts)
        except ValidationError:
            raise PydanticCustomError(
                "donation_wrong", "each gift has an amount in whole yen and may say one_stop", {"field": "donations"}
            ) from None
        ways = {gift.one_stop for gift in read} | ({given["one_stop"]} if "one_stop" in given else set())
        if len(ways) > 1:
            raise PydanticCustomError(
                "contradiction", "one-stop holds for all gifts of a year or for none", {"field": "donations"}
            )
        return given | {"donations": sum(gift.amount for gift in read), "one_stop": True in ways}


class Rates(_Closed):
    """税率の上書き: in place of the municipality's parameters."""

    city_rate: Rate | None = None
    """市町村民税の所得割 as 0.08, 8 or "8%" """
    pref_rate: Rate | None = None
    """道府県民税の所得割"""
    city_kintou: Yen | None = None
    """市町村民税の均等割"""
    pref_kintou: Yen | None = None
    """道府県民税の均等割"""
    area_class: Annotated[int, Field(strict=True, ge=1, le=3)] | None = None
    """級地"""


class CaseDocument(_Closed):
    """課税事案: one taxpayer and fiscal year. Amounts are whole yen from 0 to 999,999,999,999."""

    fiscal_year: FiscalYear
    """年度: `R8`, or its calendar year 2026"""
    municipality: Annotated[str, Field(pattern=r"^\d{6}$")]
    """団体コード with check digit"""
    taxpayer: Taxpayer
    income: Income = Income()
    spouse: Spouse | None = None
    dependants: Annotated[tuple[Dependant, ...], Field(max_length=MAX_DEPENDANTS)] = ()
    deductions: Deductions = Deductions()
    credits: Credits = Credits()
    rates: Rates | None = None

    def to_domain(self) -> domain.Case:
        """The same case as a domain value."""
        return domain.Case(
            fiscal_year=self.fiscal_year,
            municipality=self.municipality,
            taxpayer=domain.Taxpayer(
                birth_date=self.taxpayer.birth_date,
                disability=domain.Disability(self.taxpayer.disability),
                widow=self.taxpayer.widow,
                single_parent=self.taxpayer.single_parent and domain.SingleParent(self.taxpayer.single_parent),
                student=self.taxpayer.student,
                public_assistance=self.taxpayer.public_assistance,
            ),
            income=_copy(self.income, domain.Income),
            spouse=None if self.spouse is None else _relative(self.spouse, domain.Spouse),
            dependants=tuple(_relative(d, domain.Dependant) for d in self.dependants),
            deductions=_copy(self.deductions, domain.Payments),
            credits=_copy(self.credits, domain.Credits),
            rates=None if self.rates is None else _copy(self.rates, domain.RateOverrides),
            not_implemented=tuple(self._not_implemented()),
        )

    def _not_implemented(self) -> list[str]:
        found = []
        for part, known in (("income", domain.Income), ("deductions", domain.Payments), ("credits", domain.Credits)):
            given: BaseModel = getattr(self, part)
            for name in type(given).model_fields:
                if name not in known.__dataclass_fields__ and getattr(given, name):
                    found.append(f"/{part}/{name}")
        if self.spouse is not None and self.spouse.overseas:
            found.append("/spouse/overseas")
        return found + [f"/dependants/{n}/overseas" for n, d in enumerate(self.dependants) if d.overseas]


def parse_case(body: bytes) -> domain.Case | tuple[Refused, ...]:
    """Read a case from JSON, or say everything that is wrong with it."""
    try:
        value = parse_strictly(body)
    except StrictJsonError as error:
        return (unreadable(error),)
    return read_case(value)


def read_case(value: Any) -> domain.Case | tuple[Refused, ...]:
    """Read a case from parsed JSON, or say everything that is wrong with it."""
    try:
        return CaseDocument.model_validate(value).to_domain()
    except ValidationError as error:
        return refusals_of(error)


def _copy(given: BaseModel, kind: type[Any]) -> Any:
    return kind(**{name: getattr(given, name) for name in kind.__dataclass_fields__})


def _relative(given: Spouse, kind: type[Any]) -> Any:
    values = {name: getattr(given, name) for name in kind.__dataclass_fields__}
    return kind(**values | {"disability": domain.Disability(given.disability)})
