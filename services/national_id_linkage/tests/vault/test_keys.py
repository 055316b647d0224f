"""Keys: in the file, wrapped, of a municipality; what is sealed opens where it belongs and nowhere else."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey
from kumiai_common.waiting import MustWait
from kumiai_contracts.chain import commitment
from kumiai_national_id_linkage.vault.key_management import FileKeys, KeyFileError, KeyMissing, read_keys
from kumiai_national_id_linkage.vault.keys import with_new_keys, write
from kumiai_national_id_linkage.vault.municipality_keys import (
    KINDS,
    MunicipalityKeys,
    VaultDamaged,
    WrappedKey,
    new_key,
    rewrapped,
    unwrapped,
)
from sender import CHIYODA, NIIGATA, NUMBER, OTHER_NUMBER

LATER = datetime(2026, 10, 1, tzinfo=UTC)


def stored(keys: FileKeys, municipality: str = CHIYODA, versions: int = 1) -> list[WrappedKey]:
    return [new_key(municipality, kind, n, keys) for kind in KINDS for n in range(1, versions + 1)]


def of(keys: FileKeys, municipality: str = CHIYODA) -> MunicipalityKeys:
    return unwrapped(municipality, stored(keys, municipality), keys)


def test_a_sealed_number_opens_again_and_shows_nothing(keys: FileKeys) -> None:
    chiyoda = of(keys)
    sealed = chiyoda.seal(NUMBER)
    assert chiyoda.number(sealed) == NUMBER
    assert NUMBER.encode() not in sealed.encrypted
    assert sealed.mark in chiyoda.marks(NUMBER)
    assert chiyoda.seal(NUMBER) != sealed, "neither the encrypted form nor the commitment tells that it is the same"
    assert sealed.commitment != commitment(b"", NUMBER.encode())


def test_what_is_sealed_for_one_opens_for_nobody_else(keys: FileKeys) -> None:
    chiyoda, niigata = of(keys), of(keys, NIIGATA)
    sealed, other = chiyoda.seal(NUMBER), chiyoda.seal(OTHER_NUMBER)
    for damaged in (
        replace(sealed, commitment=other.commitment),
        replace(sealed, encrypted=other.encrypted),
        replace(sealed, encrypted=sealed.encrypted[:-1]),
        replace(sealed, encrypted=b""),
        replace(sealed, data_key=2),
    ):
        with pytest.raises(VaultDamaged):
            chiyoda.number(damaged)
    with pytest.raises(VaultDamaged):
        niigata.number(sealed)


def test_marks_and_tokens_of_two_municipalities_and_of_the_two_keys_have_nothing_in_common(keys: FileKeys) -> None:
    chiyoda, niigata = of(keys), of(keys, NIIGATA)
    assert not chiyoda.marks(NUMBER) & niigata.marks(NUMBER)
    assert chiyoda.token(NUMBER) == chiyoda.token(NUMBER) != niigata.token(NUMBER)
    assert chiyoda.token(NUMBER) != chiyoda.token(OTHER_NUMBER)
    (mark,) = chiyoda.marks(NUMBER)
    assert mark.hex() not in chiyoda.token(NUMBER)


def test_a_number_is_found_by_every_version_and_sealed_again_under_the_last(keys: FileKeys) -> None:
    wrapped = stored(keys)
    old = unwrapped(CHIYODA, wrapped, keys)
    sealed = old.seal(NUMBER)
    both = unwrapped(CHIYODA, [*wrapped, *(new_key(CHIYODA, kind, 2, keys) for kind in ("data", "mark"))], keys)
    assert sealed.mark in both.marks(NUMBER)
    again = both.seal_again(sealed)
    assert (again.commitment, again.data_key, again.mark_key) == (sealed.commitment, 2, 2)
    assert again.mark in both.marks(NUMBER) and again.mark != sealed.mark
    assert both.number(again) == NUMBER
    assert both.token(NUMBER) == old.token(NUMBER), "tokens outlive a rotation of the other keys"
    with pytest.raises(VaultDamaged):
        old.number(again)


def test_a_wrapped_key_belongs_to_its_municipality_kind_and_version(keys: FileKeys) -> None:
    key = new_key(CHIYODA, "data", 1, keys)
    elsewhere = (
        replace(key, municipality=NIIGATA),
        replace(key, kind="mark"),
        replace(key, version=2),
        replace(key, wrapped=key.wrapped[:-1]),
    )
    for moved in elsewhere:
        with pytest.raises(ValueError, match="was changed"):
            unwrapped(moved.municipality, [moved], keys)


def test_a_changed_file_is_read_while_the_service_runs_and_older_keys_still_open(
    key_file: Path, keys: FileKeys
) -> None:
    old_wrapping, old_receiving = keys.wrapping_key, keys.published_key()["kid"]
    key = new_key(CHIYODA, "data", 1, keys)
    members = json.loads(key_file.read_text())["keys"]
    write(key_file, with_new_keys(members, ["receiving", "wrapping"], LATER))
    assert keys.wrapping_key.startswith("w-20261001-") and keys.wrapping_key != old_wrapping
    assert keys.published_key()["kid"].startswith("r-20261001-")
    assert keys.receives(old_receiving)
    anew = rewrapped(key, keys)
    assert anew.wrapped_by == keys.wrapping_key
    # The old wrapping key is taken out: what was not wrapped anew waits for it.
    write(key_file, [member for member in members if member["kid"] == old_receiving])
    assert keys.wrapping_key == anew.wrapped_by, "a file without a wrapping key is not taken"
    write(key_file, [*with_new_keys([], ["receiving", "wrapping"], datetime(2027, 1, 1, tzinfo=UTC))])
    assert not keys.has(anew.wrapped_by)
    with pytest.raises(KeyMissing):
        rewrapped(anew, keys)
    with pytest.raises(MustWait) as waits:
        unwrapped(CHIYODA, [anew], keys)
    assert waits.value.municipalities == {CHIYODA}


def test_both_sides_of_an_agreement_come_to_the_same_secret(keys: FileKeys) -> None:
    published = ECKey.import_key(keys.published_key())
    sender = ECKey.generate_key("P-256")
    point = sender.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert keys.agree(str(published.kid), point) == sender.exchange_derive_key(published)
    with pytest.raises(ValueError, match="Invalid EC key"):
        keys.agree(str(published.kid), point[:-1] + bytes([point[-1] ^ 1]))
    with pytest.raises(KeyMissing):
        keys.agree("r-gone", point)


def test_the_public_key_has_no_private_part(keys: FileKeys) -> None:
    assert keys.published_key().keys() == {"kty", "crv", "x", "y", "kid", "use"}


@pytest.mark.parametrize("mode", (0o644, 0o604, 0o660))
def test_a_file_that_others_can_read_or_change_is_refused(mode: int, key_file: Path) -> None:
    key_file.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        FileKeys(key_file)


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(
    "content",
    (
        "",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "w"}]}',
        '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "w"}, {"kty": "EC", "crv": "P-384"}]}',
        "[1]",
    ),
)
def test_a_file_that_is_no_key_set_is_refused_without_repeating_it(content: str, key_file: Path) -> None:
    key_file.write_text(content)
    with pytest.raises(KeyFileError) as refused:
        read_keys(key_file)
    assert "AAAA" not in str(refused.value)
