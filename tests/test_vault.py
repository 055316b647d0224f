"""The vault on the real stack: numbers arrive encrypted, are found, give tokens, and every access is written down."""

import json
from typing import Any

import pytest
from joserfc.jwe import decrypt_compact
from joserfc.jwk import ECKey
from kumiai_contracts.chain import commitment
from kumiai_contracts.identified import Identified
from kumiai_contracts.resident import MoveInNotice, MoveOutNotice
from kumiai_contracts.resident_marks import IdentityMarksNotice, MarksOfPerson
from kumiai_local.addresses import StackAddresses
from kumiai_local.services import Service

from tests.conftest import NewSystem
from tests.support.family import AWAY, HEAD, HOME, handled, person
from tests.support.faults import superuser
from tests.support.markers import Markers
from tests.support.operator import LINKAGE, REGISTRY, Operator
from tests.support.system import System
from tests.support.vault import ABSENT, ALLOWED, DESK, Clerk, household, my_number, number_notice, public_key

pytestmark = pytest.mark.stack
FATHER, MOTHER, UNKNOWN = my_number(31_415_926_535), my_number(27_182_818_284), my_number(16_180_339_887)


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
    (father, mother, *_), cause = await household(system)
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
        number_notice(key, code, ABSENT, MOTHER),
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
    assert {(record["party"], record["purpose"]) for record in records if not record["refused"]} == {
        ("desk", "national-id-linkage")
    }
    about = [(record["action"], record["addressee_numbers"], record["refused"]) for record in records][-7:]
    assert about == [
        ("vault/look-up", [father], ""),
        ("vault/token", [father], ""),
        ("vault/look-up", [], ""),
        ("vault/look-up", [], ""),
        ("vault/look-up", [], ""),
        ("token", [father], "purpose-missing"),
        ("vault/token", [], ""),
    ], "an attempt for a purpose that nobody granted is recorded, too"
    assert records[-2]["purpose"] == "taxation"
    assert len(await clerk.accesses(addressee_number=father)) == 3
    stranger = await new_system(REGISTRY, LINKAGE)
    await stranger.refused(LINKAGE, f"addressees/{father}", of=code)
    last = (await clerk.accesses(limit="500"))[-1]
    assert (last["action"], last["addressee_numbers"], last["refused"]) == (
        "addressee", [father], "municipality-mismatch",
    )  # fmt: skip
    assert last["party"] == f"{stranger.member.code}/{stranger.member.credentials.party}"


async def test_a_changed_number_is_found_beside_the_old_one_and_gives_another_token(
    new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system(REGISTRY, LINKAGE)
    code = system.member.code
    (father, *_), cause = await household(system)
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


async def test_whoever_comes_back_and_presents_the_same_number_is_known_to_the_registry(
    new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system(REGISTRY, LINKAGE)
    code = system.member.code
    (father, mother, *_), cause = await household(system)
    key = await public_key(operator.peers)
    clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
    await system.tell(number_notice(key, code, father, FATHER), cause)
    whose = MarksOfPerson(addressee_number=father, my_number_token=(await clerk.token(father)).json()["token"])
    await system.tell(IdentityMarksNotice(people=(whose,), **DESK))

    presented = (await clerk.look_up(key, FATHER)).json()["token"]
    entry = MoveInNotice(
        **handled(),
        origin="domestic",
        persons=(person("佐藤 別名", HEAD, "1979-03-03"),),
        address=HOME,
        previous_address=HOME,
        identified=(Identified(person=0, my_number_token=presented),),
    )
    assert await codes_of(system, entry) == ["already-resident"]
    await system.tell(
        MoveOutNotice(**handled(), addressee_numbers=(father,), destination="domestic", destination_address=AWAY)
    )
    assert (await system.tell(entry)).numbers[0] == father
    hers = IdentityMarksNotice(people=(whose.model_copy(update={"addressee_number": mother}),), **DESK)
    assert await codes_of(system, hers) == ["mark-of-another"]
    await operator.complete(system.member)


async def test_two_municipalities_get_tokens_that_have_nothing_in_common(
    new_system: NewSystem, operator: Operator
) -> None:
    key = await public_key(operator.peers)
    tokens = []
    for _ in range(2):
        system = await new_system(REGISTRY, LINKAGE)
        code = system.member.code
        (father, *_), cause = await household(system)
        await system.tell(number_notice(key, code, father, FATHER), cause)
        clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
        tokens.append((await clerk.token(father)).json()["token"])
    assert tokens[0] != tokens[1]


async def test_the_vaults_part_opens_with_the_municipalitys_key_and_proves_itself_against_the_log(
    new_system: NewSystem, operator: Operator
) -> None:
    system = await new_system(REGISTRY, LINKAGE)
    code = system.member.code
    (father, mother, *_), cause = await household(system)
    key = await public_key(operator.peers)
    told = {father: FATHER, mother: MOTHER}
    receipts = [
        await system.send(system.message(number_notice(key, code, person, number), cause))
        for person, number in told.items()
    ]
    people = [receipt.body["caused"][0]["subject"] for receipt in receipts]
    clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
    taker = await Clerk(operator, code, "taker").granted("export", "national-id-linkage")
    own = ECKey.generate_key("P-256", {"kid": "ours"})
    order = {"key": own.as_dict(private=False)}

    refused = await clerk.client.post("vault/export", params={"purpose": "export"}, json=order)
    assert refused.status_code == 403
    for wrong in (
        {},
        {"key": {}},
        {"key": own.as_dict(private=True)},
        {"key": {"kty": "oct", "k": "AAAA", "kid": "x"}},
    ):
        answer = await taker.client.post("vault/export", params={"purpose": "export"}, json=wrong)
        assert answer.status_code == 400

    answer = await taker.client.post("vault/export", params={"purpose": "export"}, json=order)
    *pages, end = [json.loads(line) for line in answer.text.splitlines()]
    assert end == {"count": 2}
    assert not Markers(FATHER, MOTHER).in_bytes("the part", answer.content)
    found = [
        each
        for page in pages
        for each in json.loads(decrypt_compact(page["jwe"], own, registry=ALLOWED).plaintext or b"")["numbers"]
    ]
    by_person = {each["integrated_addressee_number"]: each["my_number"] for each in found}
    assert by_person == dict(zip(people, told.values(), strict=True))
    assert all(commitment(bytes.fromhex(e["salt"]), e["my_number"].encode()) == e["commitment"] for e in found)
    (record,) = [each for each in await clerk.accesses() if each["action"] == "vault/export" and not each["refused"]]
    assert record["party"] == "taker" and set(record["addressee_numbers"]) == {father, mother}
