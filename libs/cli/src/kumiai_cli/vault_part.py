"""The vault's part (保管庫の持出し) in a municipality's hands: opened with its own key, and proven.

Invariant: a part counts only whole: it has its last line, every number fits its commitment, and, held against a bundle,
none is missing and none is there that the log does not know.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact
from joserfc.jwk import ECKey
from kumiai_contracts.chain import commitment
from kumiai_contracts.my_number import JWE_ALGORITHM, JWE_ENCRYPTION

HELD = Path("national-id-linkage") / "tables" / "held_number.csv"
"""Where a bundle has the commitments."""
_ALLOWED = JWERegistry(algorithms=[JWE_ALGORITHM, JWE_ENCRYPTION])


class BadPart(ValueError):
    """A part that proves nothing; the message says what is wrong and repeats no number."""


class HeldNumber(NamedTuple):
    """保管している個人番号 as the log has it, and the number itself."""

    commitment: str
    integrated_addressee_number: str
    state: str
    my_number: str


def new_key(municipality: str) -> dict[str, Any]:
    """A private key (JWK, P-256) for a municipality."""
    key = ECKey.generate_key("P-256", {"use": "enc"})
    return {**key.as_dict(private=True), "kid": f"{municipality}-{key.thumbprint()[:8]}"}


def read_key(path: Path) -> ECKey:
    """The private key in a file. Raises OSError or BadPart."""
    try:
        key = ECKey.import_key(json.loads(path.read_text()))
    except (ValueError, KeyError, TypeError, JoseError):
        raise BadPart(f"{path} is no private key (JWK, EC on P-256); make one with `kumiai vault own-key`") from None
    if not key.is_private or not key.kid:
        raise BadPart(f"{path} is a public key, or has no `kid`; make one with `kumiai vault own-key`")
    return key


def opened(lines: Iterable[bytes], key: ECKey) -> tuple[str, list[HeldNumber]]:
    """The municipality of a part, and its numbers. Raises BadPart."""
    found: list[HeldNumber] = []
    municipalities: set[str] = set()
    count = None
    for line in lines:
        page = _json(line)
        if count is not None:
            raise BadPart("something follows after the last line")
        if "count" in page:
            count = page["count"]
            continue
        content = _decrypted(page, key)
        municipalities.add(str(content["municipality"]))
        found += _numbers(content["numbers"])
    if count is None:
        raise BadPart("the last line is missing: the part was cut; export it again")
    if count != len(found) or len({each.commitment for each in found}) != len(found):
        raise BadPart(f"{count} numbers were exported, and {len(found)} are here; export it again")
    if len(municipalities) > 1:
        raise BadPart("it holds numbers of several municipalities")
    return next(iter(municipalities), ""), found


def against(bundle: Path, numbers: Sequence[HeldNumber]) -> None:
    """Hold a part against the log's commitments in a bundle. Raises OSError, or BadPart where they differ."""
    with (bundle / HELD).open(encoding="utf-8", newline="") as file:
        known = {(row["commitment"], row["integrated_addressee_number"], row["state"]) for row in csv.DictReader(file)}
    here = {each[:3] for each in numbers}
    if here != known:
        raise BadPart(
            f"{len(known - here)} numbers of the bundle are missing here, and {len(here - known)} are not in it: "
            "export both again, once nothing comes in any more"
        )


def write(path: Path, numbers: Sequence[HeldNumber]) -> None:
    """Write the numbers in clear (CSV), for this user alone; never over another file. Raises OSError."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
    ) as out:
        writer = csv.writer(out)
        writer.writerow(("integrated_addressee_number", "state", "my_number"))
        writer.writerows(each[1:] for each in numbers)


def _numbers(given: Iterable[dict[str, str]]) -> Iterator[HeldNumber]:
    for each in given:
        if commitment(bytes.fromhex(each["salt"]), each["my_number"].encode()) != each["commitment"]:
            raise BadPart("a number does not fit its commitment: the part was changed")
        yield HeldNumber(*(each[name] for name in HeldNumber._fields))


def _decrypted(page: dict[str, Any], key: ECKey) -> dict[str, Any]:
    try:
        plain = decrypt_compact(page["jwe"].encode(), key, registry=_ALLOWED).plaintext or b""
        return dict(json.loads(plain))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise BadPart("a page does not open with this key: it was changed, or encrypted to another one") from None


def _json(line: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError):
        raise BadPart("this is no part of a vault: each of its lines is a JSON object") from None
