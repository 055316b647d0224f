"""Refusals of a malformed case (書式不備): a validation error as codes, JSON pointers and sentences for people."""

from kumiai_contracts.strict_json import StrictJsonError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kumiai_taxation.domain.resident_tax.refusals import Refused


def refusals_of(error: ValidationError) -> tuple[Refused, ...]:
    """Every fault of a case, in the order of the document. The given values are not repeated."""
    return tuple(_refused(fault) for fault in error.errors(include_input=False, include_url=False))


def unreadable(error: StrictJsonError) -> Refused:
    """A body that is no JSON, or ambiguous."""
    ja, en = _UNREADABLE.get(error.code, ("JSONとして読み取れません。", "this can't be read as JSON."))
    return Refused(error.code, error.pointer, ja, en)


def _refused(fault: ErrorDetails) -> Refused:
    kind, given = fault["type"], fault.get("ctx", {})
    field = given.get("field")
    pointer = "".join(
        f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in (*fault["loc"], *([field] if field else []))
    )
    if kind == "contradiction":  # says itself what contradicts what
        return Refused("contradiction", pointer, "同時に記載できない項目があります。", f"{fault['msg']}.")
    if kind in ("string_pattern_mismatch", "string_type") and pointer in _PATTERNS:
        return Refused(*_with_pointer(_PATTERNS[pointer], pointer))
    code, ja, en = _CODES.get(kind, _MALFORMED)
    return Refused(code, pointer, ja.format(**given), en.format(**given))


def _with_pointer(said: tuple[str, str, str], pointer: str) -> tuple[str, str, str, str]:
    code, ja, en = said
    return code, pointer, ja, en


_MALFORMED = (
    "malformed",
    "書式に合いません。書式(JSON Schema)を確認してください。",
    "this is not what the case format has here; see its JSON Schema.",
)
_WHOLE_YEN = (
    "not-whole-yen",
    "金額は0以上の整数（円）で記載してください。",
    "write an amount as a whole number of yen, 0 or more.",
)

_CODES = {
    "missing": ("missing", "必須の項目がありません。", "this has to be given."),
    "extra_forbidden": ("unknown-field", "書式にない項目です。", "the case format has no such field."),
    "int_type": _WHOLE_YEN,
    "int_from_float": _WHOLE_YEN,
    "greater_than_equal": ("negative", "{ge}より小さい値は記載できません。", "this can't be less than {ge}."),
    "less_than_equal": (
        "too-large",
        "値が大きすぎます。{le:,}以下で記載してください。",
        "this can't be more than {le:,}.",
    ),
    "too_long": (
        "too-many",
        "件数が多すぎます。{max_length}件まで記載できます。",
        "at most {max_length} can be given.",
    ),
    "date_wrong": (
        "invalid-date",
        "日付はYYYY-MM-DDの実在する日で記載してください。",
        "write a day of the calendar as YYYY-MM-DD.",
    ),
    "rate_wrong": (
        "invalid-rate",
        "税率は0から20%まで、小数第3位までで記載してください。",
        "a rate lies between 0 % and 20 % and has at most three decimals: write 0.02025, 2.025 or '2.025%'.",
    ),
    "donation_wrong": (
        "invalid-donation",
        "寄附金は金額(円)とワンストップ特例の有無で記載してください。",
        "each gift has an amount in whole yen and may say one_stop.",
    ),
    "literal_error": (
        "unknown-value",
        "この項目で使える値ではありません。使える値: {expected}",
        "this field takes one of {expected}.",
    ),
    "bool_type": ("not-a-flag", "trueまたはfalseで記載してください。", "write true or false."),
}
"""Kind of validation error → stable code, Japanese and English sentence; the braces are the limit that was passed."""

_PATTERNS = {
    "/fiscal_year": (
        "unknown-fiscal-year",
        "年度はR8のように記載してください。",
        "write the fiscal year as R8, or as its calendar year 2026.",
    ),
    "/municipality": (
        "unknown-municipality",
        "団体コードは検査数字を含む6桁の文字列です。",
        "write the municipality's code as a text of six digits, the check digit included.",
    ),
}
"""The same by pointer, for fields that are texts of one form."""

_UNREADABLE = {
    "body-duplicate-key": ("同じ項目が2回記載されています。", "this field is given twice."),
    "body-number-not-finite": ("数値ではありません。", "this is no number."),
    "body-number-too-large": ("値が大きすぎます。", "this number is too large to be read the same everywhere."),
    "body-not-utf8": ("文字コードをUTF-8にしてください。", "save the file as UTF-8."),
    "body-too-large": ("ファイルが大きすぎます。", "the file is too large."),
    "body-too-deep": ("入れ子が深すぎます。", "the nesting is too deep."),
    "body-not-json": (
        "JSONとして読み取れません。書き方と、UTF-8(BOMなし)で保存したことを確認してください。",
        "this is no JSON; check how it is written, and that it was saved as UTF-8 without a byte order mark.",
    ),
}
"""Code of a body that can't be read → Japanese and English sentence."""
