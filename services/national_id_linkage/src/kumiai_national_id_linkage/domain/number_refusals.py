"""Refusals (不受理事由) of the linkage service: for each code, text in Japanese and English. Codes are stable.

Invariant: no text repeats what was sent.
"""

from kumiai_contracts.decision import Refused
from kumiai_contracts.receipts import Reason

TEXTS: dict[str, tuple[str, str]] = {
    "my-number-in-clear": (
        "個人番号が暗号化されずに送信されました。番号は保管していません。通知のトピックに平文が残っているため、直ちに運用者へ連絡し、"
        "保管庫の公開鍵で暗号化して新しいIDで再送してください。",
        "The 個人番号 was sent without encryption. It was not taken in, but it stands in the notices topic in clear: "
        "tell the operators at once, then encrypt it to the vault's public key and send it under a new id.",
    ),
    "jwe-unreadable": (
        "暗号化された個人番号(JWE)を復号できません。壊れているか、内容の形式が異なります。保管庫の公開鍵と公開スキーマを確認し、"
        "暗号化し直して新しいIDで再送してください。",
        "The encrypted 個人番号 (JWE) can't be opened: it is damaged or holds something else. Check the vault's public "
        "key and the published schema, encrypt it again and send it under a new id.",
    ),
    "jwe-algorithm-refused": (
        "JWEの方式が認められていません。alg=ECDH-ES+A256KW、enc=A256GCM、曲線P-256を使い、圧縮(zip)やcritを付けずに暗号化し直してください。",
        "The JWE's algorithms are not allowed. Encrypt it with alg=ECDH-ES+A256KW, enc=A256GCM and an ephemeral key on "
        "P-256, without zip or crit.",
    ),
    "jwe-key-unknown": (
        "JWEのkidが保管庫の鍵と一致しません。鍵が更新された可能性があります。公開鍵を取得し直し、暗号化し直して新しいIDで再送してください。",
        "The JWE's kid is none of the vault's keys; they may have been renewed. Fetch the public key again, encrypt to "
        "it and send it under a new id.",
    ),
    "jwe-for-another": (
        "JWEの中の市区町村コードまたは宛名番号が、この通知と一致しません。別の人の個人番号を送っていないか確認し、暗号化し直してください。",
        "The JWE was made for another municipality or another 宛名番号 than this notice's. Check whose number it is "
        "and encrypt it again.",
    ),
    "number-check-digit-wrong": (
        "個人番号が12桁でないか、検査用数字が合いません。番号を確認し、暗号化し直して新しいIDで再送してください。",
        "The 個人番号 is not twelve digits or its check digit doesn't fit. Check the number, encrypt it again and send "
        "it under a new id.",
    ),
    "addressee-not-numbered": (
        "この宛名番号には団体内統合宛名番号が付番されていません。住民記録の受領書にある事象をce_causeに指定するか、宛名番号を確認してください。",
        "This 宛名番号 has no integrated addressee number. Name the registry's event from its receipt as ce_cause, or "
        "check the number.",
    ),
    "number-held-by-another": (
        "この個人番号は、すでに別の人の番号として保管されています。番号と宛名番号を確認してください。同一人の場合は宛名の統合を先に行ってください。",
        "This 個人番号 is held for another person already. Check it and the 宛名番号; if both are one person, merge "
        "their addressees first.",
    ),
    "another-number-held": (
        "この人には別の個人番号が保管されています。番号を確認し、変更された場合はreasonをchangedとして通知してください。",
        "Another 個人番号 is held for this person. Check it; if the number was changed, notify it with the reason "
        "`changed`.",
    ),
    "numbers-differ": (
        "二人にはそれぞれ別の個人番号が保管されているため、同一人として統合できません。どちらの番号が正しいか確認してください。",
        "Each of the two has a 個人番号 of its own, so they can't be one person. Check which of the numbers is right.",
    ),
    "merged-with-itself": (
        "同じ宛名番号が二度指定されています。統合する相手の宛名番号を確認してください。",
        "Both 宛名番号 are the same. Check whom the addressee is to be merged with.",
    ),
    "not-merged": (
        "この宛名は統合されていません。統合された側の宛名番号を指定してください。",
        "This addressee was not merged into another one. State the 宛名番号 of the one that was.",
    ),
    "unknown-old-number": (
        "この旧宛名番号の住民は移行されていません。先に住民を取り込むか、番号と旧システムの名称を確認してください。",
        "Nobody with this number of the system before was carried over. Import the residents first, or check the "
        "number and the system's name.",
    ),
    "number-of-another": (
        "この業務の宛名番号は、すでに別の人のものとして紐付けられています。番号を確認してください。",
        "This number of the line of business stands for another person already. Check it.",
    ),
    "number-was-replaced": (
        "この個人番号は変更前の番号です。変更後の番号を確認してください。",
        "This 個人番号 was replaced by another one. Check which number holds now.",
    ),
}


def refused(code: str, pointer: str) -> Refused:
    """The refusal for a code. Raises KeyError for a code that has no text."""
    ja, en = TEXTS[code]
    return Refused((Reason(code=code, pointer=pointer, ja=ja, en=en),))
