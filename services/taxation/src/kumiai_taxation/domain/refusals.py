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
