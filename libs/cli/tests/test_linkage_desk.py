"""What a clerk decides goes to the service under the clerk's own name and for the purpose that it needs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from kumiai_cli import linkage_desk
from kumiai_cli.federation import Credentials
from kumiai_cli.main import app
from typer.testing import CliRunner

BODY = "5000020151009001"
NAME = "0a" * 16
ANSWER = {
    "request_number": "r-7", "inquirer": BODY, "outcome": "answered", "items": ["total-income"], "exception": NAME,
    "until": "2026-04-01T03:00:00.000000Z",
    "disaster_exceptions": [
        {"exception": NAME, "inquirer": BODY, "items": ["status"], "reason": "地震", "asked_by": "hanako",
         "approved_by": None, "until": None}
    ],
}  # fmt: skip


class Service:
    """Answers everything, and knows what it was asked by whom."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str, object]] = []

    @contextmanager
    def system(self, service: str, owner: Credentials) -> Iterator[httpx.Client]:
        """A client of the linkage service."""
        assert service == "national-id-linkage"

        def answer(request: httpx.Request) -> httpx.Response:
            content = json.loads(request.content) if request.content else None
            purpose = request.url.params["purpose"]
            self.asked.append((owner.party, request.method, request.url.path, purpose, content))
            return httpx.Response(200, json=ANSWER)

        with httpx.Client(base_url="http://there", transport=httpx.MockTransport(answer)) as client:
            yield client


@pytest.mark.parametrize(
    ("arguments", "asked", "shown"),
    [
        (
            f"provide 131016 {BODY} r-7 --as hanako",
            ("hanako", "POST", f"held-requests/{BODY}/r-7/provide", "protection", None),
            "answered, total-income",
        ),
        (
            f"withhold 131016 {BODY} r-7 --as hanako",
            ("hanako", "POST", f"held-requests/{BODY}/r-7/withhold", "protection", None),
            "r-7 of",
        ),
        (
            f"exception ask 131016 {BODY} --items a,b --reason 地震による安否確認 --as hanako",
            ("hanako", "POST", "disaster-exceptions", "national-id-linkage",
             {"inquirer": BODY, "fact_kind": "TM00000000000002", "items": ["a", "b"], "reason": "地震による安否確認"}),
            "Another person approves it",
        ),
        (
            f"exception approve 131016 {NAME} --minutes 60 --as taro",
            ("taro", "POST", f"disaster-exceptions/{NAME}/approval", "national-id-linkage", {"minutes": 60}),
            "It holds until 2026-04-01T03:00",
        ),
        (
            "exception list 131016 --as taro",
            ("taro", "GET", "disaster-exceptions", "national-id-linkage", None),
            "nobody yet",
        ),
    ],
)  # fmt: skip
def test_a_decision_is_the_clerks_own(
    monkeypatch: pytest.MonkeyPatch, arguments: str, asked: tuple[str, str, str, str, object], shown: str
) -> None:
    service = Service()
    monkeypatch.setattr(linkage_desk, "read_party", lambda code, party: Credentials(code, party, None))  # type: ignore[arg-type]
    monkeypatch.setattr("kumiai_cli.federation.find_federation", lambda owner: service)
    ended = CliRunner().invoke(app, ["linkage", *arguments.split()])
    assert ended.exit_code == 0, ended.output
    who, method, path, purpose, content = asked
    assert service.asked == [(who, method, f"/v1/131016/{path}", purpose, content)]
    assert shown in ended.output


def test_nobody_decides_without_a_name() -> None:
    for command in (f"provide 131016 {BODY} r-7", f"exception approve 131016 {NAME} --minutes 5"):
        refused = CliRunner().invoke(app, ["linkage", *command.split()])
        assert refused.exit_code == 2 and "--as" in refused.output
