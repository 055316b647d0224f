"""Forgers who are not thorough: each leaves one contradiction, and the verifier names it without any evidence."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kumiai_common.checkpoints import Checkpoint
from kumiai_contracts.chain import commitment
from kumiai_local.layout import Layout

from tests.bundle.conftest import Exported
from tests.bundle.forging import Bundle
from tests.bundle.test_tampering import ASSESSED, CHECKPOINTS, PARTS, RECEIPTS, REGISTRY, RESIDENT, body, invent, rename

pytestmark = pytest.mark.stack


def an_event_without_a_receipt(bundle: Bundle) -> None:
    bundle.edit(RESIDENT, invent)
    bundle.forge()


def a_cause_that_never_was(bundle: Bundle) -> None:
    bundle.edit(RESIDENT, lambda lines: lines[1].update(cause=f"{REGISTRY}-receipts:1:99"))
    bundle.forge()


def receipts_of_another_log(bundle: Bundle) -> None:
    receipts = (bundle.folder / RECEIPTS).read_bytes()
    bundle.edit(RESIDENT, rename)
    bundle.forge()
    (bundle.folder / RECEIPTS).write_bytes(receipts)
    bundle.refold(REGISTRY)
    bundle.resign()


def a_type_of_another_stream(bundle: Bundle) -> None:
    bundle.edit(
        RESIDENT, lambda lines: lines[1].update(type="taxation.work-item-settled.v1", body='{"work_item": null}')
    )
    bundle.forge()


def rows_in_a_receipt(bundle: Bundle) -> None:
    bundle.edit(RECEIPTS, lambda lines: lines[4].update(type="operation.event-parked.v1", body='{"parked": null}'))
    bundle.rechain()
    bundle.resign()


def a_row_without_a_column(bundle: Bundle) -> None:
    bundle.edit(RESIDENT, lambda lines: body(lines, 0, lambda content: content["residents"][0].pop("sex")))
    bundle.rechain()
    bundle.resign()


def a_checkpoint_of_something_else(bundle: Bundle) -> None:
    said = Checkpoint("431001", "resident", 1, 2, bytes(32), "2026-01-01T00:00:00.000000Z")
    signature = bundle.key(REGISTRY).sign(said.statement()).hex()
    bundle.edit(CHECKPOINTS, lambda rows: rows.append(["resident", "1", "2", bytes(32).hex(), said.time, signature]))
    bundle.resign()


def a_part_of_nothing(bundle: Bundle) -> None:
    sealed = {"commitment": commitment(bytes(32), b"{}"), "stream": "resident", "position": 1, "name": "address",
              "salt": bytes(32).hex(), "part": "{}", "erased_at": None}  # fmt: skip
    bundle.edit(PARTS, lambda parts: parts.append(sealed))
    bundle.resign()


def another_state_hash(bundle: Bundle) -> None:
    bundle.parts[REGISTRY] = replace(bundle.parts[REGISTRY], state_hash="00" * 32)
    bundle.resign()


def a_stream_less(bundle: Bundle) -> None:
    (bundle.folder / ASSESSED).unlink()
    bundle.resign()


def a_head_less(bundle: Bundle) -> None:
    bundle.parts["taxation"] = replace(bundle.parts["taxation"], heads=())
    bundle.resign()


def other_records(bundle: Bundle) -> None:
    bundle.resign()
    part = bundle.parts[REGISTRY]
    files = tuple(replace(file, records=9) if file.path == RESIDENT else file for file in part.files)
    bundle.parts[REGISTRY] = replace(part, files=files)
    bundle.save_manifest()


HALF = (
    (an_event_without_a_receipt, "cause-unfounded"),
    (a_cause_that_never_was, "cause-missing"),
    (receipts_of_another_log, "receipt-unfulfilled"),
    (a_type_of_another_stream, "type-misplaced"),
    (rows_in_a_receipt, "type-misplaced"),
    (a_row_without_a_column, "row-malformed"),
    (a_checkpoint_of_something_else, "checkpoint-contradicts"),
    (a_part_of_nothing, "part-unfounded"),
    (another_state_hash, "state-differs"),
    (a_stream_less, "stream-missing"),
    (a_head_less, "stream-missing"),
    (other_records, "count-differs"),
)


@pytest.fixture
def bundle(exported: Exported, test_layout: Layout, tmp_path: Path) -> Bundle:
    """A copy to tamper with."""
    shutil.copytree(exported.folder, tmp_path / "bundle")
    return Bundle(tmp_path / "bundle", test_layout.keys)


@pytest.mark.parametrize(("do", "code"), HALF, ids=lambda value: getattr(value, "__name__", value))
def test_it_is_named(do: Callable[[Bundle], None], code: str, exported: Exported, bundle: Bundle) -> None:
    do(bundle)
    assert code in exported.codes(bundle.folder)


def test_what_is_unsigned_or_missing_is_named(exported: Exported, bundle: Bundle) -> None:
    signatures = bundle.folder / "signatures.json"
    said = json.loads(signatures.read_text())
    said[0]["signature"] = "00" * 64
    signatures.write_text(json.dumps(said))
    assert exported.codes(bundle.folder) == {"signature-invalid"}
    signatures.write_text("[]")
    assert exported.codes(bundle.folder) == {"signature-invalid"}


def test_a_file_that_is_gone_and_one_that_changed_are_named(exported: Exported, bundle: Bundle) -> None:
    (bundle.folder / "README.md").unlink()
    with (bundle.folder / "taxation" / "parameters" / "R8.json").open("a") as file:
        file.write(" ")
    assert exported.codes(bundle.folder) == {"file-missing", "file-changed"}


def test_the_identity_is_that_of_the_content_and_the_one_asked_for(exported: Exported, bundle: Bundle) -> None:
    assert exported.codes(bundle.folder, "--identity", "00" * 32) == {"not-the-identity"}
    manifest = bundle.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(exported.identity, "00" * 32))
    assert exported.codes(bundle.folder) == {"identity-differs"}


def test_evidence_that_nobody_signed_is_named(exported: Exported, bundle: Bundle, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    shutil.copytree(exported.evidence, evidence)
    path = evidence / "resident.checkpoints.jsonl"
    said = json.loads(path.read_text().splitlines()[-1])
    path.write_text(json.dumps({**said, "signature": "00" * 64}) + "\n")
    assert exported.codes(bundle.folder, "--evidence", str(evidence)) == {"evidence-not-signed"}


def test_a_stream_may_rightly_have_gone_on(exported: Exported, bundle: Bundle, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    shutil.copytree(exported.evidence, evidence)
    last = json.loads((evidence / "membership.checkpoints.jsonl").read_text().splitlines()[-1])
    later = Checkpoint("431001", "membership", 1, last["position"] + 1, bytes(32), last["time"])
    signature = bundle.key("membership").sign(later.statement()).hex()
    with (evidence / "membership.checkpoints.jsonl").open("a") as file:
        file.write(json.dumps({**last, "position": later.position, "hash": "00" * 32, "signature": signature}) + "\n")
    assert exported.codes(bundle.folder, "--evidence", str(evidence)) == {"evidence-beyond"}
    assert exported.codes(bundle.folder, "--evidence", str(evidence), "--went-on", "membership") == set()
