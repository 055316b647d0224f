# ruff: noqa: E501 - a line a tampering
"""Whatever is changed in a bundle is found: by itself where it contradicts itself, with evidence always.

Every tampering is tried three times: as it is; with sums and signatures made anew with the services' own keys; and by a
forger who chains, folds and signs everything anew, so that nothing contradicts itself any more.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.chain import commitment
from kumiai_local.layout import Layout

from tests.bundle.conftest import Exported
from tests.bundle.forging import Bundle

pytestmark = pytest.mark.stack

REGISTRY, TAXATION = "resident-registry", "taxation"
RESIDENT = f"{REGISTRY}/streams/resident.jsonl"
RECEIPTS = f"{REGISTRY}/streams/{REGISTRY}-receipts.jsonl"
ASSESSED = f"{TAXATION}/streams/taxation.jsonl"
LINKED = "national-id-linkage/streams/linkage.jsonl"
HISTORY = f"{REGISTRY}/tables/resident_history.csv"
PARTS = f"{REGISTRY}/parts.jsonl"
INBOX = f"{REGISTRY}/inbox.csv"
CHECKPOINTS = f"{REGISTRY}/checkpoints.csv"


@dataclass(frozen=True)
class Tampering:
    """What is done to a bundle, and by what it is known once it is signed anew."""

    name: str
    do: Callable[[Bundle], object]
    contradicts: str
    """The finding without evidence after sums and signatures were made anew."""
    evidence: str = "evidence-contradicts"
    """The finding with evidence after a perfect forgery; empty where no forgery makes it whole."""


def body(lines: list[Any], n: int, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(lines[n]["body"])
    change(content)
    lines[n]["body"] = json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def rename(lines: list[Any]) -> None:
    body(lines, 0, lambda content: content["residents"][0].update(name="越後 太朗"))


def raise_salary(lines: list[Any]) -> None:
    body(lines, 0, lambda content: content["assessment"].update(total=1))


def swap(lines: list[Any], first: int, second: int) -> None:
    lines[first], lines[second] = lines[second], lines[first]


def invent(lines: list[Any]) -> None:
    lines.append({**lines[1], "position": len(lines) + 1, "subject": "0000000019"})


def keep(lines: list[Any], wanted: Callable[[Any], bool]) -> None:
    lines[:] = [line for line in lines if wanted(line)]


def drop_accepted(bundle: Bundle) -> None:
    """The change of address, as if it had never been notified: event, receipt and repeated receipt."""
    gone = json.loads(bundle.lines(RECEIPTS)[1]["body"])
    bundle.edit(RESIDENT, lambda lines: lines.pop(gone["caused"][0]["position"] - 1))
    bundle.edit(
        RECEIPTS, lambda lines: keep(lines, lambda line: json.loads(line["body"])["notice_id"] != gone["notice_id"])
    )


def refuse_accepted(bundle: Bundle) -> None:
    bundle.edit(RECEIPTS, lambda lines: body(lines, 1, lambda content: content.update(outcome="refused", caused=[])))


def cut_in_line(bundle: Bundle) -> None:
    path = bundle.folder / RESIDENT
    path.write_bytes(path.read_bytes()[:-40])


def other_head(bundle: Bundle) -> None:
    part = bundle.parts[REGISTRY]
    heads = (replace(part.heads[0], hash="00" * 32), *part.heads[1:])
    bundle.parts[REGISTRY] = replace(part, heads=heads)


def older(bundle: Bundle) -> None:
    """The bundle as it would have been before the last notices."""
    bundle.edit(RESIDENT, lambda lines: lines.pop())
    bundle.edit(RECEIPTS, lambda lines: lines.__delitem__(slice(-2, None)))
    bundle.edit(LINKED, lambda lines: keep(lines, lambda line: line["cause"] != "resident:1:3"))


def _copy(bundle: Bundle, name: str) -> Bundle:
    return Bundle(Path(shutil.copytree(bundle.folder, bundle.folder.parent / name)), bundle.key_folder)


def rewind_reader(bundle: Bundle) -> None:
    part = bundle.parts[TAXATION]
    readers = tuple(replace(r, position=r.position - 1) if r.stream == "resident" else r for r in part.readers)
    bundle.parts[TAXATION] = replace(part, readers=readers)


def older_manifest(bundle: Bundle) -> None:
    """Manifest and signatures of an earlier export, which the services did sign, beside the files of today."""
    earlier = _copy(bundle, "earlier")
    older(earlier)
    earlier.forge()
    bundle.parts = earlier.parts


def remove_part_of_service(bundle: Bundle) -> None:
    del bundle.parts[TAXATION]
    shutil.rmtree(bundle.folder / TAXATION)


def another_municipality(bundle: Bundle) -> None:
    """One part is another municipality's, whole: chained, folded and signed as its own."""
    other = _copy(bundle, "other")
    other.parts = {service: replace(part, municipality="131016") for service, part in other.parts.items()}
    other.forge()
    shutil.rmtree(bundle.folder / TAXATION)
    shutil.copytree(other.folder / TAXATION, bundle.folder / TAXATION)
    bundle.parts[TAXATION] = other.parts[TAXATION]


def seal_otherwise(bundle: Bundle) -> None:
    """Another address, with a commitment that fits it, in the part and in the event."""
    parts = bundle.lines(PARTS)
    before, text = parts[0]["commitment"], parts[0]["part"].replace("番", "号")
    parts[0] |= {"part": text, "commitment": commitment(bytes.fromhex(parts[0]["salt"]), text.encode())}
    bundle.save(PARTS, sorted(parts, key=lambda part: part["commitment"]))
    path = bundle.folder / RESIDENT
    path.write_text(path.read_text().replace(before, parts[0]["commitment"]))


def swap_parts(parts: list[Any]) -> None:
    parts[0]["part"], parts[1]["part"] = parts[1]["part"], parts[0]["part"]
    parts[0]["salt"], parts[1]["salt"] = parts[1]["salt"], parts[0]["salt"]


TAMPERINGS = (
    Tampering("a changed byte in an event", lambda b: b.edit(RESIDENT, rename), "chain-broken"),
    Tampering("a smaller tax", lambda b: b.edit(ASSESSED, raise_salary), "chain-broken"),
    Tampering("a missing line", lambda b: b.edit(RESIDENT, lambda lines: lines.pop(1)), "position-broken"),
    Tampering("swapped lines", lambda b: b.edit(RESIDENT, lambda lines: swap(lines, 1, 2)), "position-broken"),
    Tampering("a file cut at a line", lambda b: b.edit(RESIDENT, lambda lines: lines.pop()), "head-differs"),
    Tampering("a file cut within a line", cut_in_line, "line-malformed", evidence=""),
    Tampering("an invented event", lambda b: b.edit(RESIDENT, invent), "chain-broken", "evidence-short"),
    Tampering("a backdated event", lambda b: b.edit(RESIDENT, lambda lines: lines[0].update(time="2020-01-01T00:00:00.000000Z")), "chain-broken"),
    Tampering("an event of another type", lambda b: b.edit(RESIDENT, lambda lines: lines[1].update(type="resident.moved-in.v1")), "chain-broken"),
    Tampering("an event without its cause", lambda b: b.edit(RESIDENT, lambda lines: lines[1].update(cause="")), "chain-broken"),
    Tampering("another incarnation", lambda b: b.edit(RESIDENT, lambda lines: lines[2].update(incarnation=2)), "incarnation-broken", "evidence-contradicts"),
    Tampering("a dropped accepted notice", drop_accepted, "position-broken"),
    Tampering("an accepted notice made a refused one", refuse_accepted, "chain-broken"),
    Tampering("a dropped receipt", lambda b: b.edit(RECEIPTS, lambda lines: lines.pop(1)), "position-broken"),
    Tampering("an older state", older, "head-differs", "evidence-beyond"),
    Tampering("an older manifest", older_manifest, "head-differs", ""),
    Tampering("another head", other_head, "head-differs", ""),
    Tampering("a removed table", lambda b: (b.folder / HISTORY).unlink(), "table-missing", ""),
    Tampering("an edited cell", lambda b: b.edit(HISTORY, lambda rows: rows[1].__setitem__(5, "越後 太朗")), "row-differs", ""),
    Tampering("a removed row", lambda b: b.edit(HISTORY, lambda rows: rows.pop(2)), "row-lacking", ""),
    Tampering("an added row", lambda b: b.edit(HISTORY, lambda rows: rows.append(["9999999990", *rows[1][1:]])), "row-unfounded", ""),
    Tampering("a row twice", lambda b: b.edit(HISTORY, lambda rows: rows.append(rows[1])), "row-repeated", ""),
    Tampering("a column less", lambda b: b.edit(HISTORY, lambda rows: [row.pop() for row in rows]), "columns-differ", ""),
    Tampering("swapped parts", lambda b: b.edit(PARTS, swap_parts), "commitment-broken", ""),
    Tampering("a missing part", lambda b: b.edit(PARTS, lambda parts: parts.pop()), "part-missing", ""),
    Tampering("another address under another commitment", seal_otherwise, "chain-broken"),
    Tampering("a part of another position", lambda b: b.edit(PARTS, lambda parts: parts[0].update(position=99)), "part-misplaced", ""),
    Tampering("a notice missing from the inbox", lambda b: b.edit(INBOX, lambda rows: rows.pop()), "row-lacking", ""),
    Tampering("another digest in the inbox", lambda b: b.edit(INBOX, lambda rows: rows[1].__setitem__(2, "0" * 64)), "row-differs", ""),
    Tampering("an edited checkpoint", lambda b: b.edit(CHECKPOINTS, lambda rows: rows[1].__setitem__(4, "2020-01-01T00:00:00.000000Z")), "checkpoint-invalid", ""),
    Tampering("a replaced kept notice", lambda b: b.edit(f"{REGISTRY}/kept-notices.jsonl", lambda kept: kept[0].update(body="7b7d")), "kept-differs", ""),
    Tampering("a reader put back", rewind_reader, "reader-contradicts", ""),
    Tampering("a service's part left out", remove_part_of_service, "service-missing", ""),
    Tampering("two municipalities mixed", another_municipality, "municipality-differs", ""),
)  # fmt: skip


@pytest.fixture
def bundle(exported: Exported, test_layout: Layout, tmp_path: Path) -> Bundle:
    """A copy to tamper with."""
    shutil.copytree(exported.folder, tmp_path / "bundle")
    return Bundle(tmp_path / "bundle", test_layout.keys)


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.name)
def test_it_is_found(tampering: Tampering, exported: Exported, bundle: Bundle) -> None:
    tampering.do(bundle)
    bundle.save_manifest()
    assert exported.codes(bundle.folder), "as it is"
    bundle.resign()
    signed = exported.codes(bundle.folder)
    assert tampering.contradicts in signed
    assert not signed & {"file-changed", "signature-invalid", "identity-differs"}
    assert exported.codes(bundle.folder, "--evidence", str(exported.evidence)) >= signed
    if tampering.evidence:
        bundle.forge()
        assert tampering.evidence in exported.codes(bundle.folder, "--evidence", str(exported.evidence))


@pytest.mark.parametrize("tampering", [t for t in TAMPERINGS if t.name in {
    "a changed byte in an event", "a smaller tax", "a backdated event", "a dropped accepted notice", "an older state",
    "another address under another commitment",
}], ids=lambda tampering: tampering.name)  # fmt: skip
def test_a_perfect_forgery_contradicts_nothing_but_the_evidence(
    tampering: Tampering, exported: Exported, bundle: Bundle
) -> None:
    tampering.do(bundle)
    bundle.forge()
    assert exported.codes(bundle.folder) == set()
    assert exported.codes(bundle.folder, "--evidence", str(exported.evidence)) >= {tampering.evidence}


def test_an_untouched_bundle_that_is_forged_anew_is_the_same(exported: Exported, bundle: Bundle) -> None:
    bundle.forge()
    assert exported.codes(bundle.folder, "--evidence", str(exported.evidence), "--identity", exported.identity) == set()


def test_another_key_than_the_evidence_names_is_found(exported: Exported, bundle: Bundle, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    shutil.copytree(exported.evidence, evidence)
    known = public_key_text(bundle.key(REGISTRY).public_key())
    (evidence / "keys.json").write_text(json.dumps({REGISTRY: [known]}))
    assert exported.codes(bundle.folder, "--evidence", str(evidence)) == set()
    stranger = Ed25519PrivateKey.generate()
    bundle.keys = {REGISTRY: stranger}
    bundle.forge()
    found = exported.codes(bundle.folder, "--evidence", str(evidence))
    assert "key-unknown" in found


def test_a_file_that_nobody_listed_is_found(exported: Exported, bundle: Bundle) -> None:
    (bundle.folder / TAXATION / "tables" / "assessment-corrected.csv").write_text("x")
    assert exported.codes(bundle.folder) == {"file-unlisted"}


def test_evidence_that_ends_before_the_bundle_says_how_far_it_proves(
    exported: Exported, bundle: Bundle, tmp_path: Path
) -> None:
    evidence = tmp_path / "evidence"
    shutil.copytree(exported.evidence, evidence)
    (evidence / "taxation.checkpoints.jsonl").unlink()
    (evidence / "membership.checkpoints.jsonl").unlink()
    code, said = exported.commands.verify(bundle.folder, "--evidence", str(evidence))
    assert (code, {(f["code"], f["where"]) for f in said["findings"]}) == (1, {("evidence-short", "membership")})
    assert said["evidence_reached"]["taxation"] == said["heads"]["taxation"], "the receipts name taxation's last event"


@pytest.mark.parametrize("kept", ["records", "ledger"])
def test_receipts_are_evidence_as_the_systems_keep_them(
    kept: str, exported: Exported, bundle: Bundle, tmp_path: Path
) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    stream = f"{REGISTRY}-receipts"
    lines = []
    for line in bundle.lines(RECEIPTS):
        if kept == "ledger":
            lines.append({"service": REGISTRY, "position": line["position"], "receipt": json.loads(line["body"])})
        else:
            headers = {f"ce_{name}": str(line[name]) for name in ("type", "incarnation", "position", "hash")}
            headers |= {"ce_source": f"urn:kumiai:{exported.code}:{stream}", "ce_municipality": exported.code}
            lines.append({"headers": headers, "value": line["body"]})
    (evidence / "receipts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, said = exported.commands.verify(bundle.folder, "--evidence", str(evidence))
    assert code == 1
    assert {found["code"] for found in said["findings"]} == {"evidence-short"}
    assert said["evidence_reached"][stream] == said["heads"][stream]
    assert said["evidence_reached"]["resident"] == said["heads"]["resident"]
    drop_accepted(bundle)
    bundle.forge()
    assert "evidence-contradicts" in exported.codes(bundle.folder, "--evidence", str(evidence))


@pytest.mark.parametrize(
    "break_",
    [
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: (folder / "manifest.json").write_text('{"format": "kumiai-bundle-v9"}'),
        lambda folder: (folder / "signatures.json").write_text("[]]"),
        lambda folder: (folder / "manifest.json").write_text(
            (folder / "manifest.json").read_text().replace("taxation/inbox.csv", "../../inbox.csv")
        ),
    ],
)
def test_what_is_no_bundle_is_unusable(break_: Callable[[Path], object], exported: Exported, bundle: Bundle) -> None:
    break_(bundle.folder)
    code, said = exported.commands.verify(bundle.folder)
    assert (code, said["proven"]) == (2, False)
    assert said["unusable"]


def test_evidence_that_cant_be_read_is_unusable(exported: Exported, bundle: Bundle, tmp_path: Path) -> None:
    assert exported.commands.verify(bundle.folder, "--evidence", str(tmp_path / "none"))[0] == 2
    (tmp_path / "bad").mkdir()
    assert exported.commands.verify(bundle.folder, "--evidence", str(tmp_path / "bad"))[0] == 2
    (tmp_path / "bad" / "x.jsonl").write_text("{]\n")
    assert exported.commands.verify(bundle.folder, "--evidence", str(tmp_path / "bad"))[0] == 2
