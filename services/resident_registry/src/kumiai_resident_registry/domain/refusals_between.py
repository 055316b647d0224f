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
    "no-such-person": (
        "identified の person が persons の人数を超えています。0から数えた順番を指定してください。",
        "There is no such person in persons. Count from 0.",
    ),
    "not-the-same-person": (
        "この宛名番号の住民は、生年月日・性別または住民票コードが届出の者と異なります。宛名番号を確認してください。",
        "Whoever has this number was born on another day, is of another sex, or has another 住民票コード. Check it.",
    ),
    "already-resident": (
        "この住民はすでに住民票に記載されています。二重に記載することはできません。転居などの異動として届け出てください。",
        "This person is on the live record already, and nobody is on it twice. Notify a change of address or the like.",
    ),
    "mark-twice": (
        "同じ個人番号のトークンまたは在留カード番号が二度書かれています。一方を取り除いてください。",
        "The same token of a 個人番号, or the same 在留カード番号, is named twice. Remove one of them.",
    ),
    "mark-of-another": (
        "この個人番号のトークンまたは在留カード番号は別の住民のものです。宛名番号、住民票コードとともに確認してください。",
        "This token of a 個人番号, or this 在留カード番号, is another resident's. Check it beside the 宛名番号 and the "
        "住民票コード.",
    ),
    "removed-by-death": (
        "この住民は死亡により消除されています。番号を確認し、死亡が誤りの場合は先にその異動を取り消してください。",
        "This person was removed by death. Check the number, or cancel the death first if it was wrong.",
    ),
}
