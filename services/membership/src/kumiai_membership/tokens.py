"""The token endpoint: an assertion that a party signed, against a short access token.

Invariant: an assertion is used once. Its id is remembered before the token is granted, for as long as its times would
let it pass; and it is remembered only after its signature was found right.
"""

import re
import secrets
import time
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kumiai_common.http import problems
from kumiai_common.http.problems import Problem
from kumiai_common.http.queries import QUERIES as HTTP_QUERIES
from kumiai_common.http.requests import answer
from kumiai_common.http.tokens import (
    ACCESS_SECONDS,
    GRANT_TYPE,
    AccessToken,
    Assertion,
    TokenError,
    claimed_subject,
    load_public_key,
    public_key_of_text,
    public_key_text,
    sign_access,
    verify_assertion,
)
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import PartyRow, Purpose, Role
from kumiai_contracts.topics import FEDERATION, SERVICES
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_membership.store import QUERIES

_LOG = structlog.get_logger()
_SERVICE = "service/"
_PARTY = re.compile(r"([0-9]{6})/([a-z0-9][a-z0-9._-]{0,62})", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Known:
    """Who a party is and what it may do, by what is recorded."""

    municipality: str
    party: str
    kind: Literal["person", "system", "service"]
    key: Ed25519PublicKey
    roles: frozenset[Role]
    purposes: frozenset[Purpose]


class TokenRoute:
    """`POST /v1/token` (RFC 7523)."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def routes(self) -> list[BaseRoute]:
        """The one address."""
        return [Route("/v1/token", self.token, methods=["POST"])]

    async def token(self, request: Request) -> Response:
        """Give a token to whoever proves to be who they say; the refusal never says what was wrong."""
        assertion, now = await _assertion_of(request), time.time()
        try:
            subject = claimed_subject(assertion)
            known = await self._known(subject)
            await self._use_once(known, verify_assertion(assertion, subject, known.key, now))
        except TokenError as refused:
            _LOG.warning("token refused", why=refused.why)
            raise Problem(problems.ASSERTION_INVALID) from None
        text = sign_access(_granted(known, int(now)), self._ground.keys.signing)
        return answer({"access_token": text, "token_type": "Bearer", "expires_in": ACCESS_SECONDS})

    async def _known(self, subject: str) -> _Known:
        if subject.startswith(_SERVICE):
            return self._service(subject.removeprefix(_SERVICE))
        match = _PARTY.fullmatch(subject)
        if match is None:
            raise TokenError("subject")
        municipality, party = match.groups()
        async with self._ground.database.transaction([municipality]) as connection:
            record = await HTTP_QUERIES.party(connection, municipality=municipality, party=party, service="membership")
        row = from_record(PartyRow, record) if record else None
        if row is None or row.revoked:
            raise TokenError("party")
        key = public_key_of_text(row.public_key)
        return _Known(municipality, party, row.kind, key, frozenset(row.roles), frozenset(row.purposes))

    def _service(self, name: str) -> _Known:
        if name not in SERVICES:
            raise TokenError("service")
        try:
            key = load_public_key(self._ground.settings.trusted_keys_dir / f"{name}.pub.pem")
        except (OSError, ValueError):
            raise TokenError("service key") from None
        purposes = frozenset((Purpose.REPLICATION, Purpose.OPERATION))
        return _Known(FEDERATION, f"svc-{name}", "service", key, frozenset((Role.SERVICE,)), purposes)

    async def _use_once(self, known: _Known, assertion: Assertion) -> None:
        async with self._ground.database.transaction([known.municipality]) as connection:
            await QUERIES.forget_assertions(connection, municipality=known.municipality)
            first = await QUERIES.remember_assertion(
                connection,
                municipality=known.municipality,
                party=known.party,
                id=assertion.id,
                remembered_until=float(assertion.remembered_until),
            )
        if not first:
            raise TokenError("replay")


def _granted(known: _Known, now: int) -> AccessToken:
    return AccessToken(
        known.municipality,
        known.party,
        known.kind,
        public_key_text(known.key),
        known.roles,
        known.purposes,
        now,
        now + ACCESS_SECONDS,
        secrets.token_urlsafe(16),
    )


async def _assertion_of(request: Request) -> str:
    try:
        form = parse_qs((await request.body()).decode("ascii"), strict_parsing=True, max_num_fields=10)
        (grant_type,), (assertion,) = form["grant_type"], form["assertion"]
    except (ValueError, KeyError):
        raise Problem(problems.BODY_INVALID, "a form with grant_type and assertion, once each") from None
    if grant_type != GRANT_TYPE:
        raise Problem(problems.PARAMETER_INVALID, f"grant_type: {GRANT_TYPE}")
    return assertion
