"""Refusals (拒否理由) about inquiries, provisions, codes and recalls. Codes are stable.

Three of the Japanese texts are the words of a vendor's interface, since operators know them.
"""

from kumiai_contracts.decision import Refused
from kumiai_contracts.receipts import Reason

TEXTS: dict[str, tuple[str, str]] = {
    # The table
    "no-table-on-that-day": (
        "その日に効力のある法令表がありません。日付を確認してください。",
        "No legal table holds on that day. Check the date.",
    ),
    "inquirer-not-in-table": (
        "この情報照会者の照会は許可されていません。機関コードを確認してください。",
        "The legal table knows no such inquirer. Check the institution code.",
    ),
    "affair-not-in-table": (
        "この事務の照会は許可されていません。事務コードを確認してください。",
        "The legal table has no such affair for this inquirer. Check the code.",
    ),
    "procedure-not-in-table": (
        "この事務手続の照会は許可されていません。事務手続コードを確認してください。",
        "The legal table has no such procedure for this inquirer. Check the code.",
    ),
    "provider-not-in-table": (
        "この情報提供者への照会は許可されていません。提供者を確認してください。",
        "In this procedure the legal table lets nobody ask that provider. Check the provider.",
    ),
    "fact-kind-not-in-table": (
        "この特定個人情報の照会は許可されていません。特定個人情報名コードを確認してください。",
        "In this procedure the legal table lets nobody ask for that kind of fact. Check the code.",
    ),
    "items-not-in-table": (
        "照会された項目はいずれも許可されていません。項目を確認してください。",
        "None of the items may be asked for. Check them against the legal table and your grants.",
    ),
    "procedure-not-granted": (
        "貴団体ではこの事務手続の照会権限が付与されていません。権限を付与してから照会してください。",
        "Your municipality has not granted this procedure. Grant it first (procedure-grant).",
    ),
    # Who
    "inquirer-not-yours": (
        "情報照会者が貴団体の機関ではありません。機関コードを確認してください。",
        "The inquirer is no institution of your municipality. Check the institution code.",
    ),
    "not-the-receiver": (
        "受信機関が当団体の機関ではありません。",
        "The receiver is no institution of this municipality.",
    ),
    "proof-invalid": (
        "ネットワークの署名が正しくありません。他の機関の名による電文の可能性があります。",
        "The network's signature does not fit: somebody may be speaking in another's name.",
    ),
    "network-not-connected": (
        "ネットワークの公開鍵が設定されていないため、電文を確認できません。",
        "No network is connected (its public key is not set), so what it delivers can't be checked.",
    ),
    # Codes
    "code-not-acquired": (
        "符号が未取得です。先に符号取得要求を行ってください。",
        "The network does not know this person's code yet. Request it first (code-request).",
    ),
    "code-unknown": (
        "該当する符号がありません。",
        "No person here has this code.",
    ),
    "unknown-addressee": (
        "この宛名番号の住民はいません。宛名番号を確認してください。",
        "Nobody here has this 宛名番号. Check it.",
    ),
    "acquisition-number-unknown": (
        "この取得番号は発行されていないか、すでに使われています。",
        "This 取得番号 was never issued, or has been used.",
    ),
    # Time and repetition
    "request-expired": (
        "照会の有効期限が過ぎています。新しい照会番号で照会し直してください。",
        "The request has expired. Ask again under a new request number.",
    ),
    "sender-clock-off": (
        "送信機関の時計がずれています。時刻を合わせ、新しい照会番号で照会し直してください。",
        "The sender's clock is off. Set it and ask again under a new request number.",
    ),
    "network-clock-off": (
        "電文の受付時刻が未来です。時計を確認してください。",
        "The network accepted this in the future. Check the clocks.",
    ),
    "request-replayed": (
        "この照会はすでに処理済みです。同じ照会に再び回答することはありません。",
        "This request has been dealt with. The same request is not answered a second time.",
    ),
    "request-number-reused": (
        "「レコード識別番号」が既に存在しています。内容の異なる照会には新しい番号を付けてください。",
        "The request number exists with other content. Give another request a number of its own.",
    ),
    # Facts
    "fact-not-found": (
        "該当する情報はありません。",
        "There is no such fact on file.",
    ),
    "protected": (
        "自動応答できません。担当者が確認のうえ回答します。",
        "There is no automatic answer. A person will look at it.",
    ),
    "withheld": (
        "情報は提供されません。",
        "The facts are not provided.",
    ),
    # Recalls
    "recall-unknown": (
        "この訂正通知は送っていません。",
        "No such recall was sent to that body.",
    ),
    "summary-unknown": (
        "その期間の記録の突合は依頼していません。",
        "No records of such a period were told to that body.",
    ),
    # Answers
    "inquiry-unknown": (
        "この照会番号の照会はありません。",
        "There is no inquiry with this request number.",
    ),
    "not-the-provider": (
        "照会先と異なる機関からの回答です。",
        "This comes from another body than the one that was asked.",
    ),
    "answer-contradicts": (
        "すでに受け取った回答と内容が異なります。提供者に確認してください。",
        "It differs from the answer that has arrived. Ask the provider.",
    ),
    "answer-wider-than-asked": (
        "照会していない項目が含まれているため、受け取りません。",
        "It holds items that nobody asked for, so it is not taken.",
    ),
}


def reason(code: str, pointer: str = "") -> Reason:
    """The reason for a code. Raises KeyError for one that is not here."""
    ja, en = TEXTS[code]
    return Reason(code=code, pointer=pointer, ja=ja, en=en)


def refused(code: str, pointer: str = "") -> Refused:
    """A refusal for one reason."""
    return Refused((reason(code, pointer),))
