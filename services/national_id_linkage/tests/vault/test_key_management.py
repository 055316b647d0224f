"""What every place for the keys has to do: the suite that an adapter for a module or a service passes, too.

An adapter is added to `PLACES`. What only the file does, such as being read again, stands in `test_keys.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey
from kumiai_contracts.my_number import MyNumberOfPerson
from kumiai_national_id_linkage.vault.envelope import open_envelope
from kumiai_national_id_linkage.vault.key_management import KEY_BYTES, FileKeys, KeyManagement, KeyMissing
from kumiai_national_id_linkage.vault.keys import with_new_keys, write
from sender import CHIYODA, NUMBER, ONE, encrypted, number_of

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
CONTEXT, ELSEWHERE = b"131016/data/1", b"151009/data/1"


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that keys are kept, and what its operators do to them."""

    keys: KeyManagement
    renew: Callable[[], None]
    """Both keys get a newer one beside them."""
    take_older_out: Callable[[], None]


def file(folder: Path) -> Place:
    path = folder / "keys.json"
    members = with_new_keys([], ["receiving", "wrapping"], MARCH)
    newer = with_new_keys(members, ["receiving", "wrapping"], APRIL)
    write(path, members)
    return Place(
        FileKeys(path), lambda: write(path, newer), lambda: write(path, [key for key in newer if key not in members])
    )


PLACES = (file,)


@pytest.fixture(params=PLACES, ids=[place.__name__ for place in PLACES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """One place after the other."""
    made: Place = request.param(tmp_path)
    return made


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def test_a_wrapped_key_comes_back_under_its_own_context_alone(place: Place) -> None:
    key = token_bytes(KEY_BYTES)
    name, wrapped = place.keys.wrap(key, CONTEXT)
    assert name == place.keys.wrapping_key and place.keys.has(name)
    assert place.keys.unwrap(name, wrapped, CONTEXT) == key and key not in wrapped
    assert place.keys.wrap(key, CONTEXT)[1] != wrapped, "nobody sees that it is the same key"
    for at in (0, len(wrapped) // 2, len(wrapped) - 1):
        changed = wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :]
        with pytest.raises(ValueError):
            place.keys.unwrap(name, changed, CONTEXT)
    for wrong, context in ((wrapped, ELSEWHERE), (wrapped[:-1], CONTEXT), (b"", CONTEXT)):
        with pytest.raises(ValueError):
            place.keys.unwrap(name, wrong, context)


def test_what_a_sender_encrypts_to_the_published_key_opens_by_agreeing_alone(place: Place) -> None:
    published = place.keys.published_key()
    assert published.keys() >= {"kty", "crv", "x", "y", "kid"} and "d" not in published
    assert (published["kty"], published["crv"]) == ("EC", "P-256")
    assert place.keys.receives(published["kid"])
    sender = ec.generate_private_key(ec.SECP256R1())
    known = ECKey.import_key(published).public_key
    assert place.keys.agree(published["kid"], point_of(sender)) == sender.exchange(ec.ECDH(), known)
    opened = open_envelope(MyNumberOfPerson, encrypted(published, number_of(ONE, NUMBER)), place.keys)
    assert opened == MyNumberOfPerson(municipality=CHIYODA, addressee_number=ONE, my_number=NUMBER)


def test_a_point_that_is_none_of_the_curves_is_refused(place: Place) -> None:
    kid = place.keys.published_key()["kid"]
    point = point_of(ec.generate_private_key(ec.SECP256R1()))
    elsewhere = point_of(ec.generate_private_key(ec.SECP384R1()))
    for wrong in (point[:-1] + bytes([point[-1] ^ 1]), elsewhere, point[:-1], b"\x04" + bytes(64), b"\x00", b""):
        with pytest.raises(ValueError):
            place.keys.agree(kid, wrong)


def test_older_keys_open_what_was_made_with_them_until_they_are_taken_out(place: Place) -> None:
    key = token_bytes(KEY_BYTES)
    older, wrapped = place.keys.wrap(key, CONTEXT)
    kid = place.keys.published_key()["kid"]
    sender = ec.generate_private_key(ec.SECP256R1())
    secret = place.keys.agree(kid, point_of(sender))
    place.renew()
    assert place.keys.wrapping_key != older and place.keys.published_key()["kid"] != kid
    assert place.keys.wrap(key, CONTEXT)[0] == place.keys.wrapping_key
    assert place.keys.has(older) and place.keys.unwrap(older, wrapped, CONTEXT) == key
    assert place.keys.receives(kid) and place.keys.agree(kid, point_of(sender)) == secret
    place.take_older_out()
    assert not place.keys.has(older) and not place.keys.receives(kid)
    with pytest.raises(KeyMissing):
        place.keys.unwrap(older, wrapped, CONTEXT)
    with pytest.raises(KeyMissing):
        place.keys.agree(kid, point_of(sender))
