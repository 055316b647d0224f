"""A sender's side of the vault: encrypts what a municipality tells it, rightly or wrongly."""

import json
from typing import Any

from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey

NUMBER, OTHER_NUMBER, THIRD_NUMBER = "123456789018", "621498320257", "983205673214"
CHIYODA, NIIGATA = "131016", "151009"
ONE, TWO, THREE = "0000000019", "0000000027", "0000000035"


def encrypted(public: dict[str, Any], content: object, **header: Any) -> str:
    """A JWE to the vault's key; `header` says what is not as it should be."""
    protected = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": public["kid"], **header}
    plain = content if isinstance(content, bytes) else json.dumps(content).encode()
    allowed = JWERegistry(
        algorithms=[protected["alg"], protected["enc"], *([protected["zip"]] if "zip" in protected else [])],
        strict_check_header=False,
    )
    return encrypt_compact(protected, plain, ECKey.import_key(public), registry=allowed)


def number_of(addressee_number: str, number: str, municipality: str = CHIYODA) -> dict[str, str]:
    """What a notice's JWE holds."""
    return {"municipality": municipality, "addressee_number": addressee_number, "my_number": number}
