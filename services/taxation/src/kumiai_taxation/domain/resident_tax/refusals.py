"""Refusals (課税不能・要確認): why a case is not assessed, as a value for a receipt or a person's work list."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """One reason: `code` is stable, `pointer` a JSON pointer (RFC 6901) into the case, `ja` and `en` are for people."""

    code: str
    pointer: str
    ja: str
    en: str


def not_implemented(pointer: str) -> Refused:
    """The case states something that has rules of its own, which are not computed here."""
    name = pointer.rsplit("/", 1)[-1]
    ja, en = _NOT_IMPLEMENTED.get(name, ("この項目", "this item"))
    return Refused(
        "not-implemented",
        pointer,
        f"{ja}の計算には対応していません。担当者が税額を決定してください。",
        f"{en} is not computed here; a person has to decide the tax.",
    )


def unknown_municipality(code: str) -> Refused:
    """賦課団体 that the parameters of the year do not know."""
    return Refused(
        "unknown-municipality",
        "/municipality",
        f"団体コード{code}の市区町村はこの年度に存在しません。",
        f"no municipality has the code {code} in this fiscal year (a ward of a designated city is not one).",
    )


def parameter_missing(code: str, fiscal_year: str, name: str) -> Refused:
    """条例の適用期間の終了: the ordinance's term is over, and no file says what holds now."""
    return Refused(
        "parameter-missing",
        "/municipality",
        f"団体コード{code}の{fiscal_year}年度のパラメータ{name}は適用期間が終了しています。現行の値を登録してください。",
        f"{fiscal_year}: the term of the parameter {name} of {code} is over; add what holds now to {fiscal_year}.json.",
    )


def other_fiscal_year(case_year: str, parameters_year: str) -> Refused:
    """The case is of another fiscal year than the parameters."""
    return Refused(
        "other-fiscal-year",
        "/fiscal_year",
        f"{case_year}年度の事案は{parameters_year}年度の規定では計算できません。",
        f"a case of {case_year} can not be assessed with the parameters of {parameters_year}.",
    )


def widow_and_single_parent(pointer: str) -> Refused:
    """寡婦 and ひとり親 at once: who is a ひとり親 is no 寡婦 (地方税法23条・292条)."""
    return Refused(
        "contradiction",
        pointer,
        "寡婦とひとり親の両方に該当することはありません。どちらか一方を記載してください。",
        "nobody is a widow (寡婦) and a single parent (ひとり親) at once; give one of them.",
    )


def medical_twice(pointer: str) -> Refused:
    """医療費控除 and セルフメディケーション税制: the taxpayer has chosen one of them (地方税法附則4条の4)."""
    return Refused(
        "contradiction",
        pointer,
        "医療費控除とセルフメディケーション税制は選択適用です。どちらか一方を記載してください。",
        "medical expenses or self-medication, not both; give the one that was chosen.",
    )


def absurd_sum(pointer: str, most: int) -> Refused:
    """Amounts that are possible each, and not together."""
    return Refused(
        "too-large",
        pointer,
        f"合計が大きすぎます。{most:,}円以下になるよう、金額を確認してください。",
        f"the sum is more than {most:,} yen; check the amounts.",
    )


def born_after_the_year(pointer: str, income_year: int) -> Refused:
    """生年月日 after the end of the income year."""
    return Refused(
        "birth-date-after-income-year",
        pointer,
        f"生年月日が所得年（{income_year}年）の末日より後です。",
        f"the birth date is after the end of the income year {income_year}.",
    )


def born_too_early(pointer: str, oldest: int) -> Refused:
    """生年月日 that nobody alive has."""
    return Refused(
        "birth-date-too-early",
        pointer,
        f"生年月日が{oldest}年以上前です。確認してください。",
        f"the birth date is more than {oldest} years ago; check it.",
    )


_NOT_IMPLEMENTED = {
    "retirement": ("退職所得", "retirement income"),
    "forestry": ("山林所得", "forestry income"),
    "capital_gains": ("譲渡所得", "a capital gain"),
    "stocks": ("株式等に係る所得（申告分離課税）", "income from shares under separate taxation"),
    "futures": ("先物取引に係る雑所得等（分離課税）", "income from futures under separate taxation"),
    "dividends": ("配当所得", "dividend income"),
    "interest": ("利子所得", "interest income"),
    "occasional": ("一時所得", "occasional income"),
    "loss_carried_forward": ("繰越損失", "a loss carried forward"),
    "dividend_credit": ("配当控除", "the dividend credit"),
    "foreign_tax_credit": ("外国税額控除", "the foreign tax credit"),
    "withheld_dividend_levy": (
        "配当割額・株式等譲渡所得割額の控除",
        "the credit for levies withheld from dividends or shares",
    ),
    "overseas": ("国外居住親族", "a relative who lives overseas"),
}
