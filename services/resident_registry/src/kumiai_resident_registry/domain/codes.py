"""住民票コード: the pool, and who gets a code of it.

Invariant: a code is given once, and in no event. Codes are sealed; a free one is taken in the order of the commitments,
which are as good as random, so nobody can guess a code from another (住民基本台帳法施行規則: given without order). A
municipality that never handed in a pool gives codes in a system of its own, and the registry gives none.
"""

from collections.abc import Iterator
from dataclasses import replace

from kumiai_contracts.decision import Accepted, Context, Decision, SealedPart
from kumiai_contracts.model import Event, RowSet, canonical_json
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import (
    BirthNotice,
    MoveInNotice,
    Reason,
    ResidentEvent,
    ResidentNotice,
    ResidentRow,
)
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice, ResidentAmended
from kumiai_contracts.resident_codes import (
    CodePoolNotice,
    ResidentCodeNotice,
    ResidentCodeRow,
    ResidentCodesChanged,
)

from kumiai_resident_registry.domain import checks, work_list
from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.rows import CODE, following, movement
from kumiai_resident_registry.domain.state import RegistryState


def gives_codes(notice: object) -> bool:
    """Whether people get a code by a notice who bring none: newborns, from abroad, unregistered until now."""
    if isinstance(notice, MoveInNotice):
        return notice.origin == "abroad"
    return isinstance(notice, BirthNotice | ExOfficioEntryNotice | ResidentCodeNotice)


def take_in(state: RegistryState, notice: CodePoolNotice, context: Context) -> Decision:
    """Codes come into the pool, each once and none that anybody has."""
    reasons: list[Refusal] = []
    for n, code in enumerate(notice.codes):
        if code in notice.codes[:n]:
            reasons.append(refusal("code-twice", f"/codes/{n}"))
        elif state.is_code_known(code):
            reasons.append(refusal("code-known", f"/codes/{n}"))
    if reasons:
        return refused(reasons)
    parts = [SealedPart(CODE, context.salt(n), canonical_json(code)) for n, code in enumerate(notice.codes)]
    rows = tuple(ResidentCodeRow(code=part.commitment, addressee_number=None) for part in parts)
    return Accepted((ResidentCodesChanged(codes=rows),), tuple(parts))


def change(state: RegistryState, notice: ResidentCodeNotice, context: Context) -> Decision:
    """変更請求 takes another code from the pool; 職権記載 enters a first one, from the pool or as it is known."""
    requested = notice.kind == "resident-code-change-requested"
    reasons = [
        *(() if requested else checks.ex_officio(notice)),
        *checks.dates(notice, context),
        *checks.live(state, notice.addressee_number, notice.effective_date, "/addressee_number"),
    ]
    row = state.current(notice.addressee_number)
    if row is not None and requested and row.resident_code is None:
        reasons.append(refusal("no-code", "/kind"))
    if row is not None and not requested and row.resident_code is not None:
        reasons.append(refusal("code-exists", "/kind"))
    if requested and notice.resident_code is not None:
        reasons.append(refusal("code-from-pool", "/resident_code"))
    elif notice.resident_code is not None and state.is_code_known(notice.resident_code):
        reasons.append(refusal("code-known", "/resident_code"))
    elif notice.resident_code is None and not state.free_codes:
        reasons.append(refusal("code-pool-empty", ""))
    if reasons or row is None:
        return refused(reasons)
    changes = movement(notice, context, Reason(notice.kind))
    if notice.resident_code is not None:
        part = SealedPart(CODE, context.salt(0), canonical_json(notice.resident_code))
        event = ResidentAmended(residents=(following(row, {**changes, CODE: part.commitment}),), households=())
        return Accepted((event,), (part,))
    rows, given = _given([following(row, changes)], state)
    return Accepted((ResidentAmended(residents=tuple(rows), households=()), given))


def with_codes(state: RegistryState, notice: ResidentNotice, decision: Accepted) -> Accepted:
    """A decision by which people enter who bring no code: they get the next ones of the pool, as long as it lasts."""
    if not state.has_code_pool or not state.free_codes or not gives_codes(notice):
        return decision
    first, *others = decision.events
    if not isinstance(first, ResidentEvent) or not any(_lacks(row) for row in first.residents):
        return decision
    rows, given = _given(first.residents, state)
    return replace(decision, events=(first.model_copy(update={"residents": tuple(rows)}), given, *others))


def missing(state: RegistryState, affairs: RowSet, decision: Accepted, context: Context) -> Iterator[Event]:
    """Who entered when the pool was empty waits on the work list until a code is entered."""
    rows = [row for event in decision.events if isinstance(event, ResidentEvent) for row in event.residents]
    yield from work_list.changed(item for row in rows for item in _items(state, affairs, row, context))


def _items(state: RegistryState, affairs: RowSet, row: ResidentRow, context: Context) -> Iterator[WorkItemRow]:
    item = work_list.code_item(row.addressee_number)
    if row.reason is Reason.RESIDENT_CODE_ENTERED:
        yield from work_list.settled(affairs, item, "by-movement", context)
    elif _lacks(row) and state.has_code_pool:
        yield from work_list.opened(affairs, "resident-code-missing", item, (row.addressee_number,), context)


def _lacks(row: ResidentRow) -> bool:
    entered = row.history_number == 1 or row.reason in (Reason.MOVE_IN_FROM_ABROAD, Reason.EX_OFFICIO_ENTRY)
    return entered and row.resident_code is None


def _given(
    people: "list[ResidentRow] | tuple[ResidentRow, ...]", state: RegistryState
) -> tuple[list[ResidentRow], Event]:
    free = iter(state.free_codes)
    rows, given = [], []
    for row in people:
        lacks = _lacks(row) or row.reason in (Reason.RESIDENT_CODE_ENTERED, Reason.RESIDENT_CODE_CHANGE_REQUESTED)
        code = next(free, None) if lacks else None
        rows.append(row if code is None else row.model_copy(update={CODE: code}))
        if code is not None:
            given.append(ResidentCodeRow(code=code, addressee_number=row.addressee_number))
    return rows, ResidentCodesChanged(codes=tuple(given))
