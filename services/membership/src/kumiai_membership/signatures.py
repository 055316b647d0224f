"""Signatures of municipalities over what they acknowledge: Ed25519, checked against a registered public key."""

from cryptography.exceptions import InvalidSignature
from kumiai_common.http.tokens import public_key_of_text


def is_signed(public_key: str, statement: bytes, signature: str) -> bool:
    """Whether a signature in hexadecimal is the key's over the statement; False also for what is no signature."""
    try:
        public_key_of_text(public_key).verify(bytes.fromhex(signature), statement)
    except (InvalidSignature, ValueError):
        return False
    return True
