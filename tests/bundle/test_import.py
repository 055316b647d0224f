"""A bundle goes into another federation, which then has the same heads, tables and answers, and gives it again."""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import load_private_key
from kumiai_contracts.examples import valid_examples
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import ChangeOfAddressNotice
from kumiai_contracts.resident_feed import FeedEventNotice
from kumiai_local.choose import new_stack
from kumiai_local.layout import Layout
from kumiai_local.provision import provision_services
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.testing import fresh_test_layout

from tests.bundle.conftest import Commands, Exported, register_exporter
from tests.bundle.test_interrupted import killed
from tests.conftest import NewSystem
from tests.support.family import NEXT_HOME, carry_over, handled
from tests.support.operator import REGISTRY, TAXATION, Operator
from tests.support.own_registry import hand_in

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def elsewhere(federation: ServiceProcesses) -> Iterator[tuple[ServiceProcesses, Layout]]:
    """A second federation, empty, on a stack of its own and with other shards."""
    layout = fresh_test_layout()
    with new_stack(layout, fresh=True) as stack:
        provision_services(stack.addresses, layout)
        with ServiceProcesses(stack.addresses, layout, extra_env={"KUMIAI_RELAY_SHARDS": "3"}) as services:
            yield services, layout


def of(commands: Commands, services: ServiceProcesses, layout: Layout) -> Commands:
    peers = ",".join(f"{name}={url}" for name, url in services.peers.items())
    environment = {**os.environ, "KUMIAI_LOCAL_DIR": str(layout.root), "KUMIAI_PEERS": peers}
    return Commands(environment, commands.verifier)


async def answers(services: ServiceProcesses, layout: Layout, code: str) -> list[Any]:
    """What a clerk is told who has the right to be told."""
    key = load_private_key(layout.root / "credentials" / f"{code}-jiro.pem")
    async with httpx.AsyncClient(
        auth=TokenClient(services.peers["membership"], f"{code}/jiro", key), timeout=20
    ) as client:
        found = []
        for service, path, purpose in (
            ("resident-registry", "residents/0000000019", "resident-services"),
            ("resident-registry", "residents/0000000027/history", "resident-services"),
            ("resident-registry", "receipts?source=urn:test:431001&id=n-0001", ""),
            ("taxation", "assessments/2026/0000000019", "taxation"),
            ("national-id-linkage", "heads", ""),
        ):
            address = f"{services.peers[service]}/v1/{code}/{path}"
            answer = await client.get(address, params={"purpose": purpose} if purpose else None)
            found.append((path, answer.status_code, answer.json()))
        return found


async def test_the_same_heads_tables_answers_and_identity(
    exported: Exported, elsewhere: tuple[ServiceProcesses, Layout], federation: ServiceProcesses, test_layout: Layout,
    tmp_path: Path,
) -> None:  # fmt: skip
    services, layout = elsewhere
    there = of(exported.commands, services, layout)
    async with Operator(services.peers, layout) as operator:
        await operator.admitted()
    for seconds in (1.0, 1.4, 1.6, 1.8, 2.0):  # while it is verified, and while it is brought in
        await asyncio.to_thread(killed, there, seconds, "bundle", "import", str(exported.folder))
    code, said = await asyncio.to_thread(there.kumiai, "bundle", "import", str(exported.folder))
    assert code == 0, said
    assert {each["service"]: each["events"] for each in said["services"]}["resident-registry"] == 8

    for name in ("hanako", "jiro"):
        key = Path("credentials") / f"{exported.code}-{name}.pem"
        (layout.root / key).parent.mkdir(exist_ok=True)
        (layout.root / key).write_bytes((test_layout.root / key).read_bytes())
    here_, there_ = (
        await answers(federation, test_layout, exported.code),
        await answers(services, layout, exported.code),
    )
    assert [status for _, status, _ in here_] == [200] * len(here_), here_
    assert there_ == here_

    again = tmp_path / "again"
    code, said = await asyncio.to_thread(there.kumiai, "bundle", "export", exported.code, str(again), "--as", "hanako")
    assert (code, said.get("identity")) == (0, exported.identity), said
    code, held = exported.commands.verify(again, "--evidence", str(exported.evidence))
    assert (code, held["findings"]) == (0, [])

    code, said = await asyncio.to_thread(there.kumiai, "bundle", "import", str(exported.folder))
    assert (code, len(said.get("services", ()))) == (0, 4), said
    code, credentials = await asyncio.to_thread(there.kumiai, "credentials", exported.code)
    assert code == 0, credentials
    await _topics_hold_the_logs(services, layout, exported.code)


async def _topics_hold_the_logs(services: ServiceProcesses, layout: Layout, code: str) -> None:
    """The relay brings what was imported to Kafka, for the municipality's systems."""
    deadline = time.monotonic() + 20
    wanted = {"resident": 3, "resident-registry-receipts": 5}
    import psycopg
    from kumiai_local.secret_files import password
    from kumiai_local.services import Service

    service = Service("resident-registry")
    url = services[service.name].settings.env["KUMIAI_DATABASE_URL"]
    while True:
        with psycopg.connect(url, password=password(service.role_password(layout, service.app_role))) as connection:
            connection.execute("select set_config('app.municipalities', %s, false)", [f"{{{code}}}"])
            found = dict(connection.execute("select stream, position from relay_position").fetchall())
        if found == wanted:
            return
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.2)


async def test_whoever_left_goes_on_elsewhere(
    commands: Commands, elsewhere: tuple[ServiceProcesses, Layout], new_system: NewSystem, operator: Operator,
    test_layout: Layout, tmp_path: Path,
) -> None:  # fmt: skip
    services, layout = elsewhere
    there = of(commands, services, layout)
    system = await new_system(REGISTRY, TAXATION)
    code = system.member.code
    await register_exporter(operator, test_layout, code, "taro")
    family = await system.tell(carry_over())
    await operator.known(system.member)
    await operator.complete(system.member)
    assert (await asyncio.to_thread(commands.kumiai, "leave", code))[0] == 0
    await reached(commands, "closed", "leaving", "show", code)
    folder = tmp_path / "bundle"
    done, said = await asyncio.to_thread(commands.kumiai, "bundle", "export", code, str(folder), "--as", "taro")
    assert done == 0, said
    assert commands.verify(folder)[0] == 0
    async with Operator(services.peers, layout) as other:
        await other.admitted()
    done, said = await asyncio.to_thread(there.kumiai, "bundle", "import", str(folder))
    assert done == 0, said
    notice = ChangeOfAddressNotice(**handled(), addressee_numbers=(family.numbers[2],), address=NEXT_HOME)
    assert (await asyncio.to_thread(there.kumiai, "leave", code, "--cancel"))[0] == 0
    await reached(there, "cancelled", "leaving", "show", code)
    done, said = await asyncio.to_thread(there.kumiai, "credentials", code)
    assert done == 0, said
    receipt = await accepted(services, layout, code, notice)
    assert receipt["outcome"] == "accepted", receipt
    done, said = await asyncio.to_thread(there.kumiai, "bundle", "import", str(folder))
    assert (done, said["code"], said["stream"]) == (1, "already-member", "membership"), said
    assert said["position"] > said["bundle_position"]


async def test_an_own_system_goes_on_elsewhere_with_its_next_number(
    commands: Commands, elsewhere: tuple[ServiceProcesses, Layout], new_system: NewSystem, operator: Operator,
    test_layout: Layout, tmp_path: Path,
) -> None:  # fmt: skip
    services, layout = elsewhere
    there = of(commands, services, layout)
    system = await new_system(REGISTRY, TAXATION)
    code = system.member.code
    await operator.ask("POST", "membership", f"/v1/members/{code}/own-systems/{REGISTRY}")
    await register_exporter(operator, test_layout, code, "taro")
    await operator.known(system.member)
    entry = valid_examples()["resident-feed-notice.event.v1"]
    assert isinstance(entry, FeedEventNotice)
    first, second, fifth = [entry.model_copy(update={"sequence": n}) for n in (1, 2, 5)]
    answers = await hand_in(system, first, second, fifth)
    assert [receipt.accepted for receipt in answers] == [True, False, False]
    await operator.complete(system.member)
    here = await operator.ask("GET", REGISTRY, f"/v1/{code}/feed")
    assert (here["next"], here["missing"], here["differing"]) == (3, 3, 2)
    folder = tmp_path / "bundle"
    done, said = await asyncio.to_thread(commands.kumiai, "bundle", "export", code, str(folder), "--as", "taro")
    assert done == 0, said
    assert commands.verify(folder)[0] == 0
    done, said = await asyncio.to_thread(there.kumiai, "bundle", "import", str(folder))
    assert done == 0, said
    async with Operator(services.peers, layout) as other:
        await other.admitted()
        await other.known(system.member)
        assert await other.ask("GET", REGISTRY, f"/v1/{code}/feed") == here


async def reached(commands: Commands, state: str, *command: str) -> None:
    """Wait until a leave has come to a state. Raises AssertionError."""
    deadline = time.monotonic() + 30
    while (said := (await asyncio.to_thread(commands.kumiai, *command))[1])["leave"]["state"] != state:
        assert time.monotonic() < deadline, said


async def accepted(services: ServiceProcesses, layout: Layout, code: str, notice: Notice) -> dict[str, Any]:
    """The receipt of a notice that is sent by HTTP as soon as the registry takes it. Raises AssertionError."""
    given = json.loads((layout.root / "credentials" / f"{code}.json").read_text())
    key = load_pem_private_key(given["private_key"].encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    event = {"specversion": "1.0", "id": "elsewhere-1", "source": "urn:test:elsewhere", "type": notice.type,
             "municipality": code, "data": notice.model_dump(mode="json")}  # fmt: skip
    headers = {"content-type": "application/cloudevents-batch+json"}
    deadline = time.monotonic() + 30
    token = TokenClient(services.peers["membership"], f"{code}/{given['party']}", key)
    async with httpx.AsyncClient(auth=token, timeout=20) as client:
        while True:
            address = f"{services.peers[REGISTRY]}/v1/{code}/notices"
            answer = await client.post(address, json=[event], headers=headers)
            if answer.status_code == httpx.codes.OK:
                receipt: dict[str, Any] = answer.json()[0]
                return receipt
            assert time.monotonic() < deadline, answer.text
            await asyncio.sleep(0.5)


def test_only_a_proven_bundle_is_imported(exported: Exported, tmp_path: Path) -> None:
    code, said = exported.commands.kumiai("bundle", "import", str(tmp_path / "none"))
    assert code == 2, said
    shutil.copytree(exported.folder, tmp_path / "edited")
    table = tmp_path / "edited" / "taxation" / "tables" / "assessment.csv"
    table.write_text(table.read_text().replace("2026", "2025"))
    code, said = exported.commands.kumiai("bundle", "import", str(tmp_path / "edited"))
    assert code == 1
    assert "not proven" in said["error"]


def test_a_bundle_without_membership_is_proven_and_not_imported(exported: Exported, tmp_path: Path) -> None:
    folder = str(tmp_path / "part")
    chosen = ("--services", f"{REGISTRY},{TAXATION}")
    code, said = exported.commands.kumiai("bundle", "export", exported.code, folder, "--as", "hanako", *chosen)
    assert code == 0, said
    assert exported.commands.verify(Path(folder))[0] == 0
    code, said = exported.commands.kumiai("bundle", "import", folder)
    assert (code, said["code"], said["services"]) == (2, "membership-missing", [REGISTRY, TAXATION])


async def test_a_member_is_not_imported_over(
    exported: Exported, federation: ServiceProcesses, test_layout: Layout
) -> None:
    key = load_private_key(test_layout.operators / "operator.pem")
    async with httpx.AsyncClient(auth=TokenClient(federation.peers["membership"], "000001/operator", key)) as client:
        for service, path in (
            ("resident-registry", f"{exported.code}/import/streams/resident"),
            ("resident-registry", f"{exported.code}/import/records/access_record"),
            ("taxation", f"{exported.code}/import/streams/resident"),
            ("taxation", f"{exported.code}/import/parts"),
            ("resident-registry", "000001/import/parts"),
        ):
            answer = await client.post(f"{federation.peers[service]}/v1/{path}", content=b"")
            assert (answer.status_code, answer.json()["code"]) == (409, "already-member"), path
        answer = await client.post(f"{federation.peers['taxation']}/v1/{exported.code}/import/streams/linkage")
        assert answer.status_code == 404


async def test_nobody_but_an_operator_imports(
    exported: Exported, federation: ServiceProcesses, test_layout: Layout
) -> None:
    key = load_private_key(test_layout.root / "credentials" / f"{exported.code}-hanako.pem")
    token = TokenClient(federation.peers["membership"], f"{exported.code}/hanako", key)
    async with httpx.AsyncClient(auth=token) as client:
        address = f"{federation.peers['resident-registry']}/v1/{exported.code}/import/streams/resident"
        assert (await client.post(address, content=b"")).json()["code"] == "role-missing"


@pytest.mark.parametrize(("body", "code"), [
    (b"{", "body-invalid"),
    (b'{"position": 1}', "body-invalid"),
])  # fmt: skip
async def test_what_is_no_log_is_refused(
    body: bytes, code: str, federation: ServiceProcesses, test_layout: Layout
) -> None:
    key = load_private_key(test_layout.operators / "operator.pem")
    async with httpx.AsyncClient(auth=TokenClient(federation.peers["membership"], "000001/operator", key)) as client:
        for path in ("streams/resident", "parts"):
            answer = await client.post(f"{federation.peers['resident-registry']}/v1/431010/import/{path}", content=body)
            assert answer.json()["code"] == code
