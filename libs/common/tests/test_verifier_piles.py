"""What the verifier compares lies on piles, by the first bytes of the key: their number changes nothing."""

from pathlib import Path
from random import Random

import pytest
from kumiai_common.bundle import verify
from kumiai_common.bundle.verify import Scratch, Wrong, compared, first_of, last_of


def key(n: int) -> bytes:
    return verify.key_of("table", (n,))


@pytest.mark.parametrize("piles", [1, 7])
def test_however_many_piles_there_are_what_disagrees_is_found(
    piles: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "SPILL_BYTES", 200)
    said, there = Scratch(tmp_path / "said", piles), Scratch(tmp_path / "there", piles)
    for n in range(100):
        said.put(key(n), b"before", 100 + n, 1)
    for n in range(100):
        said.put(key(n), b"after", 200 + n, 1)
    for n in Random(1).sample(range(100), 100):
        if n != 50:
            there.put(key(n), b"before" if n == 60 else b"after", n, 1 if n < 80 else 2)
    there.put(key(70), b"again", 170, 1)
    there.put(key(1000), b"after", 1000, 2)
    said.close()
    there.close()

    found = compared(said, there, last_of)

    assert sorted(found.wrong, key=lambda each: each.at) == [
        Wrong(1, 60, padded(b"before"), padded(b"after")),
        Wrong(2, 1000, padded(b"after"), None),
    ]
    assert found.lacking == [250]
    assert found.repeated == {1: 1}
    assert len(compared(said, there, first_of).wrong) == 99
    assert not compared(said, said, first_of).wrong


def padded(says: bytes) -> bytes:
    return says.ljust(24, b"\0")
