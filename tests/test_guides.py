"""The guides for integrators hold: their programs are run as they are printed, on a municipality of their own."""

import asyncio
import json
import os
import re
import runpy
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kumiai_contracts.chain import origin
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import checkout

from tests.support.operator import LINKAGE, REGISTRY, TAXATION, Member, Operator

pytestmark = pytest.mark.stack
EXAMPLES = checkout() / "docs" / "integrators" / "examples"


class Guide:
    """A reader of the guides: has the credentials, types the commands."""

    def __init__(self, code: str, credentials: Path, database: Path) -> None:
        self._credentials = str(credentials)
        self.code = code
        self.database = database

    async def send(self, batch: str) -> str:
        """What sending a batch of notices prints."""
        return await _run("send_notice.py", self._credentials, batch)

    async def read(self, *options: str) -> str:
        """What the consumer prints."""
        return await _run("new_consumer.py", self._credentials, str(self.database), *(options or ("--once",)))

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """A table of the consumer."""
        with sqlite3.connect(self.database) as database:
            return list(database.execute(f"select * from {table} order by 1, 2"))

    def change(self, statement: str, *values: object) -> None:
        """Do something to the consumer's database."""
        with sqlite3.connect(self.database) as database:
            database.execute(statement, values)


@pytest.fixture
async def guide(operator: Operator, addresses: StackAddresses, codes: Iterator[str], tmp_path: Path) -> Guide:
    """A municipality that has just joined, with its credentials as `kumiai join` writes them."""
    member = await operator.join(next(codes), (REGISTRY, TAXATION))
    await operator.complete(member)
    return Guide(member.code, _written(member, operator, addresses, tmp_path), tmp_path / "residents.sqlite")


async def test_sending_notices_prints_what_the_guide_says_and_a_repetition_counts_once(guide: Guide) -> None:
    printed = await guide.send("first-day")
    lines = printed.splitlines()
    assert lines[0] == "first-day-wrong: refused"
    assert lines[1].startswith("  effective-date-in-future at /effective_date: ")
    assert lines[2:] == [
        "first-day-household: accepted",
        "  resident:1:1 resident.carried-over.v1",
        "  addressee-number of /persons/0: 0000000019",
        "  addressee-number of /persons/1: 0000000027",
        "  household-number of /: 0000000019",
        "first-day-income: accepted",
        "  taxation:1:1 taxation.resident-tax-assessed.v1",
    ]
    again = [line for line in (await guide.send("first-day")).splitlines() if "no receipt yet" not in line]
    assert again == lines


async def test_a_slip_is_one_line(tmp_path: Path) -> None:
    missing, other = tmp_path / "nowhere.json", tmp_path / "other.json"
    other.write_text("{}")
    for program, *rest in (("send_notice.py",), ("new_consumer.py", str(tmp_path / "residents.sqlite"))):
        for credentials in (missing, other):
            with pytest.raises(AssertionError) as told:
                await _run(program, str(credentials), *rest)
            said = str(told.value).partition("\nassert")[0].strip()
            assert credentials.name in said and "\n" not in said, said


async def test_a_number_is_told_as_the_guide_says(
    operator: Operator, addresses: StackAddresses, codes: Iterator[str], tmp_path: Path
) -> None:
    member = await operator.join(next(codes), (REGISTRY, TAXATION, LINKAGE))
    credentials = _written(member, operator, addresses, tmp_path)
    await _run("send_notice.py", str(credentials), "first-day")
    await operator.complete(member)
    printed = await _run("send_number.py", str(credentials), "0000000019", typed=b"123456789018\n")
    accepted, caused = printed.splitlines()
    assert re.fullmatch("number-[0-9a-f]{16}: accepted", accepted)
    assert caused.split()[1:] == ["linkage.my-number-held.v1"]


async def test_the_new_consumer_holds_every_resident_once_and_opens_an_address(guide: Guide) -> None:
    await guide.send("first-day")
    assert (await guide.read()).splitlines()[-1].endswith("/resident: applied up to 1")
    residents = guide.rows("resident")
    assert [(row[0], row[1]) for row in residents] == [("0000000019", 1), ("0000000027", 1)]
    await guide.read()
    assert guide.rows("resident") == residents
    assert json.loads(await guide.read("--address", "0000000019"))["town"] == "千代田"

    await guide.send("second-day")
    await guide.read()
    assert len(guide.rows("resident")) == 4


async def test_the_new_consumer_finds_over_http_what_kafka_does_not_bring_it(guide: Guide) -> None:
    for batch in ("first-day", "second-day", "third-day"):
        await guide.send(batch)
    await guide.read()
    everything = (guide.rows("resident"), guide.rows("place"))

    # As if Kafka had lost the first two events: the third one comes first.
    guide.change("delete from resident")
    guide.change("update place set position = 0, hash = ?, kafka_offset = 2", origin(guide.code, "resident", 1))
    await guide.read()
    assert (guide.rows("resident"), guide.rows("place")) == everything


async def test_the_new_consumer_stops_where_the_log_contradicts_what_it_applied(guide: Guide) -> None:
    await guide.send("first-day")
    await guide.read()
    guide.change("update place set hash = zeroblob(32)")
    with pytest.raises(AssertionError, match="Diverged"):
        await guide.read()


async def test_an_own_registry_hands_in_its_events_as_the_guide_says_and_mends_a_gap_by_itself(
    operator: Operator,
    addresses: StackAddresses,
    codes: Iterator[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    member = await operator.join(next(codes), (REGISTRY, TAXATION))
    await operator.ask("POST", "membership", f"/v1/members/{member.code}/own-systems/{REGISTRY}")
    await operator.known(member)
    credentials, record = _written(member, operator, addresses, tmp_path), tmp_path / "own.sqlite"

    async def own(*arguments: str) -> list[str]:
        printed = (await _run("own_registry.py", str(credentials), str(record), *arguments)).splitlines()
        return [line for line in printed if "no receipt yet" not in line]

    assert await own("enter", "千代田 花子", "チヨダ ハナコ") == ["0000000019", "number 1: accepted resident:1:1"]
    assert await own("enter", "千代田 太郎", "チヨダ タロウ") == ["0000000027", "number 2: accepted resident:1:2"]
    assert await own("leave", "0000000019") == ["number 3: accepted resident:1:3"]
    assert await own("check") == ["snapshot after 3, 0000000000 to 9999999999: accepted"]

    # As if number 4 had been lost on the way, though its sender believes it was answered.
    monkeypatch.syspath_prepend(str(EXAMPLES))
    lost = runpy.run_path(str(EXAMPLES / "own_registry.py"))["Record"](record)
    lost.enter("千代田 一郎", "チヨダ イチロウ")
    lost.answered(4, "lost")
    assert await own("enter", "千代田 二郎", "チヨダ ジロウ") == [
        "0000000043",
        "number 5: refused feed-gap",
        "number 4: accepted resident:1:4",
        "number 5: accepted resident:1:5",
    ]
    assert await own("check") == ["snapshot after 5, 0000000000 to 9999999999: accepted"]


def _written(member: Member, operator: Operator, addresses: StackAddresses, folder: Path) -> Path:
    path = folder / f"{member.code}.json"
    given = {
        "municipality": member.code,
        "scram_username": member.credentials.username,
        "scram_password": member.credentials.password,
        "party": member.credentials.party,
        "private_key": member.credentials.private_key,
        "services": operator.peers,
        "kafka_bootstrap": addresses.kafka_bootstrap,
    }
    path.write_text(json.dumps(given))
    return path


async def _run(program: str, *arguments: str, typed: bytes = b"") -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / program),
        *arguments,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(90):
        printed, failed = await process.communicate(typed)
    assert process.returncode == 0, failed.decode()
    return printed.decode()
