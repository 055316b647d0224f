"""The verifier as it is handed out: one file, with what it must know of the contracts written into it."""

from importlib import resources

from kumiai_contracts.model import canonical_json

from kumiai_common.bundle.described import contract

_PLACE = "CONTRACT: dict[str, Any] = {}  # filled in when this file is handed out"


def verifier() -> bytes:
    """`verify.py`: needs the standard library and `cryptography`, and none of our packages."""
    source = resources.files("kumiai_common.bundle").joinpath("verify.py").read_text("utf-8")
    before, place, after = source.partition(_PLACE)
    if not place:
        raise ValueError("verify.py has no place for the contract")
    known = canonical_json(contract()).decode()
    return f"{before}CONTRACT: dict[str, Any] = json.loads({known!r}){after}".encode()
