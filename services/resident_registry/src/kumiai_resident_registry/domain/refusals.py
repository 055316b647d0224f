"""Refusals (却下理由): what a clerk gets to read when a notice does not hold. Codes are stable."""

from collections.abc import Iterable

from kumiai_contracts.decision import Refused
from kumiai_contracts.receipts import Reason

from kumiai_resident_registry.domain.refusals_affairs import AFFAIRS_TEXTS
from kumiai_resident_registry.domain.refusals_between import BETWEEN_TEXTS
from kumiai_resident_registry.domain.refusals_carry_over import CARRY_OVER_TEXTS
from kumiai_resident_registry.domain.refusals_extensions import EXTENSION_TEXTS

TEXTS: dict[str, tuple[str, str]] = {
    "effective-date-in-future": (
        "異動日が未来の日付です。転出以外の異動は、異動日以降に届け出てください。",
        "The effective date lies in the future; only a move out may be notified ahead.",
    ),
    "effective-date-too-far": (
        "転出予定日が、受け付けられる日数より先です。日付を確認してください。",
        "The planned move lies further ahead than it may (a year by standard). Check the date.",
    ),
    "notified-date-in-future": (
        "届出日が未来の日付です。日付を確認してください。",
        "The notified date lies in the future. Check the date.",
    ),
    "effective-before-birth": (
        "異動日が生年月日より前です。いずれかの日付を確認してください。",
        "The effective date lies before the date of birth. Check both.",
    ),
    "birth-date-not-effective-date": (
        "出生の異動日は生年月日と同じでなければなりません。",
        "For a birth the effective date is the date of birth.",
    ),
    "effective-before-last-movement": (
        "異動日が直前の異動日より前です。先に直前の異動を取り消すか、日付を確認してください。",
        "The effective date lies before the person's last movement. Cancel that one first, or check the date.",
    ),
    "late-move-out-not-ex-officio": (
        "転出から14日を過ぎた届出です。職権(ex_officio)として処理してください。",
        "A move out notified more than 14 days after it happened is ex officio; set ex_officio.",
    ),
    "unknown-resident": (
        "この宛名番号の住民は登録されていません。番号を確認してください。",
        "The registry has no resident with this number. Check it.",
    ),
    "not-on-live-record": (
        "この住民はすでに消除されています。番号を確認し、消除が誤りの場合は先にその異動を取り消してください。",
        "This person has been removed from the record. Check the number, or cancel the removal if it was wrong.",
    ),
    "named-twice": (
        "同じ宛名番号が二度書かれています。一方を取り除いてください。",
        "The same number is named twice. Remove one of them.",
    ),
    "unknown-household": (
        "この世帯番号の世帯は登録されていません。番号を確認してください。",
        "The registry has no household with this number. Check it.",
    ),
    "household-ended": (
        "この世帯にはすでに世帯員がいません。世帯番号を確認するか、新しい世帯として届け出てください。",
        "This household has no members any more. Check the number, or notify a new household.",
    ),
    "destination-is-here": (
        "転出先がこの団体です。団体内の異動は転居として届け出てください。",
        "The destination is this municipality. Notify a change of address for a move within it.",
    ),
    "not-one-household": (
        "一つの届出に複数の世帯の住民が含まれています。世帯ごとに届け出てください。",
        "The people named belong to several households. Notify each household by itself.",
    ),
    "not-a-member": (
        "この住民は当該世帯の世帯員ではありません。宛名番号と世帯番号を確認してください。",
        "This person is not a member of the household. Check both numbers.",
    ),
    "already-head": (
        "この住民はすでに世帯主です。新しく世帯主になる人を確認してください。",
        "This person is the head already. Check who becomes head.",
    ),
    "relationship-of-another": (
        "この異動と関係のない住民の続柄が指定されています。取り除いてください。",
        "A relationship is stated for somebody whom the movement does not concern. Remove it.",
    ),
    "relationship-not-reckoned": (
        "新しい世帯主から見た続柄を、これまでの続柄から導けません。続柄を指定してください。",
        "What this person is to the new head doesn't follow from before. State the relationship.",
    ),
    "split-takes-everybody": (
        "世帯員全員を分離することはできません。分離する者だけを指定してください。",
        "A split leaves somebody behind. Name only those who become a household of their own.",
    ),
    "same-household": (
        "異動前と異動後の世帯が同じです。世帯番号を確認してください。",
        "The household before and after is the same one. Check the number.",
    ),
    "household-has-no-head": (
        "この世帯は世帯主が未設定です。先に世帯主変更を届け出てください。",
        "This household has no head. Notify a change of head first.",
    ),
    "addresses-differ": (
        "世帯の住所が異なります。先に転居を届け出るか、住所の表記を合わせてください。",
        "The addresses are not the same. Notify a change of address first, or write the address alike.",
    ),
    "relationship-unknown": (
        "続柄が住民記録の標準の用語ではありません(例: 世帯主, 妻, 子, 子の子)。",
        "The relationship is no term of the standard (such as 世帯主, 妻, 子, 子の子).",
    ),
    "not-exactly-one-head": (
        "世帯には世帯主をちょうど一人指定してください。",
        "A household needs exactly one head (世帯主).",
    ),
    "head-exists": (
        "この世帯には世帯主がいます。世帯主以外の続柄を指定してください。",
        "The household has a head; state another relationship.",
    ),
    "not-ex-officio": (
        "この異動は職権によるものです。職権(ex_officio)として処理してください。",
        "This movement is ex officio; set ex_officio.",
    ),
    "nothing-changes": (
        "記載内容に変更がありません。修正する項目と値を確認してください。",
        "Nothing on the record would change. Check what is amended, and to what.",
    ),
    "not-minor": (
        "軽微な修正では変更できない項目です。職権修正または誤記修正として処理してください。",
        "A minor amendment does not change this. Notify an ex officio amendment or a correction.",
    ),
    "one-person-only": (
        "住所以外の項目は一人ずつ修正してください。",
        "Anything but an address is amended for one person at a time.",
    ),
    "address-of-part": (
        "住所の表記は世帯員全員について修正してください。一部の者の異動は転居です。",
        "An address is amended for the whole household; a part of it that lives elsewhere moves.",
    ),
    "head-is-changed": (
        "世帯主は修正では変わりません。世帯主変更を届け出てください。",
        "An amendment does not change who is head. Notify a change of head.",
    ),
    "nationality-is-japan": (
        "日本国籍の場合は国籍を空(null)にしてください。",
        "For Japanese people the nationality is left empty (null).",
    ),
    "same-nationality": (
        "帰化・国籍喪失の前後で日本国籍の有無が変わりません。宛名番号と国籍を確認してください。",
        "The person is Japanese, or a foreigner, before and after. Check the number and the nationality.",
    ),
    "japanese-only": (
        "旧氏は日本国籍の住民にのみ記載できます。外国人住民には通称を記載してください。",
        "A former name (旧氏) is for Japanese people; foreigners have an alias (通称).",
    ),
    "foreigners-only": (
        "通称は外国人住民にのみ記載できます。日本国籍の住民には旧氏を記載してください。",
        "An alias (通称) is for foreigners; Japanese people have a former name (旧氏).",
    ),
    "alias-exists": (
        "すでに通称が記載されています。先に削除してください。",
        "There is an alias on the record. Remove it first.",
    ),
    "not-moved-out": (
        "この住民は国内転出により消除されていません。宛名番号を確認してください。",
        "This person is not removed by a move within the country. Check the number.",
    ),
    "already-confirmed": (
        "この転出はすでに確定しています。誤りの場合は先にその異動を取り消してください。",
        "This move out is confirmed already. Cancel that first if it was wrong.",
    ),
    "no-code": (
        "この住民には住民票コードが記載されていません。職権記載として処理してください。",
        "This person has no 住民票コード on the record. Notify an entry ex officio.",
    ),
    "code-exists": (
        "この住民には住民票コードがすでに記載されています。変更は変更請求として処理してください。",
        "This person has a 住民票コード on the record. A change of it is by request.",
    ),
    "code-from-pool": (
        "変更後の住民票コードは指定できません。受入済みのコードから無作為に付番されます。",
        "The new 住民票コード can't be chosen; it is taken from the pool.",
    ),
    "code-pool-empty": (
        "付番できる住民票コードがありません。先に住民票コードの受入を行ってください。",
        "No 住民票コード is free. Hand in a pool of codes first.",
    ),
    "code-twice": (
        "同じ住民票コードが二度書かれています。一方を取り除いてください。",
        "The same 住民票コード is named twice. Remove one of them.",
    ),
    "code-known": (
        "この住民票コードはすでに受け入れられているか、住民に付番されています。番号を確認してください。",
        "This 住民票コード is in the pool already, or somebody's. Check it.",
    ),
    "history-number-not-current": (
        "取り消せるのは直近の異動だけです。履歴番号を確認してください。",
        "Only the last movement can be taken back. Check the history number.",
    ),
    "cancellation-of-cancellation": (
        "取消しの履歴は取り消せません。改めて異動を届け出てください。",
        "A cancellation can't be taken back. Notify the movement again.",
    ),
    "others-moved-since": (
        "同じ異動の他の住民または世帯に、その後の異動があります。先にそれを取り消してください。",
        "Others of the same movement, or the household, have moved since. Cancel that first.",
    ),
}


_ALL_TEXTS = (TEXTS, CARRY_OVER_TEXTS, AFFAIRS_TEXTS, BETWEEN_TEXTS, EXTENSION_TEXTS)


def refusal(code: str, pointer: str) -> Reason:
    """The reason for a code, pointing into the notice. Raises StopIteration for a code that has no text."""
    ja, en = next(texts[code] for texts in _ALL_TEXTS if code in texts)
    return Reason(code=code, pointer=pointer, ja=ja, en=en)


def refused(reasons: Iterable[Reason]) -> Refused:
    """The refusal for all of these reasons, each named once."""
    return Refused(tuple(dict.fromkeys(reasons)))
