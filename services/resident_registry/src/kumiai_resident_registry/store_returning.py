"""What the registry reads from its database about people who may have been on the record before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import MoveInNotice, Person
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice

from kumiai_resident_registry.domain.characters.search_key import search_key
from kumiai_resident_registry.domain.returning import MOST_CANDIDATES
from kumiai_resident_registry.domain.state import Codes
from kumiai_resident_registry.named_queries import QUERIES


async def load(
    connection: Connection, wanted: Mapping[str, Sequence[Notice]], codes: Mapping[str, Codes]
) -> set[tuple[str, str]]:
    """Who entering people may be, by municipality and 宛名番号: stated, by their codes, or of the same name and birth.

    Names are compared here and not in the database: of those who were born on a day few have the same name, and only
    they are worth loading.
    """
    entering: dict[str, list[Person]] = defaultdict(list)
    found = {(m, number) for m, known in codes.items() for number in known.holders.values()}
    for m, notices in wanted.items():
        for notice in notices:
            if isinstance(notice, MoveInNotice | ExOfficioEntryNotice):
                entering[m] += notice.persons
                found |= {(m, each.addressee_number) for each in notice.identified if each.addressee_number is not None}
    days = sorted({(m, person.birth_date) for m, persons in entering.items() for person in persons})
    if not days:
        return found
    sought = {(m, p.birth_date, p.sex, search_key(p.name)) for m, persons in entering.items() for p in persons}
    municipalities, birth_dates = zip(*days, strict=True)
    left = dict.fromkeys(sought, MOST_CANDIDATES)
    for record in await QUERIES.born_on(connection, municipalities=municipalities, birth_dates=birth_dates):
        m, born = record["municipality"], (record["birth_date"], record["sex"])
        for name in {search_key(record["name"]), search_key(record["last_name"])}:
            if left.get((m, *born, name), 0) > 0:
                left[m, *born, name] -= 1
                found.add((m, record["addressee_number"]))
    return found
