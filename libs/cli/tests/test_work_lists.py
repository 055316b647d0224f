"""Work lists of two services in one, page by page, with no more asked for than the party may see."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from kumiai_cli import worklist
from kumiai_cli.federation import Credentials
from kumiai_cli.main import app
from typer.testing import CliRunner

REGISTRY, TAXATION = "resident-registry", "taxation"
ITEMS = {
    REGISTRY: [
        {"item": f"head/{n:010}", "kind": "head-undecided", "state": "open", "assignee": None,
         "opened_at": "2026-04-01T00:00:00Z"}
        for n in range(1201)
    ],
    TAXATION: [
        {"work_item": f"report/{n:04}", "fiscal_year": 2026, "addressee_number": None, "code": "person-unknown",
         "ja": "該当者が見つかりません。", "state": "open"}
        for n in range(501)
    ],
}  # fmt: skip
WAITING = {"kind": "head-undecided", "state": "open", "items": 1201, "since": "2026-04-01T00:00:00Z"}


class Both:
    """A federation whose registry and taxation have more than a page of work each."""

    def __init__(self, *purposes: str) -> None:
        self.granted = frozenset(purposes)
        self.asked: list[tuple[str, str]] = []

    def purposes(self, owner: Credentials) -> frozenset[str]:
        """What membership tells."""
        return self.granted

    @contextmanager
    def system(self, service: str, owner: Credentials) -> Iterator[httpx.Client]:
        """A client of one of the two."""

        def answer(request: httpx.Request) -> httpx.Response:
            query = request.url.params
            self.asked.append((service, query["purpose"]))
            name = "item" if service == REGISTRY else "work_item"
            after = [row for row in ITEMS[service] if str(row[name]) > query["after"]]
            said: dict[str, Any] = {"work_items": after[: int(query["limit"])]}
            return httpx.Response(200, json={**said, "waiting": [WAITING]} if service == REGISTRY else said)

        with httpx.Client(base_url="http://there", transport=httpx.MockTransport(answer)) as client:
            yield client


def listed(federation: Both, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    owner = Credentials("131016", "system", None)  # type: ignore[arg-type]
    monkeypatch.setattr(worklist, "read_credentials", lambda code: owner)
    monkeypatch.setattr(worklist, "find_federation", lambda owner: federation)
    ended = CliRunner().invoke(app, ["worklist", "list", "131016", *arguments])
    return ended.exit_code, ended.output


def test_without_a_service_everything_is_listed_that_the_party_may_see(monkeypatch: pytest.MonkeyPatch) -> None:
    code, shown = listed(Both("resident-services", "taxation"), monkeypatch, "--json")
    found = json.loads(shown)
    assert code == 0
    assert [row["service"] for row in found["work_items"]] == [REGISTRY] * 1201 + [TAXATION] * 501
    assert len({row.get("item") or row["work_item"] for row in found["work_items"]}) == 1702
    assert found["waiting"] == [WAITING]


def test_a_service_whose_purpose_the_party_lacks_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    federation = Both("taxation", "replication")
    assert listed(federation, monkeypatch)[0] == 0
    assert set(federation.asked) == {(TAXATION, "taxation")}
    code, said = listed(Both("replication"), monkeypatch)
    assert (code, "purpose of a work list" in said) == (1, True)


def test_one_service_is_listed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    federation = Both("resident-services", "taxation")
    code, shown = listed(federation, monkeypatch, "--service", TAXATION)
    assert (code, {service for service, _ in federation.asked}) == (0, {TAXATION})
    for text in ("report/0500", "person-unknown", "該当者が見つかりません。", "taxation: 501 open"):
        assert text in shown


def test_who_asks_for_settled_items_is_not_shown_open_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    _, shown = listed(Both("taxation"), monkeypatch, "--state", "settled", "--json")
    assert json.loads(shown)["work_items"] == []
