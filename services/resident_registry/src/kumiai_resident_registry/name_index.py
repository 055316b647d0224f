"""The indexes of names and addresses: under which keys people are found. Made from the log, after the fact.

They are no state of the record: notices never wait for them, they can be dropped and made anew at any time, and a
search says nothing about people whose events it has not seen yet. While they catch up they take a sixth of the loop's
time at most.
"""

import asyncio
from collections.abc import Collection, Iterator
from time import perf_counter
from typing import Any

import orjson
import structlog
from kumiai_common.database import TRANSIENT, Connection
from kumiai_common.log import open_parts
from kumiai_common.service import Ground
from kumiai_contracts.registry import EVENTS
from kumiai_contracts.resident import Address, ResidentBorn, ResidentCarriedOver, ResidentEvent, ResidentMovedIn
from kumiai_contracts.resident_amendments import (
    ResidentAmended,
    ResidentEntered,
    ResidentNationalityChanged,
    ResidentReturned,
)
from kumiai_contracts.resident_carry_over import ResidentHistoryCarriedOver

from kumiai_resident_registry.domain.address_key import address_key
from kumiai_resident_registry.domain.characters.search_key import search_keys
from kumiai_resident_registry.named_queries import QUERIES

_LOG = structlog.get_logger()
PAGE = 200
"""Events in one transaction."""
IDLE_SECONDS = 0.3
REST = 5
"""How many times as long as it worked it rests."""
NAMING = frozenset(
    kind.type
    for kind in (
        ResidentCarriedOver,
        ResidentHistoryCarriedOver,
        ResidentMovedIn,
        ResidentBorn,
        ResidentEntered,
        ResidentReturned,
        ResidentAmended,
        ResidentNationalityChanged,
    )
)
"""Types of events that bring names. Somebody whose name has changed is found by the old one, too."""
PEOPLE = [kind.type for kind in EVENTS.values() if issubclass(kind, ResidentEvent)]
"""Types of events with rows of people: any of them may say that somebody lives elsewhere."""


async def run(ground: Ground) -> None:
    """Keep the index up with the log, for ever."""
    while True:
        began = perf_counter()
        try:
            moved = await catch_up(ground)
        except TRANSIENT as error:
            _LOG.warning("name index waits", error=type(error).__name__)
            moved = False
        await asyncio.sleep((perf_counter() - began) * REST if moved else IDLE_SECONDS)


async def catch_up(ground: Ground) -> bool:
    """Take one page further for every municipality that is behind; whether there was any."""
    tenants = await ground.database.tenants()
    async with ground.database.transaction(tenants) as connection:
        behind = await QUERIES.name_index_behind(connection, municipalities=tenants)
    for record in behind:
        await _page(ground, record["municipality"], record["head"])
    return bool(behind)


async def _page(ground: Ground, municipality: str, head: int) -> None:
    async with ground.database.transaction([municipality]) as connection:
        await QUERIES.begin_name_index(connection, municipality=municipality)
        locked = await QUERIES.lock_name_index(connection, municipality=municipality)
        if locked is None:
            return  # another process is at it
        after = locked["position"]
        until = min(head, after + PAGE)
        await index(connection, municipality, after, until)
        await QUERIES.save_name_index_position(connection, municipality=municipality, position=until)


async def index(connection: Connection, municipality: str, after: int, until: int) -> None:
    """Take in the events of some positions."""
    found = await QUERIES.events_with_people(
        connection, municipality=municipality, after=after, until=until, types=PEOPLE
    )
    rows = [(record["type"] in NAMING, row) for record in found for row in orjson.loads(record["body"])["residents"]]
    named = {
        (key, row["addressee_number"])
        for is_naming, row in rows
        if is_naming
        for name in _names(row)
        for key in search_keys(name)
    }
    lived = {(row["address"], row["addressee_number"]) for _, row in rows}
    keys = await address_keys(connection, municipality, {address for address, _ in lived})
    at = {(keys[address], number) for address, number in lived if address in keys}
    for save, pairs in ((QUERIES.save_names, named), (QUERIES.save_addresses, at)):
        if pairs:
            under, numbers = zip(*sorted(pairs), strict=True)
            await save(connection, municipality=municipality, keys=under, addressee_numbers=numbers)


async def address_keys(connection: Connection, municipality: str, addresses: Collection[str]) -> dict[str, str]:
    """The keys of sealed addresses, by commitment; those that were erased have none."""
    found = await open_parts(connection, municipality, addresses)
    return {sealed: address_key(Address.model_validate_json(part)) for sealed, part in found.items()}


def _names(row: dict[str, Any]) -> Iterator[str]:
    """Name, former name and alias with their readings, of a row as it stands in an event's body."""
    for called in (row, *(row["other_names"] or {}).values()):
        if called is not None:
            yield called["name"]
            yield called["name_kana"]
