"""Files through the front door: each of the three kinds, and an import that is killed and goes on."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from kumiai_cli.federation import Federation, read_credentials
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

from .import_files import history_row, payer_row, write
from .test_on_the_stack import kumiai

pytestmark = pytest.mark.stack
TOWN = "012173"
HOUSEHOLDS = 1600
SYSTEM = ("--system", "old-juki")


def town_file(path: Path) -> Path:
    """Couples of whom each has a history; one household's is out of order, one row has a sex that nobody has."""
    rows = []
    for n in range(HOUSEHOLDS):
        for m, (term, sex) in enumerate((("世帯主", "male"), ("妻", "female"))):
            moved = {"reason": "change-of-address", "effective_date": "2019-05-01", "processed_date": "2019-05-02"}
            person = {"person": f"{n:05}{m}", "household": f"H{n}", "relationship": term, "sex": sex}
            rows += [history_row(**person), history_row(**person, number=2, **moved)]
    rows[4 * 7 + 1]["processed_date"] = "2009-01-01"
    rows[4 * 9 + 2]["sex"] = "unknown"
    rows[4 * 11]["name"] = "髙\ue005 一"
    return write(path, *rows, encoding="cp932", end="\r\n")


@pytest.fixture
def registry(federation: ServiceProcesses, test_layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Federation:
    monkeypatch.setenv("KUMIAI_LOCAL_DIR", str(test_layout.root))
    return Federation(federation.peers, {})


def events(registry: Federation) -> int:
    """How many events the stream of residents has."""
    with registry.system("resident-registry", read_credentials(TOWN)) as client:
        heads = client.get(f"/v1/{TOWN}/heads").json()["heads"]
    return next((head["position"] for head in heads if head["stream"] == "resident"), 0)


def begun(layout: Layout, federation: ServiceProcesses, path: Path) -> subprocess.Popen[bytes]:
    peers = ",".join(f"{name}={url}" for name, url in federation.peers.items())
    environment = {**os.environ, "KUMIAI_LOCAL_DIR": str(layout.root), "KUMIAI_PEERS": peers}
    command = [sys.executable, "-m", "kumiai_cli.main", "import", "residents", TOWN, str(path), *SYSTEM, "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def reasons(said: dict[str, Any]) -> set[tuple[int, str, str]]:
    return {(each["line"], each["column"], each["code"]) for each in said["refusals"]}


def test_a_municipality_brings_what_it_has_and_a_killed_import_goes_on(
    federation: ServiceProcesses, test_layout: Layout, registry: Federation, tmp_path: Path
) -> None:
    services = "resident-registry,national-id-linkage"
    assert kumiai(test_layout, federation, "join", TOWN, "--services", services)[0] == 0
    path, numbers = town_file(tmp_path / "residents.csv"), tmp_path / "numbers.csv"
    payers = write(
        tmp_path / "taxpayers.csv",
        payer_row("000000"),
        payer_row("000071"),
        payer_row("000010", total="1", open_balance="0"),
    )
    code, early = kumiai(test_layout, federation, "import", "taxpayers", TOWN, str(payers), *SYSTEM)
    assert (code, "does not subscribe" in early["error"]) == (1, True), early
    assert kumiai(test_layout, federation, "subscribe", TOWN, "taxation")[0] == 0
    rows = 4 * HOUSEHOLDS

    # A dry run says all that is wrong, by the service's own rules as well, and records nothing.
    code, tried = kumiai(test_layout, federation, "import", "residents", TOWN, str(path), *SYSTEM, "--dry-run")
    assert (code, tried.get("rows"), tried.get("accepted"), tried["refused"]) == (1, rows, rows - 8, 8), tried
    wrong = {(31, "processed_date", "history-out-of-order"), (40, "sex", "not-a-code")}
    assert wrong <= reasons(tried)
    assert {code for _, _, code in reasons(tried)} == {"history-out-of-order", "not-a-code", "goes-with-refused"}
    assert (events(registry), tried["encoding"], tried["gaiji"]) == (0, "cp932", {"U+E005": 1})

    # Killed as soon as something was recorded, it goes on from there, but not with another file.
    process = begun(test_layout, federation, path)
    while not events(registry):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    content = path.read_bytes()
    path.write_bytes(content.replace("比嘉".encode("cp932"), "金城".encode("cp932"), 1))
    code, changed = kumiai(test_layout, federation, "import", "residents", TOWN, str(path), *SYSTEM)
    assert code == 1
    assert "has changed since its import began" in changed["error"]
    path.write_bytes(content)
    again = ("import", "residents", TOWN, str(path), *SYSTEM, "--numbers", str(numbers))
    code, done = kumiai(test_layout, federation, *again)
    assert (code, done.get("rows"), done.get("accepted"), done["adds_up"]) == (1, rows, rows - 8, True), done
    assert reasons(done) == reasons(tried)

    # One event for each household, and two for the character that nobody has identified: nothing came twice.
    assert events(registry) == HOUSEHOLDS - 2 + 2
    assert kumiai(test_layout, federation, *again)[1]["accepted"] == rows - 8
    assert events(registry) == HOUSEHOLDS - 2 + 2
    with numbers.open(encoding="utf-8-sig", newline="") as file:
        given = {row["person_number"]: row["addressee_number"] for row in csv.DictReader(file)}
    assert len(given) == len(set(given.values())) == 2 * (HOUSEHOLDS - 2)
    with registry.system("resident-registry", read_credentials(TOWN)) as client:
        listed = client.get(f"/v1/{TOWN}/gaiji", params={"purpose": "resident-services"}).json()
    assert "U+E005" in json.dumps(listed)

    # Who pays what, and what each line of business calls somebody, is tied to the same people.
    code, said = kumiai(test_layout, federation, "import", "taxpayers", TOWN, str(payers), *SYSTEM)
    assert (code, said.get("accepted"), said["refused"]) == (1, 1, 2), said
    assert reasons(said) == {(3, "person_number", "unknown-old-number"), (4, "total", "total-does-not-add-up")}
    line = {"business": "national-health-insurance", "person_number": "000000"}
    linked = write(tmp_path / "addressees.csv", {**line, "number": "K-1"}, {**line, "number": "K-2"})
    code, said = kumiai(test_layout, federation, "import", "addressees", TOWN, str(linked), *SYSTEM)
    assert (code, said.get("accepted"), said.get("refused")) == (0, 2, 0), said
    assert known(registry, given["000000"]) == (205_000, ["K-1", "K-2"])


def known(registry: Federation, number: str) -> tuple[int, list[str]]:
    """A person's tax of 2025 and numbers of lines of business, as linkage knows them."""
    deadline = time.monotonic() + 20
    with registry.system("national-id-linkage", read_credentials(TOWN)) as client:
        while True:
            try:
                found = client.get(f"/v1/{TOWN}/addressees/{number}", params={"purpose": "national-id-linkage"}).json()
            except httpx.HTTPStatusError:
                found = {}
            if found.get("tax_facts") or time.monotonic() > deadline:
                break
            time.sleep(0.1)
    assert found.get("tax_facts"), found
    return found["tax_facts"][0]["total"], [each["number"] for each in found["business_numbers"]]
