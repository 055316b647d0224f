"""What every service shows of its streams: heads, reader positions, the log, checkpoints, sealed parts, state hashes.

Invariant: a response never holds a transaction open while a slow client reads; the log is read in pages, and a page
that was read stays true because events never change.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.topics import FEDERATION, READS, STREAM_OF, receipts_stream
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from kumiai_common import gate, log
from kumiai_common.database import Database
from kumiai_common.http import problems
from kumiai_common.http.access import Caller, authorise, requested_purpose
from kumiai_common.http.problems import Problem
from kumiai_common.http.queries import QUERIES
from kumiai_common.http.requests import answer, count_of, municipality_of
from kumiai_common.protocol import Host
from kumiai_common.tables import state_hash

PAGE_EVENTS = 2000
MOST_EVENTS = 10_000
MOST_CHECKPOINTS = 1_000
PART_PURPOSES: Mapping[tuple[str, str], frozenset[Purpose]] = {
    ("resident", name): frozenset((Purpose.RESIDENT_SERVICES,))
    for name in ("address", "previous_address", "destination_address")
}
"""Which purposes open which sealed parts, by stream and name. What is not named here opens for nobody."""
_FEDERAL = (Role.SERVICE, Role.OPERATOR)
_ANYBODY = (Role.SYSTEM, Role.CLERK, *_FEDERAL)


class Streams:
    """The handlers of one service."""

    def __init__(self, service: str, database: Database, host: Host | None = None) -> None:
        """`host` is the service itself if it hosts own systems, so that heads tell where a feed has diverged."""
        self._service = service
        self._host = host
        self._database = database
        self._own = (STREAM_OF[service], receipts_stream(service))

    def routes(self) -> list[Route]:
        """Every address, below `/v1`."""
        stream = "/v1/{municipality}/streams/{stream}"
        return [
            Route("/v1/heads", self.all_heads),
            Route("/v1/readers", self.readers),
            Route("/v1/{municipality}/heads", self.heads),
            Route(stream, self.events),
            Route(stream + "/checkpoints", self.checkpoints),
            Route("/v1/{municipality}/parts/{commitment}", self.part),
            Route("/v1/{municipality}/tables/{stream}/hash", self.tables_hash),
        ]

    async def all_heads(self, request: Request) -> Response:
        """Where each of the service's streams ends, for all municipalities; `?stream=` for one of them."""
        await authorise(request, None, purpose=None, roles=_FEDERAL)
        tenants = await self._database.tenants()
        return answer({"heads": await self._heads(tenants, request.query_params.get("stream", ""))})

    async def heads(self, request: Request) -> Response:
        """Where each of a municipality's streams ends."""
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=None, roles=_ANYBODY)
        return answer({"heads": await self._heads([municipality], "")})

    async def readers(self, request: Request) -> Response:
        """How far the service has read each foreign stream, what is parked, and whose notices wait for that reading."""
        await authorise(request, None, purpose=None, roles=_FEDERAL)
        tenants = await self._database.tenants()
        async with self._database.transaction(tenants) as connection:
            positions = await QUERIES.readers(connection, municipalities=tenants)
            parked = await QUERIES.parked_counts(connection, municipalities=tenants)
            held = await gate.held(connection, self._service, tenants)
            feeds = await self._host.feeds(connection, tenants) if self._host else ()
        return answer(
            {
                "readers": [{**position, "hash": position["hash"].hex()} for position in positions],
                "parked": [dict(record) for record in parked],
                "held": [{"municipality": code, "subscribed_at": since} for code, since in held.items()],
                "feeds": [
                    {
                        "municipality": feed.municipality,
                        "stream": self._own[0],
                        "sequence": feed.sequence,
                        "seen": feed.seen,
                        "diverged": feed.diverged,
                    }
                    for feed in feeds
                ],
            }
        )

    async def events(self, request: Request) -> Response:
        """The log after a position, as one JSON object a line; the body is the text that was hashed."""
        municipality, stream = municipality_of(request), self._stream(request)
        caller = await authorise(request, municipality, purpose=Purpose.REPLICATION, roles=(Role.SYSTEM, Role.SERVICE))
        await self._refuse_other_readers(caller, municipality, stream)
        after = count_of(request, "after", 0, 10**15)
        limit = count_of(request, "limit", 1000, MOST_EVENTS)
        # The first page comes before the answer begins, so that a database that is away is still a 503.
        first = await self._page(municipality, stream, after, min(limit, PAGE_EVENTS))
        return StreamingResponse(
            self._lines(municipality, stream, first, limit),
            headers={"cache-control": "no-store"},
            media_type="application/x-ndjson",
        )

    async def checkpoints(self, request: Request) -> Response:
        """Signed statements of where the stream stood, after a position."""
        municipality, stream = municipality_of(request), self._stream(request)
        await authorise(request, municipality, purpose=None, roles=_ANYBODY)
        async with self._database.transaction([municipality]) as connection:
            found = await QUERIES.checkpoints(
                connection,
                municipality=municipality,
                stream=stream,
                after=count_of(request, "after", 0, 10**15),
                limit=count_of(request, "limit", 100, MOST_CHECKPOINTS),
            )
        binary = ("hash", "signature")
        return answer(
            {
                "municipality": municipality,
                "stream": stream,
                "checkpoints": [{**row, **{name: row[name].hex() for name in binary}} for row in found],
            }
        )

    async def part(self, request: Request) -> Response:
        """A sealed part with its salt, for whoever has a purpose that opens it."""
        municipality, purpose = municipality_of(request), requested_purpose(request)
        await authorise(request, municipality, purpose=purpose, roles=(Role.SYSTEM, Role.CLERK))
        async with self._database.transaction([municipality]) as connection:
            found = await QUERIES.sealed_part(
                connection, municipality=municipality, commitment=request.path_params["commitment"].replace("\x00", "")
            )
        if found is None:
            raise Problem(problems.NOT_FOUND)
        if purpose not in PART_PURPOSES.get((found["stream"], found["name"]), frozenset()):
            raise Problem(problems.PURPOSE_MISSING)
        if found["part"] is None:
            raise Problem(problems.ERASED)
        return answer(
            {
                "stream": found["stream"],
                "position": found["position"],
                "name": found["name"],
                "salt": found["salt"].hex(),
                "part": found["part"].decode(),
            }
        )

    async def tables_hash(self, request: Request) -> Response:
        """The state hash of the tables that a stream fills here, and the position that it belongs to."""
        municipality, stream = municipality_of(request), str(request.path_params["stream"])
        await authorise(request, municipality, purpose=None, roles=_ANYBODY)
        own = stream == self._own[0]
        if not own and stream not in READS[self._service]:
            raise Problem(problems.NOT_FOUND)
        async with self._database.transaction([municipality], isolation="repeatable_read") as connection:
            query = QUERIES.heads if own else QUERIES.readers
            named = {"stream": stream} if own else {}
            positions = await query(connection, municipalities=[municipality], **named)
            at = next((position for position in positions if position["stream"] == stream), None)
            if at is None:
                raise Problem(problems.NOT_FOUND)
            state = await state_hash(connection, municipality, stream)
        return answer(
            {
                "municipality": municipality,
                "stream": stream,
                "incarnation": at["incarnation"],
                "position": at["position"],
                "hash": at["hash"].hex(),
                "state_hash": state.hex(),
            }
        )

    def _stream(self, request: Request) -> str:
        stream = str(request.path_params["stream"])
        if stream not in self._own:
            raise Problem(problems.NOT_FOUND)
        return stream

    async def _heads(self, municipalities: Sequence[str], stream: str) -> list[dict[str, Any]]:
        async with self._database.transaction(municipalities) as connection:
            found = await QUERIES.heads(connection, municipalities=list(municipalities), stream=stream)
            feeds = await self._host.feeds(connection, municipalities) if self._host else ()
        diverged = {(feed.municipality, self._own[0]): feed.diverged for feed in feeds if feed.diverged}
        return [
            {**head, "hash": head["hash"].hex()}
            | ({"diverged": why} if (why := diverged.get((head["municipality"], head["stream"]))) else {})
            for head in found
        ]

    async def _refuse_other_readers(self, caller: Caller, municipality: str, stream: str) -> None:
        """A service reads what the design lets it read, and of a municipality that subscribed to it."""
        reader = caller.service
        if reader is None:
            return
        if stream not in READS.get(reader, ()):
            raise Problem(problems.STREAM_NOT_READ)
        # Everybody reads membership: it is where they learn who subscribes to them.
        if stream == STREAM_OF["membership"] or municipality == FEDERATION:
            return
        async with self._database.transaction([municipality]) as connection:
            if not await QUERIES.subscribed(connection, municipality=municipality, service=reader):
                raise Problem(problems.STREAM_NOT_READ)

    async def _page(self, municipality: str, stream: str, after: int, limit: int) -> list[log.Line]:
        if not limit:
            return []
        async with self._database.transaction([municipality]) as connection:
            return await log.read_lines(connection, municipality, stream, after, limit)

    async def _lines(self, municipality: str, stream: str, page: list[log.Line], limit: int) -> AsyncIterator[bytes]:
        while page:
            yield b"".join([line.json for line in page])
            limit -= len(page)
            page = await self._page(municipality, stream, page[-1].position, min(limit, PAGE_EVENTS))
