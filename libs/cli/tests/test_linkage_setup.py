"""Codes are requested and listed page by page, procedures granted; what is refused says why."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from kumiai_cli import linkage_setup
from kumiai_cli.federation import Credentials
from kumiai_cli.main import app
from typer.testing import CliRunner

PEOPLE = [f"{n:010}" for n in range(2500)]


class Service:
    """The linkage service: everybody has asked for a code; it takes every notice but those it is told to refuse."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.told: list[dict[str, Any]] = []
        self.refuses = refuses

    @contextmanager
    def system(self, service: str, owner: Credentials) -> Iterator[httpx.Client]:
        """A client of it."""
        with httpx.Client(base_url="http://there", transport=httpx.MockTransport(self._answer)) as client:
            yield client

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            (event,) = json.loads(request.content)
            self.told.append(event)
            reason = {"code": "unknown-addressee", "pointer": "/addressee_numbers/0", "en": "Nobody has it.", "ja": ""}
            refused = {"outcome": "refused", "reasons": [reason]}
            return httpx.Response(200, json=[refused if self.refuses else {"outcome": "accepted", "reasons": []}])
        query = request.url.params
        page = [person for person in PEOPLE if person > query["after"]][: int(query["limit"])]
        rows = [
            {"addressee_number": person, "acquisition_number": "0a" * 16, "state": "requested",
             "requested_at": "2026-04-01T00:00:00.000000Z", "acquired_at": None}
            for person in page
        ]  # fmt: skip
        after = page[-1] if len(page) == int(query["limit"]) else None
        return httpx.Response(200, json={"acquisitions": rows, "after": after})


def run(monkeypatch: pytest.MonkeyPatch, service: Service, *arguments: str) -> tuple[int, str]:
    owner = Credentials("131016", "system", None)  # type: ignore[arg-type]
    monkeypatch.setattr(linkage_setup, "read_credentials", lambda code: owner)
    monkeypatch.setattr("kumiai_cli.federation.find_federation", lambda owner: service)
    ended = CliRunner().invoke(app, ["linkage", *arguments])
    return ended.exit_code, ended.output


def test_codes_are_requested_for_those_who_are_named_and_all_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    ended, shown = run(monkeypatch, service, "codes", "131016", "0000000019", "0000000027", "--json")
    assert ended == 0
    assert [row["addressee_number"] for row in json.loads(shown)["acquisitions"]] == PEOPLE
    (event,) = service.told
    assert (event["type"], event["municipality"]) == ("linkage-notice.code-request.v1", "131016")
    assert not event["source"].startswith("urn:kumiai:"), "that is the federation's own"
    assert event["data"] == {"addressee_numbers": ["0000000019", "0000000027"]}
    run(monkeypatch, service, "codes", "131016")
    assert len(service.told) == 1, "listing asks for nothing"


def test_a_grant_names_its_items_and_none_takes_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    assert (
        run(monkeypatch, service, "grant", "131016", "JT00000000000001", "--items", "total-income, assessment")[0] == 0
    )
    assert run(monkeypatch, service, "grant", "131016", "JT00000000000001", "--items", "")[0] == 0
    assert [event["data"]["items"] for event in service.told] == [["total-income", "assessment"], []]
    assert len({event["id"] for event in service.told}) == 2, "a grant that is given again is another notice"


def test_what_can_not_be_meant_never_leaves_and_what_is_refused_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(refuses=True)
    assert run(monkeypatch, service, "grant", "131016", "77", "--items", "x")[0] == 2
    assert run(monkeypatch, service, "codes", "131016", "0000000018")[0] == 2
    assert service.told == []
    ended, shown = run(monkeypatch, service, "codes", "131016", "0000000019")
    assert ended == 1 and "unknown-addressee /addressee_numbers/0" in shown
