"""Gaiji (外字) in notices and mapping tables: kept as they came, listed until somebody has identified them."""

from collections.abc import Iterator, Sequence

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.model import Event, RowSet
from kumiai_contracts.receipts import Reason
from kumiai_contracts.resident import (
    BirthNotice,
    CarryOverNotice,
    MoveInNotice,
    OtherName,
    ResidentEvent,
    ResidentNotice,
    ResidentRow,
)
from kumiai_contracts.resident_affairs import (
    GaijiKept,
    GaijiMapped,
    GaijiMapping,
    GaijiMappingNotice,
    GaijiRow,
    GaijiUseRow,
    WorkItemRow,
)
from kumiai_contracts.resident_amendments import (
    AliasNotice,
    AmendmentNotice,
    ChangeOfNationalityNotice,
    ExOfficioEntryNotice,
    FormerNameNotice,
    ResidentAmended,
    ResidentNationalityChanged,
)
from kumiai_contracts.resident_carry_over import CarriedMovement, HistoryCarryOverNotice, ResidentHistoryCarriedOver

from kumiai_resident_registry.domain import work_list
from kumiai_resident_registry.domain.characters.gaiji import code_point, private_characters
from kumiai_resident_registry.domain.characters.mj import name_of, sequence_of
from kumiai_resident_registry.domain.refusals import refusal, refused


def names_of(notice: ResidentNotice) -> Sequence[str]:
    """The names and readings that a notice brings."""
    match notice:
        case CarryOverNotice() | MoveInNotice() | ExOfficioEntryNotice():
            return [name for person in notice.persons for name in (person.name, person.name_kana)]
        case BirthNotice(child=named) | FormerNameNotice(former_name=OtherName() as named):
            return (named.name, named.name_kana)
        case AliasNotice(alias=OtherName() as named) | (ChangeOfNationalityNotice() as named):
            return (named.name, named.name_kana)
        case AmendmentNotice():
            return [name for name in (notice.name, notice.name_kana) if name is not None]
        case HistoryCarryOverNotice():
            return [name for person in notice.persons for row in person.history for name in _called(row)]
    return ()


def refusals(notice: ResidentNotice) -> Iterator[Reason]:
    """A name with private-use characters says whose they are; without, nobody could ever read it."""
    if notice.gaiji_system is None and private_characters(*names_of(notice)):
        yield refusal("gaiji-system-missing", "/gaiji_system")


def kept(affairs: RowSet, notice: ResidentNotice, decision: Accepted, context: Context) -> Iterator[Event]:
    """Whose names hold private-use characters, and a work item for each that nobody has identified."""
    assert notice.gaiji_system is not None
    system = notice.gaiji_system
    uses = tuple(
        GaijiUseRow.trusted(
            addressee_number=row.addressee_number, system=system, code_points=tuple(map(code_point, found))
        )
        for event in decision.events
        if isinstance(event, ResidentEvent)
        for row in event.residents
        if _is_named_by(event, row) and (found := private_characters(*_called(row)))
    )
    if not uses:
        return
    points = tuple(dict.fromkeys(point for use in uses for point in use.code_points))
    unknown = [point for point in points if (row := affairs.get(GaijiRow, system, point)) is None or not row.character]
    new = tuple(
        GaijiRow.trusted(system=system, code_point=point, character=None, mj=None)
        for point in unknown
        if affairs.get(GaijiRow, system, point) is None
    )
    yield GaijiKept.trusted(uses=uses, gaiji=new)
    yield from work_list.changed(
        item
        for point in unknown
        for item in work_list.opened(
            affairs,
            "character-unidentified",
            work_list.character_item(system, point),
            (system, point),
            context,
        )
    )


def _is_named_by(event: ResidentEvent, row: ResidentRow) -> bool:
    naming = ResidentAmended | ResidentNationalityChanged | ResidentHistoryCarriedOver
    return row.history_number == 1 or isinstance(event, naming)


def _called(row: ResidentRow | CarriedMovement) -> Iterator[str]:
    others = row.other_names
    for named in (row, *((others.former_name, others.alias) if others is not None else ())):
        if named is not None:
            yield from (named.name, named.name_kana)


def map_characters(affairs: RowSet, notice: GaijiMappingNotice, context: Context) -> Decision:
    """外字対応表の取込み: identifies code points, and lists those that nobody can identify."""
    reasons = list(_mapping_refusals(notice))
    if reasons:
        return refused(reasons)
    rows = [_row(notice.system, mapping) for mapping in notice.mappings]
    new = tuple(row for row in rows if affairs.get(GaijiRow, row.system, row.code_point) != row)
    if not new:
        return Accepted(())
    items = [item for row in new for item in _items(affairs, row, context)]
    return Accepted((GaijiMapped.trusted(gaiji=new), *work_list.changed(items)))


def _mapping_refusals(notice: GaijiMappingNotice) -> Iterator[Reason]:
    seen: set[str] = set()
    for n, mapping in enumerate(notice.mappings):
        if mapping.code_point in seen:
            yield refusal("code-point-twice", f"/mappings/{n}/code_point")
        seen.add(mapping.code_point)
        if mapping.mj is not None:
            written = sequence_of(mapping.mj)
            if written is None:
                yield refusal("unknown-mj-character", f"/mappings/{n}/mj")
            elif mapping.character is not None and mapping.character != written:
                yield refusal("character-is-not-mj", f"/mappings/{n}/character")
        elif mapping.character is not None and private_characters(mapping.character):
            yield refusal("character-is-private", f"/mappings/{n}/character")


def _row(system: str, mapping: GaijiMapping) -> GaijiRow:
    character = sequence_of(mapping.mj) if mapping.mj is not None else mapping.character
    mj = mapping.mj or (name_of(character) if character else None)
    return GaijiRow.trusted(system=system, code_point=mapping.code_point, character=character, mj=mj)


def _items(affairs: RowSet, row: GaijiRow, context: Context) -> Iterator[WorkItemRow]:
    item = work_list.character_item(row.system, row.code_point)
    if row.character is None:
        return work_list.opened(affairs, "character-unidentified", item, (row.system, row.code_point), context)
    return work_list.settled(affairs, item, "identified", context)
