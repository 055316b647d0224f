"""Refusals (却下理由) about extra attributes (拡張項目). Codes are stable."""

EXTENSION_TEXTS: dict[str, tuple[str, str]] = {
    "extensions-too-large": (
        "拡張項目が大きすぎます(10,000文字まで)。",
        "The extra attributes are too large: 10,000 characters of JSON at most.",
    ),
    "extension-namespace-unknown": (
        "この名前空間の拡張項目は登録されていません。先にスキーマをパラメータとして設定してください。",
        "The municipality has no extra attributes of this namespace. Set their schema as a parameter first.",
    ),
    "extension-missing": (
        "スキーマで必須とされている拡張項目がありません。",
        "The schema requires this extra attribute.",
    ),
    "extension-unknown": (
        "スキーマにない拡張項目です。",
        "The schema has no such extra attribute.",
    ),
    "extension-invalid": (
        "拡張項目の値がスキーマに合いません。",
        "This extra attribute does not fit the schema.",
    ),
}
