"""Rotation over HTTP: an operator orders it and sees how far it is. No answer says anything about a person."""

from typing import Annotated

from kumiai_common.http.access import authorised
from kumiai_common.http.problems import PARAMETER_INVALID, Kind, Problem
from kumiai_common.http.requests import answer, municipality_of
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.model import Frozen
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.vault.accesses import record_use
from kumiai_national_id_linkage.vault.arrivals import QUERIES
from kumiai_national_id_linkage.vault.key_management import KeyManagement
from kumiai_national_id_linkage.vault.municipality_keys import Kind as KeyKind
from kumiai_national_id_linkage.vault.rotation import NothingToRotate, begin

NOT_NOW = Kind(
    "rotation-not-possible",
    409,
    "この市区町村の鍵はまだないか、前回の更新が終わっていません。鍵の状態を確認し、後でやり直してください。",
    "The municipality has no keys yet, or the rotation before is not finished. Look at its keys, and try again later.",
)


class RotationOrder(Frozen):
    """鍵の更新の指示."""

    kinds: Annotated[tuple[KeyKind, ...], Field(min_length=1, max_length=3)]
    """Which kinds get a new version. After `token`, tokens that were given out match no new one."""


def rotation_routes(management: KeyManagement) -> list[BaseRoute]:
    """The addresses, below `/v1/{municipality}`."""

    async def keys(request: Request) -> Response:
        """A municipality's keys: kind, version, what wraps them, and how many numbers are under each."""
        municipality = municipality_of(request)
        roles = (Role.OPERATOR, Role.CLERK, Role.SYSTEM)
        async with authorised(request, municipality, purpose=None, roles=roles) as (_, connection):
            found = await QUERIES.keys_in_use(connection, municipality=municipality)
        return answer({"keys": [dict(record) for record in found]})

    async def rotate(request: Request) -> Response:
        """Put new versions to use; numbers are encrypted anew in the background."""
        municipality = municipality_of(request)
        try:
            order = RotationOrder.model_validate_json(await request.body())
        except ValidationError:
            raise Problem(PARAMETER_INVALID, "kinds: a list of data, mark and token") from None
        async with authorised(request, municipality, purpose=None, roles=(Role.OPERATOR,)) as (caller, connection):
            try:
                made = await begin(connection, management, municipality, tuple(dict.fromkeys(order.kinds)))
            except NothingToRotate:
                raise Problem(NOT_NOW) from None
            await record_use(connection, municipality, caller, Purpose.OPERATION, "rotation")
        return answer({"keys": [{"kind": key.kind, "version": key.version} for key in made]}, 202)

    return [
        Route("/v1/{municipality}/vault/keys", keys),
        Route("/v1/{municipality}/vault/key-rotations", rotate, methods=["POST"]),
    ]
