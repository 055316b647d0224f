"""A report of income that concerns another municipality: carried there once, or back on the sender's own work list."""

import asyncio
import json
from typing import Any

import psycopg
import pytest
from kumiai_contracts.chain import digest
from kumiai_contracts.taxation import IncomeReport, ReportedPerson, SettleWorkItem
from kumiai_local.addresses import StackAddresses

from tests.support.family import FAMILY, carry_over
from tests.support.operator import TAXATION
from tests.support.system import System
from tests.test_first_flow import NewSystem, within

pytestmark = pytest.mark.stack
SAGAE, NAGAI, OBANAZAWA = "062065", "062090", "062120"


def report(number: str | None, **changes: object) -> IncomeReport:
    given = {"fiscal_year": 2026, "kind": "employment", "reporter": "06310007", "addressee_number": number}
    return IncomeReport.model_validate(given | {"salary": 5_000_000} | changes)


async def waiting(system: System, code: str, *, count: int = 1) -> list[dict[str, Any]]:
    """The open work items of a code, once there are so many."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        items = (await system.read(TAXATION, "work-items"))["work_items"]
        found[:] = [item for item in items if item["code"] == code]
        return len(found) >= count

    await within(20, there)
    return found


async def arrived(system: System, source: str) -> list[dict[str, Any]]:
    """The bodies of a municipality's receipts for what came from a source."""
    receipts = [json.loads(line["body"]) for line in await system.stream(TAXATION, "taxation-receipts")]
    return [receipt for receipt in receipts if receipt["notice_source"] == source]


async def test_a_forwarded_report_reaches_the_municipality_that_taxes_once(
    new_system: NewSystem, addresses: StackAddresses
) -> None:
    sender, recipient = await new_system(code=SAGAE), await new_system(code=NAGAI)
    moved = (await sender.tell(carry_over())).numbers[0]
    lives_there = await recipient.tell(carry_over(FAMILY[0]))
    await sender.tell(report(moved, residence=NAGAI))
    (item,) = await waiting(recipient, "unknown-person")

    events = await sender.stream(TAXATION, "taxation")
    (forwarded,) = [event for event in events if event["type"] == "taxation.income-report-forwarded.v1"]
    source = f"urn:kumiai:{SAGAE}:taxation"
    (receipt,) = await arrived(recipient, source)
    assert receipt["notice_id"] == f"{forwarded['incarnation']}-{forwarded['position']}"
    person = ReportedPerson.model_validate({name: getattr(FAMILY[0], name) for name in ReportedPerson.model_fields})
    sent = report(None, person=person)
    assert receipt["notice_digest"] == digest(sent.type, sent.body()).hex()

    number = lives_there.numbers[0]
    settle = SettleWorkItem(work_item=item["work_item"], resolution="match", addressee_number=number)
    await recipient.tell(settle, cause=lives_there.event)
    versions = (await recipient.read(TAXATION, f"assessments/2026/{number}"))["versions"]
    assert [version["version"] for version in versions] == [1]
    assert versions[0]["total"] > 0

    # As after a crash between delivering and noting: the position is lost, and the same is delivered again.
    url = addresses.postgres_url.rpartition("/")[0] + "/kumiai_taxation"
    with psycopg.connect(url, password=addresses.postgres_password) as connection:
        connection.execute("delete from courier_position where municipality = %s", (SAGAE,))

    def noted() -> bool:
        with psycopg.connect(url, password=addresses.postgres_password) as connection:
            query = "select position from courier_position where municipality = %s"
            return connection.execute(query, (SAGAE,)).fetchone() is not None

    await within(20, lambda: asyncio.to_thread(noted))
    again = await arrived(recipient, source)
    assert len(again) == 2, "a repetition gets its receipt again"
    assert again[0] == again[1] == receipt
    assert (await recipient.read(TAXATION, f"assessments/2026/{number}"))["versions"] == versions
    assert len((await recipient.read(TAXATION, "work-items"))["work_items"]) == 0


async def test_a_report_for_whoever_takes_no_part_comes_back_to_the_work_list(new_system: NewSystem) -> None:
    sender = await new_system(code=OBANAZAWA)
    person = ReportedPerson(name="尾花 梅", name_kana="オバナ ウメ", birth_date="1990-05-05")
    await sender.tell(report(None, person=person, residence="011002"))
    (item,) = await waiting(sender, "forwarded-report-returned")
    assert "recipient-not-subscribed" in item["en"]
    await sender.tell(SettleWorkItem(work_item=item["work_item"], resolution="done"))
    assert (await sender.read(TAXATION, "work-items"))["work_items"] == []


async def test_nobody_speaks_for_the_federation(new_system: NewSystem) -> None:
    sender = await new_system(TAXATION)
    sender.source = f"urn:kumiai:{SAGAE}:taxation"
    receipt = await sender.send(sender.message(report(None)))
    assert receipt.codes == {"source-reserved"}
