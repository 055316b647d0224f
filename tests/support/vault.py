"""A municipality's side of the vault: fetches the public key, encrypts numbers, tells them, asks for them."""

import asyncio
import json
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.identifiers import my_number_check_digit, with_check_digit
from kumiai_contracts.my_number import (
    JWE_ALGORITHM,
    JWE_ENCRYPTION,
    MyNumberNotice,
    MyNumberOfPerson,
    MyNumberSought,
)

from tests.support.family import carry_over
from tests.support.operator import LINKAGE, Operator
from tests.support.system import System

ALLOWED = JWERegistry(algorithms=[JWE_ALGORITHM, JWE_ENCRYPTION])
ABSENT = "0000099996"
"""A 宛名番号 that nobody has."""
DESK = {"place": "本庁", "operator": "desk/1"}


def my_number(body: int) -> str:
    """A 個人番号 with the right check digit."""
    return with_check_digit(f"{body:011}", my_number_check_digit)


async def public_key(peers: dict[str, str]) -> dict[str, Any]:
    """The key that the vault publishes now."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{peers[LINKAGE]}/v1/vault/jwks.json")
    answer.raise_for_status()
    (key,) = answer.json()["keys"]
    return dict(key)


def encrypt(key: dict[str, Any], content: MyNumberOfPerson | MyNumberSought | dict[str, str]) -> str:
    """What a sender puts into a notice or a look-up."""
    plain = json.dumps(content) if isinstance(content, dict) else content.model_dump_json()
    header = {"alg": JWE_ALGORITHM, "enc": JWE_ENCRYPTION, "kid": key["kid"]}
    return encrypt_compact(header, plain, ECKey.import_key(key), registry=ALLOWED)


def number_notice(
    key: dict[str, Any], municipality: str, addressee_number: str, number: str, reason: str = "assigned"
) -> MyNumberNotice:
    """A notice that brings a person's number."""
    person = {"municipality": municipality, "addressee_number": addressee_number, "my_number": number}
    return MyNumberNotice.model_validate(
        {"addressee_number": addressee_number, "reason": reason, "my_number": encrypt(key, person), **DESK}
    )


class Clerk:
    """Somebody who may ask the vault, with purposes of the test's choice."""

    def __init__(self, operator: Operator, code: str, party: str) -> None:
        self._operator, self.code, self.party = operator, code, party
        self._key = Ed25519PrivateKey.generate()
        self.token_client = TokenClient(operator.peers["membership"], f"{code}/{party}", self._key)
        self.client = httpx.AsyncClient(
            auth=self.token_client, base_url=f"{operator.peers[LINKAGE]}/v1/{code}/", timeout=20
        )

    async def granted(self, *purposes: str) -> "Clerk":
        """Registered; returns once the linkage service has heard of it."""
        body: dict[str, Any] = {"kind": "person", "public_key": public_key_text(self._key.public_key())}
        body |= {"roles": ["clerk"], "purposes": purposes}
        await self._operator.ask("POST", "membership", f"/v1/members/{self.code}/parties/{self.party}", json=body)
        for _ in range(100):
            answer = await self.token(ABSENT, purposes[0])
            if answer.json().get("code") != "party-unknown":
                return self
            await asyncio.sleep(0.1)
        raise AssertionError("the linkage service never heard of the clerk")

    async def token(self, addressee_number: str, purpose: str = "national-id-linkage") -> httpx.Response:
        """The answer to a request for somebody's token."""
        return await self.client.get(f"addressees/{addressee_number}/my-number-token", params={"purpose": purpose})

    async def look_up(self, key: dict[str, Any], number: str, **sought: str) -> httpx.Response:
        """The answer to a look-up."""
        content = {"municipality": self.code, "party": self.party, "my_number": number, **sought}
        body = {"my_number": encrypt(key, MyNumberSought.model_validate(content))}
        return await self.client.post("my-number-look-ups", params={"purpose": "national-id-linkage"}, json=body)

    async def accesses(self, **query: str) -> list[dict[str, Any]]:
        """The record of accesses and of what was refused, without what only waited for the clerk to be known."""
        answer = await self.client.get("access-records", params=query)
        answer.raise_for_status()
        return [each for each in answer.json()["accesses"] if each["refused"] != "party-unknown"]


async def household(system: System) -> tuple[list[str], str]:
    """A household that was carried over: its 宛名番号, and the cause to name."""
    told = await system.tell(carry_over())
    return list(told.numbers), told.event
