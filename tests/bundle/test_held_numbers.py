"""A bundle of a municipality whose vault holds numbers is proven like any other, and no number is in it."""

import asyncio
import csv
import json
from base64 import b64encode
from pathlib import Path

import pytest

from tests.bundle.conftest import Commands, keep_credentials
from tests.conftest import NewSystem
from tests.support.markers import Markers
from tests.support.media import files
from tests.support.operator import Operator
from tests.support.vault import household, my_number, number_notice, public_key

pytestmark = pytest.mark.stack
HELD, IN_CLEAR = my_number(14_142_135_623), my_number(17_320_508_075)


async def test_a_bundle_proves_that_a_number_is_held_and_does_not_hold_it(
    new_system: NewSystem, operator: Operator, commands: Commands, tmp_path: Path
) -> None:
    system = await new_system()
    code = system.member.code
    (father, mother, *_), cause = await household(system)
    key = await public_key(operator.peers)
    await system.tell(number_notice(key, code, father, HELD), cause)
    bare = number_notice(key, code, mother, IN_CLEAR).model_copy(update={"my_number": IN_CLEAR})
    assert not (await system.send(system.message(bare))).accepted
    keep_credentials(commands, system.member)
    added = await asyncio.to_thread(
        commands.kumiai, "party", "add", code, "hanako", "--role", "clerk", "--purpose", "export"
    )
    assert added[0] == 0, added
    await operator.known(system.member)
    await operator.complete(system.member)
    folder = tmp_path / "bundle"
    exported = await asyncio.to_thread(commands.kumiai, "bundle", "export", code, str(folder), "--as", "hanako")
    assert exported[0] == 0, exported

    proven, said = await asyncio.to_thread(commands.verify, folder)
    assert (proven, said.get("findings")) == (0, []), said
    with (folder / "national-id-linkage" / "tables" / "held_number.csv").open(encoding="utf-8", newline="") as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["current"]
    searched = Markers(HELD, IN_CLEAR)
    assert [found for path in files(folder) for found in searched.in_file(path)] == []

    # The vault's part opens with the municipality's own key, and the bundle's log knows exactly its numbers.
    own, part, clear = (str(tmp_path / name) for name in ("own.jwk", "numbers.jsonl", "numbers.csv"))
    for arguments in (
        ("own-key", code, own),
        ("export", code, part, "--key", own, "--as", "hanako"),
        ("open", part, "--key", own, "--bundle", str(folder), "--out", clear),
    ):
        ended, said = await asyncio.to_thread(commands.kumiai, "vault", *arguments)
        assert ended == 0, said
    assert said == {"municipality": code, "numbers": 1, "current": 1, "proven": True}
    assert searched.in_file(Path(part)) == [] != searched.in_file(Path(clear))

    leak = folder / "taxation" / "streams" / "planted.jsonl"
    leak.parent.mkdir(exist_ok=True)
    leak.write_text(json.dumps({"part": b64encode(b"{" + HELD.encode()).decode()}))
    assert {found.where for path in files(folder) for found in searched.in_file(path)} == {str(leak)}
