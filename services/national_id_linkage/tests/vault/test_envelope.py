"""A JWE that anybody may have written: opened, or refused with its code, without computing what a sender chose."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey
from kumiai_contracts.my_number import MyNumberOfPerson
from kumiai_national_id_linkage.domain.my_number import Unusable
from kumiai_national_id_linkage.vault.envelope import open_envelope
from kumiai_national_id_linkage.vault.key_management import FileKeys
from sender import CHIYODA, NUMBER, ONE, encrypted, number_of

EPK = {"kty": "EC", "crv": "P-256"}
"""As much of an ephemeral key as is looked at before anything is computed."""


def code_of(token: str, keys: FileKeys) -> str | None:
    found = open_envelope(MyNumberOfPerson, token, keys)
    return found.code if isinstance(found, Unusable) else None


def with_header(token: str, **changes: Any) -> str:
    """The token with another header in front; what follows is as it was."""
    return part(changes) + "." + token.partition(".")[2]


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.fixture
def token(keys: FileKeys) -> str:
    return encrypted(keys.published_key(), number_of(ONE, NUMBER))


def test_what_a_sender_encrypted_is_opened(token: str, keys: FileKeys) -> None:
    opened = open_envelope(MyNumberOfPerson, token, keys)
    assert opened == MyNumberOfPerson(municipality=CHIYODA, addressee_number=ONE, my_number=NUMBER)


@pytest.mark.parametrize("clear", (NUMBER, "1234 5678 9018", "1234-5678-9018", "１２３４５６７８９０１８"))
def test_a_number_in_clear_has_a_refusal_of_its_own(clear: str, keys: FileKeys) -> None:
    assert code_of(clear, keys) == "my-number-in-clear"


@pytest.mark.parametrize(
    "text", ("x", "....", "a.b.c.d", "a.b.c.d.e", "暗.号.で.は.ない", "." * 4000, "{}.a.b.c.d", "W10.a.b.c.d")
)
def test_what_is_no_jwe_is_unreadable(text: str, keys: FileKeys) -> None:
    assert code_of(text, keys) == "jwe-unreadable"


def test_a_jwe_cut_anywhere_or_with_any_part_changed_is_refused(token: str, keys: FileKeys) -> None:
    for length in range(0, len(token), 7):
        assert code_of(token[:length], keys) is not None
    for n, one in enumerate(token.split(".")):
        parts = token.split(".")
        parts[n] = one[:-6] + ("AAAAAA" if one[-6:] != "AAAAAA" else "BBBBBB")
        assert code_of(".".join(parts), keys) is not None
        parts[n] = ""
        assert code_of(".".join(parts), keys) is not None


@pytest.mark.parametrize(
    "header",
    (
        {"alg": "none", "enc": "A256GCM", "epk": EPK},
        {"alg": "none", "enc": "none", "epk": EPK},
        {"alg": "dir", "enc": "A256GCM", "epk": EPK},
        {"alg": "RSA1_5", "enc": "A256GCM", "epk": EPK},
        {"alg": "ECDH-ES", "enc": "A256GCM", "epk": EPK},
        {"alg": "ECDH-ES+A128KW", "enc": "A256GCM", "epk": EPK},
        {"alg": "ECDH-ES+A256KW", "enc": "A128CBC-HS256", "epk": EPK},
        {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2s": "c2FsdA", "p2c": 2_000_000_000, "epk": EPK},
        {"alg": ["ECDH-ES+A256KW"], "enc": "A256GCM", "epk": EPK},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "zip": "DEF", "epk": EPK},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "crit": ["exp"], "epk": EPK},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "jku": "https://example.com", "epk": EPK},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "epk": {"kty": "EC", "crv": "P-521"}},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "epk": {"kty": "OKP", "crv": "X25519"}},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "epk": "P-256"},
        {},
    ),
    ids=str,
)
def test_the_algorithms_are_never_the_senders_choice(header: dict[str, Any], token: str, keys: FileKeys) -> None:
    begun = time.perf_counter()
    assert code_of(with_header(token, **header), keys) == "jwe-algorithm-refused"
    assert time.perf_counter() - begun < 0.1


def test_a_zip_bomb_that_is_otherwise_right_is_never_unfolded(keys: FileKeys) -> None:
    bomb = encrypted(keys.published_key(), b"0" * 50_000_000, zip="DEF")
    assert len(bomb) < 100_000
    assert code_of(bomb, keys) == "jwe-algorithm-refused"


def test_a_point_that_is_not_on_the_curve_is_refused(token: str, keys: FileKeys) -> None:
    public = keys.published_key()
    for x, y in ((part(b"\x01" * 32), part(b"\x02" * 32)), ("AA", "AA"), ("", ""), ("!", "!"), (1, 2)):
        epk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": public["kid"], "epk": epk}
        assert code_of(with_header(token, **header), keys) == "jwe-unreadable"


def test_an_ephemeral_key_may_not_bring_a_private_part_of_another_kind(token: str, keys: FileKeys) -> None:
    octets = OctKey.generate_key(256).as_dict(private=True)
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": keys.published_key()["kid"], "epk": octets}
    assert code_of(with_header(token, **header), keys) == "jwe-algorithm-refused"


@pytest.mark.parametrize("kid", ("r-unknown", "", 5, None, ["x"], "../../etc/passwd"))
def test_a_key_that_is_none_of_the_vaults_is_named_so(kid: Any, token: str, keys: FileKeys) -> None:
    epk = {"kty": "EC", "crv": "P-256"}
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "epk": epk, "kid": kid}
    assert code_of(with_header(token, **header), keys) == "jwe-key-unknown"


def test_somebody_elses_key_under_our_id_does_not_open(keys: FileKeys) -> None:
    stranger = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": keys.published_key()["kid"]}
    assert code_of(encrypted(stranger, number_of(ONE, NUMBER)), keys) == "jwe-unreadable"


@pytest.mark.parametrize(
    "content",
    (
        NUMBER.encode(),
        {"my_number": NUMBER},
        {**number_of(ONE, NUMBER), "more": 1},
        {**number_of(ONE, NUMBER), "my_number": int(NUMBER)},
        {**number_of(ONE, NUMBER), "municipality": "131017"},
        number_of("0000000018", NUMBER),
        [number_of(ONE, NUMBER)],
        b'{"municipality":"131016","municipality":"131016","addressee_number":"0000000019","my_number":"123456789018"}',
        b"\xff\xfe",
        b"",
        b"[" * 60_000,
    ),
    ids=lambda value: str(value)[:40],
)
def test_content_of_another_shape_is_unreadable(content: object, keys: FileKeys) -> None:
    assert code_of(encrypted(keys.published_key(), content), keys) == "jwe-unreadable"
