"""The hash chain of a stream: what is covered, and how one event's hash follows from the one before.

Invariant: the hash of an event covers the previous hash, every attribute a reader may act on, and the body's exact
bytes. Whoever holds the hash of position *n* can check everything up to *n* without asking anybody.
"""

from hashlib import sha256
from struct import Struct

_LENGTH = Struct(">I").pack
_GENESIS = b"kumiai-stream-v1"


def length_prefixed(*parts: bytes) -> bytes:
    """Each part behind its length as four bytes, big-endian, so that no two lists of parts give the same bytes."""
    return b"".join([piece for part in parts for piece in (_LENGTH(len(part)), part)])


def origin(municipality: str, stream: str, incarnation: int, continued_from: bytes = b"") -> bytes:
    """The hash before the first event of an incarnation.

    The first incarnation continues nothing. A log restored from a backup that lacks acknowledged events goes on as
    the next incarnation, from the hash of the last event that it still has: no event of the new one can be mistaken
    for one of the old.
    """
    return sha256(
        length_prefixed(_GENESIS, municipality.encode(), stream.encode(), b"%d" % incarnation, continued_from)
    ).digest()


def link(previous: bytes, envelope: bytes, body: bytes) -> bytes:
    """The hash of an event, from the hash before it, its covered envelope and its body."""
    return sha256(length_prefixed(previous, envelope, body)).digest()


def commitment(salt: bytes, part: bytes) -> str:
    """What the body holds in place of a sealed part: SHA-256(salt ‖ part), in hexadecimal."""
    return sha256(salt + part).hexdigest()


def digest(type_: str, body: bytes) -> bytes:
    """The digest by which a repeated notice is known: its type and its exact bytes."""
    return sha256(length_prefixed(type_.encode(), body)).digest()
