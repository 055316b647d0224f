"""What the vault answers over HTTP: its public key, whom a number means, and a person's token.

Invariant: no answer holds a 個人番号, and nothing is answered unless who asked what about whom, and for which purpose,
was recorded in the same transaction. What was asked in vain or refused is recorded, too.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.http.access import Caller, authorised, requested_purpose
from kumiai_common.http.problems import NOT_FOUND, PARAMETER_INVALID, PURPOSE_MISSING, Kind, Problem
from kumiai_common.http.requests import answer, municipality_of, number_of
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.model import Frozen
from kumiai_contracts.my_number import Encrypted, HeldNumberRow, MyNumberSought
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_national_id_linkage.domain.my_number import Unusable
from kumiai_national_id_linkage.domain.number_refusals import TEXTS
from kumiai_national_id_linkage.vault.accesses import record_use
from kumiai_national_id_linkage.vault.arrivals import QUERIES, is_my_number, stored_keys
from kumiai_national_id_linkage.vault.envelope import open_envelope
from kumiai_national_id_linkage.vault.key_management import KeyManagement
from kumiai_national_id_linkage.vault.municipality_keys import MunicipalityKeys, Sealed, unwrapped

ASKERS = (Role.CLERK, Role.SYSTEM)
PURPOSES = frozenset((Purpose.LINKAGE, Purpose.RESIDENT_SERVICES, Purpose.TAXATION))
"""The affairs of this federation that may use 個人番号 (番号法9条, 別表)."""


class LookUp(Frozen):
    """個人番号による検索: a JWE of `MyNumberSought`."""

    my_number: Encrypted


@dataclass(frozen=True, slots=True)
class Asking:
    """One request's transaction, with who asks and why."""

    connection: Connection
    municipality: str
    caller: Caller
    purpose: Purpose
    action: str

    async def record(self, *integrated_addressee_numbers: str) -> None:
        """Write down whom this is about; nobody if nobody was found."""
        await record_use(
            self.connection, self.municipality, self.caller, self.purpose, self.action, integrated_addressee_numbers
        )


class Vault:
    """The handlers."""

    def __init__(self, management: KeyManagement) -> None:
        self._management = management

    def routes(self) -> list[BaseRoute]:
        """The vault's addresses."""
        at = "/v1/{municipality}"
        return [
            Route("/v1/vault/jwks.json", self.jwks),
            Route(at + "/my-number-look-ups", self.look_up, methods=["POST"]),
            Route(at + "/addressees/{addressee_number}/my-number-token", self.token),
        ]

    async def jwks(self, _: Request) -> Response:
        """The public key to encrypt to now (JWK Set, RFC 7517); for anybody."""
        return answer({"keys": [{**self._management.published_key(), "alg": "ECDH-ES+A256KW"}]})

    async def look_up(self, request: Request) -> Response:
        """Whom a number means that somebody presented: 団体内統合宛名番号, 宛名番号 and the token."""
        body = await _look_up(request)
        async with self._asking(request, "look-up", ASKERS) as asking:
            sought = open_envelope(MyNumberSought, body.my_number, self._management)
            problem = _refusal(sought, asking)
            found = None
            if not isinstance(sought, Unusable) and problem is None:
                found = await self._found(asking, sought.my_number)
            await asking.record(*[found["integrated_addressee_number"]] if found else ())
        # Raised after the record is committed: an attempt is an access.
        if problem is not None:
            raise problem
        if found is None:
            raise Problem(NOT_FOUND)
        return answer(found)

    async def token(self, request: Request) -> Response:
        """A person's token: what other services may join by instead of the number, within this municipality."""
        async with self._asking(request, "token", (*ASKERS, Role.SERVICE)) as asking:
            record = await QUERIES.number_of_person(
                asking.connection,
                municipality=asking.municipality,
                addressee_number=number_of(request, "addressee_number"),
            )
            found = None
            if record is not None:
                values = dict(record)
                integrated = values.pop("integrated_addressee_number")
                keys = await self._keys(asking)
                assert keys is not None, "whatever is held has keys"
                token = keys.token(keys.number(Sealed(**values)))
                found = {"integrated_addressee_number": integrated, "token": token}
            await asking.record(*[found["integrated_addressee_number"]] if found else ())
        if found is None:
            raise Problem(NOT_FOUND)
        return answer(found)

    @asynccontextmanager
    async def _asking(self, request: Request, action: str, roles: tuple[Role, ...]) -> AsyncIterator[Asking]:
        """A transaction to ask in. Raises Problem, 403, for a purpose that may not use 個人番号."""
        municipality, purpose = municipality_of(request), requested_purpose(request)
        async with authorised(request, municipality, purpose=purpose, roles=roles) as (caller, connection):
            # A service has no purposes of its own: it asks to replicate what its municipality lets it know.
            if purpose not in PURPOSES and not (caller.service and purpose is Purpose.REPLICATION):
                raise Problem(PURPOSE_MISSING)
            yield Asking(connection, municipality, caller, purpose, action)

    async def _keys(self, asking: Asking) -> MunicipalityKeys | None:
        stored = await stored_keys(asking.connection, [asking.municipality])
        found = stored.get(asking.municipality)
        return unwrapped(asking.municipality, found, self._management) if found else None

    async def _marked(self, asking: Asking, marks: frozenset[bytes]) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = await QUERIES.held_by_marks(
            asking.connection, municipalities=[asking.municipality] * len(marks), marks=list(marks)
        )
        return found

    async def _found(self, asking: Asking, number: str) -> Mapping[str, Any] | None:
        keys = await self._keys(asking)
        if keys is None:
            return None
        marks = keys.marks(number)
        while not (records := await self._marked(asking, marks)):
            # What was marked anew in between is found by the key that is there now.
            keys = await self._keys(asking)
            assert keys is not None, "keys never all end"
            if keys.marks(number) <= marks:
                return None
            marks = keys.marks(number)
        row = from_record(HeldNumberRow, records[0])
        addressees = await QUERIES.addressees_of(
            asking.connection,
            municipality=asking.municipality,
            integrated_addressee_number=row.integrated_addressee_number,
        )
        return {
            "integrated_addressee_number": row.integrated_addressee_number,
            "state": row.state,
            "addressees": [dict(addressee) for addressee in addressees],
            "token": keys.token(number),
        }


def _refusal(sought: MyNumberSought | Unusable, asking: Asking) -> Problem | None:
    if isinstance(sought, Unusable):
        return _problem(sought.code)
    if (sought.municipality, sought.party) != (asking.municipality, asking.caller.party):
        return _problem("jwe-for-another")
    return None if is_my_number(sought.my_number) else _problem("number-check-digit-wrong")


def _problem(code: str) -> Problem:
    return Problem(Kind(code, 422, *TEXTS[code]))


async def _look_up(request: Request) -> LookUp:
    try:
        return LookUp.model_validate_json(await request.body())
    except ValidationError:
        raise Problem(PARAMETER_INVALID, "a JSON object with my_number, a JWE of at most 4096 characters") from None
