"""The command line against the running federation."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kumiai_cli.main import app
from kumiai_common.http.token_client import TokenClient
from kumiai_contracts.examples import valid_examples
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from typer.testing import CliRunner

pytestmark = pytest.mark.stack
TOMAKOMAI, ASHIBETSU, ASAHIKAWA = "012131", "012165", "012041"


def where(layout: Layout, federation: ServiceProcesses) -> dict[str, str]:
    peers = ",".join(f"{name}={url}" for name, url in federation.peers.items())
    return {"KUMIAI_LOCAL_DIR": str(layout.root), "KUMIAI_PEERS": peers}


def kumiai(layout: Layout, federation: ServiceProcesses, *arguments: str) -> tuple[int, dict[str, Any]]:
    """A command in this process: to load the program anew takes longer than most commands do."""
    ended = CliRunner().invoke(app, [*arguments, "--json"], env=where(layout, federation))
    return ended.exit_code, json.loads(ended.stdout) if ended.stdout else {"error": ended.stderr}


def program(layout: Layout, federation: ServiceProcesses, *arguments: str) -> tuple[int, dict[str, Any]]:
    """A command as a person gives it."""
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("kumiai")), *arguments, "--json"],
        env={**os.environ, **where(layout, federation)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else {"error": ended.stderr}


def test_joining_ends_when_every_service_knows_the_municipality(
    federation: ServiceProcesses, test_layout: Layout
) -> None:
    code, joined = program(test_layout, federation, "join", TOMAKOMAI, "--services", "taxation,resident-registry")
    assert (code, joined.get("services")) == (0, ["resident-registry", "taxation"]), joined
    assert joined["seconds"] < 10
    credentials = json.loads(Path(joined["credentials"]).read_text())
    assert credentials["scram_username"] == f"lg-{TOMAKOMAI}"

    code, receipts = kumiai(test_layout, federation, "receipts", TOMAKOMAI, "taxation")
    assert (code, receipts) == (0, {"receipts": []})

    code, again = kumiai(test_layout, federation, "join", TOMAKOMAI, "--services", "taxation")
    assert (code, again["problem"]["code"]) == (1, "already-member")

    code, listed = kumiai(test_layout, federation, "members")
    subscriptions = {member["municipality"]: member["subscriptions"] for member in listed["members"]}
    assert (code, subscriptions[TOMAKOMAI]) == (0, {"resident-registry": True, "taxation": True})

    code, readers = kumiai(test_layout, federation, "status")
    rows = [row for row in readers["readers"] if row["municipality"] == TOMAKOMAI]
    assert {(row["stream"], row["service"]) for row in rows} >= {("resident", "taxation"), ("membership", "taxation")}

    code, waiting = kumiai(test_layout, federation, "worklist", "list", TOMAKOMAI)
    assert (code, waiting) == (0, {"work_items": [], "waiting": []})
    code, taxation_alone = kumiai(test_layout, federation, "worklist", "list", TOMAKOMAI, "--service", "taxation")
    assert (code, taxation_alone) == (0, {"work_items": [], "waiting": []})
    code, stranger = kumiai(test_layout, federation, "parameters", "show", ASAHIKAWA)
    assert (code, stranger["problem"]["code"], stranger["problem"]["detail"]) == (1, "not-a-member", ASAHIKAWA)
    code, counted = kumiai(test_layout, federation, "residents", "month", TOMAKOMAI, "2026-04")
    assert (code, counted["closing"], counted["adds_up"]) == (0, 0, True)
    code, there = kumiai(test_layout, federation, "residents", "at", TOMAKOMAI, "旭町4-5-6", "--as-of", "2026-01-01")
    assert (code, there) == (0, {"residents": [], "after": None})
    code, read = kumiai(test_layout, federation, "residents", "accesses", TOMAKOMAI)
    assert (code, {each["action"] for each in read["accesses"]}) == (0, {"work-items", "address"})
    code, unknown = kumiai(test_layout, federation, "worklist", "show", TOMAKOMAI, "head/0000000019")
    assert (code, unknown["problem"]["code"]) == (1, "not-found")
    code, untaken = kumiai(test_layout, federation, "worklist", "take", TOMAKOMAI, "head/0000000019")
    assert (code, [reason["code"] for reason in untaken["problem"]["reasons"]]) == (1, ["unknown-work-item"])

    code, run = kumiai(test_layout, federation, "tax", "run", TOMAKOMAI, "2026")
    assert (code, run) == (0, {"run": None, "passes": []})
    code, opened = kumiai(test_layout, federation, "tax", "run", TOMAKOMAI, "2026", "open")
    assert (code, opened["run"]["state"]) == (0, "collecting")
    code, early = kumiai(test_layout, federation, "tax", "run", TOMAKOMAI, "2026", "withdraw")
    assert (code, early["problem"]["code"]) == (1, "run-not-in-this-state")
    code, no_person = kumiai(test_layout, federation, "tax", "run", TOMAKOMAI, "2026", "issue")
    assert (code, no_person["problem"]["code"]) == (1, "role-missing")
    code, unknown = kumiai(test_layout, federation, "tax", "run", TOMAKOMAI, "2099", "open")
    assert (code, unknown["problem"]["code"]) == (1, "parameter-invalid")

    code, left = kumiai(test_layout, federation, "unsubscribe", TOMAKOMAI, "taxation")
    assert (code, left["active"]) == (0, False)


def test_a_revoked_party_gets_no_receipts_any_more(federation: ServiceProcesses, test_layout: Layout) -> None:
    kumiai(test_layout, federation, "join", "012149", "--services", "taxation")
    assert kumiai(test_layout, federation, "receipts", "012149", "taxation")[0] == 0
    assert kumiai(test_layout, federation, "party", "revoke", "012149", "system")[1]["changed"] is True
    code, refused = kumiai(test_layout, federation, "receipts", "012149", "taxation")
    assert (code, refused["problem"]["code"]) == (1, "assertion-invalid")


def test_an_operator_rebuilds_tables_and_sees_that_nothing_waits(
    federation: ServiceProcesses, test_layout: Layout
) -> None:
    assert kumiai(test_layout, federation, "join", "012157", "--services", "resident-registry,taxation")[0] == 0
    for service, stream in (("resident-registry", "resident"), ("taxation", "resident"), ("taxation", "membership")):
        code, rebuilt = kumiai(test_layout, federation, "rebuild", "012157", service, stream)
        assert (code, rebuilt.get("hash_after")) == (0, rebuilt.get("hash_before")), rebuilt
    code, all_rebuilt = kumiai(test_layout, federation, "rebuild", "all", "taxation", "resident")
    assert (code, all_rebuilt["failed"]) == (0, {})
    assert all_rebuilt["rebuilt"] >= 1
    assert kumiai(test_layout, federation, "parked", "list", "012157", "taxation") == (0, {"parked": []})
    code, refused = kumiai(test_layout, federation, "parked", "skip", "012157", "taxation", "membership", "1")
    assert (code, refused["problem"]["code"]) == (1, "not-found")


def test_a_municipality_keeps_its_own_registry_gives_it_up_and_takes_it_back(
    federation: ServiceProcesses, test_layout: Layout
) -> None:
    joining = ("join", ASHIBETSU, "--services", "taxation", "--own", "resident-registry")
    code, joined = kumiai(test_layout, federation, *joining)
    assert (code, joined.get("services")) == (0, ["resident-registry", "taxation"]), joined
    code, again = kumiai(test_layout, federation, "own", ASHIBETSU)
    assert (code, again["changed"], again["feed"]["own"], again["feed"]["next"]) == (0, False, True, 1), again

    _, listed = kumiai(test_layout, federation, "members")
    assert [member["own"] for member in listed["members"] if member["municipality"] == ASHIBETSU] == [
        ["resident-registry"]
    ]
    _, readers = kumiai(test_layout, federation, "status")
    rows = [row for row in readers["readers"] if (row["municipality"], row["service"]) == (ASHIBETSU, "own system")]
    assert [(row["stream"], row["head"], row["complete"]) for row in rows] == [("resident", 0, True)]

    skipping = valid_examples()["resident-feed-notice.event.v1"]
    event = {"specversion": "1.0", "id": "1", "source": "urn:test:own", "type": skipping.type}
    given = json.loads(Path(joined["credentials"]).read_text())
    key = load_pem_private_key(given["private_key"].encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    answer = httpx.post(
        f"{federation.peers['resident-registry']}/v1/{ASHIBETSU}/notices",
        json=[{**event, "municipality": ASHIBETSU, "data": skipping.model_dump(mode="json")}],
        headers={"content-type": "application/cloudevents-batch+json"},
        auth=TokenClient(federation.peers["membership"], f"{ASHIBETSU}/{given['party']}", key),
        timeout=30,
    )
    assert [reason["code"] for reason in answer.json()[0]["reasons"]] == ["feed-gap"]
    code, diverged = kumiai(test_layout, federation, "share", ASHIBETSU)
    assert (code, "417 numbers are missing" in diverged["error"]) == (1, True), diverged
    assert kumiai(test_layout, federation, "status")[0] == 1
    code, shared = kumiai(test_layout, federation, "share", ASHIBETSU, "--despite-divergence")
    assert (code, shared["changed"], shared["feed"]["own"]) == (0, True, False), shared
    code, refused = kumiai(test_layout, federation, "own", ASHIBETSU, "taxation")
    assert code == 2, refused
