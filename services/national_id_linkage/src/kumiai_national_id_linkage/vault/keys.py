"""`python -m kumiai_national_id_linkage.vault.keys FILE`: make the vault's key file, or put new keys in front of it.

Older keys stay in the file, so whatever was encrypted with them still opens. Nothing is printed but the keys' ids.
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from joserfc.jwk import ECKey, OctKey

from kumiai_national_id_linkage.vault.key_management import CURVE, KEY_BYTES, KeyFileError, read_keys

RECEIVING, WRAPPING = "receiving", "wrapping"


def with_new_keys(older: list[dict[str, Any]], kinds: list[str], now: datetime) -> list[dict[str, Any]]:
    """A key set's members with new ones in front. An id is the kind's letter, the day and a random end."""
    found = list(older)
    for kind in kinds:
        kid = f"{kind[0]}-{now:%Y%m%d}-{token_hex(4)}"
        key = (
            OctKey.generate_key(KEY_BYTES * 8, {"kid": kid, "use": "enc"})
            if kind == WRAPPING
            else ECKey.generate_key(CURVE, {"kid": kid, "use": "enc"})
        )
        found.insert(0, dict(key.as_dict(private=True)))
    return found


def write(path: Path, members: list[dict[str, Any]]) -> None:
    """Replace the file in one step; nobody else can read it, not even while it is written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"keys": members}, file, indent=1)
    draft.replace(path)


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(
        prog="python -m kumiai_national_id_linkage.vault.keys",
        description="Make the vault's key file (JWK Set, mode 0600), or put new keys in front of those it has.",
        epilog="The first key of each kind is the one in use. A running service reads the changed file by itself; with "
        "several processes give the file to all of them. Take an older key out only when nothing needs it any more: "
        "`kumiai vault keys` of every municipality names no wrapping key but the new one, and senders have had the new "
        "receiving key for longer than notices are kept.",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--new",
        action="append",
        choices=(RECEIVING, WRAPPING),
        help="which kind of key is renewed; may be given twice. Needed if the file is there already",
    )
    given = parser.parse_args()
    exists = given.file.exists()
    if exists and not given.new:
        parser.error(f"{given.file} is there already: say --new receiving, --new wrapping, or both")
    try:
        if exists:
            read_keys(given.file)
        older = json.loads(given.file.read_text())["keys"] if exists else []
        members = with_new_keys(older, given.new if exists else [RECEIVING, WRAPPING], datetime.now(UTC))
        write(given.file, members)
    except (KeyFileError, OSError) as error:
        sys.exit(str(error))
    print("\n".join(str(member["kid"]) for member in members))


if __name__ == "__main__":
    main()
