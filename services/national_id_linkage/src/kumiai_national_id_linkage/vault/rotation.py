"""Rotation (鍵の更新): keys get a new version while the service runs, and what is under an older one is encrypted anew.

Invariant: what is left to do stands in the rows themselves, so a rotation goes on wherever it was broken off. No number
is ever without a key that opens it: versions begin, and older ones end, under the lock of the municipality's head,
which whoever takes numbers in holds too.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter

import structlog
from kumiai_common import log
from kumiai_common.database import TRANSIENT, Connection
from kumiai_common.http.access import Caller
from kumiai_common.logging import where
from kumiai_common.service import Ground
from kumiai_common.waiting import MustWait
from kumiai_contracts.linkage import STREAM
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.topics import FEDERATION

from kumiai_national_id_linkage.vault.accesses import record_use
from kumiai_national_id_linkage.vault.arrivals import QUERIES, save_keys, stored_keys
from kumiai_national_id_linkage.vault.key_management import KeyManagement, KeyMissing
from kumiai_national_id_linkage.vault.municipality_keys import (
    Kind,
    Sealed,
    VaultDamaged,
    WrappedKey,
    new_key,
    rewrapped,
    unwrapped,
)

_LOG = structlog.get_logger()
PAGE = 100
"""Numbers in one transaction."""
IDLE_SECONDS = 1.0
REST = 3
"""How many times as long as it worked it rests: notices go first."""
MISSING_SECONDS = 5.0
"""How long a municipality is left alone whose wrapping key is not at hand."""
DAMAGED_SECONDS = 60.0
"""How long a municipality whose keys or numbers don't open is left alone before it is tried, and told of, again."""


ITSELF = Caller(FEDERATION, "svc-national-id-linkage", frozenset((Role.SERVICE,)), Purpose.OPERATION)
"""Nobody asks for a page that is encrypted anew: the service does it by itself."""


class NothingToRotate(Exception):
    """The municipality has no keys yet, or not yet finished with the rotation before."""


async def begin(
    connection: Connection, management: KeyManagement, municipality: str, kinds: Sequence[Kind]
) -> list[WrappedKey]:
    """Put a new version of these kinds of keys to use; never commits. Raises NothingToRotate."""
    await log.lock_heads(connection, [(municipality, STREAM)])
    stored = (await stored_keys(connection, [municipality])).get(municipality, [])
    last = {key.kind: key.version for key in stored}
    if not stored or len([key for key in stored if key.kind != "token"]) > 2:
        raise NothingToRotate
    made = [new_key(municipality, kind, last[kind] + 1, management) for kind in kinds]
    await save_keys(connection, made)
    return made


async def run(ground: Ground, management: KeyManagement) -> None:
    """Bring whatever is under older keys under the current ones, for ever."""
    left_alone: dict[str, float] = {}
    while True:
        began = perf_counter()
        worked = False
        try:
            tenants = await ground.database.tenants()
            async with ground.database.transaction(tenants) as connection:
                found = await QUERIES.rotating(connection, municipalities=tenants, wrapping_key=management.wrapping_key)
            for municipality in [record["municipality"] for record in found]:
                if left_alone.get(municipality, 0.0) > began:
                    continue
                try:
                    worked |= await advance(ground, management, municipality)
                except (KeyMissing, MustWait):  # see `missing_keys`; another process may have the key by now
                    left_alone[municipality] = began + MISSING_SECONDS
                except (VaultDamaged, ValueError) as error:
                    left_alone[municipality] = began + DAMAGED_SECONDS
                    _LOG.error("rotation failed", municipality=municipality, where=where(error))
        except TRANSIENT as error:
            _LOG.warning("rotation waits", error=type(error).__name__)
        await asyncio.sleep((perf_counter() - began) * REST if worked else IDLE_SECONDS)


async def advance(ground: Ground, management: KeyManagement, municipality: str) -> bool:
    """Take a municipality one step further: wrap its keys anew, a page of its numbers, or the end of the older keys.

    Whether anything was done. Raises KeyMissing, MustWait or VaultDamaged, or ValueError for a stored key that was
    changed.
    """
    async with ground.database.transaction([municipality]) as connection:
        stored = (await stored_keys(connection, [municipality]))[municipality]
        older = [key for key in stored if key.wrapped_by != management.wrapping_key]
        if older:
            await _wrap_anew(connection, older, management)
            return True
        moved = await _page(connection, management, municipality, stored)
    return bool(moved) or await _end_older_keys(ground, municipality)


async def _wrap_anew(connection: Connection, older: Sequence[WrappedKey], management: KeyManagement) -> None:
    for key in older:
        anew = rewrapped(key, management)
        await QUERIES.save_wrapped(
            connection,
            municipality=anew.municipality,
            kind=anew.kind,
            version=anew.version,
            wrapped_by=anew.wrapped_by,
            wrapped=anew.wrapped,
        )
    _LOG.info("vault keys wrapped anew", municipality=older[0].municipality, count=len(older))


async def _page(
    connection: Connection, management: KeyManagement, municipality: str, stored: Sequence[WrappedKey]
) -> int:
    keys = unwrapped(municipality, stored, management)
    records = await QUERIES.numbers_under_older_keys(
        connection,
        municipality=municipality,
        data_key=keys.current("data"),
        mark_key=keys.current("mark"),
        limit=PAGE,
    )
    if not records:
        return 0
    people = [record["integrated_addressee_number"] for record in records]
    names = ("commitment", "encrypted", "data_key", "mark", "mark_key")
    sealed = [keys.seal_again(Sealed(*[record[name] for name in names])) for record in records]
    await QUERIES.save_sealed_again(
        connection,
        municipality=municipality,
        commitments=[each.commitment for each in sealed],
        encrypted=[each.encrypted for each in sealed],
        data_keys=[each.data_key for each in sealed],
        marks=[each.mark for each in sealed],
        mark_keys=[each.mark_key for each in sealed],
    )
    await record_use(connection, municipality, ITSELF, Purpose.OPERATION, "re-encryption", people)
    return len(sealed)


async def _end_older_keys(ground: Ground, municipality: str) -> bool:
    """Destroy data and mark keys that nothing needs any more; whether that was so."""
    async with ground.database.transaction([municipality]) as connection:
        await log.lock_heads(connection, [(municipality, STREAM)])
        current: dict[str, int] = {}
        for key in (await stored_keys(connection, [municipality]))[municipality]:
            current[key.kind] = max(key.version, current.get(key.kind, 0))
        versions = {"municipality": municipality, "data_key": current["data"], "mark_key": current["mark"]}
        if (await QUERIES.are_under_older_keys(connection, **versions))["any"]:
            return False  # another process is at them
        await QUERIES.destroy_older_keys(connection, **versions)
    _LOG.info("older vault keys destroyed", municipality=municipality)
    return True
