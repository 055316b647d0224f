"""Refusals (却下理由) of the roll, as values for a receipt."""

from kumiai_contracts.receipts import Reason


def unknown_resident(pointer: str) -> Reason:
    """The registry's stream has no such person, as far as it was read."""
    return Reason(
        code="unknown-resident",
        pointer=pointer,
        ja="この宛名番号の住民は登録されていません。番号を確認してください。"
        "転入直後の場合は、受領書の事象を ce_cause に指定してください。",
        en="The registry has no resident with this number. Check it; for somebody who has just moved in, name the "
        "event of the receipt in ce_cause.",
    )


def not_resident_on_assessment_date(pointer: str) -> Reason:
    """The person didn't live here on 1 January (賦課期日): another municipality taxes."""
    return Reason(
        code="not-resident-on-assessment-date",
        pointer=pointer,
        ja="賦課期日(1月1日)に住民ではないため、課税できません。1月1日の住所地の市区町村へ提出してください。",
        en="The person did not live here on 1 January. Send the report to the municipality of that day's address.",
    )


def revision_differs(pointer: str) -> Reason:
    """The same revision of a report came before with other content."""
    return Reason(
        code="revision-differs",
        pointer=pointer,
        ja="同じ改訂番号の資料を別の内容で受け付けています。訂正には、より大きい改訂番号を付けてください。",
        en="This revision was taken in before with other content. Give a correction a higher revision.",
    )


def reporter_too_long(pointer: str, most: int) -> Reason:
    """指定番号 that the name of a report has no room for."""
    return Reason(
        code="reporter-too-long",
        pointer=pointer,
        ja=f"指定番号は{most}文字以内で記載してください。",
        en=f"Give the payer's number in at most {most} characters.",
    )


def nobody_named(pointer: str) -> Reason:
    """A report without a number and without a person."""
    return Reason(
        code="nobody-named",
        pointer=pointer,
        ja="宛名番号または本人の氏名・生年月日を記載してください。",
        en="Give the addressee number, or the person's name and date of birth.",
    )


def unknown_work_item(pointer: str) -> Reason:
    """No open item has this name."""
    return Reason(
        code="unknown-work-item",
        pointer=pointer,
        ja="処理できる要確認事項がありません。一覧で番号と状態を確認してください。",
        en="There is no open work item of this name. Look it up in the work list.",
    )


def resolution_does_not_fit(pointer: str) -> Reason:
    """The item holds no report to match or forward, or the target is missing or the municipality itself."""
    return Reason(
        code="resolution-does-not-fit",
        pointer=pointer,
        ja="この処理はできません。特定には資料と宛名番号、回送には資料と他の市区町村のコードが必要です。",
        en="This can't be done: matching needs a report and a known number, forwarding a report and another "
        "municipality.",
    )


def years_reversed(pointer: str) -> Reason:
    """An entry that ends before it begins."""
    return Reason(
        code="years-reversed",
        pointer=pointer,
        ja="終了年度が開始年度より前です。",
        en="The last fiscal year is before the first.",
    )


def unknown_old_number(pointer: str) -> Reason:
    """Nobody was carried over under this number of the system before, as far as the registry's stream was read."""
    return Reason(
        code="unknown-old-number",
        pointer=pointer,
        ja="この旧宛名番号の住民は移行されていません。先に住民を取り込むか、番号と旧システムの名称を確認してください。",
        en="Nobody with this number of the system before was carried over. Import the residents first, or check the "
        "number and the system's name.",
    )


def assessed_already(pointer: str) -> Reason:
    """There is an assessment of the person and year: a carried-over one never takes its place."""
    return Reason(
        code="assessed-already",
        pointer=pointer,
        ja="この人のこの年度の賦課はすでにあります。二重に取り込まれるため、この行を除いてください。",
        en="This person's year is assessed already. Leave this one out.",
    )


def total_does_not_add_up(pointer: str) -> Reason:
    """年税額 is not the sum of its parts."""
    return Reason(
        code="total-does-not-add-up",
        pointer=pointer,
        ja="年税額が内訳の合計と一致しません。金額を確認してください。",
        en="The total is not the sum of its parts. Check the amounts.",
    )


def more_than_total(pointer: str) -> Reason:
    """A part of the total is more than it."""
    return Reason(
        code="more-than-total",
        pointer=pointer,
        ja="金額が年税額を超えています。金額を確認してください。",
        en="The amount is higher than the total. Check both.",
    )


def balance_in_future(pointer: str) -> Reason:
    """A balance of a day that has not come."""
    return Reason(
        code="balance-in-future",
        pointer=pointer,
        ja="未納額の基準日が未来の日付です。日付を確認してください。",
        en="The day of the balance lies in the future. Check the date.",
    )
