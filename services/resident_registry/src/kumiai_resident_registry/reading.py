"""Reading about people: who may, for which purpose, what is shown, and the record of it (利用記録).

Invariant: nothing about a person is answered unless who read about whom and why was recorded in the same transaction.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import orjson
from kumiai_common.database import Connection
from kumiai_common.http.access import Caller, authorised, requested_purpose
from kumiai_common.http.access_records import READERS, record_access
from kumiai_common.http.problems import PARAMETER_INVALID, PURPOSE_MISSING, Problem
from kumiai_common.http.requests import municipality_of
from kumiai_common.log import open_parts
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose
from kumiai_contracts.resident import ResidentRow
from starlette.requests import Request

from kumiai_resident_registry.domain.characters.gaiji import code_point, identified, private_characters
from kumiai_resident_registry.domain.characters.mj import CHARACTER_SETS, TABLES, USUAL_TABLES, Policy, reduce
from kumiai_resident_registry.domain.visible import ADDRESSES, EXTENSIONS_FOR, FIELDS, sees_address, visible
from kumiai_resident_registry.named_queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Holds = Callable[[ResidentRow], bool]


@dataclass(frozen=True, slots=True)
class Reading:
    """One request's transaction, with who reads and why."""

    connection: Connection
    municipality: str
    caller: Caller
    purpose: Purpose
    action: str
    policy: Policy | None = None
    """How names are reduced for whoever asks (縮退方針), beside what they are."""

    async def record(self, addressee_numbers: Sequence[str]) -> None:
        """Write down whom this is about (利用記録)."""
        await record_access(
            self.connection, self.municipality, self.caller, self.purpose, self.action, addressee_numbers
        )

    async def shown(self, rows: Sequence[ResidentRow], *, found_by_address: bool = False) -> list[dict[str, Any]]:
        """Rows as the purpose may see them, recorded: with the addresses that are there, open to it and not erased.

        That somebody lives at an address is itself an address: of people `found_by_address` only those are shown whose
        address the purpose may see.
        """
        is_protected, is_open = await self._rights(rows)
        if found_by_address:
            rows = [row for row in rows if is_open(row)]
        await self.record(list(dict.fromkeys(row.addressee_number for row in rows)))
        characters = await self._gaiji(rows)
        names = ADDRESSES & FIELDS[self.purpose]
        addresses = await self._opened([row for row in rows if is_open(row)], names)
        extensions = await self._extensions([row for row in rows if is_open(row)])
        codes = await self._opened(rows, FIELDS[self.purpose] & {"resident_code"})
        found = []
        for row in rows:
            shown = visible(row, self.purpose) | {"protected": is_protected(row)}
            if is_open(row):
                shown |= {
                    name: addresses[sealed] for name in sorted(names) if (sealed := getattr(row, name)) in addresses
                }
                if row.movement in extensions:
                    shown["extensions"] = extensions[row.movement]
            if row.resident_code in codes:
                shown["resident_code"] = codes[row.resident_code]
            read = _by_code_point(characters.get(row.addressee_number, {}))
            if row.addressee_number in characters:
                shown["identified_name"] = identified(row.name, read)
            if self.policy is not None:
                shown["reduced"] = {
                    name: reduce(identified(text, read), self.policy)._asdict() for name, text in _called(row)
                }
            found.append(shown)
        return found

    async def _rights(self, rows: Sequence[ResidentRow]) -> tuple[Holds, Holds]:
        """Of which of these rows somebody is protected, and of which the address may be seen."""
        people, households = await self.protected(rows)
        numbers = {row.addressee_number for row in rows}
        released = await self._released(numbers) if people or households else frozenset[str]()

        def is_protected(row: ResidentRow) -> bool:
            return row.addressee_number in people or row.household_number in households

        def is_open(row: ResidentRow) -> bool:
            return sees_address(
                self.purpose, is_protected=is_protected(row), is_released=row.addressee_number in released
            )

        return is_protected, is_open

    async def protected(self, rows: Sequence[ResidentRow]) -> tuple[frozenset[str], frozenset[str]]:
        """Who of these is protected, and in whose households somebody is: where one lives, all of them live."""
        found = await QUERIES.protected_among(
            self.connection,
            municipality=self.municipality,
            addressee_numbers=list({row.addressee_number for row in rows}),
            household_numbers=list({row.household_number for row in rows}),
        )
        people = (record["addressee_number"] for record in found)
        households = (record["household_number"] for record in found)
        return frozenset(filter(None, people)), frozenset(filter(None, households))

    async def _released(self, numbers: Collection[str]) -> frozenset[str]:
        """Of whom of these a temporary release holds."""
        found = await QUERIES.released_among(
            self.connection, municipality=self.municipality, addressee_numbers=list(numbers)
        )
        return frozenset(record["addressee_number"] for record in found)

    async def _opened(self, rows: Sequence[ResidentRow], names: Collection[str]) -> Mapping[str | None, Any]:
        wanted = {sealed for row in rows for name in names if (sealed := getattr(row, name)) is not None}
        found = await open_parts(self.connection, self.municipality, wanted)
        return {sealed: orjson.loads(part) for sealed, part in found.items()}

    async def _extensions(self, rows: Sequence[ResidentRow]) -> Mapping[str, Mapping[str, Any]]:
        """拡張項目 by movement and namespace, for a purpose that may see them."""
        found: dict[str, dict[str, Any]] = {}
        if rows and self.purpose in EXTENSIONS_FOR:
            movements = list({row.movement for row in rows})
            for record in await QUERIES.extensions_of(
                self.connection, municipality=self.municipality, movements=movements
            ):
                found.setdefault(record["movement"], {})[record["namespace"]] = orjson.loads(record["part"])
        return found

    async def _gaiji(self, rows: Sequence[ResidentRow]) -> Mapping[str, Mapping[str, str | None]]:
        """What private-use characters mean, of those few whose names hold any."""
        numbers = [row.addressee_number for row in rows if private_characters(*(text for _, text in _called(row)))]
        found: dict[str, dict[str, str | None]] = {}
        if not numbers:
            return found
        for record in await QUERIES.gaiji_of(
            self.connection, municipality=self.municipality, addressee_numbers=numbers
        ):
            found.setdefault(record["addressee_number"], {})[record["code_point"]] = record["character"]
        return found


@asynccontextmanager
async def reading(ground: Ground, request: Request, action: str) -> "AsyncIterator[Reading]":
    """A transaction to read in, for a caller who may. Raises Problem, 403, for a purpose that sees nobody."""
    municipality, purpose = municipality_of(request), requested_purpose(request)
    disaster = purpose is Purpose.DISASTER
    # Nobody is granted 災害時の閲覧: whether it holds is asked of the emergency accesses, below.
    asked = authorised(request, municipality, purpose=None if disaster else purpose, roles=READERS)
    async with asked as (caller, connection):
        if purpose not in FIELDS:
            raise Problem(PURPOSE_MISSING)
        if disaster and not await QUERIES.emergency_holds(connection, municipality=municipality, party=caller.party):
            raise Problem(PURPOSE_MISSING, "no emergency access of this party is approved and still holds")
        yield Reading(connection, municipality, caller, purpose, action, _policy(request, caller))


def day_of(request: Request, name: str) -> date | None:
    """A day from the query, or None. Raises Problem, 400."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Problem(PARAMETER_INVALID, f"{name}: a day, YYYY-MM-DD") from None


def time_of(request: Request, name: str) -> date | datetime | None:
    """A day or an instant with its offset from the query, or None. Raises Problem, 400."""
    # In a query a plus sign stands for a space, and few senders escape it.
    text = request.query_params.get(name, "").replace(" ", "+")
    if "T" not in text:
        return day_of(request, name)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Problem(PARAMETER_INVALID, f"{name}: a day, or an instant such as 2026-04-01T17:15:00+09:00")
    return found


def rows_of(records: Sequence[Mapping[str, Any]]) -> list[ResidentRow]:
    """Rows from records that may hold more than their columns."""
    return [from_record(ResidentRow, record) for record in records]


def _policy(request: Request, caller: Caller) -> Policy | None:
    """What the destination can take, which is for it to say: `?characters=` and `?tables=`. Raises Problem, 400."""
    wanted = request.query_params.get("characters")
    if wanted is None:
        return None
    characters = next((each for each in CHARACTER_SETS if each == wanted), None)
    if characters is None:
        raise Problem(PARAMETER_INVALID, f"characters: one of {', '.join(CHARACTER_SETS)}")
    tables = request.query_params.get("tables", USUAL_TABLES)
    if not tables or len(set(tables)) < len(tables) or not set(tables) <= TABLES:
        raise Problem(PARAMETER_INVALID, f"tables: letters of {''.join(sorted(TABLES))}, each once")
    return Policy(caller.party, characters, tables)


def _called(row: ResidentRow) -> Iterator[tuple[str, str]]:
    others = row.other_names
    for name in ("former_name", "alias"):
        if others is not None and (called := getattr(others, name)) is not None:
            yield name, called.name
    yield "name", row.name


def _by_code_point(known: Mapping[str, str | None]) -> Callable[[str], str | None]:
    return lambda character: known.get(code_point(character))
