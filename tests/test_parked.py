"""What a service has put aside is listed for the municipality that it concerns, and for nobody else."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import load_private_key
from kumiai_local.addresses import StackAddresses
from kumiai_local.services import Service

from tests.conftest import NewSystem
from tests.support.family import carry_over
from tests.support.faults import superuser
from tests.support.operator import LINKAGE, Member, Operator

pytestmark = pytest.mark.stack
PARKED_S = 20.0
LAST = "999999999999999"


async def test_a_municipality_lists_what_is_parked_with_its_own_credentials_alone(
    new_system: NewSystem, operator: Operator, addresses: StackAddresses, tmp_path: Path
) -> None:
    system, other = await new_system(), await new_system()
    code = system.member.code
    # The municipality's integrated numbers have run out: the rules fail on every newcomer, each time alike.
    with superuser(addresses, Service(LINKAGE)) as connection:
        connection.execute("insert into addressee_link values (%s, 'resident-registry', %s, %s)", (code, LAST, LAST))
    family = await system.tell(carry_over())
    await asyncio.wait_for(_parked(operator, code), PARKED_S)

    (row,) = await asyncio.to_thread(_list, tmp_path, system.member, operator.peers)
    assert (row["stream"], row["position"]) == ("resident", 1)
    assert set(family.numbers) <= set(row["keys"])
    assert await asyncio.to_thread(_list, tmp_path, other.member, operator.peers) == []

    for member, status in ((system.member, httpx.codes.OK), (other.member, httpx.codes.FORBIDDEN)):
        key_file = tmp_path / f"{member.code}.pem"
        key_file.write_text(member.credentials.private_key)
        auth = TokenClient(
            operator.peers["membership"], f"{member.code}/{member.credentials.party}", load_private_key(key_file)
        )
        async with httpx.AsyncClient(auth=auth) as client:
            assert (await client.get(f"{operator.peers[LINKAGE]}/v1/{code}/parked")).status_code == status
    (seen,) = (await operator.ask("GET", LINKAGE, f"/v1/{code}/parked"))["parked"]
    assert seen == {name: row[name] for name in ("stream", "position", "error")}, "an operator sees no keys"

    with superuser(addresses, Service(LINKAGE)) as connection:
        connection.execute("delete from addressee_link where municipality = %s and addressee_number = %s", (code, LAST))
    await operator.ask("POST", LINKAGE, f"/v1/{code}/parked/resident/1/retry")
    assert await asyncio.to_thread(_list, tmp_path, system.member, operator.peers) == []


async def _parked(operator: Operator, code: str) -> None:
    while not (await operator.ask("GET", LINKAGE, f"/v1/{code}/parked"))["parked"]:
        await asyncio.sleep(0.1)


def _list(folder: Path, member: Member, peers: dict[str, str]) -> list[dict[str, Any]]:
    """What the command says on a machine that has nothing of the federation but what joining gave this member."""
    credentials = folder / member.code / "credentials" / f"{member.code}.json"
    credentials.parent.mkdir(parents=True, exist_ok=True)
    given = {"party": member.credentials.party, "private_key": member.credentials.private_key, "services": peers}
    credentials.write_text(json.dumps(given))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KUMIAI_")}
    done = subprocess.run(
        [sys.executable, "-m", "kumiai_cli.main", "parked", "list", member.code, LINKAGE, "--json"],
        env={**environment, "KUMIAI_LOCAL_DIR": str(folder / member.code)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["parked"]
    return found
