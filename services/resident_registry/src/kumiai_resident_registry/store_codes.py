"""What the registry reads from its database about 住民票コード. Notices about none make no query."""

from collections.abc import Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_contracts.model import Notice, canonical_json
from kumiai_contracts.resident import CarryOverNotice, MoveInNotice
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice
from kumiai_contracts.resident_carry_over import HistoryCarryOverNotice
from kumiai_contracts.resident_codes import CodePoolNotice, ResidentCodeNotice

from kumiai_resident_registry.domain.codes import gives_codes
from kumiai_resident_registry.domain.state import Codes
from kumiai_resident_registry.named_queries import QUERIES


async def load(connection: Connection, wanted: Mapping[str, Sequence[Notice]]) -> dict[str, Codes]:
    """As many free codes as the notices may give, and which of those that they name are known."""
    needed = {m: n for m, notices in wanted.items() if (n := sum(map(_needed, notices)))}
    named = {m: codes for m, notices in wanted.items() if (codes := [c for each in notices for c in _named(each)])}
    known = {
        record["municipality"]: record["known"]
        for m, codes in named.items()
        for record in await QUERIES.known_codes(
            connection, municipality=m, codes=[canonical_json(code) for code in codes]
        )
    }
    holders = {m: await _holders(connection, m, named[m]) for m in known}
    if not needed:
        return {m: Codes(False, (), codes, holders[m]) for m, codes in known.items()}
    records = await QUERIES.free_codes(connection, municipalities=list(needed), needed=list(needed.values()))
    found = {
        (m := r["municipality"]): Codes(r["has_pool"], r["free"], known.get(m, ()), holders.get(m, {})) for r in records
    }
    return {**{m: Codes(False, (), codes, holders[m]) for m, codes in known.items()}, **found}


async def _holders(connection: Connection, municipality: str, named: Sequence[str]) -> dict[bytes, str]:
    """Whose these codes are, or were."""
    codes = [canonical_json(code) for code in named]
    records = await QUERIES.code_holders(connection, municipality=municipality, codes=codes)
    return {record["code"]: record["addressee_number"] for record in records}


def _needed(notice: Notice) -> int:
    if not gives_codes(notice):
        return 0
    return len(notice.persons) if isinstance(notice, MoveInNotice | ExOfficioEntryNotice) else 1


def _named(notice: Notice) -> Sequence[str]:
    match notice:
        case CodePoolNotice():
            return notice.codes
        case ResidentCodeNotice(resident_code=str(code)):
            return (code,)
        case CarryOverNotice() | MoveInNotice() | ExOfficioEntryNotice() | HistoryCarryOverNotice():
            return [person.resident_code for person in notice.persons if person.resident_code is not None]
    return ()
