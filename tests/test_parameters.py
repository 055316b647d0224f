"""A municipality's own parameters on the real stack: set, read by the services, named by the working."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import httpx
import pytest
from kumiai_contracts.resident import MoveOutNotice
from kumiai_contracts.taxation import EmploymentIncomeReport
from kumiai_local.layout import Layout

from tests.support.family import AWAY, carry_over, handled, today
from tests.support.operator import REGISTRY, TAXATION, Operator
from tests.support.system import System

pytestmark = pytest.mark.stack
YEAR = 2026
RATE = "resident-tax.municipal-rate"
SCHEMA = {
    "type": "object",
    "properties": {"district": {"type": "string", "maxLength": 20}},
    "additionalProperties": False,
}


def setting(service: str, name: str, value: Any, since: str) -> dict[str, Any]:
    return {"service": service, "name": name, "value": value, "valid_from": since, "reason": "条例"}


async def change(operator: Operator, system: System, *settings: dict[str, Any], late: bool = False) -> dict[str, Any]:
    body = {"parameters": list(settings), "late": late}
    code = system.member.code
    changed = await operator.ask("POST", "membership", f"/v1/members/{code}/parameters", json=body)
    await operator.known(system.member)
    return changed


async def test_settings_hold_in_every_service_and_what_was_issued_stays(system: System, operator: Operator) -> None:
    april, day = f"{YEAR}-04-01", today().isoformat()
    with pytest.raises(httpx.HTTPStatusError) as refused:
        await change(operator, system, setting(TAXATION, RATE, "7%", april))
    assert refused.value.response.json()["code"] == "valid-from-has-passed"
    family = await system.tell(carry_over())
    head = family.numbers[0]

    def report(employer: str) -> EmploymentIncomeReport:
        return EmploymentIncomeReport(fiscal_year=YEAR, addressee_number=head, employer=employer, salary=5_000_000)

    await operator.complete(system.member)
    await system.tell(report("0000001"))
    changed = await change(
        operator,
        system,
        setting(TAXATION, RATE, "7%", april),
        setting(REGISTRY, "extensions.ward", SCHEMA, day),
        setting(REGISTRY, "move-out.planning-days", 30, day),
        late=True,
    )
    assert [(row["version"], row["late"]) for row in changed["parameters"]] == [(1, True), (2, False), (3, False)]
    again = await change(operator, system, setting(TAXATION, RATE, "7%", april), late=True)
    assert not again["changed"]
    await operator.complete(system.member)

    async def versions() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await system.read(TAXATION, f"assessments/{YEAR}/{head}"))["versions"]
        return found

    assert [row["rule_version"] for row in await versions()] == ["R8/2"]
    items = (await system.read(TAXATION, "work-items"))["work_items"]
    assert [(item["code"], item["fiscal_year"]) for item in items] == [("parameters-changed", YEAR)]
    await system.tell(report("0000002"))
    assert [row["rule_version"] for row in await versions()] == ["R8/2", "R8/2/1"]
    for version, named in ((1, False), (2, True)):
        shown = await system.read(TAXATION, f"assessments/{YEAR}/{head}/{version}/working")
        assert shown["working"] is not None, shown
        assert any("version 1: 条例" in step["source"] for step in shown["working"]) == named

    away = MoveOutNotice(
        **handled(), addressee_numbers=(family.numbers[2],), destination="domestic", destination_address=AWAY
    )
    wrong = await system.send(system.message(away.model_copy(update={"extensions": {"ward": {"cats": 1}}})))
    assert [(r["code"], r["pointer"]) for r in wrong.body["reasons"]] == [
        ("extension-unknown", "/extensions/ward/cats")
    ]
    await system.tell(away.model_copy(update={"extensions": {"ward": {"district": "東"}}}))
    history = (await system.read(REGISTRY, f"residents/{family.numbers[2]}/history"))["history"]
    assert [row.get("extensions") for row in history] == [None, {"ward": {"district": "東"}}]
    await operator.complete(system.member)
    for service, stream in ((TAXATION, "membership"), (TAXATION, "resident")):
        owner = "membership" if stream == "membership" else REGISTRY
        mine = await operator.state(service, system.member.code, stream)
        assert mine["hash"] == (await operator.state(owner, system.member.code, stream))["hash"]


async def test_nobody_else_sets_a_municipalitys_parameters(new_system: Any, operator: Operator) -> None:
    here, there = await new_system(REGISTRY), await new_system(REGISTRY)
    address = operator.peers["membership"] + f"/v1/members/{there.member.code}/parameters"
    body = json.dumps({"parameters": [setting(REGISTRY, "move-out.planning-days", 30, today().isoformat())]})
    headers = await here._token.headers()
    async with httpx.AsyncClient() as client:
        assert (await client.post(address, content=body, headers=headers)).status_code == 403
        assert (await client.get(address, headers=headers)).status_code == 403
        own = address.replace(there.member.code, here.member.code)
        assert (await client.post(own, content=body, headers=headers)).json()["changed"]
        assert (await client.post(own, content=body.replace("30", "1e400"), headers=headers)).status_code == 400
        assert len((await client.get(own, headers=headers)).json()["parameters"]) == 1


async def test_the_command_line_sets_shows_and_finds_who_differs(
    system: System, operator: Operator, test_layout: Layout
) -> None:
    code = system.member.code

    async def kumiai(*arguments: str) -> tuple[int, dict[str, Any]]:
        peers = ",".join(f"{name}={url}" for name, url in operator.peers.items())
        environment = {**os.environ, "KUMIAI_LOCAL_DIR": str(test_layout.root), "KUMIAI_PEERS": peers}
        command = [sys.executable, "-m", "kumiai_cli.main", *arguments, "--json"]
        ended = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return ended.returncode, json.loads(ended.stdout)

    wanted = ("parameters", "set", code, TAXATION, RATE, "6.2%", "--from", "2027-04-01", "--reason", "条例")
    assert (await kumiai(*wanted))[1]["changed"]
    assert not (await kumiai(*wanted))[1]["changed"]
    assert (await kumiai("parameters", "diff", code))[0] == 0
    differing, found = await kumiai("parameters", "diff", code, "--on", "2027-04-01")
    assert (differing, [each["name"] for each in found["differences"]]) == (1, [RATE])
    drift = (await kumiai("drift", "--on", "2027-04-01"))[1]
    (mine,) = [each for each in drift["differences"] if each["municipality"] == code]
    assert (mine["parameter"], mine["value"], mine["standard"]) == (RATE, "6.2%", "6%")
    assert code in {row["municipality"] for row in (await kumiai("drift"))[1]["coming"]}
    refused, why = await kumiai(*wanted[:5], "60%", *wanted[6:])
    assert (refused, why["problem"]["code"]) == (1, "value-out-of-range")
