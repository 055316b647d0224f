"""A bundle holds everything, proves it, and is the same again as long as nothing was recorded."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import frictionless
import pytest

from tests.bundle.conftest import Exported

pytestmark = pytest.mark.stack
ALONE = """
import runpy, sys

class OnlyCryptography:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in (*sys.stdlib_module_names, "cryptography", "_cffi_backend"):
            raise ImportError(f"{name} is not for the verifier")

sys.meta_path.insert(0, OnlyCryptography())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_bundle_is_proven_by_itself_and_against_the_municipalitys_own_evidence(exported: Exported) -> None:
    code, alone = exported.commands.verify(exported.folder)
    assert (code, alone.get("findings")) == (0, []), alone
    code, held = exported.commands.verify(exported.folder, "--evidence", str(exported.evidence))
    assert (code, held["findings"]) == (0, []), held
    assert held["identity"] == exported.identity
    assert held["evidence_reached"] == held["heads"]
    assert held["heads"]["resident"] == 3
    assert held["heads"]["resident-registry-receipts"] == 5


def test_tables_streams_parts_and_notices_are_there_for_any_tool(exported: Exported) -> None:
    registry = exported.folder / "resident-registry"
    history = rows(registry / "tables" / "resident_history.csv")
    assert [row["name"] for row in history if row["history_number"] == "1"] == [
        "越後 太郎",
        "越後 花子",
        "越後 一郎",
        "越後 二郎",
    ]
    parts = [json.loads(line) for line in (registry / "parts.jsonl").read_text().splitlines()]
    assert {part["name"] for part in parts} == {"address", "destination_address"}
    assert any("602番地1" in part["part"] for part in parts)
    kept = [json.loads(line) for line in (registry / "kept-notices.jsonl").read_text().splitlines()]
    assert [json.loads(bytes.fromhex(notice["body"]))["destination"] for notice in kept] == ["domestic"]
    assert len(rows(registry / "inbox.csv")) == 4
    assert (exported.folder / "taxation" / "parameters" / "R8.json").is_file()
    package = json.loads((exported.folder / "datapackage.json").read_text())
    assert {"resident-registry/tables/resident_history.csv", "README.md"} <= {r["path"] for r in package["resources"]}
    assert "検証" in (exported.folder / "README.md").read_text()


def test_an_export_is_a_recorded_read(exported: Exported) -> None:
    for service in ("resident-registry", "taxation"):
        accesses = rows(exported.folder / service / "records" / "access_record.csv")
        last = accesses[-1]
        assert (last["party"], last["purpose"], last["action"]) == ("hanako", "export", "bundle"), accesses


def test_any_tool_finds_it_valid(exported: Exported) -> None:
    report = frictionless.validate(str(exported.folder / "datapackage.json"))
    assert report.valid, report.flatten(["type", "note"])
    assert {"resident-registry--tables--household.csv", "verify.py"} <= {task.name for task in report.tasks}
    broken = exported.folder.parent / "broken"
    shutil.copytree(exported.folder, broken)
    (broken / "taxation" / "tables" / "assessment.csv").write_text("x\n")
    assert not frictionless.validate(str(broken / "datapackage.json")).valid


def test_the_verifier_needs_python_and_cryptography_and_nothing_else(exported: Exported, tmp_path: Path) -> None:
    file = tmp_path / "verify.py"
    file.write_bytes((exported.folder / "verify.py").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(file), str(exported.folder), "--evidence", str(exported.evidence)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "証拠と照合して証明されました" in done.stdout


def test_no_credentials_are_in_it(exported: Exported) -> None:
    everything = b"".join(path.read_bytes() for path in exported.folder.rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in everything
    secrets = Path(exported.commands.environment["KUMIAI_LOCAL_DIR"]) / "secrets"
    for secret in secrets.iterdir():
        assert secret.read_bytes().strip() not in everything, secret.name


def test_the_same_state_gives_the_same_identity_again(exported: Exported, tmp_path: Path) -> None:
    again = tmp_path / "again"
    code, said = exported.commands.kumiai("bundle", "export", exported.code, str(again), "--as", "hanako")
    assert (code, said.get("identity")) == (0, exported.identity), said


def test_only_the_municipalitys_own_may_export_and_only_for_that_purpose(exported: Exported, tmp_path: Path) -> None:
    code, said = exported.commands.kumiai("bundle", "export", exported.code, str(tmp_path / "system"))
    assert (code, said["problem"]["code"]) == (1, "purpose-missing")
    code, said = exported.commands.kumiai("bundle", "export", exported.code, str(exported.folder), "--as", "hanako")
    assert code == 2
    assert "not empty" in said["error"]


def test_evidence_is_only_added_to(exported: Exported) -> None:
    before = {path.name: path.read_bytes() for path in exported.evidence.iterdir()}
    code, said = exported.commands.kumiai("bundle", "evidence", exported.code, str(exported.evidence))
    assert (code, set(said["added"].values())) == (0, {0}), said
    assert {path.name: path.read_bytes() for path in exported.evidence.iterdir()} == before
