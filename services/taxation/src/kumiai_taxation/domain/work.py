"""The work list (要確認事項): what the rules leave to a person, and what becomes of it."""

from kumiai_contracts.fields import MunicipalityCode
from kumiai_contracts.receipts import Reason
from kumiai_contracts.taxation import WorkItemRow

CHANGED_AFTER_FREEZE = "changed-after-freeze"
CARRIED_OVER_ASSESSMENT = "carried-over-assessment"


def open_item(name: str, fiscal_year: int, addressee_number: str | None, reason: Reason) -> WorkItemRow:
    """A new item. Its name follows from what led to it, so a repetition makes the same one."""
    return WorkItemRow(
        work_item=name[:200],
        fiscal_year=fiscal_year,
        addressee_number=addressee_number,
        code=reason.code,
        pointer=reason.pointer,
        ja=reason.ja,
        en=reason.en,
        state="open",
    )


def settled(item: WorkItemRow, state: str, forwarded_to: MunicipalityCode | None = None) -> WorkItemRow:
    """The item as it was settled."""
    return item.model_copy(update={"state": state, "forwarded_to": forwarded_to})


def unknown_person() -> Reason:
    """Nobody here has the report's number, or it has none."""
    return Reason(
        code="unknown-person",
        pointer="/addressee_number",
        ja="対象者を特定できない課税資料です。宛名番号を特定するか、住所地の市区町村へ回送してください。",
        en="Nobody knows whose report this is. Say who it is, or forward it to the municipality that taxes.",
    )


def not_taxable_here() -> Reason:
    """The person is known, but another municipality taxes."""
    return Reason(
        code="not-taxable-here",
        pointer="/addressee_number",
        ja="賦課期日(1月1日)に当団体の納税義務者ではありません。1月1日の住所地を確認してください。",
        en="The person is not taxed here for this year. Find out where the person lived on 1 January.",
    )


def returned(why: Reason) -> Reason:
    """A report that was forwarded came back."""
    return Reason(
        code="forwarded-report-returned",
        pointer="",
        ja=f"回送した課税資料は受け付けられませんでした({why.code}: {why.ja})。"
        "別の方法で送付するか、回送先を見直してください。",
        en=f"The report that was forwarded was not taken ({why.code}: {why.en}). Send it in another way, or elsewhere.",
    )


def carried_over_assessment() -> Reason:
    """An assessment that another system made, by its own rules: none of ours may change it."""
    return Reason(
        code=CARRIED_OVER_ASSESSMENT,
        pointer="",
        ja="旧システムで決定され、移行した賦課です。自動では再計算されません。担当者が税額を確認してください。",
        en="This assessment was made by another system and carried over, so it is not calculated anew. A person has to "
        "look at it.",
    )


def parameters_changed() -> Reason:
    """The municipality has set a parameter for a year that has assessments already."""
    return Reason(
        code="parameters-changed",
        pointer="",
        ja="課税済みの年度に適用されるパラメータが設定されました。決定済みの税額は変わっていません。更正の要否を確認してください。",
        en="A parameter was set that holds for a year with assessments. They stay as they were issued: see whether "
        "they have to be corrected.",
    )


def changed_after_freeze() -> Reason:
    """Something about a person on a frozen roll has changed: the run's result is corrected once it is issued."""
    return Reason(
        code=CHANGED_AFTER_FREEZE,
        pointer="",
        ja="当初賦課の固定後に資料または住民記録が変わりました。決定後に自動で再計算されます。",
        en="A report or the registry has changed after the roll was frozen. It is assessed again once the run is "
        "issued.",
    )
