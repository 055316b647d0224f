"""An import that is broken off goes on where it was, against a service that remembers what came under which id."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from kumiai_cli.importing import running, sending
from kumiai_cli.importing.kinds import KINDS
from kumiai_cli.importing.plan import Options
from kumiai_cli.importing.running import Asked, run, workbook_path
from kumiai_cli.outcome import USAGE, Failure

from .import_files import history_row, write

HOUSEHOLDS = 900


class Remembering:
    """A service that accepts whatever it gets, and gives no answer where it is told not to."""

    def __init__(self) -> None:
        self.bodies: dict[str, Any] = {}
        self.posts = 0
        self.breaks_on = ""
        """Whose household's batch gets no answer, though it is taken in."""
        self.subscribed = True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        batch = json.loads(request.content)
        if request.url.path.endswith("/trial"):
            reasons = [] if self.subscribed else [{"code": "not-subscribed", "pointer": "", "ja": "", "en": ""}]
            tried = [{"outcome": "accepted" if self.subscribed else "refused", "reasons": reasons} for _ in batch]
            return httpx.Response(200, json={"tried": tried})
        self.posts += 1
        for each in batch:
            assert self.bodies.setdefault(each["id"], each["data"]) == each["data"]
        if self.breaks_on and any(each["data"]["old_household_number"] == self.breaks_on for each in batch):
            raise httpx.ConnectError("gone", request=request)
        return httpx.Response(200, json=[{"notice_id": each["id"], "outcome": "accepted"} for each in batch])

    @contextmanager
    def system(self, service: str, owner: object) -> Iterator[httpx.Client]:
        """What a federation gives."""
        with httpx.Client(base_url="http://registry", transport=httpx.MockTransport(self)) as client:
            yield client


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Remembering:
    found = Remembering()
    monkeypatch.setenv("KUMIAI_LOCAL_DIR", str(tmp_path / "local"))
    monkeypatch.setattr(running, "find_federation", lambda owner: found)
    monkeypatch.setattr(running, "read_credentials", lambda code: None)
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 0.01)
    return found


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    path = write(tmp_path / "residents.csv", *[history_row(f"P{n}", f"H{n}") for n in range(HOUSEHOLDS)])
    return Asked(
        kind=KINDS["residents"],
        municipality="131016",
        path=path,
        options=Options("old-juki", None, "", "import"),
        dry_run=False,
        offline=False,
        report=tmp_path / "refused.csv",
        encoding="",
        anew=False,
        numbers=None,
        as_json=True,
    )


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def broken_off(service: Remembering, asked: Asked) -> Failure:
    """An import whose second batch is taken in, but whose receipts are lost."""
    service.breaks_on = f"H{sending.MOST_NOTICES}"
    with pytest.raises(Failure) as raised:
        run(asked)
    service.breaks_on = ""
    return raised.value


def test_what_was_answered_is_not_sent_again_and_the_rest_is(
    service: Remembering, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = broken_off(service, asked)
    assert failure.details["accepted"] == sending.MOST_NOTICES
    assert "The same command goes on there" in str(failure)
    run(asked)
    assert len(service.bodies) == HOUSEHOLDS
    found = said(capsys)
    assert (found["rows"], found["accepted"], found["refused"], found["adds_up"]) == (HOUSEHOLDS, HOUSEHOLDS, 0, True)
    posts = service.posts
    run(asked)
    assert service.posts == posts


def test_without_its_workbook_everything_is_sent_again_under_the_same_ids(service: Remembering, asked: Asked) -> None:
    broken_off(service, asked)
    workbook_path(asked).unlink()
    sent = dict(service.bodies)
    run(asked)
    assert sent.items() <= service.bodies.items()
    assert len(service.bodies) == HOUSEHOLDS


def test_a_file_that_has_changed_is_no_continuation(service: Remembering, asked: Asked) -> None:
    broken_off(service, asked)
    content = asked.path.read_bytes()
    asked.path.write_bytes(content + b"\n")
    posts = service.posts
    with pytest.raises(Failure, match="has changed since its import began"):
        run(asked)
    assert service.posts == posts
    asked.path.write_bytes(content)
    run(asked)
    assert len(service.bodies) == HOUSEHOLDS


def test_other_options_are_no_continuation(service: Remembering, asked: Asked) -> None:
    broken_off(service, asked)
    with pytest.raises(Failure, match="began with other options"):
        run(replace(asked, options=replace(asked.options, system="other-juki")))


def test_anew_is_another_attempt_under_other_ids(service: Remembering, asked: Asked) -> None:
    run(asked)
    run(replace(asked, anew=True))
    assert len(service.bodies) == 2 * HOUSEHOLDS


def test_a_wrong_header_can_be_mended(service: Remembering, asked: Asked) -> None:
    content = asked.path.read_text()
    asked.path.write_text(content.replace("person_number", "person"))
    with pytest.raises(Failure, match="'person' is unknown"):
        run(asked)
    asked.path.write_text(content)
    run(asked)
    assert len(service.bodies) == HOUSEHOLDS


def test_a_file_without_rows_is_not_done_by_doing_nothing(service: Remembering, asked: Asked) -> None:
    asked.path.write_text(asked.path.read_text().splitlines()[0])
    with pytest.raises(Failure, match="has no rows") as ended:
        run(asked)
    assert (ended.value.exit_code, service.posts) == (USAGE, 0)


@pytest.mark.parametrize("name", ["report", "numbers"])
def test_where_nothing_can_be_written_is_told_before_anything_is_sent(
    name: str, service: Remembering, asked: Asked
) -> None:
    with pytest.raises(Failure, match=f"can't be written.*--{name}"):
        run(replace(asked, **{name: Path("/nosuch/file.csv")}))
    assert service.posts == 0


def test_nothing_is_sent_where_nobody_takes_it(service: Remembering, asked: Asked) -> None:
    service.subscribed = False
    with pytest.raises(Failure, match="does not subscribe"):
        run(asked)
    assert service.posts == 0


def test_a_dry_run_records_nothing_and_leaves_nothing(
    service: Remembering, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    run(replace(asked, dry_run=True))
    assert (service.posts, said(capsys)["accepted"]) == (0, HOUSEHOLDS)
    assert not workbook_path(asked).exists()


def test_refused_rows_end_in_the_report_and_the_exit_code(
    service: Remembering, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    write(asked.path, history_row("P1", "H1"), history_row("P2", "H2", sex="?"))
    with pytest.raises(typer.Exit) as ended:
        run(asked)
    assert ended.value.exit_code == 1
    assert said(capsys)["refusals"] == [
        {
            "line": 3,
            "column": "sex",
            "code": "not-a-code",
            "ja": "認められていない値です。項目表にある値を入力してください。",
            "en": "This value is not one of those that the table of columns lists.",
        }
    ]
    assert asked.report.read_text(encoding="utf-8-sig").splitlines()[1].startswith("3,sex,not-a-code,")
    assert b"P1" not in workbook_path(asked).read_bytes()
