"""Refusals (却下理由) of a feed: what whoever keeps an own system gets to read. Codes are stable."""

from typing import Any

from kumiai_contracts.receipts import Reason

FEED_TEXTS: dict[str, tuple[str, str]] = {
    "own-system-keeps-record": (
        "この団体の住民記録は自団体システムが管理しています。届出ではなく、異動データとして送信してください。",
        "This municipality's own system keeps the record. Send the event in its feed instead of a notice.",
    ),
    "shared-registry-keeps-record": (
        "この団体の住民記録は共同利用の住民記録が管理しています。異動データは受け付けません。"
        "切替えの手続が済んだ後に、同じ連番・新しいIDで再送してください。",
        "The shared registry keeps this municipality's record and takes no feed. Once it has been moved to the own "
        "system, send the same number again under a new id.",
    ),
    "feed-gap": (
        "連番が飛んでいます。次に受け付ける連番は{next}です。{next}から順に、新しいIDで再送してください。",
        "Numbers are missing: the next one is {next}. Send everything again from {next} on, in order, under new ids.",
    ),
    "feed-number-used": (
        "この連番は使用済みです。次に受け付ける連番は{next}です。送信側の連番を確認し、照合データを送信してください。",
        "This number has been used; the next one is {next}. Check the sender's count, and send a snapshot.",
    ),
    "movement-given": (
        "異動(movement)は連合側で付けます。空文字にして、同じ連番・新しいIDで再送してください。",
        "The federation fills in `movement`. Leave it empty and send the same number under a new id.",
    ),
    "number-reserved": (
        "9で始まる番号は、税務の住登外者のために予約されています。別の番号を使用してください。",
        "Numbers that begin with 9 are reserved for taxpayers who are no residents. Use another one.",
    ),
    "reason-not-of-type": (
        "異動事由がイベントの種類と合いません。種類(event_type)と異動事由を確認してください。",
        "The reason is none of this type of event. Check both.",
    ),
    "removed-on-does-not-fit": (
        "消除の異動日は除票にだけ、かつ必ず指定してください。",
        "A removed person has a removal date, and nobody else has.",
    ),
    "numbers-do-not-fit": (
        "旧番号対応(numbers)は、履歴の移行にだけ、かつその住民と世帯について指定してください。",
        "Numbers of the system before are told with a history that is carried over, of its people and households.",
    ),
    "part-missing": (
        "この封緘値に対応する封緘部分(parts)がありません。住所などの原文とソルトを添えてください。",
        "Nobody knows what is sealed here. Add the part with its salt.",
    ),
    "part-unused": (
        "この封緘部分は、どの行のこの項目とも一致しません。ソルト、原文、項目名を確認してください。",
        "No row has this part's commitment in that field. Check salt, text and name.",
    ),
    "part-invalid": (
        "封緘部分の内容が、住所または住民票コードとして読み取れません。",
        "The part is no address, or no 住民票コード.",
    ),
    "history-number-not-next": (
        "履歴番号が連続していません。この住民の次の履歴番号は{next}です。",
        "History numbers have no gaps: this person's next one is {next}.",
    ),
    "already-on-live-record": (
        "この住民はすでに住民票に記載されています。二重の記載はできません。",
        "This person is on the live record already and can't enter it again.",
    ),
    "status-does-not-follow": (
        "この異動事由の後の状態(住民票・除票)と一致しません。",
        "The status is not the one that this reason leads to.",
    ),
    "cancels-nothing": (
        "取消しには、取り消す履歴番号(cancels)が必要です。それ以外には指定できません。",
        "A cancellation names the earlier history number that it takes back, and nothing else does.",
    ),
    "household-not-told": (
        "世帯員が変わる世帯の行がありません。異動後の世帯を添えてください。",
        "A household changes that the event does not tell. Add it as it is afterwards.",
    ),
    "members-do-not-follow": (
        "世帯員が、異動後にこの世帯に属する住民と一致しません。",
        "The members are not those who live in the household afterwards.",
    ),
    "head-does-not-follow": (
        "世帯主が、続柄が「世帯主」である世帯員と一致しません。",
        "The head is not the one member whose relationship is 世帯主.",
    ),
    "snapshot-malformed": (
        "照合データの範囲、並び順、またはハッシュ値が正しくありません。",
        "The snapshot's range, order or hash does not hold.",
    ),
    "snapshot-not-at-number": (
        "照合データの連番が現在の連番({now})と異なるため、照合できません。",
        "The snapshot is not of the present number, {now}, so it can't be compared.",
    ),
    "snapshot-range-too-wide": (
        "この範囲には1,000人を超える住民がいます。範囲を分けて送信してください。",
        "More than 1,000 people of this range are on the live record. Send narrower ranges.",
    ),
    "snapshot-differs": (
        "照合の結果、{count}人について一致しません。",
        "The snapshot differs from the record in {count} people.",
    ),
    "snapshot-person-unknown": (
        "宛名番号{number}は、こちらの住民票に記載されていません。",
        "{number} is not on the live record here.",
    ),
    "snapshot-person-missing": (
        "宛名番号{number}は、こちらの住民票に記載されていますが、照合データにありません。",
        "{number} is on the live record here, and not in the snapshot.",
    ),
    "snapshot-row-differs": (
        "宛名番号{number}の現在の行が一致しません。",
        "The current rows of {number} differ.",
    ),
}


def feed_refusal(code: str, pointer: str = "", **values: Any) -> Reason:
    """The reason for a code, pointing into the notice, with what its text names."""
    ja, en = FEED_TEXTS[code]
    return Reason(code=code, pointer=pointer, ja=ja.format(**values), en=en.format(**values))
