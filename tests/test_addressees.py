"""Two addressees that are one person, on the real stack: numbers, tokens and look-ups follow both ways."""

import pytest
from kumiai_contracts.addressees import MergeNotice, PartNotice

from tests.conftest import NewSystem
from tests.support.operator import LINKAGE, REGISTRY, Operator
from tests.support.vault import DESK, Clerk, household, my_number, number_notice, public_key

pytestmark = pytest.mark.stack
MOTHERS = my_number(57_721_566_490)


async def test_a_merge_and_its_parting_are_followed_everywhere(new_system: NewSystem, operator: Operator) -> None:
    system = await new_system(REGISTRY, LINKAGE)
    code = system.member.code
    (father, mother, child, *_), cause = await household(system)
    key = await public_key(operator.peers)
    clerk = await Clerk(operator, code, "desk").granted("national-id-linkage")
    await system.tell(number_notice(key, code, mother, MOTHERS), cause)

    async def number_of(person: str) -> str:
        return str((await system.read(LINKAGE, f"addressees/{person}"))["integrated_addressee_number"])

    before = {person: await number_of(person) for person in (father, mother, child)}
    await system.tell(MergeNotice(addressee_number=father, other=mother, **DESK))
    assert await number_of(mother) == before[father]
    found = (await clerk.look_up(key, MOTHERS)).json()
    assert found["integrated_addressee_number"] == before[father]
    assert {each["addressee_number"] for each in found["addressees"]} == {father, mother}
    assert (await clerk.token(father)).json()["token"] == found["token"] == (await clerk.token(mother)).json()["token"]

    # The merged one follows when the one that stands for it is merged; a number that comes for any of them is theirs.
    await system.tell(MergeNotice(addressee_number=child, other=father, **DESK))
    assert {await number_of(person) for person in (father, mother, child)} == {before[child]}
    receipt = await system.send(system.message(number_notice(key, code, father, MOTHERS)))
    assert receipt.accepted and receipt.body["caused"] == []

    await system.tell(PartNotice(addressee_number=mother, takes_my_number=True, **DESK))
    assert await number_of(mother) == before[mother]
    assert await number_of(father) == before[child]
    found = (await clerk.look_up(key, MOTHERS)).json()
    assert [each["addressee_number"] for each in found["addressees"]] == [mother]
    assert (await clerk.token(father)).status_code == 404
    refused = await system.send(system.message(PartNotice(addressee_number=mother, takes_my_number=False, **DESK)))
    assert refused.body["reasons"][0]["code"] == "not-merged"

    # The tables that the log makes anew are the same.
    rebuilt = await operator.rebuild(LINKAGE, code, "linkage")
    assert rebuilt["hash_before"] == rebuilt["hash_after"]
