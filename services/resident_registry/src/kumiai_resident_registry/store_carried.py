"""What the registry reads from its database about numbers of the system used before (旧番号対応)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_common.tables import from_record
from kumiai_contracts.model import Notice
from kumiai_contracts.resident_carry_over import CarriedNumberRow, HistoryCarryOverNotice
from kumiai_contracts.resident_feed import FeedEventNotice

from kumiai_resident_registry.domain.carrying_over import households_named
from kumiai_resident_registry.domain.protection import protected_with
from kumiai_resident_registry.named_queries import QUERIES


async def load(connection: Connection, wanted: Mapping[str, Sequence[Notice]]) -> list[tuple[str, CarriedNumberRow]]:
    """Those of the numbers that the notices name which were carried over before. Other notices make no query."""
    named = sorted({(m, *name) for m, notices in wanted.items() for notice in notices for name in _named(notice)})
    if not named:
        return []
    municipalities, systems, kinds, numbers = zip(*named, strict=True)
    records = await QUERIES.carried_numbers(
        connection, municipalities=municipalities, systems=systems, kinds=kinds, numbers=numbers
    )
    return [(record["municipality"], from_record(CarriedNumberRow, record)) for record in records]


def households(carried: Iterable[tuple[str, CarriedNumberRow]]) -> set[tuple[str, str]]:
    """The households among them, by municipality and 世帯番号."""
    return {(municipality, row.number) for municipality, row in carried if row.kind == "household"}


def _named(notice: Notice) -> Iterator[tuple[str, str, str]]:
    if isinstance(notice, FeedEventNotice):
        yield from ((row.system, row.kind, row.old_number) for row in notice.event.numbers)
    if isinstance(notice, HistoryCarryOverNotice):
        yield from ((notice.system, "person", person.old_number) for person in notice.persons)
        yield from ((notice.system, "person", number) for number in protected_with(notice))
        yield from ((notice.system, "household", number) for number in households_named(notice))
