"""Access: who may do this, for which municipality, for which purpose, now.

Invariant: the token says what membership granted when it was issued; this service's replica of `party` says what
holds now. Both must agree, and the replica is read at every request, so a revocation works as soon as it is applied.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kumiai_contracts.membership import PartyRow, Purpose, Role
from kumiai_contracts.topics import FEDERATION
from starlette.requests import Request

from kumiai_common.database import Database
from kumiai_common.http import problems
from kumiai_common.http.problems import Problem
from kumiai_common.http.queries import QUERIES
from kumiai_common.http.tokens import AccessToken, TokenError, verify_access
from kumiai_common.tables import from_record

FEDERAL_ROLES = frozenset((Role.OPERATOR, Role.SERVICE))
"""Roles of the federation's own organisation: they hold for every municipality, and nobody else can have them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever makes a request, and what holds for this request."""

    municipality: str
    """The municipality that the caller belongs to; 000001 for operators and services."""
    party: str
    roles: frozenset[Role]
    purpose: Purpose | None

    @property
    def service(self) -> str | None:
        """The name of the service that calls, if it is one."""
        return self.party.removeprefix("svc-") if Role.SERVICE in self.roles else None


class Access:
    """What `authorise` needs: membership's public key and this service's own database."""

    def __init__(
        self, membership_key: Ed25519PublicKey, database: Database, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = membership_key
        self._database = database
        self._clock = clock

    async def check(
        self, request: Request, municipality: str | None, purpose: Purpose | None, roles: Collection[Role]
    ) -> Caller:
        """Find out who calls, or raise the Problem that refuses it."""
        token = self._token(request)
        held = _held_roles(token)
        if municipality != token.municipality:
            held &= FEDERAL_ROLES
            if not held:
                raise Problem(problems.MUNICIPALITY_MISMATCH)
        if not held & set(roles):
            raise Problem(problems.ROLE_MISSING)
        if purpose is not None and purpose not in token.purposes:
            raise Problem(problems.PURPOSE_MISSING)
        if token.kind != "service":
            held = await self._still_held(token, held, purpose)
            if not held & set(roles):
                raise Problem(problems.ROLE_MISSING)
        return Caller(token.municipality, token.party, held, purpose)

    def _token(self, request: Request) -> AccessToken:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Problem(problems.TOKEN_MISSING)
        try:
            return verify_access(text.strip(), self._key, self._clock())
        except TokenError:
            raise Problem(problems.TOKEN_INVALID) from None

    async def _still_held(self, token: AccessToken, held: frozenset[Role], purpose: Purpose | None) -> frozenset[Role]:
        async with self._database.transaction([token.municipality]) as connection:
            record = await QUERIES.party(connection, municipality=token.municipality, party=token.party)
        if record is None:
            raise Problem(problems.PARTY_UNKNOWN)
        party = from_record(PartyRow, record)
        # Another key means that the party was registered anew: tokens of the lost key must not outlive it.
        if party.revoked or party.public_key != token.key:
            raise Problem(problems.PARTY_REVOKED)
        if purpose is not None and purpose not in party.purposes:
            raise Problem(problems.PURPOSE_MISSING)
        return held & frozenset(party.roles)


async def authorise(
    request: Request, municipality: str | None, *, purpose: Purpose | None, roles: Collection[Role]
) -> Caller:
    """Who makes this request, if it may: one of `roles`, for `municipality`, for `purpose` if one is needed.

    `municipality` is None for what concerns the whole federation. Raises Problem, 401 or 403.
    """
    return await cast(Access, request.app.state.access).check(request, municipality, purpose, roles)


def requested_purpose(request: Request) -> Purpose:
    """利用目的 from `?purpose=`. Raises Problem, 400, if it is missing or none."""
    try:
        return Purpose(request.query_params["purpose"])
    except (KeyError, ValueError):
        choices = ", ".join(Purpose)
        raise Problem(problems.PARAMETER_INVALID, f"purpose: one of {choices}") from None


def _held_roles(token: AccessToken) -> frozenset[Role]:
    if token.municipality != FEDERATION:
        return token.roles - FEDERAL_ROLES
    if token.kind != "service":
        return token.roles - {Role.SERVICE}
    return token.roles
