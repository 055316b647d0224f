"""A municipality's settings and the extra attributes of its notices are in its bundle, and proven."""

import asyncio
import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kumiai_contracts.resident import ChangeOfAddressNotice
from kumiai_local.layout import Layout

from tests.bundle.conftest import Commands, register_exporter
from tests.conftest import NewSystem
from tests.support.family import NEXT_HOME, carry_over, handled, today
from tests.support.operator import REGISTRY, Operator

pytestmark = pytest.mark.stack
WARD = {
    "type": "object",
    "properties": {"district": {"type": "string", "maxLength": 9}},
    "additionalProperties": False,
}


async def test_settings_and_extra_attributes_are_in_the_bundle_and_proven(
    new_system: NewSystem, operator: Operator, commands: Commands, test_layout: Layout, tmp_path: Path
) -> None:
    system = await new_system(REGISTRY)
    code = system.member.code
    setting = {"service": REGISTRY, "name": "extensions.ward", "value": WARD}
    body = {"parameters": [setting | {"valid_from": today().isoformat(), "reason": "要綱"}]}
    await operator.ask("POST", "membership", f"/v1/members/{code}/parameters", json=body)
    await operator.known(system.member)
    family = await system.tell(carry_over())
    moved = ChangeOfAddressNotice(**handled(), addressee_numbers=family.numbers, address=NEXT_HOME)
    await system.tell(moved.model_copy(update={"extensions": {"ward": {"district": "東"}}}))
    await register_exporter(operator, test_layout, code, "hanako")
    await operator.known(system.member)
    await operator.complete(system.member)

    folder = tmp_path / "bundle"
    ended, said = await asyncio.to_thread(commands.kumiai, "bundle", "export", code, str(folder), "--as", "hanako")
    assert ended == 0, said
    proven, found = commands.verify(folder)
    assert (proven, found.get("findings")) == (0, []), found
    (row,) = rows(folder / "membership" / "tables" / "parameter.csv")
    assert (row["name"], json.loads(row["value"])) == ("extensions.ward", WARD)
    (recorded,) = rows(folder / REGISTRY / "tables" / "resident_extension.csv")
    parts = [json.loads(line) for line in (folder / REGISTRY / "parts.jsonl").read_text().splitlines()]
    (part,) = [part for part in parts if part["name"] == "extension"]
    assert (part["commitment"], json.loads(part["part"])) == (recorded["extension"], {"district": "東"})


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from list(csv.DictReader(lines))
