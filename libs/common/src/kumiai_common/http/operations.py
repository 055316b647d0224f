"""What an operator does to a service: rebuild tables from their log, list and settle what is parked.

Invariant: an operator never sees a record, nor whom one is about.
"""

from dataclasses import asdict
from typing import Protocol

import orjson
from kumiai_contracts.membership import Role
from kumiai_contracts.topics import READS, STREAM_OF
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kumiai_common.database import Database
from kumiai_common.follower import Follower
from kumiai_common.http import problems
from kumiai_common.http.access import authorise, authorised
from kumiai_common.http.problems import Problem
from kumiai_common.http.requests import answer, municipality_of
from kumiai_common.parking import NotParked, NotTheOldest, settle
from kumiai_common.peers import UNREACHABLE, Peers
from kumiai_common.poll import Processor
from kumiai_common.queries import QUERIES
from kumiai_common.rebuild import BrokenLog, rebuild_own, rebuild_replica


class Parts(Protocol):
    """What the operations need of a running service."""

    @property
    def name(self) -> str: ...
    @property
    def database(self) -> Database: ...
    @property
    def peers(self) -> Peers: ...
    @property
    def processor(self) -> Processor: ...
    @property
    def follower(self) -> Follower: ...


def operation_routes(parts: Parts) -> list[Route]:
    """`POST …/rebuild/{stream}`, `GET …/parked`, and `POST …/parked/{stream}/{position}/{retry|skip}`."""

    async def rebuild(request: Request) -> Response:
        """Make the tables of a stream anew; the answer tells the state hash before and after.

        What this reader had never applied is applied afterwards, with its effects, while the answer is on its way.
        """
        municipality, stream = municipality_of(request), request.path_params["stream"]
        await authorise(request, municipality, purpose=None, roles=(Role.OPERATOR,))
        try:
            if stream == STREAM_OF[parts.name]:
                done = await rebuild_own(parts.name, parts.database, municipality)
            elif stream in READS[parts.name]:
                done = await rebuild_replica(parts.name, parts.database, parts.peers, municipality, stream)
                parts.follower.catch_up((municipality, stream))
            else:
                raise Problem(problems.NOT_FOUND)
        except UNREACHABLE:
            raise Problem(problems.UNAVAILABLE) from None
        except BrokenLog as error:
            raise Problem(problems.LOG_BROKEN, str(error)) from None
        return answer(asdict(done))

    async def parked(request: Request) -> Response:
        """What waits, oldest first. The keys say whom it concerns: they are shown to the municipality alone."""
        municipality = municipality_of(request)
        roles = (Role.SYSTEM, Role.CLERK, Role.OPERATOR)
        async with authorised(request, municipality, purpose=None, roles=roles) as (caller, connection):
            own = caller.municipality == municipality
            records = await QUERIES.parked_rows(connection, municipality=municipality)
        return answer(
            {
                "parked": [
                    {
                        "stream": record["read_stream"],
                        "position": record["position"],
                        **({"keys": orjson.loads(record["keys"])} if own else {}),
                        "error": record["error"],
                    }
                    for record in records
                ]
            }
        )

    async def settle_parked(request: Request) -> Response:
        """Apply a parked event's effect, or leave it out for good."""
        municipality, stream = municipality_of(request), request.path_params["stream"]
        await authorise(request, municipality, purpose=None, roles=(Role.OPERATOR,))
        how = request.path_params["how"]
        if how not in ("retry", "skip"):
            raise Problem(problems.NOT_FOUND)
        try:
            row = await settle(
                parts.processor,
                parts.database,
                parts.peers,
                municipality,
                stream,
                request.path_params["position"],
                "retried" if how == "retry" else "skipped",
            )
        except NotParked:
            raise Problem(problems.NOT_FOUND) from None
        except NotTheOldest as error:
            raise Problem(problems.OLDER_PARKED, str(error)) from None
        except UNREACHABLE:
            raise Problem(problems.UNAVAILABLE) from None
        return answer({"stream": row.read_stream, "position": row.position, "state": row.state})

    return [
        Route("/v1/{municipality}/rebuild/{stream}", rebuild, methods=["POST"]),
        Route("/v1/{municipality}/parked", parked),
        Route("/v1/{municipality}/parked/{stream}/{position:int}/{how}", settle_parked, methods=["POST"]),
    ]
