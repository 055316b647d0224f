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
