"""A clerk's commands against the running federation: protection and emergency access."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kumiai_cli.main import app
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from typer.testing import CliRunner

pytestmark = pytest.mark.stack
UTASHINAI = "012271"
NOBODY = "0000000019"


@pytest.fixture(autouse=True)
def environment(federation: ServiceProcesses, test_layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the commands find the federation."""
    monkeypatch.setenv("KUMIAI_LOCAL_DIR", str(test_layout.root))
    monkeypatch.setenv("KUMIAI_PEERS", ",".join(f"{name}={url}" for name, url in federation.peers.items()))
    yield


def kumiai(*arguments: str) -> tuple[int, dict[str, Any]]:
    ended = CliRunner().invoke(app, [*arguments, "--json"])
    return ended.exit_code, json.loads(ended.stdout) if ended.stdout else {"error": ended.stderr}


def once_heard_of(*arguments: str) -> dict[str, Any]:
    """A command's answer once the service has heard of the clerk."""
    deadline = time.monotonic() + 20
    while (found := kumiai(*arguments))[0] != 0:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found[1]


def code_of(arguments: tuple[str, ...]) -> str:
    """What a command is refused with."""
    code, answer = kumiai(*arguments)
    assert code == 1, answer
    return str(answer["problem"]["code"])


def test_an_emergency_access_takes_two_clerks_and_a_release_one_with_the_purpose() -> None:
    assert kumiai("join", UTASHINAI, "--services", "resident-registry")[0] == 0
    for clerk, purpose in (("hanako", "taxation"), ("taro", "protection")):
        assert kumiai("party", "add", UTASHINAI, clerk, "--role", "clerk", "--purpose", purpose)[0] == 0
    once_heard_of("emergency", "list", UTASHINAI, "--as", "taro")
    assert kumiai("emergency", "list", UTASHINAI, "--as", "hanako") == (0, {"emergency_accesses": []})

    disaster = ("residents", "show", UTASHINAI, NOBODY, "--purpose", "disaster", "--as", "hanako")
    assert code_of(disaster) == "purpose-missing"
    assert kumiai("emergency", "ask", UTASHINAI, "地震", "--as", "hanako")[0] == 2
    code, asked = kumiai("emergency", "ask", UTASHINAI, "地震による安否確認", "--as", "hanako")
    assert code == 0
    assert code_of(("emergency", "approve", UTASHINAI, asked["id"], "--as", "hanako")) == "second-person-needed"
    assert kumiai("emergency", "approve", UTASHINAI, asked["id"], "--minutes", "5", "--as", "taro")[0] == 0
    assert code_of(disaster) == "not-found", "the right is there; the person is not"
    (listed,) = kumiai("emergency", "list", UTASHINAI, "--as", "taro")[1]["emergency_accesses"]
    assert (listed["party"], listed["approved_by"]) == ("hanako", "taro")

    assert kumiai("protection", "list", UTASHINAI, "--as", "taro") == (0, {"protections": []})
    assert code_of(("protection", "list", UTASHINAI, "--as", "hanako")) == "purpose-missing"
    assert code_of(("protection", "release", UTASHINAI, NOBODY, "--as", "hanako")) == "purpose-missing"
    assert code_of(("residents", "history", UTASHINAI, NOBODY)) == "not-found"
    assert code_of(("residents", "household", UTASHINAI, NOBODY)) == "not-found"
