"""A municipality's side of the vault: fetches the public key, encrypts numbers, tells them, asks for them."""

import json
from typing import Any

import httpx
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey
from kumiai_contracts.identifiers import my_number_check_digit, with_check_digit
from kumiai_contracts.my_number import (
    JWE_ALGORITHM,
    JWE_ENCRYPTION,
    MyNumberNotice,
    MyNumberOfPerson,
    MyNumberSought,
)

from tests.support.operator import LINKAGE

_ALLOWED = JWERegistry(algorithms=[JWE_ALGORITHM, JWE_ENCRYPTION])
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
    return encrypt_compact(header, plain, ECKey.import_key(key), registry=_ALLOWED)


def number_notice(
    key: dict[str, Any], municipality: str, addressee_number: str, number: str, reason: str = "assigned"
) -> MyNumberNotice:
    """A notice that brings a person's number."""
    person = {"municipality": municipality, "addressee_number": addressee_number, "my_number": number}
    return MyNumberNotice.model_validate(
        {"addressee_number": addressee_number, "reason": reason, "my_number": encrypt(key, person), **DESK}
    )
