"""The vault's part of what a municipality takes along: its numbers, encrypted to a key of its own.

Invariant: a number leaves the vault only as a JWE to the key in the request, and each page is recorded as an access
before it is sent. The commitments are those of the log: whoever opens the part can prove it whole and unchanged.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import orjson
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey
from kumiai_common.http.access import Caller, authorise, requested_purpose
from kumiai_common.http.problems import PARAMETER_INVALID, PURPOSE_MISSING, Problem
from kumiai_common.http.requests import municipality_of
from kumiai_common.service import Ground
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.model import Frozen
from kumiai_contracts.my_number import JWE_ALGORITHM, JWE_ENCRYPTION
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.vault.accesses import record_use
from kumiai_national_id_linkage.vault.arrivals import QUERIES, stored_keys
from kumiai_national_id_linkage.vault.key_management import CURVE, KeyManagement
from kumiai_national_id_linkage.vault.municipality_keys import Sealed, unwrapped

PAGE = 200
"""Numbers in one JWE: what a library opens without being told to allow more (64 KiB)."""
_ALLOWED = JWERegistry(algorithms=[JWE_ALGORITHM, JWE_ENCRYPTION])


class ExportOrder(Frozen):
    """保管庫の持出しの指示."""

    key: dict[str, Annotated[str, Field(max_length=200)]]
    """The municipality's public key (JWK, EC on P-256, with a `kid`)."""


def export_routes(ground: Ground, management: KeyManagement) -> list[BaseRoute]:
    """The address, below `/v1/{municipality}`."""

    async def export(request: Request) -> Response:
        """Every number of the municipality: lines of JSON, each with a JWE of up to 200 numbers with their salts."""
        municipality, purpose = municipality_of(request), requested_purpose(request)
        request.state.only_reads = True  # the key comes in a body; whoever is leaving takes the numbers along
        caller = await authorise(request, municipality, purpose=purpose, roles=(Role.CLERK, Role.SYSTEM))
        if purpose is not Purpose.EXPORT:
            raise Problem(PURPOSE_MISSING)
        key = _public_key(await request.body())
        lines = _lines(ground, management, municipality, caller, key)
        return StreamingResponse(lines, media_type="application/x-ndjson", headers={"cache-control": "no-store"})

    return [Route("/v1/{municipality}/vault/export", export, methods=["POST"])]


async def _lines(
    ground: Ground, management: KeyManagement, municipality: str, caller: Caller, key: ECKey
) -> AsyncIterator[bytes]:
    after, count = "", 0
    while True:
        # A transaction for each page: a slow client holds nothing open.
        page = await _page(ground, management, municipality, caller, after)
        if not page:
            break
        after, count = page[-1]["commitment"], count + len(page)
        yield orjson.dumps({"after": after, "jwe": _encrypted(municipality, page, key)}) + b"\n"
    # Without this line the answer was cut.
    yield orjson.dumps({"count": count}) + b"\n"


async def _page(
    ground: Ground, management: KeyManagement, municipality: str, caller: Caller, after: str
) -> list[dict[str, str]]:
    async with ground.database.transaction([municipality]) as connection:
        records = await QUERIES.numbers_after(connection, municipality=municipality, after=after, limit=PAGE)
        if not records:
            return []
        keys = unwrapped(municipality, (await stored_keys(connection, [municipality]))[municipality], management)
        found = []
        for record in records:
            values = dict(record)
            of, state = values.pop("integrated_addressee_number"), values.pop("state")
            salt, number = keys.opened(Sealed(**values))
            found.append(
                {
                    "commitment": record["commitment"],
                    "integrated_addressee_number": of,
                    "state": state,
                    "salt": salt.hex(),
                    "my_number": number,
                }
            )
        people = [each["integrated_addressee_number"] for each in found]
        await record_use(connection, municipality, caller, Purpose.EXPORT, "export", people)
    return found


def _encrypted(municipality: str, page: Sequence[dict[str, str]], key: ECKey) -> str:
    header = {"alg": JWE_ALGORITHM, "enc": JWE_ENCRYPTION, "kid": str(key.kid)}
    return encrypt_compact(
        header, orjson.dumps({"municipality": municipality, "numbers": page}), key, registry=_ALLOWED
    )


def _public_key(body: bytes) -> ECKey:
    try:
        order = ExportOrder.model_validate_json(body)
        given: dict[str, Any] = order.key
        key = ECKey.import_key(given)
        if key.is_private or key.curve_name != CURVE or not key.kid:
            raise ValueError
    except (ValidationError, JoseError, ValueError, KeyError, TypeError):
        detail = f"key: a public JWK of the type EC on {CURVE} with a kid, and without its private part"
        raise Problem(PARAMETER_INVALID, detail) from None
    return key
