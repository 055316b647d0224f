"""Refusals (却下理由) of histories that are carried over, and of taking them back."""

CARRY_OVER_TEXTS: dict[str, tuple[str, str]] = {
    "carried-over-already": (
        "この旧宛名番号の住民はすでに移行されています。二重に取り込まれるため、この行を除いてください。",
        "The person with this number of the system before was carried over already. Leave these rows out.",
    ),
    "old-number-twice": (
        "同じ旧宛名番号の住民が二度書かれています。一方を取り除いてください。",
        "The same person of the system before is named twice. Remove one.",
    ),
    "history-out-of-order": (
        "異動履歴が日付順ではありません(異動日または処理日が前の履歴より前です)。並び順と日付を確認してください。",
        "The history is not in order: an effective or processed date lies before that of the row before. "
        "Check the order and the dates.",
    ),
    "processed-date-in-future": (
        "処理日が未来の日付です。日付を確認してください。",
        "The processed date lies in the future. Check the date.",
    ),
    "removed-without-date": (
        "除票には消除の異動日が、住民票には消除の異動日なしが必要です。状態と消除日を確認してください。",
        "A removed person has a removal date, and nobody else has one. Check the status and the date.",
    ),
    "lives-elsewhere": (
        "現に住民である者の世帯番号が、この世帯の番号と異なります。世帯ごとに取り込んでください。",
        "A person on the live record lives in another household than this one. Carry each household over by itself.",
    ),
    "carried-history": (
        "旧システムから移行した履歴は取り消せません。誤記修正または職権による異動を届け出てください。",
        "A history that was carried over can't be taken back. Notify a correction or a movement ex officio.",
    ),
}
