"""Access: who may do this, for which municipality, for which purpose, now.

Invariant: the token says what membership granted when it was issued; this service's replica of `party` says what
holds now. Both must agree, and the replica is read at every request, so a revocation works as soon as it is applied.
"""

import re
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kumiai_contracts.membership import PartyRow, Purpose, Role
from kumiai_contracts.topics import FEDERATION
from starlette.requests import Request

from kumiai_common.database import Connection, Database
from kumiai_common.http import problems
from kumiai_common.http.problems import Problem
from kumiai_common.http.queries import QUERIES
from kumiai_common.http.requests import MUNICIPALITY
from kumiai_common.http.tokens import AccessToken, TokenError, check_times, verify_access
from kumiai_common.tables import from_record

FEDERAL_ROLES = frozenset((Role.OPERATOR, Role.SERVICE))
"""Roles of the federation's own organisation: they hold for every municipality, and nobody else can have them."""
SIGNATURES_REMEMBERED = 1000
"""How many tokens' signatures a process remembers to have verified: that costs as much as reading the party does."""

_NUMBER = re.compile(r"[0-9]{10}", re.ASCII)


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
        self,
        membership_key: Ed25519PublicKey,
        database: Database,
        service: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = membership_key
        self._database = database
        self._service = service
        self._clock = clock
        self._signed: dict[str, AccessToken] = {}

    async def check(
        self, request: Request, municipality: str | None, purpose: Purpose | None, roles: Collection[Role]
    ) -> Caller:
        """Find out who calls, or raise the Problem that refuses it."""
        token, held = self._claimed(request, municipality, purpose, roles)
        if token.kind != "service":
            async with self._database.transaction([token.municipality]) as connection:
                held = await self._still_held(connection, request, token, held, purpose, roles)
        return Caller(token.municipality, token.party, held, purpose)

    @asynccontextmanager
    async def reading(
        self, request: Request, municipality: str, purpose: Purpose | None, roles: Collection[Role]
    ) -> AsyncIterator[tuple[Caller, Connection]]:
        """`check`, and then the same transaction for what the caller reads."""
        token, held = self._claimed(request, municipality, purpose, roles)
        async with self._database.transaction({municipality, token.municipality}) as connection:
            if token.kind != "service":
                held = await self._still_held(connection, request, token, held, purpose, roles)
            yield Caller(token.municipality, token.party, held, purpose), connection

    async def record_refusal(self, request: Request, code: str) -> None:
        """Write down that a known caller was refused, for the municipality that it asked about (利用記録)."""
        token: AccessToken | None = getattr(request.state, "asking", None)
        municipality = str(request.path_params.get("municipality", ""))
        if token is None or not MUNICIPALITY.fullmatch(municipality):
            return  # nobody known, or nobody's data
        own = token.municipality == municipality
        async with self._database.transaction([municipality]) as connection:
            await QUERIES.record_refusal(
                connection,
                municipality=municipality,
                party=token.party if own else f"{token.municipality}/{token.party}",
                purpose=_purpose_as_sent(request),
                action=getattr(request.scope.get("endpoint"), "__name__", "").replace("_", "-"),
                addressee_numbers=[
                    number
                    for name, number in request.path_params.items()
                    if name == "addressee_number" and _NUMBER.fullmatch(str(number))
                ],
                refused=code,
            )

    def _claimed(
        self, request: Request, municipality: str | None, purpose: Purpose | None, roles: Collection[Role]
    ) -> tuple[AccessToken, frozenset[Role]]:
        """The token, and its roles that count here. Raises Problem where it does not even claim the right."""
        token = request.state.asking = self._token(request)
        held = _held_roles(token)
        if municipality != token.municipality:
            held &= FEDERAL_ROLES
            if not held:
                raise Problem(problems.MUNICIPALITY_MISMATCH)
        if not held & set(roles):
            raise Problem(problems.ROLE_MISSING)
        if purpose is not None and purpose not in token.purposes:
            raise Problem(problems.PURPOSE_MISSING)
        return token, held

    def _token(self, request: Request) -> AccessToken:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Problem(problems.TOKEN_MISSING)
        try:
            return self._verified(text.strip(), self._clock())
        except TokenError:
            raise Problem(problems.TOKEN_INVALID) from None

    def _verified(self, text: str, now: float) -> AccessToken:
        """`verify_access`, with the signature of a text checked once; its times are checked at every request."""
        token = self._signed.get(text)
        if token is None:
            token = verify_access(text, self._key, now)
            if len(self._signed) >= SIGNATURES_REMEMBERED:
                del self._signed[next(iter(self._signed))]  # the one that came first expires first, or nearly so
            self._signed[text] = token
        check_times(token.issued_at, token.expires_at, now)
        return token

    async def _still_held(
        self,
        connection: Connection,
        request: Request,
        token: AccessToken,
        held: frozenset[Role],
        purpose: Purpose | None,
        roles: Collection[Role],
    ) -> frozenset[Role]:
        """The roles that the replica of `party` confirms. Raises Problem where none of `roles` is left, and where the
        municipality is leaving."""
        record = await QUERIES.party(
            connection, municipality=token.municipality, party=token.party, service=self._service
        )
        if record is None:
            raise Problem(problems.PARTY_UNKNOWN)
        party = from_record(PartyRow, record)
        # Another key means that the party was registered anew: tokens of the lost key must not outlive it.
        if party.revoked or party.public_key != token.key:
            raise Problem(problems.PARTY_REVOKED)
        if purpose is not None and purpose not in party.purposes:
            raise Problem(problems.PURPOSE_MISSING)
        _refuse_who_left(request, record["leaving"])
        confirmed = held & frozenset(party.roles)
        if not confirmed & set(roles):
            raise Problem(problems.ROLE_MISSING)
        return confirmed


def _refuse_who_left(request: Request, leaving: str | None) -> None:
    """Whoever is leaving a service writes nothing to it any more; once erasure has begun there is nothing to read."""
    if leaving in ("erasing", "erased", "certified"):
        raise Problem(problems.LEFT)
    reads = request.method in ("GET", "HEAD") or getattr(request.state, "only_reads", False)
    if leaving is not None and not reads:
        raise Problem(problems.CLOSED)


async def authorise(
    request: Request, municipality: str | None, *, purpose: Purpose | None, roles: Collection[Role]
) -> Caller:
    """Who makes this request, if it may: one of `roles`, for `municipality`, for `purpose` if one is needed.

    `municipality` is None for what concerns the whole federation. Raises Problem, 401 or 403.
    """
    return await cast(Access, request.app.state.access).check(request, municipality, purpose, roles)


@asynccontextmanager
async def authorised(
    request: Request, municipality: str, *, purpose: Purpose | None, roles: Collection[Role]
) -> AsyncIterator[tuple[Caller, Connection]]:
    """`authorise`, and the transaction in which the right was read, to read in what it opens: one instead of two."""
    access = cast(Access, request.app.state.access)
    async with access.reading(request, municipality, purpose, roles) as reading:
        yield reading


def requested_purpose(request: Request) -> Purpose:
    """利用目的 from `?purpose=`. Raises Problem, 400, if it is missing or none."""
    try:
        return Purpose(request.query_params["purpose"])
    except (KeyError, ValueError):
        choices = ", ".join(Purpose)
        raise Problem(problems.PARAMETER_INVALID, f"purpose: one of {choices}") from None


def _purpose_as_sent(request: Request) -> str:
    """利用目的 as it was asked for; empty for none, or for a text that is none."""
    sent = request.query_params.get("purpose", "")
    return sent if sent in tuple(Purpose) else ""


def _held_roles(token: AccessToken) -> frozenset[Role]:
    if token.municipality != FEDERATION:
        return token.roles - FEDERAL_ROLES
    if token.kind != "service":
        return token.roles - {Role.SERVICE}
    return token.roles
