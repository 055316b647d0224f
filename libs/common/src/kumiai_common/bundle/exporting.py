"""`GET /v1/{municipality}/bundle?purpose=export`: a service's part of the bundle, as it is written.

Invariant: the transaction lasts as long as the database and the disk need, never as long as a slow client reads. The
part is written to a spool, which nobody else can read, and the answer follows the writing. At most AT_ONCE parts are
under way, so that exports leave disk and database to the others.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

import structlog
from kumiai_contracts.membership import Purpose, Role
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from kumiai_common import checkpoints
from kumiai_common.bundle.frames import Framed
from kumiai_common.bundle.part import Kept, write_part
from kumiai_common.database import Database
from kumiai_common.http import problems
from kumiai_common.http.access import authorise
from kumiai_common.http.access_records import record_access
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.requests import municipality_of
from kumiai_common.keys import ServiceKeys
from kumiai_common.spool import Spool

_LOG = structlog.get_logger()
LOOK_SECONDS = 0.05
PIECE_BYTES = 256 * 1024
"""Read and decrypted in less than a millisecond; the server holds a dozen of them for a slow client."""
AT_ONCE = 4
PATIENCE_SECONDS = 10.0
"""How long an export waits for its turn; then whoever asked has to come again."""
BUSY = Kind(
    "exports-busy",
    503,
    "他の持出しの処理中です。しばらくしてから再試行してください。",
    "Other exports are under way. Try again later.",
)
MEDIA_TYPE = "application/vnd.kumiai.bundle-part"


class Exported(Protocol):
    """What the export needs of a running service."""

    @property
    def name(self) -> str: ...
    @property
    def database(self) -> Database: ...
    @property
    def keys(self) -> ServiceKeys: ...
    @property
    def kept(self) -> Kept: ...


def export_routes(service: Exported) -> list[Route]:
    """The address of the service's part."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def export(request: Request) -> Response:
        """Everything that the service holds of a municipality, for those of its own who may take it along."""
        municipality = municipality_of(request)
        if request.query_params.get("purpose") != Purpose.EXPORT:
            raise Problem(problems.PARAMETER_INVALID, f"purpose: {Purpose.EXPORT}")
        caller = await authorise(request, municipality, purpose=Purpose.EXPORT, roles=(Role.SYSTEM, Role.CLERK))
        try:
            await asyncio.wait_for(turns.acquire(), PATIENCE_SECONDS)
        except TimeoutError:
            raise Problem(BUSY) from None
        pieces = _following(service, municipality, turns)
        # Its first piece: from here on its end gives the turn back, even if nobody reads on.
        await anext(pieces)
        # A checkpoint of the very heads that are exported: what the municipality keeps of it is evidence to their end.
        await checkpoints.sign_moved_heads(service.database, service.keys, [municipality])
        async with service.database.transaction([municipality]) as connection:
            await record_access(connection, municipality, caller, Purpose.EXPORT, "bundle", ())
        _LOG.info("exported", municipality=municipality, party=caller.party)
        return StreamingResponse(pieces, headers={"cache-control": "no-store"}, media_type=MEDIA_TYPE)

    return [Route("/v1/{municipality}/bundle", export)]


async def _following(service: Exported, municipality: str, turns: asyncio.Semaphore) -> AsyncGenerator[bytes]:
    """Nothing at first, when a turn has been taken; then the part as it is written."""
    try:
        yield b""
        with Spool() as written:
            async with aclosing(_written(service, municipality, written)) as pieces:
                async for data in pieces:
                    yield data
    finally:
        turns.release()


async def _written(service: Exported, municipality: str, written: Spool) -> AsyncGenerator[bytes]:
    writing = asyncio.create_task(_write(service, municipality, written))
    try:
        sent = 0
        while not writing.done() or sent < written.size:
            # Many small pieces would cost everybody on the way more than they hasten.
            if not writing.done() and written.size - sent < PIECE_BYTES:
                await asyncio.wait((writing,), timeout=LOOK_SECONDS)
            if data := written.read_at(sent, PIECE_BYTES):
                await asyncio.sleep(0)  # the server may take many pieces before it waits for the client
                sent += len(data)
                yield data
        await writing  # raises what went wrong: a cut answer must not look like a whole one
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _write(service: Exported, municipality: str, written: Spool) -> None:
    framed = Framed(written)
    part = await write_part(service.database, service.name, municipality, service.keys, framed, kept=service.kept)
    framed.end(part, service.keys.public_text, part.signature(service.keys.signing))
