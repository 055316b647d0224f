"""Refusals (却下理由) about texts, protection, gaiji and the work list. Codes are stable."""

AFFAIRS_TEXTS: dict[str, tuple[str, str]] = {
    "looks-like-my-number": (
        "個人番号と思われる12桁の数字が含まれています。個人番号は番号連携の保管庫だけに送ってください。番号でない場合は表記を変えてください。",
        "A text holds twelve digits that look like a 個人番号 (My Number). Send it to the linkage vault alone; if "
        "it is none, write it differently.",
    ),
    "gaiji-system-missing": (
        "氏名に外字(私用領域の文字)があります。どの体系の外字かをgaiji_systemに指定してください。",
        "A name holds private-use characters. Say in gaiji_system whose they are.",
    ),
    "unknown-mj-character": (
        "このMJ文字図形名は文字情報一覧表にありません。番号を確認してください。",
        "The table of MJ characters has no such name. Check it.",
    ),
    "character-is-not-mj": (
        "文字がMJ文字図形名の文字と異なります。いずれか一方だけを指定するか、表を確認してください。",
        "The character is not the one of that MJ name. State one of the two, or check the table.",
    ),
    "character-is-private": (
        "対応先の文字が私用領域の文字です。標準の文字を指定するか、未同定のままにしてください。",
        "The character is a private-use one itself. State a standard one, or leave the code point unidentified.",
    ),
    "code-point-twice": (
        "同じコードポイントが二度書かれています。一方を取り除いてください。",
        "The same code point is mapped twice. Remove one of the lines.",
    ),
    "already-protected": (
        "この住民はすでに支援措置の対象です。延長の場合は決定として通知してください。",
        "This person is protected already. Notify a decision for a further term.",
    ),
    "not-protected": (
        "この住民は支援措置の対象ではありません。宛名番号を確認するか、先に申出を通知してください。",
        "This person is not protected. Check the number, or notify the application first.",
    ),
    "date-in-future": (
        "日付が未来です。日付を確認してください。",
        "The date lies in the future. Check it.",
    ),
    "decided-before-application": (
        "決定日が申出日より前です。いずれかの日付を確認してください。",
        "The decision lies before the application. Check both dates.",
    ),
    "renewed-too-early": (
        "支援措置の延長は、終了予定日の一月前から行えます。日付を確認してください。",
        "A term can be renewed from one month before its end. Check the date.",
    ),
    "ended-before-application": (
        "終了日が申出日より前です。日付を確認してください。",
        "The ending lies before the application. Check the date.",
    ),
    "unknown-work-item": (
        "この要処理案件はありません。案件の名前を一覧で確認してください。",
        "There is no such work item. Look its name up in the list.",
    ),
    "work-item-settled": (
        "この要処理案件はすでに処理されています。",
        "This work item has been settled already.",
    ),
    "assignee-or-decision": (
        "担当者か決定のどちらか一方だけを指定してください。",
        "State either an assignee or a decision.",
    ),
    "settled-by-the-record": (
        "この案件は記録によって処理されます。世帯主変更の届出または外字の対応表を送ってください。",
        "The record settles this item by itself: notify the change of head, or the mapping of the character.",
    ),
}
