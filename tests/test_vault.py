"""The vault on the real stack: numbers arrive encrypted, are found, give tokens, and every access is written down."""

import asyncio
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.my_number import MyNumberSought
from kumiai_local.addresses import StackAddresses
from kumiai_local.services import Service

from tests.conftest import NewSystem
from tests.support.family import carry_over
from tests.support.faults import superuser
from tests.support.operator import LINKAGE, REGISTRY, Operator
from tests.support.system import System
from tests.support.vault import encrypt, my_number, number_notice, public_key

pytestmark = pytest.mark.stack
FATHER, MOTHER, UNKNOWN = my_number(31_415_926_535), my_number(27_182_818_284), my_number(16_180_339_887)


class Clerk:
    """Somebody who may ask the vault, with purposes of the test's choice."""

    def __init__(self, operator: Operator, code: str, party: str) -> None:
        self._operator, self.code, self.party = operator, code, party
        self._key = Ed25519PrivateKey.generate()
        self.client = httpx.AsyncClient(
            auth=TokenClient(operator.peers["membership"], f"{code}/{party}", self._key),
            base_url=f"{operator.peers[LINKAGE]}/v1/{code}/",
            timeout=20,
        )

    async def granted(self, *purposes: str) -> "Clerk":
        """Registered; returns once the linkage service has heard of it."""
        body = {"kind": "person", "public_key": public_key_text(self._key.public_key())}
        body |= {"roles": ["clerk"], "purposes": purposes}  # type: ignore[dict-item]
        await self._operator.ask("POST", "membership", f"/v1/members/{self.code}/parties/{self.party}", json=body)
        for _ in range(100):
            answer = await self.client.get("addressees/0/my-number-token", params={"purpose": purposes[0]})
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
        """The record of accesses."""
        answer = await self.client.get("vault/accesses", params=query)
        answer.raise_for_status()
        return list(answer.json()["accesses"])


async def settled(system: System) -> tuple[list[str], str]:
    """A household that is numbered; its 宛名番号, and the cause to name."""
    told = await system.tell(carry_over())
    return list(told.numbers), told.event


async def codes_of(system: System, *notices: Any) -> list[str]:
    """`accepted`, or the code of each notice's refusal."""
    found = []
    for notice in notices:
        receipt = await system.send(system.message(notice))
        found.append("accepted" if receipt.accepted else receipt.body["reasons"][0]["code"])
    return found


def stored(addresses: StackAddresses, code: str) -> tuple[int, int]:
    """How many numbers and how many keys the vault has for a municipality."""
    with superuser(addresses, Service(LINKAGE)) as connection:
        (numbers,) = connection.execute("select count(*) from vault_number where municipality = %s", (code,))
        (keys,) = connection.execute("select count(*) from vault_key where municipality = %s", (code,))
    return int(str(numbers[0])), int(str(keys[0]))


async def test_a_number_is_held_found_and_gives_a_token_and_every_access_is_recorded(
    new_system: NewSystem, operator: Operator, addresses: StackAddresses
) -> None:
    system = await new_system(REGISTRY, LINKAGE)
    code = system.member.code
    (father, mother, *_), cause = await settled(system)
    key = await public_key(operator.peers)
    receipt = await system.send(system.message(number_notice(key, code, father, FATHER), cause))
    (caused,) = receipt.body["caused"]
    assert caused["type"] == "linkage.my-number-held.v1"
    integrated = caused["subject"]
    assert stored(addresses, code) == (1, 3)

    # The same again, under another id and encrypted anew, changes nothing; the other refusals leave nothing either.
    assert await codes_of(
        system,
        number_notice(key, code, father, FATHER),
        number_notice(key, code, mother, FATHER),
        number_notice(key, code, father, MOTHER),
        number_notice(key, code, mother, MOTHER[:-1] + str((int(MOTHER[-1]) + 1) % 10)),
        number_notice(key, code, mother, "１２３４５６７８９０１８"),
        number_notice(key, "131016", mother, MOTHER),
        number_notice(key, code, mother, MOTHER).model_copy(update={"addressee_number": father}),
        number_notice(key, code, mother, MOTHER).model_copy(update={"my_number": MOTHER}),
        number_notice({**key, "kid": "r-gone"}, code, mother, MOTHER),
        number_notice(key, code, "0000099996", MOTHER),
    ) == [
        "accepted",
        "number-held-by-another",
        "another-number-held",
        "number-check-digit-wrong",
        "number-check-digit-wrong",
        "jwe-for-another",
        "jwe-for-another",
        "my-number-in-clear",
        "jwe-key-unknown",
        "addressee-not-numbered",
    ]
    assert stored(addresses, code) == (1, 3)

    clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
    found = (await clerk.look_up(key, FATHER)).json()
    assert found["integrated_addressee_number"] == integrated
    assert found["addressees"] == [{"line_of_business": "resident-registry", "addressee_number": father}]
    assert (await clerk.token(father)).json() == {"integrated_addressee_number": integrated, "token": found["token"]}
    assert (await clerk.look_up(key, UNKNOWN)).status_code == 404
    assert (await clerk.look_up(key, FATHER, party="somebody-else")).json()["code"] == "jwe-for-another"
    assert (await clerk.look_up(key, FATHER[:-1])).json()["code"] == "number-check-digit-wrong"
    assert (await clerk.token(father, "taxation")).status_code == 403
    assert (await clerk.token(mother)).status_code == 404

    records = await clerk.accesses()
    assert {(record["party"], record["purpose"]) for record in records} == {("desk", "national-id-linkage")}
    about = [(record["action"], record["integrated_addressee_numbers"]) for record in records][-6:]
    assert about == [
        ("look-up", [integrated]),
        ("token", [integrated]),
        ("look-up", []),
        ("look-up", []),
        ("look-up", []),
        ("token", []),
    ]
    assert len(await clerk.accesses(integrated_addressee_number=integrated)) == 2


async def test_a_changed_number_is_found_beside_the_old_one_and_gives_another_token(
    new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system(REGISTRY, LINKAGE)
    code = system.member.code
    (father, *_), cause = await settled(system)
    key = await public_key(operator.peers)
    clerk = await Clerk(operator, code, "desk").granted("national-id-linkage", "taxation")
    await system.tell(number_notice(key, code, father, FATHER), cause)
    before = (await clerk.token(father, "taxation")).json()
    await system.tell(number_notice(key, code, father, MOTHER, "changed"))
    after = (await clerk.token(father, "taxation")).json()
    assert after["integrated_addressee_number"] == before["integrated_addressee_number"]
    assert after["token"] != before["token"]
    states = [(await clerk.look_up(key, number)).json()["state"] for number in (FATHER, MOTHER)]
    assert states == ["replaced", "current"]
    assert await codes_of(system, number_notice(key, code, father, FATHER, "changed")) == ["number-was-replaced"]


async def test_two_municipalities_get_tokens_that_have_nothing_in_common(
    new_system: NewSystem, operator: Operator
) -> None:
    key = await public_key(operator.peers)
    tokens = []
    for _ in range(2):
        system = await new_system(REGISTRY, LINKAGE)
        code = system.member.code
        (father, *_), cause = await settled(system)
        await system.tell(number_notice(key, code, father, FATHER), cause)
        clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
        tokens.append((await clerk.token(father)).json()["token"])
    assert tokens[0] != tokens[1]
