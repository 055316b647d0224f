"""Starting, disturbing and supervising services, with a stub service on the real stack."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kumiai_local import Layout, Service, ServiceProcesses, Stack, StackError

pytestmark = pytest.mark.stack

STUB = Service("local-stub")
STUB_CODE = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
if os.environ.get("STUB_FAILS"):
    sys.exit("stub cannot start")
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        seen = {name: value for name, value in os.environ.items() if name.startswith("KUMIAI_")}
        self.wfile.write(json.dumps(seen).encode())
HTTPServer((os.environ["KUMIAI_HTTP_HOST"], int(os.environ["KUMIAI_HTTP_PORT"])), Handler).serve_forever()
"""


class StubProcesses(ServiceProcesses):
    """The stub stores nothing, so there is nothing to migrate."""

    def migrate(self) -> None:
        """Nothing to do."""


@pytest.fixture
def stub_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "path" / STUB.module
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(STUB_CODE)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))


@pytest.fixture
def stubs(stack: Stack, test_layout: Layout, stub_installed: None) -> Iterator[ServiceProcesses]:
    with StubProcesses(stack.addresses, test_layout, services=[STUB], workers=2) as processes:
        yield processes


def settings_seen(url: str) -> dict[str, str]:
    seen: dict[str, str] = httpx.get(f"{url}/health/ready").json()
    return seen


def test_workers_share_everything_but_their_port(stubs: ServiceProcesses) -> None:
    first, second = (settings_seen(worker.url) for worker in stubs)
    differing = {name for name in first | second if first.get(name) != second.get(name)}
    assert differing == {"KUMIAI_HTTP_PORT"}
    assert first["KUMIAI_PEERS"] == f"local-stub={stubs['local-stub'].url}"
    assert first["KUMIAI_KAFKA_USERNAME"] == "svc-local-stub"
    assert "kumiai_local_stub_app@" in first["KUMIAI_DATABASE_URL"]


def test_a_service_never_learns_the_owners_role_or_a_password(stubs: ServiceProcesses, test_layout: Layout) -> None:
    seen = settings_seen(stubs["local-stub"].url)
    assert not [name for name in seen if "OWNER" in name]
    secrets = [path.read_text() for path in test_layout.secrets.iterdir() if path.is_file()]
    assert not [name for name, value in seen.items() if any(secret in value for secret in secrets)]


def test_a_killed_worker_stays_down_until_it_is_started(stubs: ServiceProcesses) -> None:
    worker = stubs["local-stub"]
    worker.kill()
    assert not worker.ready()
    assert stubs.watch_once() == []
    worker.start()
    worker.wait_ready()


def test_a_paused_worker_does_not_answer_and_goes_on_afterwards(stubs: ServiceProcesses) -> None:
    worker = stubs["local-stub"]
    worker.pause()
    assert not worker.ready()
    worker.resume()
    worker.wait_ready()


def test_a_crashed_worker_is_started_again_at_the_same_address(stubs: ServiceProcesses, test_layout: Layout) -> None:
    worker = stubs["local-stub"]
    before = worker.pid
    with stubs.supervised():
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while worker.pid == before or not worker.ready():
            assert time.monotonic() < deadline, "it was not started again"
            time.sleep(0.1)
    written = json.loads((test_layout.run / "federation.json").read_text())
    assert written["services"]["local-stub"][0] == {"url": worker.url, "pid": worker.pid, "log": str(worker.log)}


def test_a_service_that_cannot_start_is_named_with_the_end_of_its_log(
    stack: Stack, test_layout: Layout, stub_installed: None
) -> None:
    processes = StubProcesses(stack.addresses, test_layout, services=[STUB], extra_env={"STUB_FAILS": "1"})
    with pytest.raises(StackError, match=r"local-stub ended with code 1[\s\S]*stub cannot start"), processes:
        pass


def test_a_migration_that_fails_starts_nothing(stack: Stack, test_layout: Layout) -> None:
    processes = ServiceProcesses(stack.addresses, test_layout, services=[Service("never-written")])
    with pytest.raises(StackError, match="migration of never-written failed"), processes:
        pass
    assert not any(worker.alive for worker in processes)
