"""The generated files: fresh in the repository, stale ones named, and published schemas held to their promise."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kumiai_contracts import generate
from kumiai_contracts.asyncapi import document
from kumiai_contracts.registry import TYPES
from kumiai_contracts.topics import parse_topic

ROOT = Path(__file__).parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("schemas", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("asyncapi.json", "parameters.json", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / generate.PUBLISHED).unlink(missing_ok=True)
    return tmp_path


def run(root: Path, *arguments: str) -> int:
    return generate.main([*arguments, "--root", str(root)])


def test_the_files_in_the_repository_are_fresh() -> None:
    assert run(ROOT, "--check") == 0


def test_a_changed_a_missing_and_a_left_over_file_are_named_and_put_right(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "asyncapi.json").write_text("{}")
    (copy / "schemas" / "resident.died.v1.json").unlink()
    (copy / "examples" / "resident.died.v1" / "invalid-old.json").write_text("{}")
    assert run(copy, "--check") == 1
    named = capsys.readouterr().err
    for path in ("asyncapi.json", "schemas/resident.died.v1.json", "examples/resident.died.v1/invalid-old.json"):
        assert f"{path} is stale: run python -m kumiai_contracts.generate\n" in named
    assert named.count("\n") == 3
    assert run(copy) == 0
    written = capsys.readouterr().out
    for line in ("asyncapi.json: written", "examples/resident.died.v1/invalid-old.json: removed", "3 of "):
        assert line in written
    assert run(copy, "--check") == 0


def test_a_published_type_may_not_change(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(copy, "--publish") == 0
    assert run(copy, "--check") == 0
    listed = json.loads((copy / generate.PUBLISHED).read_text())
    assert set(listed) == set(TYPES)
    (copy / generate.PUBLISHED).write_text(json.dumps(listed | {"resident.died.v1": "0" * 64}))
    for arguments in ((), ("--check",), ("--publish",)):
        assert run(copy, *arguments) == 1
        assert "resident.died.v1 is published and its schema changed: make a new version beside it" in (
            capsys.readouterr().err
        )


def test_a_published_type_may_not_go(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / generate.PUBLISHED).write_text(json.dumps({"resident.vanished.v1": "0" * 64}))
    assert run(copy, "--check") == 1
    assert "resident.vanished.v1 is published and gone" in capsys.readouterr().err


def test_a_new_type_beside_the_published_ones_is_welcome(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(copy, "--publish")
    listed = json.loads((copy / generate.PUBLISHED).read_text())
    del listed["resident.died.v1"]
    (copy / generate.PUBLISHED).write_text(json.dumps(listed))
    assert run(copy, "--check") == 0
    capsys.readouterr()
    assert run(copy, "--publish") == 0
    assert "resident.died.v1: published\n" in (printed := capsys.readouterr().out)
    assert "1 of them new" in printed


def test_outside_a_checkout_the_command_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path)
    assert "--root" in capsys.readouterr().err


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolve(reference: str) -> Any:
    path, _, pointer = reference.partition("#")
    found = json.loads((ROOT / path).read_text(encoding="utf-8")) if path else document()
    for step in pointer.split("/")[1:]:
        found = found[step]
    return found


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    found = set(references(document()))
    assert {f"./schemas/{type_}.json" for type_ in TYPES} < found
    assert all(resolve(reference) for reference in found)


def test_every_type_travels_through_a_channel_of_ours_and_every_channel_is_used() -> None:
    channels, operations = document()["channels"], document()["operations"]
    travelling = {type_ for channel in channels.values() for type_ in channel["messages"]}
    assert travelling == set(TYPES)
    assert {operation["channel"]["$ref"].rpartition("/")[2] for operation in operations.values()} == set(channels)
    for channel in channels.values():
        assert parse_topic(channel["address"].replace("{municipality}", "131016")).municipality == "131016"


def test_a_notice_is_answered_by_a_receipt() -> None:
    reply = document()["operations"]["taxation.receiveNotices"]["reply"]
    assert resolve(reply["channel"]["$ref"])["address"] == "lg.{municipality}.taxation.receipts"
    assert [resolve(message["$ref"])["$ref"] for message in reply["messages"]] == [
        "#/components/messages/receipt.issued.v1"
    ]
