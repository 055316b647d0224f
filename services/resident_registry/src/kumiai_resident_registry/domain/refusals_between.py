"""Refusals (却下理由) about moves between municipalities and people who come back. Codes are stable."""

BETWEEN_TEXTS: dict[str, tuple[str, str]] = {
    "previous-is-here": (
        "転入前の市区町村がこの団体です。団体内の異動は転居として届け出てください。",
        "The municipality before is this one. Notify a change of address for a move within it.",
    ),
    "previous-is-abroad": (
        "国外転入に転入前の市区町村は指定できません。国内転入とするか、取り除いてください。",
        "Somebody from abroad comes from no municipality. Make it a domestic move, or leave it out.",
    ),
    "announced-move-not-open": (
        "この参照番号の転出予定は、転入前の市区町村から通知されていないか、すでに対応済みか、取り下げられています。一覧で確認してください。",
        "No move of this reference is announced by that municipality, or it is met or withdrawn. Look it up in the "
        "list.",
    ),
    "sender-is-here": (
        "通知元がこの団体です。団体コードを確認してください。",
        "The sender is this municipality itself. Check its code.",
    ),
    "reference-of-another": (
        "参照番号が通知元の団体のものではないか、二度書かれています。参照番号を確認してください。",
        "The reference is not the sender's, or is named twice. Check it.",
    ),
}
