"""Amendments (修正) of what a record says: corrections, 旧氏, 通称, and that a 個人番号 was entered or changed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import HouseholdRow, OtherName, OtherNames, Reason, ResidentNotice, ResidentRow
from kumiai_contracts.resident_amendments import (
    AliasNotice,
    AmendmentNotice,
    FormerNameNotice,
    MyNumberMovementNotice,
    ResidentAmended,
)

from kumiai_resident_registry.domain import checks
from kumiai_resident_registry.domain.households import moving_from
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.relationships import HEAD, is_term
from kumiai_resident_registry.domain.rows import Sealing, following, movement
from kumiai_resident_registry.domain.state import RegistryState

_MINOR = frozenset(("name", "name_kana", "address"))
"""What 軽微な修正 may change: how something is written."""
_OF_THE_PERSON = ("name", "name_kana", "birth_date", "sex", "relationship", "resident_since", "address_since")


def amend(state: RegistryState, notice: AmendmentNotice, context: Context) -> Decision:
    """軽微な修正, 職権修正, 誤記修正: only what is stated changes, and something has to."""
    reasons = [
        *(() if notice.kind == "minor-amendment" else checks.ex_officio(notice)),
        *checks.dates(notice, context),
        *checks.together(state, notice.addressee_numbers, notice.effective_date),
    ]
    rows, household = moving_from(state, notice.addressee_numbers)
    stated = {name: value for name in _OF_THE_PERSON if (value := getattr(notice, name)) is not None}
    reasons += _not_to_be_amended(notice, stated)
    if reasons or household is None:
        return refused(reasons)
    reasons += _not_of_these(notice, stated, rows, household)
    if reasons:
        return refused(reasons)
    sealing = Sealing(context)
    changes = {**movement(notice, context, Reason(notice.kind)), **stated}
    if notice.address is not None:
        changes["address"] = sealing.seal(notice.address)
    return _amended([following(row, changes) for row in rows], sealing)


def former_name(state: RegistryState, notice: FormerNameNotice, context: Context) -> Decision:
    """旧氏の記載・変更・削除."""
    row, reasons = _one(state, notice, notice.addressee_number, context)
    if row is None:
        return refused(reasons)
    before, after = (row.other_names or _NOTHING).former_name, notice.former_name
    if row.nationality is not None:
        reasons.append(refusal("japanese-only", "/former_name"))
    if before == after:
        reasons.append(refusal("nothing-changes", "/former_name"))
    reason = Reason.FORMER_NAME_ENTERED if before is None else Reason.FORMER_NAME_CHANGED
    names = {"former_name": after}
    return _named(row, names, notice, context, reason if after else Reason.FORMER_NAME_REMOVED, reasons)


def alias(state: RegistryState, notice: AliasNotice, context: Context) -> Decision:
    """通称の記載・削除: another one is entered after the old one was removed, as the standard has no change of it."""
    row, reasons = _one(state, notice, notice.addressee_number, context)
    if row is None:
        return refused(reasons)
    before = (row.other_names or _NOTHING).alias
    if row.nationality is None:
        reasons.append(refusal("foreigners-only", "/alias"))
    if before == notice.alias:
        reasons.append(refusal("nothing-changes", "/alias"))
    elif before is not None and notice.alias is not None:
        reasons.append(refusal("alias-exists", "/alias"))
    reason = Reason.ALIAS_REMOVED if notice.alias is None else Reason.ALIAS_ENTERED
    return _named(row, {"alias": notice.alias}, notice, context, reason, reasons)


def my_number(state: RegistryState, notice: MyNumberMovementNotice, context: Context) -> Decision:
    """個人番号の異動: that it happened; the number itself never comes here."""
    row, reasons = _one(state, notice, notice.addressee_number, context)
    if notice.kind != "my-number-change-requested":
        reasons += checks.ex_officio(notice)
    if reasons or row is None:
        return refused(reasons)
    return _amended([following(row, movement(notice, context, Reason(notice.kind)))])


_NOTHING = OtherNames(former_name=None, alias=None)


def _one(
    state: RegistryState, notice: ResidentNotice, number: str, context: Context
) -> tuple[ResidentRow | None, list[Refusal]]:
    reasons = [
        *checks.dates(notice, context),
        *checks.live(state, number, notice.effective_date, "/addressee_number"),
    ]
    return (None if reasons else state.current(number)), reasons


def _named(
    row: ResidentRow,
    changed: Mapping[str, OtherName | None],
    notice: ResidentNotice,
    context: Context,
    reason: Reason,
    reasons: Sequence[Refusal],
) -> Decision:
    if reasons:
        return refused(reasons)
    names = (row.other_names or _NOTHING).model_copy(update=changed)
    kept = None if names == _NOTHING else names
    return _amended([following(row, {**movement(notice, context, reason), "other_names": kept})])


def _not_to_be_amended(notice: AmendmentNotice, stated: Mapping[str, Any]) -> Iterator[Refusal]:
    """What no record could be amended so."""
    if notice.kind == "minor-amendment":
        yield from (refusal("not-minor", f"/{name}") for name in stated if name not in _MINOR)
    if stated and len(notice.addressee_numbers) > 1:
        yield refusal("one-person-only", "/addressee_numbers")
    if not stated and notice.address is None:
        yield refusal("nothing-changes", "")
    if "relationship" in stated and not is_term(stated["relationship"]):
        yield refusal("relationship-unknown", "/relationship")
    for name in ("birth_date", "resident_since", "address_since"):
        if name in stated and stated[name].replace("X", "0") > notice.effective_date.isoformat():
            yield refusal("date-in-future", f"/{name}")


def _not_of_these(
    notice: AmendmentNotice, stated: Mapping[str, Any], rows: Sequence[ResidentRow], household: HouseholdRow
) -> Iterator[Refusal]:
    """What doesn't fit these people: their records say so already, or their household would fall apart."""
    if stated and notice.address is None and all(getattr(rows[0], name) == value for name, value in stated.items()):
        yield refusal("nothing-changes", "")
    if notice.address is not None and len(rows) != len(household.members):
        yield refusal("address-of-part", "/addressee_numbers")
    if "relationship" in stated and (HEAD in (stated["relationship"], rows[0].relationship)):
        yield refusal("head-is-changed", "/relationship")


def _amended(rows: Sequence[ResidentRow], sealing: Sealing | None = None) -> Accepted:
    return Accepted(
        (ResidentAmended(residents=tuple(rows), households=()),), tuple(sealing.parts) if sealing is not None else ()
    )
