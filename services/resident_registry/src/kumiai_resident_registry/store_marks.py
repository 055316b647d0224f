"""What the registry reads from its database about tokens and cards. Notices with none make no query."""

from collections.abc import Iterator, Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_contracts.model import Notice, canonical_json
from kumiai_contracts.resident import MoveInNotice
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice
from kumiai_contracts.resident_marks import IdentityMarksNotice

from kumiai_resident_registry.domain.marks import of
from kumiai_resident_registry.named_queries import QUERIES


async def load(connection: Connection, wanted: Mapping[str, Sequence[Notice]]) -> dict[str, dict[str, str]]:
    """Whose the tokens and cards are that notices name, by municipality and mark."""
    found: dict[str, dict[str, str]] = {m: {} for m in wanted}
    for m, notices in wanted.items():
        named = [mark for notice in notices for mark in _named(notice)]
        tokens = [mark for name, mark in named if name == "my_number_token"]
        cards = {canonical_json(mark): mark for name, mark in named if name == "residence_card"}
        if tokens:
            records = await QUERIES.bearers(connection, municipality=m, tokens=tokens)
            found[m].update((record["token"], record["addressee_number"]) for record in records)
        if cards:
            records = await QUERIES.card_holders(connection, municipality=m, cards=list(cards))
            found[m].update((cards[record["card"]], record["addressee_number"]) for record in records)
    return found


def _named(notice: Notice) -> Iterator[tuple[str, str]]:
    match notice:
        case IdentityMarksNotice():
            yield from (mark for each in notice.people for mark in of(each))
        case MoveInNotice() | ExOfficioEntryNotice():
            yield from (mark for each in notice.identified for mark in of(each))
