"""A municipality's yearly tax run through the federation: reports, freeze, review, issue, correction, reading."""

import httpx
import pytest
from kumiai_contracts.taxation import FurtherItems, IncomeReport, ReportedPerson, Spouse

from tests.support.clerk import clerk
from tests.support.family import FAMILY, carry_over
from tests.support.operator import LINKAGE, TAXATION, Operator
from tests.support.system import System
from tests.test_first_flow import NewSystem, within

pytestmark = pytest.mark.stack
RUN = "tax-runs/2026"


def report(number: str | None, **changes: object) -> IncomeReport:
    given = {"fiscal_year": 2026, "kind": "employment", "reporter": "20310007", "addressee_number": number}
    return IncomeReport.model_validate(given | {"salary": 5_000_000} | changes)


async def state_becomes(system: System, wanted: str) -> dict[str, int]:
    async def there() -> bool:
        return bool((await system.read(TAXATION, RUN))["run"]["state"] == wanted)

    await within(20, there)
    found: dict[str, int] = (await system.read(TAXATION, RUN))["run"]
    return found


async def test_a_year_is_collected_frozen_reviewed_and_issued(new_system: NewSystem, operator: Operator) -> None:
    system = await new_system(code="152056")
    family = await system.tell(carry_over())
    head, wife = family.numbers[:2]
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await system.order(TAXATION, f"{RUN}/freeze")
    assert (await system.order(TAXATION, f"{RUN}/open"))["run"]["state"] == "collecting"
    spouse = Spouse(birth_date=FAMILY[1].birth_date, income=0)
    await system.tell(report(head, salary=15_000_000, social_insurance=500_000, spouse=spouse), cause=family.event)
    await system.tell(report(wife, salary=900_000))
    await system.tell(report(family.numbers[2], further=FurtherItems(not_computed=("stocks",))))
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await system.read(TAXATION, f"assessments/2026/{head}")

    await system.order(TAXATION, f"{RUN}/freeze")
    reviewed = await state_becomes(system, "assessed")
    counted = tuple(reviewed[name] for name in ("payers", "assessed", "exempt", "refused"))
    assert counted == (3, 1, 1, 1)
    (outlier,) = (await system.read(TAXATION, f"{RUN}/outliers"))["outliers"]
    assert (outlier["addressee_number"], outlier["code"]) == (head, "high-without-a-year-before")
    await system.tell(report(head, revision=2, salary=16_000_000, social_insurance=500_000, spouse=spouse))
    first, second = [
        await clerk(operator, system.member.code, name, "taxation", service=TAXATION) for name in ("hanako", "taro")
    ]
    purpose = {"purpose": "taxation"}
    with pytest.raises(httpx.HTTPStatusError, match="403"):
        await system.order(TAXATION, f"{RUN}/confirm")
    assert (await first.post(f"{RUN}/confirm", params=purpose)).is_success
    alone = await first.post(f"{RUN}/issue", params=purpose)
    assert (alone.status_code, alone.json()["code"]) == (409, "second-person-needed")
    assert (await system.read(TAXATION, RUN))["run"]["state"] == "confirmed"
    assert (await second.post(f"{RUN}/issue", params=purpose)).is_success
    issued = await state_becomes(system, "issued")
    assert issued["amount"] == reviewed["amount"] > 0

    async def corrected() -> bool:
        return len((await system.read(TAXATION, f"assessments/2026/{head}"))["versions"]) == 2

    await within(20, corrected)
    before, after = (await system.read(TAXATION, f"assessments/2026/{head}"))["versions"]
    assert before["total"] == reviewed["amount"] < after["total"]
    for version in (before, after):
        shown = await system.read(TAXATION, f"assessments/2026/{head}/{version['version']}/working")
        assert {step["key"]: step["result"] for step in shown["working"]}["total"] == version["total"]
    (year,) = (await system.read(TAXATION, f"taxpayers/{head}"))["years"]
    assert year["assessment"] == after
    assert (await system.read(TAXATION, f"taxpayers/{wife}"))["years"][0]["assessment"]["total"] == 0

    person = ReportedPerson(name="柏崎 松", name_kana="カシワザキ マツ", birth_date="1950-01-01")
    await system.tell(report(None, person=person))
    items = (await system.read(TAXATION, "work-items"))["work_items"]
    assert sorted(item["code"] for item in items) == ["not-implemented", "unknown-person"]
    records = (await system.read(TAXATION, "access-records", addressee_number=wife))["accesses"]
    assert [(each["action"], each["purpose"]) for each in records] == [("taxpayer", "taxation")]
    about_head = (await system.read(TAXATION, "access-records", addressee_number=head))["accesses"]
    assert {each["action"] for each in about_head} == {"assessments", "working", "taxpayer", "outliers"}
    await operator.complete(system.member)
    assert len((await system.read(LINKAGE, f"addressees/{head}"))["tax_facts"]) == 2
    code = system.member.code
    owner = await operator.state(TAXATION, code, "taxation")
    rebuilt = await operator.rebuild(TAXATION, code, "taxation")
    assert rebuilt["hash_before"] == rebuilt["hash_after"] == owner["state_hash"]
    assert (await operator.state(LINKAGE, code, "taxation"))["state_hash"] == owner["state_hash"]
