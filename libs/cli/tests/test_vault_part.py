"""The vault's part in a municipality's hands: whole it opens; cut, changed or another's it proves nothing."""

import csv
import json
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey
from kumiai_cli import vault_part
from kumiai_cli.main import app
from kumiai_cli.vault_part import HELD, BadPart, against, opened
from typer.testing import CliRunner

ALLOWED = JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"])
OWN, OTHER = (ECKey.import_key(vault_part.new_key("131016")) for _ in range(2))
NUMBERS = ("123456789018", "621498320257", "983205673214")


def held(n: int, **changed: str) -> dict[str, str]:
    """A number as the vault exports it."""
    salt = bytes([n]) * 32
    committed = sha256(salt + NUMBERS[n].encode()).hexdigest()
    row = {"commitment": committed, "integrated_addressee_number": f"{n:015}", "state": "current", "salt": salt.hex()}
    return {**row, "my_number": NUMBERS[n], **changed}


def page(*numbers: dict[str, str], key: ECKey = OWN, of: str = "131016") -> bytes:
    """A line with some numbers."""
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": str(key.kid)}
    content = json.dumps({"municipality": of, "numbers": numbers}).encode()
    return json.dumps({"after": "", "jwe": encrypt_compact(header, content, key, registry=ALLOWED)}).encode()


def end(count: int) -> bytes:
    return json.dumps({"count": count}).encode()


WHOLE = [page(held(0), held(1)), page(held(2, state="replaced")), end(3)]


def bundle(folder: Path, numbers: list[dict[str, str]]) -> Path:
    """A bundle with these commitments."""
    (folder / HELD).parent.mkdir(parents=True)
    with (folder / HELD).open("w", newline="") as file:
        writer = csv.DictWriter(file, ("commitment", "integrated_addressee_number", "state"), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(numbers)
    return folder


def test_a_whole_part_opens_and_the_log_knows_exactly_its_numbers(tmp_path: Path) -> None:
    municipality, found = opened(WHOLE, OWN)
    assert (municipality, tuple(each.my_number for each in found)) == ("131016", NUMBERS)
    known = [held(0), held(1), held(2, state="replaced")]
    against(bundle(tmp_path / "whole", known), found)
    for n, wrong in enumerate((known[:2], [*known, held(0, commitment="0" * 64)], [held(0), held(1), held(2)])):
        with pytest.raises(BadPart, match="missing here"):
            against(bundle(tmp_path / str(n), wrong), found)
    assert opened([end(0)], OWN) == ("", [])


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (WHOLE[:-1], "the last line is missing"),
        ([], "the last line is missing"),
        ([WHOLE[0], end(3)], "3 numbers were exported, and 2 are here"),
        ([WHOLE[0], WHOLE[0], end(4)], "export it again"),
        ([*WHOLE, WHOLE[0]], "something follows"),
        ([page(held(0), key=OTHER), end(1)], "does not open with this key"),
        ([page(held(0, my_number=NUMBERS[1])), end(1)], "does not fit its commitment"),
        ([page(held(0)), page(held(1), of="151009"), end(2)], "several municipalities"),
        ([b"{}", end(0)], "does not open"),
        ([b"[1]", end(0)], "is no part"),
        ([b"\xff"], "is no part"),
    ],
)
def test_what_was_cut_changed_or_is_anothers_proves_nothing_and_no_number_is_repeated(
    lines: list[bytes], why: str
) -> None:
    with pytest.raises(BadPart, match=why) as refused:
        opened(lines, OWN)
    assert not any(number in str(refused.value) for number in NUMBERS)


def test_the_command_writes_the_numbers_for_this_user_alone_and_over_no_other_file(tmp_path: Path) -> None:
    own, part, clear = tmp_path / "own.jwk", tmp_path / "part.jsonl", tmp_path / "numbers.csv"

    def run(*arguments: Any) -> Any:
        return CliRunner().invoke(app, ["vault", *map(str, arguments)])

    assert run("own-key", "131016", own).exit_code == 0
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    before = own.read_text()
    assert run("own-key", "131016", own).exit_code != 0 and own.read_text() == before
    key = ECKey.import_key(json.loads(before))
    part.write_bytes(b"\n".join([page(held(0), held(1), key=key), end(2)]))
    shown = run("open", part, "--key", own, "--out", clear)
    assert shown.exit_code == 0 and not any(number in shown.output for number in NUMBERS)
    assert stat.S_IMODE(clear.stat().st_mode) == 0o600
    assert [row["my_number"] for row in csv.DictReader(clear.open())] == list(NUMBERS[:2])
    assert run("open", part, "--key", own, "--out", clear).exit_code != 0
    assert run("open", part, "--key", part).exit_code == 2
    own.write_text(json.dumps(key.as_dict(private=False)))
    assert run("open", part, "--key", own).exit_code == 2
