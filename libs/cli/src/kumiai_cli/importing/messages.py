"""Why a row is not taken, for clerks: for each code a text in Japanese and English. Codes are stable.

Invariant: no text repeats what a cell holds.
"""

from typing import NamedTuple


class Fault(NamedTuple):
    """One reason why a row is refused."""

    line: int
    """Line of the file, counted from 1, on which the row begins."""
    column: str
    """The column; empty for the whole row."""
    code: str
    ja: str
    en: str


TEXTS: dict[str, tuple[str, str]] = {
    "not-decodable": (
        "この行は指定の文字コードとして読めません。文字コードを確認し、行を書き直してください。",
        "The row can't be read in the file's encoding. Check the encoding and write the row anew.",
    ),
    "nul": (
        "行にNUL文字が含まれています。出力元で取り除いてください。",
        "The row holds a NUL character. Remove it where the file comes from.",
    ),
    "quotes-unbalanced": (
        '引用符(")が閉じていません。引用符を二重にするか、閉じてください。',
        "A quotation mark is not closed. Double it, or close it.",
    ),
    "row-malformed": (
        "CSVとして読めない行です。引用符と改行を確認してください。",
        "The row is no CSV. Check its quotation marks and line ends.",
    ),
    "too-long": (
        "行または項目が長すぎます。出力元を確認してください。",
        "The row, or a field of it, is too long. Check where the file comes from.",
    ),
    "too-many-columns": (
        "項目が見出しより多い行です。区切り文字と引用符を確認してください。",
        "The row has more fields than the header. Check separators and quotation marks.",
    ),
    "too-few-columns": (
        "項目が見出しより少ない行です。区切り文字と引用符を確認してください。",
        "The row has fewer fields than the header. Check separators and quotation marks.",
    ),
    "missing": ("必須の項目が空です。値を入力してください。", "A value is needed here."),
    "not-a-day": (
        "暦の日付ではありません。YYYY-MM-DDの実在する日付を入力してください。",
        "This is no day of the calendar, YYYY-MM-DD. Only dates of birth and of 住民・住所 may be others.",
    ),
    "not-a-code": (
        "認められていない値です。項目表にある値を入力してください。",
        "This value is not one of those that the table of columns lists.",
    ),
    "not-a-number": (
        "整数ではありません。桁区切りなしの数字で入力してください。",
        "This is no whole number.",
    ),
    "out-of-range": ("値が範囲外です。項目表の範囲を確認してください。", "The value is out of its range."),
    "form": ("値の形式が項目表と異なります。", "The value has not the form that the table of columns states."),
    "with-kana": ("振り仮名と名称は両方必要です。", "A name and its reading come together."),
    "history-number-twice": (
        "同じ人の同じ履歴番号が二度あります。一方を取り除いてください。",
        "This person has this history number twice. Remove one.",
    ),
    "row-twice": ("同じ対象の行が二度あります。一方を取り除いてください。", "This is in the file twice. Remove one."),
    "goes-with-refused": (
        "同じ世帯または同じ対象の他の行が取り込めないため、この行も取り込みません。その行を直してから再度取り込んでください。",
        "Another row of the same household, or about the same, was refused, so this one was, too. Mend that one and "
        "import both again.",
    ),
    "too-many-rows": (
        "一人の履歴が多すぎて一度に取り込めません。運用者に相談してください。",
        "This person has more history rows than one notice takes. Ask the operators.",
    ),
    "total-does-not-add-up": (
        "年税額が内訳の合計と一致しません。金額を確認してください。",
        "The total is not the sum of its parts. Check the amounts.",
    ),
    "more-than-total": (
        "金額が年税額を超えています。金額を確認してください。",
        "The amount is higher than the total. Check both.",
    ),
}

_BY_TYPE = {
    "missing": "missing",
    "string_too_short": "missing",
    "enum": "not-a-code",
    "literal_error": "not-a-code",
    "int_parsing": "not-a-number",
    "int_from_float": "not-a-number",
    "bool_parsing": "not-a-code",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
    "string_too_long": "too-long",
}


def fault(line: int, column: str, code: str) -> Fault:
    """A reason by its code. Raises KeyError for a code without a text."""
    return Fault(line, column, code, *TEXTS[code])


def code_of(error_type: str, column_is_day: bool) -> str:
    """The code for what pydantic says of a cell."""
    return "not-a-day" if column_is_day and error_type != "missing" else _BY_TYPE.get(error_type, "form")
