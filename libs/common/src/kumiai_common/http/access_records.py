"""利用記録: who read about whom, when and why, and who was refused. The municipality sees it; nobody can change it.

Invariant: a record is written in the transaction that the answer is read in, so there is no answer without one. What a
known caller may not do is recorded in a transaction of its own, before the refusal is sent.
"""

from collections.abc import Iterable

from kumiai_contracts.membership import Purpose, Role
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kumiai_common.database import Connection
from kumiai_common.http.access import Caller, authorised
from kumiai_common.http.queries import QUERIES
from kumiai_common.http.requests import answer, count_of, municipality_of

MOST = 500
READERS = (Role.CLERK, Role.SYSTEM)


async def record_access(
    connection: Connection,
    municipality: str,
    caller: Caller,
    purpose: Purpose,
    action: str,
    addressee_numbers: Iterable[str],
) -> None:
    """Write down whom a read is about (宛名番号, each once); nobody, for a list that was empty."""
    await QUERIES.record_access(
        connection,
        municipality=municipality,
        party=caller.party,
        purpose=purpose,
        action=action,
        addressee_numbers=list(dict.fromkeys(addressee_numbers)),
    )


def access_records_route(purpose: Purpose) -> Route:
    """`GET /v1/{m}/access-records` for those with the service's own purpose; `?addressee_number=` for one person."""

    async def accesses(request: Request) -> Response:
        municipality = municipality_of(request)
        async with authorised(request, municipality, purpose=purpose, roles=READERS) as (_, connection):
            found = await QUERIES.accesses(
                connection,
                municipality=municipality,
                after=count_of(request, "after", 0, 10**15),
                addressee_number=request.query_params.get("addressee_number", "").replace("\x00", ""),
                limit=count_of(request, "limit", 100, MOST),
            )
        return answer({"accesses": [dict(record) for record in found]})

    return Route("/v1/{municipality}/access-records", accesses)
