"""Refusals of a malformed case (書式不備): a validation error as codes, JSON pointers and sentences for people."""

from pydantic import ValidationError

from kumiai_taxation.domain.resident_tax.refusals import Refused


def refusals_of(error: ValidationError) -> tuple[Refused, ...]:
    """Every fault of a case, in the order of the document. The given values are not repeated."""
    return tuple(
        _refused(fault["type"], fault["loc"], fault["msg"], fault.get("ctx", {}).get("field"))
        for fault in error.errors(include_input=False, include_url=False)
    )


def _refused(kind: str, loc: tuple[int | str, ...], message: str, field: str | None) -> Refused:
    pointer = "".join(
        f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in (*loc, *([field] if field else []))
    )
    code, ja = _CODES.get(kind, ("malformed", "書式に合いません。"))
    if kind == "string_pattern_mismatch":
        code, ja = _PATTERNS.get(pointer, (code, ja))
    return Refused(code, pointer, ja, f"{message}.")


_WHOLE_YEN = ("not-whole-yen", "金額は0以上の整数（円）で記載してください。")

_CODES = {
    "missing": ("missing", "必須の項目がありません。"),
    "extra_forbidden": ("unknown-field", "書式にない項目です。"),
    "int_type": _WHOLE_YEN,
    "int_from_float": _WHOLE_YEN,
    "greater_than_equal": ("negative", "負の値は記載できません。"),
    "less_than_equal": ("too-large", "値が大きすぎます。"),
    "too_long": ("too-many", "件数が多すぎます。"),
    "date_wrong": ("invalid-date", "日付はYYYY-MM-DDの実在する日で記載してください。"),
    "rate_wrong": ("invalid-rate", "税率は0から20%まで、小数第3位までで記載してください。"),
    "donation_wrong": ("invalid-donation", "寄附金は金額(円)とワンストップ特例の有無で記載してください。"),
    "contradiction": ("contradiction", "同時に記載できない項目があります。"),
    "literal_error": ("unknown-value", "この項目で使える値ではありません。"),
    "bool_type": ("not-a-flag", "trueまたはfalseで記載してください。"),
}
"""Kind of validation error → stable code, Japanese sentence."""

_PATTERNS = {
    "/fiscal_year": ("unknown-fiscal-year", "年度はR8のように記載してください。"),
    "/municipality": ("unknown-municipality", "団体コードは検査数字を含む6桁です。"),
}
