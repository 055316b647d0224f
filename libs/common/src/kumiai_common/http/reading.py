"""Reads about people: who may, for which purpose, and the record of it (利用記録).

Invariant: nothing is answered unless who read about whom and why was recorded in the same transaction.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kumiai_contracts.membership import Purpose, Role
from starlette.requests import Request

from kumiai_common.database import Connection
from kumiai_common.http.access import Caller, authorised, requested_purpose
from kumiai_common.http.access_records import READERS, record_access
from kumiai_common.http.problems import PURPOSE_MISSING, Problem
from kumiai_common.http.requests import municipality_of


@dataclass(frozen=True, slots=True)
class Reading:
    """One request's transaction, with who reads and why."""

    connection: Connection
    municipality: str
    caller: Caller
    action: str

    async def record(self, addressee_numbers: Iterable[str | None] = ()) -> None:
        """Write down whom this is about, as far as it is about anybody who is known here."""
        purpose = self.caller.purpose
        assert purpose is not None, "nobody reads without one"
        known = [number for number in addressee_numbers if number]
        await record_access(self.connection, self.municipality, self.caller, purpose, self.action, known)


@asynccontextmanager
async def reading(
    request: Request, action: str, *purposes: Purpose, roles: tuple[Role, ...] = READERS
) -> AsyncIterator[Reading]:
    """A transaction to read in, for a caller who may, for one of these purposes. Raises Problem."""
    municipality, purpose = municipality_of(request), requested_purpose(request)
    async with authorised(request, municipality, purpose=purpose, roles=roles) as (caller, connection):
        if purpose not in purposes:
            raise Problem(PURPOSE_MISSING)
        yield Reading(connection, municipality, caller, action)
