"""What the ground says when it refuses a notice: for each code, text for a clerk in Japanese and English.

Every text names what is wrong and what to do next. Codes are stable; texts may be improved. The refusals of a
service's own rules stand in that service.
"""

from kumiai_contracts.receipts import Reason

MAX_POINTER = 200
"""The longest pointer that a receipt holds; a longer one is cut."""


def reason(code: str, pointer: str = "") -> Reason:
    """The reason for a code, pointing at what is wrong. Raises KeyError for a code that the ground does not have."""
    ja, en = TEXTS[code]
    return Reason(code=code, pointer=pointer[:MAX_POINTER], ja=ja, en=en)


TEXTS: dict[str, tuple[str, str]] = {
    # The body as JSON text
    "body-too-large": (
        "本文が上限の1MiB(1,048,576バイト)を超えています。通知を分割して、それぞれ新しいIDで送信してください。",
        "The body is larger than 1 MiB (1,048,576 bytes). Split the notice and send each part under a new id.",
    ),
    "body-not-utf8": (
        "本文の文字コードがUTF-8ではありません。送信側システムの文字コード設定を確認し、UTF-8で新しいIDにより再送してください。",
        "The body is not UTF-8. Check the sending system's character encoding and send it in UTF-8 under a new id.",
    ),
    "body-not-json": (
        "本文をJSONとして読み取れません。送信側システムの出力を確認し、正しいJSON(先頭のBOMなし)で新しいIDにより再送してください。",
        "The body is not JSON. Check what the sending system writes and send valid JSON (without a byte order mark) "
        "under a new id.",
    ),
    "body-too-deep": (
        "本文の入れ子が上限の32段を超えています。通知の形式を公開スキーマに合わせ、新しいIDで再送してください。",
        "The body is nested deeper than 32 levels. Follow the published schema and send it under a new id.",
    ),
    "body-duplicate-key": (
        "同じ項目名が二度書かれており、どちらの値が正しいか判断できません。一方を削除し、新しいIDで再送してください。",
        "A field is given twice, so its value is ambiguous. Remove one of them and send it under a new id.",
    ),
    "body-number-not-finite": (
        "数値として扱えない値(NaN、無限大、または大きすぎる小数)があります。正しい数値に直し、新しいIDで再送してください。",
        "A value is not a finite number (NaN, infinity or out of range). Correct it and send it under a new id.",
    ),
    "body-number-too-large": (
        "整数が大きすぎます(絶対値は9,007,199,254,740,991まで)。桁数を確認し、新しいIDで再送してください。",
        "An integer is beyond 9,007,199,254,740,991 either way. Check its digits and send it under a new id.",
    ),
    "body-nul": (
        "文字列にNUL文字(U+0000)が含まれています。取り除いて、新しいIDで再送してください。",
        "A text contains the NUL character (U+0000). Remove it and send the notice under a new id.",
    ),
    "body-lone-surrogate": (
        "文字列に壊れた文字(対にならないサロゲート)が含まれています。元の文字を確認し、正しい文字で新しいIDにより再送してください。",
        "A text contains a broken character (a lone surrogate). Enter the character again and send it under a new id.",
    ),
    # The record
    "record-unreadable": (
        "Kafkaのレコードとして読み取れません(ヘッダー名の文字コード、圧縮形式、展開後の大きさなど)。送信側システムの送信設定を直し、新しいIDで再送してください。",
        "The Kafka record can't be read (encoding of a header's name, compression, or size once decompressed). Correct "
        "how the sending system writes it and send the notice under a new id.",
    ),
    # The envelope
    "envelope-attribute-missing": (
        "通知の封筒(ヘッダー)に必須の属性がありません。示された属性を付けて送信してください。",
        "A required attribute of the envelope (a header) is missing. Add the one shown and send the notice again.",
    ),
    "envelope-attribute-malformed": (
        "通知の封筒(ヘッダー)の属性の形式が正しくありません。示された属性を直し、新しいIDで再送してください。",
        "An attribute of the envelope (a header) is malformed. Correct the one shown and send it under a new id.",
    ),
    "envelope-attribute-repeated": (
        "通知の封筒(ヘッダー)に同じ属性が二度あり、どちらが正しいか判断できません。一つにして、新しいIDで再送してください。",
        "An attribute of the envelope (a header) is given twice, so it is ambiguous. Keep one of them and send the "
        "notice under a new id.",
    ),
    "envelope-not-utf8": (
        "通知の封筒(ヘッダー)の属性がUTF-8ではありません。文字コードを直し、新しいIDで再送してください。",
        "An attribute of the envelope (a header) is not UTF-8. Correct the encoding and send it under a new id.",
    ),
    "cause-malformed": (
        "原因(ce_cause)の形式が正しくありません。「ストリーム名:世代:位置」の形で指定し、新しいIDで再送してください。",
        "The cause (ce_cause) is malformed. Write it as stream:incarnation:position and send it under a new id.",
    ),
    "municipality-mismatch": (
        "封筒の団体コードが送信先の団体と異なります。自団体のコードと送信先を確認し、新しいIDで再送してください。",
        "The envelope's municipality is not the one of the topic. Check your code and where you send to, and send it "
        "under a new id.",
    ),
    # The fields
    "field-missing": (
        "必須の項目がありません。示された項目を入力し、新しいIDで再送してください。",
        "A required field is missing. Fill in the one shown and send the notice under a new id.",
    ),
    "field-unknown": (
        "この通知にない項目が含まれています。示された項目を取り除くか、項目名の誤りを直し、新しいIDで再送してください。",
        "The notice has no such field. Remove the one shown, or correct its name, and send the notice under a new id.",
    ),
    "field-invalid": (
        "項目の値が正しくありません(型、桁数、範囲、検査数字など)。示された項目を確認し、新しいIDで再送してください。",
        "A field's value does not hold (type, length, range or check digit). Correct the one shown and send the notice "
        "under a new id.",
    ),
    # What the federation knows and does
    "type-unknown": (
        "この種類の通知は、このサービスでは受け付けていません。通知の種類(ce_type)と送信先のサービスを確認し、新しいIDで再送してください。",
        "This service takes no notice of that type. Check the type (ce_type) and the service that you send it to, and "
        "send it under a new id.",
    ),
    "not-subscribed": (
        "貴団体はこのサービスを利用していません。利用開始の手続きが済んでいるか運用者に確認し、済んだ後に新しいIDで再送してください。",
        "Your municipality does not subscribe to this service. Ask the federation's operator about it and, once you "
        "do, send the notice under a new id.",
    ),
    "id-reused": (
        "このIDは、内容の異なる別の通知で使用済みです。訂正や別の通知には、必ず新しいIDを付けて送信してください。",
        "This id was used for another notice with other content. Send a correction or another notice under a new id.",
    ),
    "source-reserved": (
        "urn:kumiai: で始まる送信元(ce_source)は連合基盤専用です。自システムの送信元で、新しいIDで再送してください。",
        "A source (ce_source) that begins with urn:kumiai: is the federation's own. Send it with your system's source "
        "under a new id.",
    ),
    "recipient-not-subscribed": (
        "送達先の団体はこのサービスを利用していません。書面など別の方法で送付してください。",
        "The recipient does not subscribe to this service. Send it in another way, such as on paper.",
    ),
    "cause-not-found": (
        "原因(ce_cause)に示された異動が見つかりません。参照先を確認し、正しい原因を付けて新しいIDで再送してください。",
        "The event named as the cause (ce_cause) does not exist. Check it and send the notice with the right one under "
        "a new id.",
    ),
    "processing-failed": (
        "サービス側の不具合で処理できませんでした。通知は保管され、運用者が調査します。再送せず、運用者からの連絡をお待ちください。",
        "The service failed on this notice. It is kept, and an operator will look into it: do not send it again, and "
        "wait to hear from the operator.",
    ),
    "closed": (
        "貴団体のこのサービスの受付は終了しています。反映されていませんので、必要な手続きを運用者に確認してください。",
        "This service no longer takes notices from your municipality. Nothing was changed; ask the federation's "
        "operator what to do.",
    ),
}
"""Japanese and English text by code."""
